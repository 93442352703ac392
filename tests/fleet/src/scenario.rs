//! Scenarios and their results.

use std::{
    collections::BTreeSet,
    error::Error,
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::harness::{Event, Fleet, Seen, StoreKind, token_results};

/// A scenario with one store: one row of the table.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) scenario: String,
    /// The store, as the table shows it.
    pub(crate) store: &'static str,
    pub(crate) bound: &'static str,
    /// Cases that mostly wait run side by side if they follow each other and have the same group.
    pub(crate) group: Option<String>,
    pub(crate) run: Box<Run>,
}

type Run = dyn Fn(&mut Tally) -> Result<(), Box<dyn Error>> + Send + Sync;

/// How much of each scenario runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// The form for CI.
    pub(crate) is_short: bool,
    /// The beginning of all random choices.
    pub(crate) seed: u64,
}

/// Counts and times of a scenario, and the bounds that it broke.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) processes: usize,
    pub(crate) logins: usize,
    pub(crate) slowest: Duration,
    /// Calls without a token.
    pub(crate) lost: usize,
    /// What else was counted.
    pub(crate) figures: Vec<Figure>,
    /// Whether the store was too slow for a process, which then went without it. Counts get another
    /// try then, as times do.
    is_starved: bool,
    /// Broken bounds on counts.
    broken: Vec<String>,
    /// Broken bounds on times. They are tried again, because the machine may be busy.
    late: Vec<String>,
}

/// A count of a scenario and its name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) count: u64,
}

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) scenario: String,
    pub(crate) store: &'static str,
    pub(crate) processes: usize,
    pub(crate) logins: usize,
    pub(crate) slowest_ms: u128,
    pub(crate) lost: usize,
    /// Runs of the scenario: more than one if only times were too long.
    pub(crate) tries: usize,
    /// All tries together.
    pub(crate) took_ms: u128,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) figures: Vec<Figure>,
    pub(crate) ok: bool,
    pub(crate) bound: &'static str,
    #[serde(skip)]
    pub(crate) why: Vec<String>,
}

const TRIES: usize = 3;

impl Case {
    pub(crate) fn new(
        id: &'static str,
        scenario: impl Display,
        store: &'static str,
        bound: &'static str,
        run: impl Fn(&mut Tally) -> Result<(), Box<dyn Error>> + Send + Sync + 'static,
    ) -> Self {
        let (scenario, run) = (scenario.to_string(), Box::new(run));
        Self { id, scenario, store, bound, group: None, run }
    }

    /// The same scenario with each of these stores.
    pub(crate) fn each<R>(
        id: &'static str,
        scenario: impl Display,
        bound: &'static str,
        kinds: &[StoreKind],
        run: R,
    ) -> Vec<Self>
    where
        R: Fn(StoreKind, &mut Tally) -> Result<(), Box<dyn Error>> + Clone + Send + Sync + 'static,
    {
        let case = |kind: &StoreKind| {
            let (kind, run) = (*kind, run.clone());
            Self::new(id, &scenario, kind.name(), bound, move |tally| run(kind, tally))
        };
        kinds.iter().map(case).collect()
    }

    pub(crate) fn beside(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// Runs the scenario, up to three times while only times are too long.
    fn row(&self) -> Row {
        let started = Instant::now();
        let (mut tally, mut tries) = (self.tally(), 1);
        while tally.is_only_late() && tries < TRIES {
            (tally, tries) = (self.tally(), tries + 1);
        }
        Row {
            id: self.id,
            scenario: self.scenario.clone(),
            store: self.store,
            processes: tally.processes,
            logins: tally.logins,
            slowest_ms: tally.slowest.as_millis(),
            lost: tally.lost,
            tries,
            took_ms: started.elapsed().as_millis(),
            figures: tally.figures,
            ok: tally.broken.is_empty() && tally.late.is_empty(),
            bound: self.bound,
            why: [tally.broken, tally.late].concat(),
        }
    }

    /// An error or a panic in a scenario is a red row, not the end of the run.
    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        match catch_unwind(AssertUnwindSafe(|| (self.run)(&mut tally))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tally.broke(format!("the scenario itself failed: {error}")),
            Err(_) => tally.broke("the scenario itself panicked".to_owned()),
        }
        tally
    }
}

/// Runs all scenarios in order; those that mostly wait run side by side.
pub(crate) fn run(cases: &[Case], mut done: impl FnMut(&Row)) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in cases.chunk_by(|a, b| a.group.is_some() && a.group == b.group) {
        let finished: Vec<Row> = thread::scope(|threads| {
            let running: Vec<_> = group.iter().map(|case| threads.spawn(|| case.row())).collect();
            running.into_iter().map(|row| row.join().expect("a row catches panics")).collect()
        });
        finished.iter().for_each(&mut done);
        rows.extend(finished);
    }
    rows
}

impl Tally {
    /// Whether the scenario may end well on a machine with more time.
    fn is_only_late(&self) -> bool {
        let is_broken = !self.broken.is_empty();
        (self.is_starved && is_broken) || (!is_broken && !self.late.is_empty())
    }

