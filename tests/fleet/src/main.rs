//! Processes that share tokens, with real files and a real Redis: one row per scenario and store,
//! counted at the server.

#![forbid(unsafe_code)]

mod cold;
mod harness;
mod histories;
mod leaders;
mod program;
mod refused;
mod revoked;
mod roots;
mod scenario;
mod trouble;

use std::{process::ExitCode, time::Instant};

use clap::{Parser, ValueEnum};

use scenario::{Case, Extent};

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
    let cases = match rows::chosen(all(Extent { is_short: args.short, seed }), &args.only) {
        Ok(cases) => cases,
        Err(unknown) => {
            eprintln!("{unknown}");
            return ExitCode::from(2);
        }
    };
    let rows = rows::run(&cases, |_| {});
    let written = match args.format {
        Format::Json => rows::json(&rows),
        Format::Table => rows::table(&rows),
    };
    if let Err(error) = written {
        eprintln!("cannot write: {error}");
        return ExitCode::FAILURE;
    }
    eprintln!("{} rows in {:.0?}", rows.len(), started.elapsed());
    rows::conclude(&rows)
}

/// All scenarios, in the order of the table.
fn all(extent: Extent) -> Vec<Case> {
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
    families.into_iter().flat_map(|cases| cases(extent)).collect()
}
