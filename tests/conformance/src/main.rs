//! The clients held against real Keystone servers, which `run` installs, starts and fills.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod client;
mod differential;
mod oracle;
mod report;
mod tls;
mod world;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use clap::Parser;
use report::Report;
use world::World;

/// Holds the clients against real Keystone servers: prints what came of each case, and ends with
/// "N passed, N failed".
#[derive(Parser)]
struct Arguments {
    /// Compare with what came of the same logins by keystoneauth1, instead.
    #[arg(long, conflicts_with = "only")]
    differential: bool,
    /// Run one group of cases alone.
    #[arg(long, value_name = "GROUP")]
    only: Option<String>,
    /// A folder with a server's world.json; one for the comparison.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { differential, only, folders } = Arguments::parse();
    if differential {
        return differ(&folders[0]);
    }
    let worlds: Result<Vec<_>, _> = folders.iter().map(|folder| World::read(folder)).collect();
    let worlds = match worlds {
        Ok(worlds) => worlds,
        Err(error) => {
            eprintln!("no server's world.json: {error}");
            return ExitCode::from(2);
        }
    };
    let groups: BTreeSet<_> = worlds.iter().flat_map(cases::all).map(|case| case.group).collect();
    if let Some(only) = only.as_deref().filter(|only| !groups.contains(only)) {
        eprintln!("no group {only}; there are: {}", Vec::from_iter(groups).join(", "));
        return ExitCode::from(2);
    }
    // The servers are processes of their own, and mostly waited for.
    let only = only.as_deref();
    let mut report = Report::default();
    thread::scope(|scope| {
        let run = |world| scope.spawn(move || Report::of(world, only));
        let threads: Vec<_> = worlds.iter().map(run).collect();
        threads.into_iter().for_each(|thread| report.add(thread.join()));
    });
    report.print()
}

/// Holds the clients against keystoneauth1.
fn differ(folder: &Path) -> ExitCode {
    match differential::run(folder) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("no outcomes of keystoneauth1: {error}");
            ExitCode::from(2)
        }
    }
}
