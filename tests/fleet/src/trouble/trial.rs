//! One store in trouble, and what that costs the processes that share it (S7).

use std::{
    any::Any,
    error::Error,
    fs, io,
    path::PathBuf,
    process,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::proxy::Proxy;
use crate::{
    harness::{Command, Event, Fleet, Job, Redis, Seen, Service, Sharing},
    scenario::{Case, Tally},
};

pub(super) type Failed = Box<dyn Error>;

/// What ends a trouble.
type End = fn(&mut World) -> Result<(), Failed>;

/// What happens to a store, and what follows.
pub(super) struct Trouble {
    pub(super) name: String,
    pub(super) store: Kind,
    pub(super) address: Address,
    pub(super) begin: Box<dyn Fn(&mut World) -> Result<(), Failed> + Send + Sync>,
    /// What is to be done before there are processes.
    pub(super) prepare: fn(&mut World) -> Result<(), Failed>,
    /// Ends the trouble, if that is tested.
    pub(super) end: Option<End>,
    /// The kind of an event that must come, and a word of its text.
    pub(super) says: Option<(&'static str, &'static str)>,
    /// Whether the event may come a while later.
    pub(super) is_late: bool,
    /// Whether the processes still share logins.
    pub(super) shares: bool,
    /// The words before the process that knows no token yet.
    pub(super) newcomer: Vec<String>,
    /// Whether the words are before the other process, too.
    pub(super) runs_all: bool,
    /// The most that a process may lose, if it is not the bound of the issue.
    pub(super) cost: Duration,
}

/// The store of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Files,
    /// Through a proxy.
    Redis,
    /// The same, with the asynchronous client.
    RedisAsync,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Redis => "Redis",
            Self::RedisAsync => "Redis, async",
        }
    }
}

