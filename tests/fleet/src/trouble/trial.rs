//! One store in trouble, and what that costs the processes that share it (S7).

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::world::{Address, Failed, Kind, PASSWORD, World};
use crate::{
    harness::{Command, Event, Fleet, Job, Seen, Sharing},
    scenario::{Case, Tally},
};

/// What begins a trouble.
type Begin = dyn Fn(&mut World) -> Result<(), Failed> + Send + Sync;
/// What ends it.
type End = fn(&mut World) -> Result<(), Failed>;

/// What happens to a store, and what follows.
pub(super) struct Trouble {
    pub(super) name: String,
    pub(super) store: Kind,
    pub(super) address: Address,
    pub(super) begin: Box<Begin>,
    /// What is to be done before there are processes.
    pub(super) prepare: fn(&mut World) -> Result<(), Failed>,
    /// Ends the trouble, if that is tested.
    pub(super) end: Option<End>,
    /// The kind of an event that must come, and a word of its text.
    pub(super) says: Option<(&'static str, &'static str)>,
    /// Whether the processes still share logins.
    pub(super) shares: bool,
    /// The words before both processes with the store.
    pub(super) words: Vec<String>,
    /// The most that a process may lose, if it is not the bound of the issue.
    pub(super) cost: Duration,
}

/// A process without a store, whose times are those of the machine.
const ALONE: usize = 0;
/// A process that has a token before the trouble.
const HOLDER: usize = 1;
/// A process that has none.
const NEWCOMER: usize = 2;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(40);
/// What a store may cost a process in 30 seconds.
pub(super) const COST: Duration = Duration::from_millis(350);
/// A store that was silent is asked again after so long.
const SILENCE: Duration = Duration::from_secs(31);

impl Trouble {
    pub(super) fn new(
        store: Kind,
        name: impl Into<String>,
        begin: impl Fn(&mut World) -> Result<(), Failed> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            store,
            address: Address::Proxy,
            begin: Box::new(begin),
            prepare: |_| Ok(()),
            end: None,
            says: None,
            shares: false,
            words: Vec::new(),
            cost: COST,
        }
    }

    /// The event that says why.
    pub(super) fn says(self, kind: &'static str, word: &'static str) -> Self {
        Self { says: Some((kind, word)), ..self }
    }

    pub(super) fn shares(self) -> Self {
        Self { shares: true, ..self }
    }

    /// Both processes run behind these words.
    pub(super) fn both(self, words: &[&str]) -> Self {
        Self { words: words.iter().map(|&word| word.to_owned()).collect(), ..self }
    }

    pub(super) fn at(self, address: Address) -> Self {
        Self { address, ..self }
    }

    pub(super) fn prepared(self, prepare: fn(&mut World) -> Result<(), Failed>) -> Self {
        Self { prepare, ..self }
    }

    pub(super) fn ends(self, end: End) -> Self {
        Self { end: Some(end), ..self }
    }

    /// The trouble while it lasts, with its cost, and its end, if that is tested.
    pub(super) fn cases(self) -> (Case, Option<Case>) {
        let trouble = Arc::new(self);
        let ending = trouble.end.map(|end| Arc::clone(&trouble).case(Some(end)));
        (trouble.case(None), ending)
    }

    fn case(self: Arc<Self>, end: Option<End>) -> Case {
        let store = self.store.name();
        let bound = match (end.is_some(), self.shares) {
            (true, _) => "no call fails; 31 s after its end, 1 login for all",
            (false, true) => "no call fails; 1 login for all; the event says why",
            (false, false) => "no call fails; 350 ms in 30 s and process; the event says why",
        };
        let name = format!("{}{}", self.name, if end.is_some() { ", and ends" } else { "" });
        Case::new("S7", name, store, bound, move |tally| self.run(end, tally))
    }

    fn run(&self, end: Option<End>, tally: &mut Tally) -> Result<(), Failed> {
        let (mut world, mut fleet) = (World::new(self.store)?, Fleet::new()?);
        (self.prepare)(&mut world)?;
        let job = world.job(self.store, self.address)?;
        fleet.start(&[], &Job { sharing: Sharing::Nothing, ..job.clone() })?;
        fleet.start(&self.words, &job)?;
        call(&mut fleet, HOLDER)?;
        fleet.start(&self.words, &job)?;
        let is_ready = |seen: &&Seen| matches!(seen.event, Event::Ready);
        if !fleet.wait(PATIENCE, |seen| seen.iter().filter(is_ready).count() == 3) {
            return Err("a process does not start".into());
        }
        let before = fleet.seen().len();
        (self.begin)(&mut world)?;

        let begun = Instant::now();
        let mut spent = [Duration::ZERO; 3];
        let logins = world.service.logins().len();
        for _ in 0..ROUNDS {
            world.service.revoke();
            for process in [ALONE, NEWCOMER, HOLDER] {
                spent[process] += call(&mut fleet, process)?;
            }
        }
        let is_short = begun.elapsed() < Duration::from_secs(30);
        tally.logins = world.service.logins().len() - logins - ROUNDS;
        let is_slow = |word| ["", "TimedOut", "Locked"].contains(&word);
        let may_be_late = self.says.is_some_and(|(_, word)| is_slow(word));
        if !may_be_late && is_too_busy(tally, &fleet) {
            return Ok(());
        }
        self.check_events(tally, &fleet.seen()[before..], is_short);
        for (who, process) in [("who has a token", HOLDER), ("who has none", NEWCOMER)] {
            let cost = spent[process].saturating_sub(spent[ALONE]);
            tally.figure(format!("ms for one {who}"), cost.as_millis() as u64);
            // Many rows wait for an end side by side.
            if end.is_none() {
                tally.within(format!("lost by one {who}"), cost, self.cost);
            }
        }
        match self.shares {
            true => tally.exactly("logins", tally.logins, ROUNDS),
            false => tally.at_most("logins", tally.logins, 2 * ROUNDS),
        }
        if let Some(end) = end {
            end(&mut world)?;
            shared_again(&world, &mut fleet, tally)?;
        }
        count_calls(tally, &fleet);
        Ok(())
    }

    fn is_said(&self, event: &Event) -> bool {
        let Event::Store { kind, text } = event else { return false };
        self.says.is_some_and(|(said, word)| kind == said && text.contains(word))
    }

    /// The reason is said, and a store is not asked again for 30 seconds.
    fn check_events(&self, tally: &mut Tally, seen: &[Seen], is_short: bool) {
        let mut told = Vec::new();
        let mut silent = [0; 3];
        for seen in seen {
            let Event::Store { kind, text } = &seen.event else { continue };
            if kind == "Silent" {
                silent[seen.process] += 1;
            }
            if !["LeaseGiven", "LeaseOver"].contains(&kind.as_str()) {
                told.push(format!("{kind} {text}"));
            }
        }
        let is_said = match self.says {
            Some(_) => seen.iter().any(|seen| self.is_said(&seen.event)),
            None => told.is_empty(),
        };
        let is_secret = |told: &String| told.contains("s3cret") || told.contains(PASSWORD);
        tally.holds("events contain no secret", !told.iter().any(is_secret));
        tally.holds(format!("the events say {:?} why: {told:?}", self.says), is_said);
        let most = silent.into_iter().max().unwrap_or_default();
        if is_short {
            tally.at_most("a process's questions without an answer in 30 s", most, 1);
        }
        if self.shares {
            tally.exactly("questions without an answer", most, 0);
        }
        tally.figure("events", told.len() as u64);
    }
}

