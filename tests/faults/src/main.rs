//! Both adapters against broken servers: one row per scenario and adapter, counted at the server.

#![forbid(unsafe_code)]

mod callers;
mod cancel;
mod capture;
mod clients;
mod clock;
mod close;
mod concurrent;
mod control;
mod dropped;
mod events;
mod lost;
mod naive;
mod outage;
mod patience;
mod picture;
mod recovery;
mod redirect;
mod refusal;
mod report;
mod request;
mod roots;
mod scenario;
mod secrets;
mod services;
mod storm;
mod testbed;
mod times;
mod unread;
mod upload;

use std::{fs, path::PathBuf, process::ExitCode, time::Instant};

use clap::{Parser, ValueEnum};
use rows::Row;
use scenario::{Case, Subject};

/// Runs every fault scenario through both adapters, and through plain HTTP clients for comparison.
#[derive(Parser)]
#[command(name = "faults")]
struct Args {
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Longer forms of some scenarios.
    #[arg(long)]
    full: bool,
    /// Run only the scenarios with these ids.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    only: Vec<String>,
    /// Draw F32 into this SVG file.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    /// The table of the README, in Markdown.
    Readme,
    Table,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let started = Instant::now();
    capture::install(&[testbed::PASSWORD, testbed::WRONG_PASSWORD, testbed::TOKEN]);
    // A thousand callers have as many connections, with both ends in this process. If the limit
    // cannot be raised, the rows that need it turn red.
    let _ = rlimit::increase_nofile_limit(20_000);

    let cases = match rows::chosen(all(args.full), &args.only) {
        Ok(cases) => cases,
        Err(unknown) => {
            eprintln!("{unknown}");
            return ExitCode::from(2);
        }
    };
    // What a group leaks counts for the first subject of the group.
    let rows = rows::run(&cases, |case| capture::attribute_to(case.subject));
    let written = match args.format {
        Format::Json => rows::json(&rows),
        Format::Readme => report::readme(&rows),
        Format::Table => rows::table(&rows),
    };
    let drawn = args.picture.map_or(Ok(()), |file| fs::write(file, picture::draw(&rows)));
    if let Err(error) = written.and(drawn) {
        eprintln!("cannot write: {error}");
        return ExitCode::FAILURE;
    }
    let (_, messages, errors) = capture::findings();
    eprintln!("{} rows in {:.0?}", rows.len(), started.elapsed());
    eprintln!("{messages} messages searched for secrets, {errors} errors among them");
    conclude(&rows)
}

/// All scenarios, in the order of the table.
fn all(is_full: bool) -> Vec<Case> {
    let families = [
        concurrent::cases,
        refusal::cases,
        outage::cases,
        cancel::cases,
        redirect::cases,
        times::cases,
        close::cases,
        storm::cases,
        // Each of these groups runs side by side, after all that measure short times.
        services::revocations,
        patience::right,
        services::refusals,
        patience::wrong,
        unread::cases,
        recovery::cases,
        dropped::cases,
        upload::cases,
        roots::cases,
        // Last, because it checks the findings of all others.
        secrets::cases,
    ];
    families.into_iter().flat_map(|cases| cases(is_full)).collect()
}

/// Reports red rows of the adapters and green rows of the control.
fn conclude(rows: &[Row<'_, Case>]) -> ExitCode {
    for Row { case, .. } in rows.iter().filter(|row| row.ok && row.case.subject == Subject::Control)
    {
        eprintln!("green control, which proves nothing: {} {}", case.id, case.scenario);
    }
    rows::conclude(rows.iter().filter(|row| row.case.subject.is_ours()))
}