/// How processes reach Redis.
#[derive(Clone, Copy)]
pub(super) enum Address {
    Direct,
    /// By this name, which nobody finds.
    Named(&'static str),
    Proxy,
    /// As a user with a password, whose rights may change.
    User,
}

/// A store, what is between it and the processes, and what keeps its trouble up.
pub(super) struct World {
    pub(super) place: TempDir,
    pub(super) key: String,
    pub(super) service: Service,
    pub(super) redis: Option<Redis>,
    pub(super) proxy: Option<Proxy>,
    /// Locks, servers and the like.
    pub(super) kept: Vec<Box<dyn Any>>,
    /// Directories to unmount.
    mounted: Vec<PathBuf>,
}

/// A process without a store, whose times are those of the machine.
const ALONE: usize = 0;
/// A process that has a token before the trouble.
const HOLDER: usize = 1;
/// A process that has none.
const NEWCOMER: usize = 2;
/// The password of [`Address::User`].
const PASSWORD: &str = "first-password";
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
            is_late: false,
            shares: false,
            newcomer: Vec::new(),
            runs_all: false,
            cost: COST,
        }
    }

    /// The event that says why.
    pub(super) fn says(self, kind: &'static str, word: &'static str) -> Self {
        Self { says: Some((kind, word)), ..self }
    }

    pub(super) fn says_late(self) -> Self {
        Self { is_late: true, ..self }
    }

    pub(super) fn shares(self) -> Self {
        Self { shares: true, ..self }
    }

    /// The process that knows no token runs behind these words.
    pub(super) fn newcomer(self, words: &[&str]) -> Self {
        Self { newcomer: words.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }

    /// Both processes run behind these words.
    pub(super) fn both(self, words: &[&str]) -> Self {
        Self { runs_all: true, ..self.newcomer(words) }
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
        let words: Vec<&str> = self.newcomer.iter().map(String::as_str).collect();
        fleet.start(&[], &Job { sharing: Sharing::Nothing, ..job.clone() })?;
        fleet.start(if self.runs_all { &words } else { &[] }, &job)?;
        call(&mut fleet, HOLDER)?;
        fleet.start(&words, &job)?;
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
        if self.is_late {
            fleet
                .wait(PATIENCE, |seen| seen[before..].iter().any(|seen| self.is_said(&seen.event)));
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
            thread::sleep(SILENCE);
            world.service.revoke();
            let logins = world.service.logins().len();
            // In this order: the store may still have the token from before the trouble, which only its
            // holder knows to be refused.
            call(&mut fleet, HOLDER)?;
            call(&mut fleet, NEWCOMER)?;
            tally.exactly("logins after the end", world.service.logins().len() - logins, 1);
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
    let last = seen.iter().filter(is_call).next_back().map(|seen| &seen.event);
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

impl World {
    pub(super) fn new(kind: Kind) -> Result<Self, Failed> {
        let place = tempfile::tempdir()?;
        let redis = match kind {
            Kind::Files => None,
            Kind::Redis | Kind::RedisAsync => Some(Redis::start(&[], &[])?),
        };
        let proxy = redis.as_ref().map(|redis| Proxy::start(redis.port(), Duration::ZERO));
        let proxy = proxy.transpose()?;
        let key = (0..64).map(|_| fastrand::digit(16)).collect();
        let service = Service::start()?;
        Ok(Self { place, key, service, redis, proxy, kept: Vec::new(), mounted: Vec::new() })
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.place.path().join("store")
    }

    pub(super) fn job(&self, kind: Kind, address: Address) -> Result<Job, Failed> {
        let key = self.key.clone();
        let sharing = if kind == Kind::Files {
            Sharing::Files { directory: self.directory().to_string_lossy().into_owned(), key }
        } else {
            let (direct, proxy) = (self.redis()?.port(), self.proxy()?.port());
            let url = match address {
                Address::Direct => format!("redis://127.0.0.1:{direct}"),
                Address::Named(name) => format!("redis://{name}:{direct}"),
                Address::Proxy => format!("redis://127.0.0.1:{proxy}"),
                Address::User => {
                    let rule = format!("ACL SETUSER store on >{PASSWORD} ~* +@all");
                    self.redis()?.command(&rule.split(' ').collect::<Vec<_>>())?;
                    format!("redis://store:{PASSWORD}@127.0.0.1:{proxy}")
                }
            };
            Sharing::Redis { url, key }
        };
        Ok(self.service.job(sharing, kind == Kind::RedisAsync))
    }

    /// The only file of the store with this ending.
    pub(super) fn file(&self, end: &str) -> Result<PathBuf, Failed> {
        let files = fs::read_dir(self.directory())?.collect::<io::Result<Vec<_>>>()?;
        let mut files = files.iter().map(fs::DirEntry::path);
        files
            .find(|path| path.extension().is_some_and(|found| found == end))
            .ok_or_else(|| format!("no file {end}").into())
    }

    pub(super) fn redis(&self) -> Result<&Redis, Failed> {
        self.redis.as_ref().ok_or_else(|| "no Redis".into())
    }

    pub(super) fn proxy(&self) -> Result<&Proxy, Failed> {
        self.proxy.as_ref().ok_or_else(|| "no proxy".into())
    }

    /// The only key of the store in Redis.
    pub(super) fn redis_key(&self) -> Result<String, Failed> {
        let keys = self.redis()?.command(&["KEYS", "*"])?;
        match keys.lines().next() {
            Some(key) if !key.is_empty() => Ok(key.to_owned()),
            _ => Err("no key in Redis".into()),
        }
    }

    /// Mounts a file system in memory over the store's directory.
    pub(super) fn mount(&mut self, options: &str) -> Result<(), Failed> {
        let directory = self.directory();
        fs::create_dir_all(&directory)?;
        run(&["mount", "-t", "tmpfs", "-o", options, "tmpfs", &directory.to_string_lossy()])?;
        self.mounted.push(directory);
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for directory in &self.mounted {
            let _ = run(&["umount", "-l", &directory.to_string_lossy()]);
        }
    }
}

/// Runs a program to its end.
pub(super) fn run(words: &[&str]) -> Result<(), Failed> {
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let output = process::Command::new(program).args(arguments).output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
        }
    }
}
