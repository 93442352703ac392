//! Scenarios and their results.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

use auth_emulator::Traffic;
use serde::Serialize;

use crate::{
    callers::ClientKind,
    capture,
    lost::{Login, lost},
    request::Outcome,
};

/// A scenario for one subject: one row of the table.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) scenario: String,
    pub(crate) bound: &'static str,
    pub(crate) subject: Subject,
    /// Cases that mostly wait run side by side if they follow each other and have the same group.
    pub(crate) group: Option<&'static str>,
    /// The line of the README's table that this case belongs to.
    pub(crate) readme: Option<&'static str>,
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

/// Counts and times of a scenario, and the bounds that it broke.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) callers: usize,
    pub(crate) logins: u64,
    pub(crate) max_in_flight: u64,
    pub(crate) lost: usize,
    pub(crate) auth_errors: usize,
    pub(crate) slowest: Duration,
    pub(crate) canary_bytes: u64,
    /// Whether the scenario ended early, because a count was far past its bound.
    pub(crate) stopped: bool,
    /// What else was counted.
    pub(crate) figures: Vec<Figure>,
    /// Good calls in each second.
    pub(crate) series: Vec<u64>,
    /// Broken bounds on counts.
    pub(crate) broken: Vec<String>,
    /// Broken bounds on times. They are tried again, because the machine may be busy.
    pub(crate) late: Vec<String>,
}

/// A count of a scenario and its name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) count: u64,
}

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct ScenarioRow {
    pub(crate) id: &'static str,
    pub(crate) scenario: String,
    #[serde(rename = "adapter")]
    pub(crate) subject: Subject,
    pub(crate) callers: usize,
    pub(crate) logins: u64,
    pub(crate) max_in_flight: u64,
    pub(crate) lost: usize,
    pub(crate) auth_errors: usize,
    pub(crate) slowest_ms: u128,
    /// The whole row with all its tries.
    pub(crate) took_ms: u128,
    pub(crate) canary_bytes: u64,
    pub(crate) stopped: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) figures: Vec<Figure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) series: Vec<u64>,
    pub(crate) ok: bool,
    pub(crate) bound: &'static str,
    #[serde(skip)]
    pub(crate) readme: Option<&'static str>,
    #[serde(skip)]
    pub(crate) why: Vec<String>,
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

    /// Runs the scenario, up to three times while only times are broken.
    fn row(&self) -> ScenarioRow {
        let started = Instant::now();
        let tries = if self.subject.is_ours() { 3 } else { 1 };
        let mut tally = self.tally();
        for _ in 1..tries {
            if !tally.broken.is_empty() || tally.late.is_empty() {
                break;
            }
            tally = self.tally();
        }
        ScenarioRow {
            id: self.id,
            scenario: self.scenario.clone(),
            subject: self.subject,
            callers: tally.callers,
            logins: tally.logins,
            max_in_flight: tally.max_in_flight,
            lost: tally.lost,
            auth_errors: tally.auth_errors,
            slowest_ms: tally.slowest.as_millis(),
            took_ms: started.elapsed().as_millis(),
            canary_bytes: tally.canary_bytes,
            stopped: tally.stopped,
            figures: tally.figures,
            series: tally.series,
            ok: tally.broken.is_empty() && tally.late.is_empty(),
            bound: self.bound,
            readme: self.readme,
            why: [tally.broken, tally.late].concat(),
        }
    }

    /// A panic in a scenario is a red row, not the end of the run.
    fn tally(&self) -> Tally {
        catch_unwind(AssertUnwindSafe(|| (self.run)())).unwrap_or_else(|_| {
            let broken = vec!["the scenario itself panicked".to_owned()];
            Tally { broken, ..Tally::default() }
        })
    }
}

/// Runs all scenarios in order; those that mostly wait run side by side. What a group leaks counts for
/// the first subject of the group.
pub(crate) fn run(cases: Vec<Case>, mut done: impl FnMut(&ScenarioRow)) -> Vec<ScenarioRow> {
    let mut rows = Vec::new();
    let together = |a: &Case, b: &Case| a.group.is_some() && a.group == b.group;
    for group in cases.chunk_by(together) {
        capture::attribute_to(group[0].subject);
        let finished = thread::scope(|threads| {
            let running: Vec<_> = group.iter().map(|case| threads.spawn(|| case.row())).collect();
            running.into_iter().map(|row| row.join().expect("a row catches panics")).collect()
        });
        for row in &finished as &Vec<ScenarioRow> {
            done(row);
        }
        rows.extend(finished);
    }
    rows
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

impl Tally {
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

    /// Shows a count in the table.
    pub(crate) fn figure(&mut self, name: &'static str, count: u64) {
        self.figures.push(Figure { name, count });
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

    fn late() -> Tally {
        Tally { late: vec!["late".to_owned()], ..Tally::default() }
    }

    fn broken() -> Tally {
        Tally { broken: vec!["broken".to_owned()], ..Tally::default() }
    }

    /// The number of runs of a case with these results, and whether its row is green.
    fn tried(goes: Vec<fn() -> Tally>) -> (usize, bool) {
        static TIMES: AtomicUsize = AtomicUsize::new(0);
        TIMES.store(0, SeqCst);
        let case = Case::core("F0", "a test", "none", move || goes[TIMES.fetch_add(1, SeqCst)]());
        let row = case.row();
        (TIMES.load(SeqCst), row.ok)
    }

    #[test]
    fn times_get_three_tries_and_counts_one() {
        let good = Tally::default;
        assert_eq!(tried(vec![good]), (1, true));
        assert_eq!(tried(vec![late, good]), (2, true));
        assert_eq!(tried(vec![late, late, good]), (3, true));
        assert_eq!(tried(vec![late, late, late]), (3, false));
        assert_eq!(tried(vec![broken]), (1, false));
        assert_eq!(tried(vec![late, broken]), (2, false));
    }

    #[test]
    fn bounds_are_kept_apart() {
        let mut tally = Tally::default();
        tally.exactly("one", 1, 1);
        tally.at_most("two", 2, 2);
        tally.holds("three", true);
        tally.within("four", Duration::from_secs(4), Duration::from_secs(4));
        assert!(tally.broken.is_empty() && tally.late.is_empty());
        tally.exactly("one", 0, 1);
        tally.at_most("two", 3, 2);
        tally.holds("three", false);
        tally.within("four", Duration::from_secs(5), Duration::from_secs(4));
        assert_eq!((tally.broken.len(), tally.late.len()), (3, 1));
    }

    #[test]
    fn a_scenario_that_panics_is_a_red_row() {
        let case = Case::core("F0", "a test", "none", || panic!("on purpose"));
        assert!(!case.row().ok);
    }
}
