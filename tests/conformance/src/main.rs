//! Both adapters against real Keystone servers, which `run` installs, starts and fills.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod differential;
mod emulated;
mod keystone;
mod oracle;
mod provider;
mod report;
mod wish;

use std::{collections::BTreeSet, io, path::PathBuf, process::ExitCode, thread};

use clap::Parser;
use keystone::Keystone;
use report::Report;

/// Runs the clients against real Keystone servers: prints the result of each case, and ends with
/// "N passed, N failed".
#[derive(Parser)]
struct Arguments {
    /// Only compare the logins with those of keystoneauth1.
    #[arg(long, conflicts_with = "only")]
    differential: bool,
    /// Only compare the emulator's answers with the server's.
    #[arg(long, conflicts_with_all = ["only", "differential"])]
    emulated: bool,
    /// Run only one group of cases.
    #[arg(long, value_name = "GROUP")]
    only: Option<String>,
    /// A folder with a server's world.json; one for a comparison.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { differential, emulated, only, folders } = Arguments::parse();
    if differential {
        return differ("outcomes of keystoneauth1", differential::run(&folders[0]));
    }
    if emulated {
        return differ("world.json", emulated::run(&folders[0]));
    }
    let servers: Result<Vec<_>, _> = folders.iter().map(|folder| Keystone::read(folder)).collect();
    let servers = match servers {
        Ok(servers) => servers,
        Err(error) => {
            eprintln!("no server's world.json: {error}");
            return ExitCode::from(2);
        }
    };
    let groups: BTreeSet<_> = servers.iter().flat_map(cases::all).map(|case| case.group).collect();
    if let Some(only) = only.as_deref().filter(|only| !groups.contains(only)) {
        eprintln!("no group {only}; there are: {}", Vec::from_iter(groups).join(", "));
        return ExitCode::from(2);
    }
    // One thread for each server, because the cases mostly wait.
    let only = only.as_deref();
    let mut report = Report::default();
    thread::scope(|scope| {
        let run = |server| scope.spawn(move || Report::of(server, only));
        let threads: Vec<_> = servers.iter().map(run).collect();
        threads.into_iter().for_each(|thread| report.add(thread.join()));
    });
    report.print()
}

/// The exit code of a comparison. Without its input it cannot run.
fn differ(input: &str, result: io::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("no {input}: {error}");
            ExitCode::from(2)
        }
    }
}
