//! Scenarios and their rows.

use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    print::{milliseconds, progress},
    tally::{Counts, Tally},
};

/// A scenario for one subject: one row of the table.
pub trait Case: Serialize + Sync {
    /// What it counts.
    type Counts: Counts;

    /// The name of the column for the subject.
    const SUBJECT: &'static str;

    /// What the table shows of it.
    fn label(&self) -> Label<'_>;

    /// How often it runs at the most, while only times are too long.
    fn tries(&self) -> usize {
        3
    }

    /// Goes through the scenario. An error says that there was no way to go through it.
    fn run(&self, tally: &mut Tally<Self::Counts>) -> Result<(), Box<dyn Error>>;
}

/// What the table shows of a scenario.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "programs make it")]
pub struct Label<'a> {
    /// The scenario's number, such as `F7`. Scenarios that belong together share it.
    pub id: &'static str,
    /// What happens.
    pub scenario: &'a str,
    /// The adapter or the store that goes through it.
    pub subject: &'a str,
    /// The bound, in words.
    pub bound: &'static str,
    /// Cases that mostly wait run side by side if they follow each other and have the same group.
    pub group: Option<&'a str>,
}

/// The result of a case. It holds if no bound is broken.
#[derive(Debug, Serialize)]
#[non_exhaustive]
#[serde(bound = "")]
pub struct Row<'a, C: Case> {
    /// The case.
    #[serde(flatten)]
    pub case: &'a C,
    /// The counts of its last try.
    #[serde(flatten)]
    pub tally: Tally<C::Counts>,
    /// Runs of the scenario: more than one if only times were too long.
    pub tries: usize,
    /// All tries together.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
    /// Whether all bounds held.
    pub ok: bool,
}

impl<'a, C: Case> Row<'a, C> {
    /// Runs the scenario, again while only times are too long.
    fn of(case: &'a C) -> Self {
        let started = Instant::now();
        let (mut tally, mut tries) = (tried(case), 1);
        while tries < case.tries() && is_worth_a_try(&tally) {
            (tally, tries) = (tried(case), tries + 1);
        }
        Self { case, ok: tally.is_ok(), tally, tries, took: started.elapsed() }
    }
}

/// An error or a panic in a scenario is a red row, not the end of the run.
fn tried<C: Case>(case: &C) -> Tally<C::Counts> {
    let mut tally = Tally::default();
    match catch_unwind(AssertUnwindSafe(|| case.run(&mut tally))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tally.broke(format!("the scenario itself failed: {error}")),
        Err(_) => tally.broke("the scenario itself panicked".to_owned()),
    }
    tally
}

/// Whether the scenario may end well on a machine with more time.
fn is_worth_a_try<C: Counts>(tally: &Tally<C>) -> bool {
    match tally.broken.is_empty() {
        true => !tally.late.is_empty(),
        false => tally.is_excused(),
    }
}

/// The cases with these ids, or all if there are none. The error names an id that no case has.
pub fn chosen<C: Case>(mut cases: Vec<C>, ids: &[String]) -> Result<Vec<C>, String> {
    if let Some(unknown) = ids.iter().find(|id| cases.iter().all(|case| case.label().id != **id)) {
        return Err(format!("unknown scenario {unknown}"));
    }
    cases.retain(|case| ids.is_empty() || ids.iter().any(|id| id == case.label().id));
    Ok(cases)
}

