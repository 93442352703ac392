//! Scenarios and their results.

use std::{collections::BTreeSet, error::Error, fmt::Display, time::Duration};

use rows::Label;
use serde::Serialize;

use crate::harness::{Event, Fleet, Seen, StoreKind, token_results};

/// A scenario with one store: one row of the table.
#[derive(Serialize)]
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) scenario: String,
    /// The store, as the table shows it.
    pub(crate) store: &'static str,
    pub(crate) bound: &'static str,
    #[serde(skip)]
    pub(crate) group: Option<String>,
    #[serde(skip)]
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

pub(crate) type Tally = rows::Tally<Counts>;

/// Counts and times of a scenario.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) processes: usize,
    pub(crate) logins: usize,
    #[serde(rename = "slowest_ms", serialize_with = "rows::milliseconds")]
    pub(crate) slowest: Duration,
    /// Calls without a token.
    pub(crate) lost: usize,
    /// Whether the store was too slow for a process, which then went without it. Counts get another
    /// try then, as times do.
    #[serde(skip)]
    pub(crate) is_starved: bool,
}

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
}

impl rows::Case for Case {
    type Counts = Counts;

    const SUBJECT: &'static str = "store";

    fn label(&self) -> Label<'_> {
        let Self { id, scenario, store, bound, group, .. } = self;
        Label { id, scenario, subject: store, bound, group: group.as_deref() }
    }

    fn run(&self, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
        (self.run)(tally)
    }
}

impl rows::Counts for Counts {
    const COLUMNS: &'static [&'static str] = &["processes", "logins", "slowest", "lost"];

    fn cells(&self) -> Vec<String> {
        let slowest = format!("{} ms", self.slowest.as_millis());
        vec![self.processes.to_string(), self.logins.to_string(), slowest, self.lost.to_string()]
    }

    fn is_excused(&self) -> bool {
        self.is_starved
    }
}

/// Adds a fleet's results: the tokens that it should have, those that it has, and the processes that
/// went without the store. Returns the prints of the different tokens.
pub(crate) fn count_fleet(tally: &mut Tally, fleet: &Fleet, tokens: usize) -> Vec<String> {
    tally.processes += fleet.len();
    let seen = fleet.seen();
    let mut prints = Vec::new();
    for (_, took, result) in token_results(&seen) {
        tally.slowest = tally.slowest.max(took);
        match result {
            Ok(print) => prints.push(print.clone()),
            Err(error) => tally.broke(format!("a call failed: {error}")),
        }
    }
    tally.lost += tokens.saturating_sub(prints.len());
    tally.exactly("calls without a token", tally.lost, 0);
    count_without_store(tally, fleet, &seen);
    prints.sort();
    prints.dedup();
    prints
}

/// The processes that went without the store. Standard error has the first one, and why.
fn count_without_store(tally: &mut Tally, fleet: &Fleet, seen: &[Seen]) {
    let mut processes = BTreeSet::new();
    for seen in seen {
        let text = match &seen.event {
            Event::Store { kind, text } if kind == "Silent" => text,
            Event::Warning(text) if text.starts_with("store not used") => text,
            _ => continue,
        };
        tally.is_starved |= text.contains("NoAnswer");
        if processes.is_empty() {
            let after = seen.at - fleet.started;
            eprintln!("process {} after {after:.1?}: {text}", seen.process);
        }
        processes.insert(seen.process);
    }
    tally.figure("without store", processes.len() as u64);
}
