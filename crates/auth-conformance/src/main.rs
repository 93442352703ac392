//! The clients held against real Keystone servers, which `run` installs, starts and fills.
//!
//! `auth-conformance --differential FOLDER` compares with what came of the same logins by
//! keystoneauth1. `auth-conformance [--only GROUP] FOLDER…`: each folder has a server's `world.json`. Prints what
//! came of each case and ends with `N passed, N failed`.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod client;
mod differential;
mod oracle;
mod report;
mod tls;
mod world;

use std::{env, path::Path, process::ExitCode, thread};

use report::Report;
use world::World;

fn main() -> ExitCode {
    let mut args = env::args().skip(1).peekable();
    if args.next_if_eq("--differential").is_some() {
        return differ(args.next().as_deref().unwrap_or("."));
    }
    let only = args.next_if_eq("--only").and_then(|_| args.next());
    let worlds: Result<Vec<_>, _> = args.map(|folder| World::read(Path::new(&folder))).collect();
    let worlds = match worlds {
        Ok(worlds) => worlds,
        Err(error) => {
            eprintln!("no server's world.json: {error}");
            return ExitCode::from(2);
        }
    };
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
fn differ(folder: &str) -> ExitCode {
    match differential::run(Path::new(folder)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("no outcomes of keystoneauth1: {error}");
            ExitCode::from(2)
        }
    }
}