/// When the trouble is over, the processes share logins again.
fn shared_again(world: &World, fleet: &mut Fleet, tally: &mut Tally) -> Result<(), Failed> {
    thread::sleep(SILENCE);
    world.service.revoke();
    let logins = world.service.logins().len();
    // In this order: the store may still have the token from before the trouble, which only its holder
    // knows to be refused: times of issue have whole seconds, and the tokens are of the same one.
    call(fleet, HOLDER)?;
    call(fleet, NEWCOMER)?;
    tally.exactly("logins after the end", world.service.logins().len() - logins, 1);
    Ok(())
}

/// Lets a process call the service, and waits for that.
pub(super) fn call(fleet: &mut Fleet, process: usize) -> Result<Duration, Failed> {
    let is_call =
        |seen: &&Seen| seen.process == process && matches!(seen.event, Event::Called { .. });
    let before = fleet.seen().iter().filter(is_call).count();
    fleet.send(process, Command::Call);
    if !fleet.wait(PATIENCE, |seen| seen.iter().filter(is_call).count() > before) {
        return Err(format!("process {process} does not come back").into());
    }
    let seen = fleet.seen();
    let last = seen.iter().rfind(is_call).map(|seen| &seen.event);
    match last {
        Some(Event::Called { ms, .. }) => Ok(Duration::from_millis(*ms)),
        _ => Err("no call".into()),
    }
}

/// Counts the processes, the slowest of all calls, and those that have failed.
pub(super) fn count_calls(tally: &mut Tally, fleet: &Fleet) {
    tally.processes = fleet.len();
    for seen in fleet.seen() {
        let Event::Called { ms, result } = seen.event else { continue };
        tally.slowest = tally.slowest.max(Duration::from_millis(ms));
        if result != Ok(200) {
            tally.lost += 1;
            tally.holds(format!("a call of process {} succeeds: {result:?}", seen.process), false);
        }
    }
}

/// Whether a store in order did not answer a process in time, because the machine is too busy. Then
/// logins are not counted, and the scenario is tried again.
pub(super) fn is_too_busy(tally: &mut Tally, fleet: &Fleet) -> bool {
    let is_late = |event: &Event| {
        let Event::Store { kind, text } = event else { return false };
        ["NotTold", "Silent"].contains(&kind.as_str())
            && ["TimedOut", "Locked"].iter().any(|word| text.contains(word))
    };
    let is_busy = fleet.seen().iter().any(|seen| is_late(&seen.event));
    if is_busy {
        tally.within(
            "an answer of the store",
            Duration::from_millis(251),
            Duration::from_millis(250),
        );
    }
    is_busy
}
