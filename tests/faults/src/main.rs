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
mod lost;
mod outage;
mod redirect;
mod refusal;
mod scenario;
mod secrets;
mod testbed;
mod times;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Instant,
};

use clap::{Parser, ValueEnum};
use comfy_table::{Table, presets};

use scenario::{Case, ScenarioRow, Subject};

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
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Table,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let started = Instant::now();
    capture::install(&[testbed::PASSWORD, testbed::WRONG_PASSWORD, testbed::TOKEN]);
    // A thousand callers have as many connections, with both ends in this process. If the limit
    // cannot be raised, the rows that need it turn red.
    let _ = rlimit::increase_nofile_limit(20_000);

    let cases = match chosen(&args) {
        Ok(cases) => cases,
        Err(unknown) => {
            eprintln!("unknown scenario {unknown}");
            return ExitCode::from(2);
        }
    };
    let rows = scenario::run(cases, progress);
    let written = match args.format {
        Format::Json => json(&rows),
        Format::Table => table(&rows),
    };
    if let Err(error) = written {
        eprintln!("cannot write: {error}");
        return ExitCode::FAILURE;
    }
    let (_, messages, errors) = capture::findings();
    eprintln!("{} rows in {:.0?}", rows.len(), started.elapsed());
    eprintln!("{messages} messages searched for secrets, {errors} errors among them");
    conclude(&rows)
}

/// The scenarios, in the order of the table.
fn chosen(args: &Args) -> Result<Vec<Case>, String> {
    let families = [
        concurrent::cases,
        refusal::cases,
        outage::cases,
        cancel::cases,
        redirect::cases,
        times::cases,
        close::cases,
        // Last, because it checks the findings of all others.
        secrets::cases,
    ];
    let mut cases: Vec<_> = families.into_iter().flat_map(|cases| cases(args.full)).collect();
    if let Some(unknown) = args.only.iter().find(|id| !cases.iter().any(|case| case.id == **id)) {
        return Err(unknown.clone());
    }
    cases.retain(|case| args.only.is_empty() || args.only.iter().any(|id| id == case.id));
    Ok(cases)
}

/// Prints progress to a terminal.
fn progress(row: &ScenarioRow) {
    if io::stderr().is_terminal() {
        let result = if row.ok { "ok" } else { "red" };
        eprintln!("{} {} {}: {result}", row.id, row.subject.name(), row.scenario);
    }
}

fn json(rows: &[ScenarioRow]) -> io::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(rows)?)
}

fn table(rows: &[ScenarioRow]) -> io::Result<()> {
    let mut table = Table::new();
    table.set_header([
        "id",
        "adapter",
        "ok",
        "callers",
        "logins",
        "in flight",
        "lost",
        "auth err",
        "slowest",
        "canary",
        "scenario",
        "bound",
    ]);
    for row in rows {
        table.add_row([
            row.id.to_owned(),
            row.subject.name().to_owned(),
            if row.ok { "ok" } else { "RED" }.to_owned(),
            row.callers.to_string(),
            row.logins.to_string(),
            row.max_in_flight.to_string(),
            row.lost.to_string(),
            row.auth_errors.to_string(),
            format!("{} ms", row.slowest_ms),
            row.canary_bytes.to_string(),
            row.scenario.clone(),
            row.bound.to_owned(),
        ]);
    }
    if io::stdout().is_terminal() {
        table.load_style(presets::UTF8_FULL_CONDENSED);
    } else {
        table.load_style(presets::NOTHING);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }
    writeln!(io::stdout(), "{}", table.trim_fmt())
}

/// Reports red rows of the adapters and green rows of the control.
fn conclude(rows: &[ScenarioRow]) -> ExitCode {
    let (control, ours): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| row.subject == Subject::Control);
    for row in control.iter().filter(|row| row.ok) {
        eprintln!("green control, which proves nothing: {} {}", row.id, row.scenario);
    }
    for row in ours.iter().filter(|row| !row.ok) {
        let why = row.why.join("; ");
        eprintln!("RED: {} {}: {}: {why}", row.id, row.subject.name(), row.scenario);
    }
    match ours.iter().all(|row| row.ok) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
