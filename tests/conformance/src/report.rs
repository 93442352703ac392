//! The results of the cases, as a table.

use std::{
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use testing::Adapter::{self, Core, Reqwest, Ureq};

use crate::{case::Case, cases, keystone::Keystone};

/// The results of all cases at all servers.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<[String; 6]>,
    /// The failures, in full.
    failures: Vec<String>,
    passed: usize,
}

const ALL: [Adapter; 3] = [Ureq, Reqwest, Core];

impl Report {
    /// Runs every case at this server, or those of one group.
    pub(crate) fn of(world: &Keystone, only: Option<&str>) -> Self {
        let mut report = Self::default();
        let server = if world.is_v2() { "v2.0" } else { "v3" };
        let started = Instant::now();
        let mut cases = cases::all(world);
        cases.retain(|case| only.is_none_or(|only| only == case.group));
        for case in &cases {
            let cells = ALL.map(|through| report.run(world, case, through));
            let [ureq, reqwest, core] = cells;
            let name = case.name.clone();
            report.rows.push([server.to_owned(), case.group.to_owned(), name, ureq, reqwest, core]);
        }
        let took = Duration::from_secs(started.elapsed().as_secs());
        eprintln!("{server}: {} cases in {took:?}", cases.len());
        report
    }

    /// Adds the results of another server.
    pub(crate) fn add(&mut self, other: thread::Result<Self>) {
        match other {
            Ok(other) => {
                self.rows.extend(other.rows);
                self.failures.extend(other.failures);
                self.passed += other.passed;
            }
            Err(_) => self.failures.push("a panic between the cases".to_owned()),
        }
    }

    fn run(&mut self, world: &Keystone, case: &Case, through: Adapter) -> String {
        if through == Core && case.adapters_alone {
            return "-".to_owned();
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| (case.run)(world, through)));
        match outcome.unwrap_or_else(|_| Err("a panic".to_owned())) {
            Ok(()) => {
                self.passed += 1;
                "ok".to_owned()
            }
            Err(why) => {
                self.failures.push(format!("{}: {}, {through:?}: {why}", case.group, case.name));
                "FAILED".to_owned()
            }
        }
    }

    /// Prints the table, the failures and the counts.
    pub(crate) fn print(&self) -> ExitCode {
        let header = ["server", "group", "case", "ureq", "reqwest", "core"];
        let table = rows::aligned(header, &self.rows);
        let failures: String = self.failures.iter().map(|why| format!("\n{why}\n")).collect();
        let (passed, failed) = (self.passed, self.failures.len());
        let text = format!("{}\n{failures}\n{passed} passed, {failed} failed\n", table);
        let written = io::stdout().lock().write_all(text.as_bytes());
        match written.is_ok() && failed == 0 && passed > 0 {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}
