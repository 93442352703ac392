//! Processes that share tokens, with real files and a real Redis: one row per scenario and store,
//! counted at the server.

#![forbid(unsafe_code)]

mod cold;
mod harness;
mod histories;
mod leaders;
mod program;
mod refused;
mod report;
mod revoked;
mod roots;
mod scenario;
mod trouble;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::Instant,
};

use clap::{Parser, ValueEnum};

use scenario::{Case, Extent, Row};

/// Runs every scenario of a fleet with each store.
#[derive(Parser)]
#[command(name = "fleet")]
struct Args {
    #[command(subcommand)]
    task: Option<Task>,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Run only the scenarios with these ids.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    only: Vec<String>,
    /// The beginning of all random choices, as an earlier run has printed it.
    #[arg(long)]
    seed: Option<u64>,
    /// Shorter forms of some scenarios, for CI.
    #[arg(long)]
    short: bool,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Prints the time of its clock.
    #[command(hide = true)]
    Clock,
    /// A process of a fleet.
    #[command(hide = true)]
    Worker,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Table,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(task) = args.task {
        let done = match task {
            Task::Clock => trouble::tell_time().map_err(Into::into),
            Task::Worker => harness::work(),
        };
        return match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("a process of the fleet: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let started = Instant::now();
    // Each process has a pipe, and a connection whose other end is here.
    let _ = rlimit::increase_nofile_limit(20_000);
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..=u64::from(u32::MAX)));
    eprintln!("seed {seed}");
    let cases = match chosen(&args, Extent { is_short: args.short, seed }) {
        Ok(cases) => cases,
        Err(unknown) => {
            eprintln!("unknown scenario {unknown}");
            return ExitCode::from(2);
        }
    };
    let rows = scenario::run(&cases, progress);
    let written = match args.format {
        Format::Json => report::json(&rows),
        Format::Table => report::table(&rows),
    };
    if let Err(error) = written {
        eprintln!("cannot write: {error}");
        return ExitCode::FAILURE;
    }
    eprintln!("{} rows in {:.0?}", rows.len(), started.elapsed());
    conclude(&rows)
}

/// The scenarios, in the order of the table.
fn chosen(args: &Args, extent: Extent) -> Result<Vec<Case>, String> {
    let families = [
        cold::cases,
        program::cases,
        leaders::cases,
        refused::cases,
        revoked::cases,
        roots::cases,
        trouble::cases,
        histories::cases,
    ];
    let mut cases: Vec<_> = families.into_iter().flat_map(|cases| cases(extent)).collect();
    if let Some(unknown) = args.only.iter().find(|id| !cases.iter().any(|case| case.id == **id)) {
        return Err(unknown.clone());
    }
    cases.retain(|case| args.only.is_empty() || args.only.iter().any(|id| id == case.id));
    Ok(cases)
}

/// Prints progress to a terminal.
fn progress(row: &Row) {
    if io::stderr().is_terminal() {
        let result = if row.ok { "ok" } else { "red" };
        eprintln!("{} {} {}: {result}", row.id, row.store, row.scenario);
    }
}

/// Reports red rows.
fn conclude(rows: &[Row]) -> ExitCode {
    for row in rows.iter().filter(|row| !row.ok) {
        eprintln!("RED: {} {}: {}: {}", row.id, row.store, row.scenario, row.why.join("; "));
    }
    match rows.iter().all(|row| row.ok) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
