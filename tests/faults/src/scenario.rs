//! Scenarios and their results.

use std::{error::Error, fmt::Display, time::Duration};

use auth_emulator::Traffic;
use rows::Label;
use serde::Serialize;

use crate::{
    callers::ClientKind,
    lost::{Login, lost},
    request::Outcome,
};

/// A scenario for one subject: one row of the table.
#[derive(Serialize)]
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) scenario: String,
    pub(crate) bound: &'static str,
    #[serde(rename = "adapter")]
    pub(crate) subject: Subject,
    #[serde(skip)]
    pub(crate) group: Option<&'static str>,
    /// The line of the README's table that this case belongs to.
    #[serde(skip)]
    pub(crate) readme: Option<&'static str>,
    #[serde(skip)]
    pub(crate) run: Box<dyn Fn() -> Tally + Send + Sync>,
}

/// The adapter, the core alone or the control that goes through a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Subject {
    /// A script without the library and without care, for comparison.
    Control,
    Core,
    /// Thirty lines without the library, for comparison.
    Naive,
    Reqwest,
    Ureq,
}

pub(crate) type Tally = rows::Tally<Counts>;

/// Counts and times of a scenario.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) callers: usize,
    pub(crate) logins: u64,
    pub(crate) max_in_flight: u64,
    pub(crate) lost: usize,
    pub(crate) auth_errors: usize,
    #[serde(rename = "slowest_ms", serialize_with = "rows::milliseconds")]
    pub(crate) slowest: Duration,
    pub(crate) canary_bytes: u64,
    /// Whether the scenario ended early, because a count was far past its bound.
    pub(crate) stopped: bool,
    /// Good calls in each second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) series: Vec<u64>,
}

impl Case {
    /// The same scenario for each of these clients.
    pub(crate) fn each<R: Fn(ClientKind) -> Tally + Clone + Send + Sync + 'static>(
        id: &'static str,
        scenario: impl Display,
        bound: &'static str,
        kinds: &[ClientKind],
        run: R,
    ) -> Vec<Self> {
        let case = |kind: &ClientKind| {
            let (kind, run) = (*kind, run.clone());
            let scenario = match kind.control() {
                Some(name) => format!("{scenario} ({name})"),
                None => scenario.to_string(),
            };
            let run = Box::new(move || run(kind));
            Self { id, scenario, bound, subject: kind.subject(), group: None, readme: None, run }
        };
        kinds.iter().map(case).collect()
    }

    /// A scenario for the core alone.
    pub(crate) fn core(
        id: &'static str,
        scenario: impl Display,
        bound: &'static str,
        run: impl Fn() -> Tally + Send + Sync + 'static,
    ) -> Self {
        let (scenario, run) = (scenario.to_string(), Box::new(run));
        Self { id, scenario, bound, subject: Subject::Core, group: None, readme: None, run }
    }

    pub(crate) fn beside(self, group: &'static str) -> Self {
        Self { group: Some(group), ..self }
    }

    pub(crate) fn in_readme(self, line: &'static str) -> Self {
        Self { readme: Some(line), ..self }
    }
}

impl rows::Case for Case {
    type Counts = Counts;

    const SUBJECT: &'static str = "adapter";

    fn label(&self) -> Label<'_> {
        let Self { id, scenario, bound, subject, group, .. } = self;
        Label { id, scenario, subject: subject.name(), bound, group: *group }
    }

    fn tries(&self) -> usize {
        if self.subject.is_ours() { 3 } else { 1 }
    }

    fn run(&self, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
        *tally = (self.run)();
        Ok(())
    }
}

impl Subject {
    pub(crate) const ALL: [Self; 5] =
        [Self::Control, Self::Core, Self::Naive, Self::Reqwest, Self::Ureq];

    /// Whether the bounds are promises of the library.
    pub(crate) fn is_ours(self) -> bool {
        !matches!(self, Self::Control | Self::Naive)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Core => "core",
            Self::Naive => "naive",
            Self::Reqwest => "reqwest",
            Self::Ureq => "ureq",
        }
    }
}

impl Counts {
    /// Adds the callers' results; the server's logins show which callers were lost.
    pub(crate) fn callers(&mut self, outcomes: &[Outcome], logins: &[Login]) {
        self.callers = self.callers.max(outcomes.len());
        self.auth_errors +=
            outcomes.iter().filter(|outcome| outcome.result.is_auth_error()).count();
        self.lost += lost(outcomes.iter().filter_map(Outcome::failed), logins);
        let slowest = outcomes.iter().map(|outcome| outcome.took).max().unwrap_or_default();
        self.slowest = self.slowest.max(slowest);
    }

    /// Adds the server's counts since the last reset.
    pub(crate) fn traffic(&mut self, traffic: &Traffic) {
        self.logins += traffic.logins;
        self.max_in_flight = self.max_in_flight.max(traffic.most_logins_in_flight);
        self.canary_bytes += traffic.canary_bytes;
    }
}

impl rows::Counts for Counts {
    const COLUMNS: &'static [&'static str] =
        &["callers", "logins", "in flight", "lost", "auth err", "slowest", "canary"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.callers.to_string(),
            self.logins.to_string(),
            self.max_in_flight.to_string(),
            self.lost.to_string(),
            self.auth_errors.to_string(),
            format!("{} ms", self.slowest.as_millis()),
            self.canary_bytes.to_string(),
        ]
    }
}