/// Runs all cases in order, each group side by side; before each group, `begin` gets its first case.
pub fn run<C: Case>(cases: &[C], mut begin: impl FnMut(&C)) -> Vec<Row<'_, C>> {
    let group = |case: &C| case.label().group.map(str::to_owned);
    let mut rows = Vec::new();
    for group in cases.chunk_by(|a, b| group(a).is_some() && group(a) == group(b)) {
        begin(&group[0]);
        let finished: Vec<_> = thread::scope(|threads| {
            let running: Vec<_> =
                group.iter().map(|case| threads.spawn(|| Row::of(case))).collect();
            running.into_iter().map(|row| row.join().expect("a row catches panics")).collect()
        });
        finished.iter().for_each(progress);
        rows.extend(finished);
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::{
        process::ExitCode,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use super::*;
    use crate::print::conclude;

    #[derive(Default, Serialize)]
    struct Excuse(bool);

    impl Counts for Excuse {
        const COLUMNS: &'static [&'static str] = &[];

        fn cells(&self) -> Vec<String> {
            Vec::new()
        }

        fn is_excused(&self) -> bool {
            self.0
        }
    }

    type Go = fn(&mut Tally<Excuse>) -> Result<(), Box<dyn Error>>;

    /// A scenario with these results, one after the other.
    #[derive(Default, Serialize)]
    struct Script {
        #[serde(skip)]
        goes: Vec<Go>,
        #[serde(skip)]
        times: AtomicUsize,
        group: Option<&'static str>,
    }

    impl Case for Script {
        type Counts = Excuse;

        const SUBJECT: &'static str = "subject";

        fn label(&self) -> Label<'_> {
            let group = self.group;
            Label { id: "S0", scenario: "a test", subject: "none", bound: "none", group }
        }

        fn run(&self, tally: &mut Tally<Excuse>) -> Result<(), Box<dyn Error>> {
            self.goes[self.times.fetch_add(1, SeqCst)](tally)
        }
    }

    fn late(tally: &mut Tally<Excuse>) -> Result<(), Box<dyn Error>> {
        tally.within("a time", Duration::from_secs(2), Duration::from_secs(1));
        Ok(())
    }

    fn broken(tally: &mut Tally<Excuse>) -> Result<(), Box<dyn Error>> {
        tally.exactly("a count", 2, 1);
        Ok(())
    }

    fn good(_: &mut Tally<Excuse>) -> Result<(), Box<dyn Error>> {
        Ok(())
    }

    fn excused(tally: &mut Tally<Excuse>) -> Result<(), Box<dyn Error>> {
        tally.0 = true;
        broken(tally)
    }

    /// The number of tries of a case with these results, and whether its row is green.
    fn tried(goes: Vec<Go>) -> (usize, bool) {
        let script = [Script { goes, ..Script::default() }];
        let rows = run(&script, |_| {});
        let code = conclude(&rows);
        assert_eq!(code == ExitCode::SUCCESS, rows[0].ok);
        (rows[0].tries, rows[0].ok)
    }

    #[test]
    fn times_get_three_tries_and_counts_one() {
        assert_eq!(tried(vec![good]), (1, true));
        assert_eq!(tried(vec![late, good]), (2, true));
        assert_eq!(tried(vec![late, late, good]), (3, true));
        assert_eq!(tried(vec![late, late, late]), (3, false));
        assert_eq!(tried(vec![broken]), (1, false));
        assert_eq!(tried(vec![late, broken]), (2, false));
        assert_eq!(tried(vec![excused, good]), (2, true));
        assert_eq!(tried(vec![excused, excused, excused]), (3, false));
    }

    #[test]
    fn a_scenario_that_fails_is_a_red_row() {
        assert_eq!(tried(vec![|_| Err("on purpose".into())]), (1, false));
        assert_eq!(tried(vec![|_| panic!("on purpose")]), (1, false));
    }

    #[test]
    fn an_unknown_id_is_refused() {
        let scripts = || vec![Script::default(), Script::default()];
        assert_eq!(chosen(scripts(), &[]).map(|cases| cases.len()), Ok(2));
        assert_eq!(chosen(scripts(), &["S0".to_owned()]).map(|cases| cases.len()), Ok(2));
        let unknown = chosen(scripts(), &["S0".to_owned(), "S1".to_owned()]);
        assert_eq!(unknown.err().as_deref(), Some("unknown scenario S1"));
    }
}