    /// Adds a fleet's results: the tokens that it should have, those that it has, and the processes
    /// that went without the store. Returns the prints of the different tokens.
    pub(crate) fn fleet(&mut self, fleet: &Fleet, tokens: usize) -> Vec<String> {
        self.processes += fleet.len();
        let seen = fleet.seen();
        let mut prints = Vec::new();
        for (_, took, result) in token_results(&seen) {
            self.slowest = self.slowest.max(took);
            match result {
                Ok(print) => prints.push(print.clone()),
                Err(error) => self.broke(format!("a call failed: {error}")),
            }
        }
        self.lost += tokens.saturating_sub(prints.len());
        self.exactly("calls without a token", self.lost, 0);
        self.without_store(fleet, &seen);
        prints.sort();
        prints.dedup();
        prints
    }

    /// The processes that went without the store. Standard error has the first one, and why.
    fn without_store(&mut self, fleet: &Fleet, seen: &[Seen]) {
        let mut processes = BTreeSet::new();
        for seen in seen {
            let text = match &seen.event {
                Event::Store { kind, text } if kind == "Silent" => text,
                Event::Warning(text) if text.starts_with("store not used") => text,
                _ => continue,
            };
            self.is_starved |= text.contains("NoAnswer");
            if processes.is_empty() {
                let after = seen.at - fleet.started;
                eprintln!("process {} after {after:.1?}: {text}", seen.process);
            }
            processes.insert(seen.process);
        }
        self.figure("without store", processes.len() as u64);
    }

    /// Adds processes that the store was too slow for.
    pub(crate) fn starved(&mut self, processes: usize) {
        self.is_starved |= processes > 0;
        self.figure("without store", processes as u64);
    }

    /// Shows a count in the table.
    pub(crate) fn figure(&mut self, name: impl Into<String>, count: u64) {
        self.figures.push(Figure { name: name.into(), count });
    }

    /// Requires a count to equal `want`.
    pub(crate) fn exactly<T: PartialEq + Display>(&mut self, what: impl Display, got: T, want: T) {
        if got != want {
            self.broke(format!("{what}: {got}, not {want}"));
        }
    }

    /// Requires a count of at most `most`.
    pub(crate) fn at_most<T: PartialOrd + Display>(&mut self, what: impl Display, got: T, most: T) {
        if got > most {
            self.broke(format!("{what}: {got}, more than {most}"));
        }
    }

    /// Requires a condition.
    pub(crate) fn holds(&mut self, what: impl Display, holds: bool) {
        if !holds {
            self.broke(format!("not so: {what}"));
        }
    }

    /// Requires a time of at most `most`.
    pub(crate) fn within(&mut self, what: impl Display, got: Duration, most: Duration) {
        if got > most {
            self.late.push(format!("{what}: {got:.1?}, longer than {most:.1?}"));
        }
    }

    /// Records a reason once.
    fn broke(&mut self, why: String) {
        if !self.broken.contains(&why) {
            self.broken.push(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    type Go = fn(&mut Tally) -> Result<(), Box<dyn Error>>;

    fn late(tally: &mut Tally) -> Result<(), Box<dyn Error>> {
        tally.within("a time", Duration::from_secs(2), Duration::from_secs(1));
        Ok(())
    }

    fn broken(tally: &mut Tally) -> Result<(), Box<dyn Error>> {
        tally.exactly("a count", 2, 1);
        Ok(())
    }

    fn good(_: &mut Tally) -> Result<(), Box<dyn Error>> {
        Ok(())
    }

    /// The number of tries of a case with these results, and whether its row is green.
    fn tried(goes: Vec<Go>) -> (usize, bool) {
        let times = AtomicUsize::new(0);
        let case = Case::new("S0", "a test", "none", "none", move |tally| {
            goes[times.fetch_add(1, SeqCst)](tally)
        });
        let row = case.row();
        (row.tries, row.ok)
    }

    #[test]
    fn times_get_three_tries_and_counts_one() {
        assert_eq!(tried(vec![good]), (1, true));
        assert_eq!(tried(vec![late, good]), (2, true));
        assert_eq!(tried(vec![late, late, good]), (3, true));
        assert_eq!(tried(vec![late, late, late]), (3, false));
        assert_eq!(tried(vec![broken]), (1, false));
        assert_eq!(tried(vec![late, broken]), (2, false));
        let starved = |tally: &mut Tally| {
            tally.is_starved = true;
            broken(tally)
        };
        assert_eq!(tried(vec![starved, good]), (2, true));
        assert_eq!(tried(vec![starved, starved, starved]), (3, false));
    }

    #[test]
    fn a_scenario_that_fails_is_a_red_row() {
        assert_eq!(tried(vec![|_| Err("on purpose".into())]), (1, false));
        assert_eq!(tried(vec![|_| panic!("on purpose")]), (1, false));
    }
}
