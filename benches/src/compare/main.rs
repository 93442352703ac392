//! The cost of the library beside a lower bound, beside the usual implementation, and beside the
//! recorded figures.

#![forbid(unsafe_code)]

mod counts;
mod figures;
mod goals;
mod imports;
mod profile;
mod redis;
mod row;
mod server;
mod sockets;
mod wakes;
mod work;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::Instant,
};

use benches::allocator::{Counting, Watched};
use clap::{Parser, Subcommand};

use counts::{COUNTED, Counts, LOOKING_UP};
use figures::Figures;
use row::{CostRow, RowFormat};
use work::LOOK_UPS;

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting::new());

/// Compares the cost of the library with goals: instructions (counted by valgrind), memory, and times
/// over sockets.
///
/// A bound on a time gets up to three tries, and is ignored on a busy machine and with `--gate`.
#[derive(Parser)]
#[command(name = "compare")]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The output format.
    #[arg(long, value_enum, default_value_t = RowFormat::Table)]
    format: RowFormat,
    /// Also compares counts with the recorded figures. Times are reported and fail nothing.
    #[arg(long)]
    gate: bool,
    /// Only records the figures.
    #[arg(long, conflicts_with_all = ["format", "gate"])]
    record: bool,
    /// Only prints the time of each counted workload, which depends on the machine.
    #[arg(long, conflicts_with_all = ["gate", "record"])]
    times: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a workload this number of times, for a profiler.
    #[command(hide = true)]
    Work { name: String, times: u32 },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Some(Command::Work { name, times }) => work(&name, times),
        None if args.record => record(),
        None if args.times => times(args.format),
        None => compare(args.format, args.gate),
    };
    done.unwrap_or_else(|why| {
        eprintln!("{why}");
        ExitCode::FAILURE
    })
}

/// Runs a workload for [`profile`].
fn work(name: &str, times: u32) -> Result<ExitCode, String> {
    let work = work::named(name).ok_or_else(|| format!("unknown workload {name}"))?;
    for _ in 0..times {
        work();
    }
    Ok(ExitCode::SUCCESS)
}

fn record() -> Result<ExitCode, String> {
    Figures::of(&Counts::taken(progress)?)?.write()?;
    Ok(ExitCode::SUCCESS)
}

fn times(format: RowFormat) -> Result<ExitCode, String> {
    const RUNS: usize = 501;
    let rows: Vec<_> = COUNTED
        .iter()
        .map(|name| {
            let work = work::named(name).expect("it is listed");
            let mut times: Vec<_> = (0..RUNS).map(|_| work().1.as_nanos() as f64).collect();
            times.sort_by(f64::total_cmp);
            let look_ups = if LOOKING_UP.contains(name) { LOOK_UPS as f64 } else { 1.0 };
            CostRow::reported(format!("{name}, nanoseconds"), times[RUNS / 2] / look_ups)
        })
        .collect();
    row::print(&rows, format).map_err(|error| format!("cannot write: {error}"))?;
    Ok(ExitCode::SUCCESS)
}

fn compare(format: RowFormat, gate: bool) -> Result<ExitCode, String> {
    let started = Instant::now();
    let committed = gate.then(Figures::read).transpose()?;
    let counts = Counts::taken(progress)?;
    let mut rows = goals::rows(&counts);
    rows.extend(redis::rows());
    rows.extend(wakes::rows());
    rows.extend(sockets::rows(gate, progress));
    if let Some(committed) = committed {
        rows.extend(Figures::of(&counts)?.against(&committed));
    }
    row::print(&rows, format).map_err(|error| format!("cannot write: {error}"))?;
    eprintln!("{} rows in {:.0?}", rows.len(), started.elapsed());
    let red: Vec<&CostRow> = rows.iter().filter(|row| row.ok == Some(false)).collect();
    for row in &red {
        eprintln!("RED: {row}");
    }
    Ok(if red.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints progress to a terminal.
fn progress(at: &str) {
    if io::stderr().is_terminal() {
        eprintln!("{at}");
    }
}
