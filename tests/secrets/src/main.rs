//! Checks the record of all tests: no secret reached a party that it was not configured for.
//!
//! ```sh
//! mkdir target/record
//! AUTH_EMULATOR_RECORD=$PWD/target/record cargo test --workspace
//! target/debug/secrets target/record adapters hostile    # these suites must have sent secrets
//! ```
//!
//! The servers of the tests (`testing::Loopback`, `auth_emulator::Server`) record each byte that they
//! receive, and the clients of the tests record what they are configured for.

mod check;
mod fields;
mod record;
mod request;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, env, fs, io, process::ExitCode};

use check::Suite;
use record::Process;
use testing::configured::Role;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: secrets FOLDER [SUITE...]");
        return ExitCode::from(2);
    };
    match read(&folder) {
        Ok(suites) => report(&suites, &arguments.collect::<Vec<_>>()),
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The tests of the emulator have no client of ours: they send wrong requests on purpose.
const WITHOUT_CLIENT: &str = "auth-emulator";

fn read(folder: &str) -> io::Result<BTreeMap<String, Suite>> {
    let mut suites = BTreeMap::<String, Suite>::new();
    for file in fs::read_dir(folder)? {
        let text = fs::read_to_string(file?.path())?;
        let process = Process::read(&text)
            .map_err(|line| io::Error::other(format!("a line that is none: {line:.80}")))?;
        if process.suite != WITHOUT_CLIENT {
            suites.entry(process.suite.clone()).or_default().add(&process);
        }
    }
    Ok(suites)
}

#[expect(clippy::print_stdout, reason = "the table is the program's output")]
fn report(suites: &BTreeMap<String, Suite>, required: &[String]) -> ExitCode {
    println!("suite            processes connections requests  unread secrets   pairs misplaced");
    for (name, suite) in suites {
        println!(
            "{name:16} {:9} {:11} {:8} {:7} {:7} {:7} {:9}",
            suite.processes,
            suite.connections,
            suite.requests,
            suite.unread,
            suite.secrets,
            suite.pairs,
            suite.misplaced.len()
        );
    }
    let mut kinds = BTreeMap::new();
    for (kind, count) in suites.values().flat_map(|suite| &suite.kinds) {
        *kinds.entry(*kind).or_insert(0) += count;
    }
    for (kind, count) in kinds {
        let roles: Vec<_> = kind.roles().iter().copied().map(Role::name).collect();
        println!("{count:7} times: {} to {}", kind.name(), roles.join(", "));
    }
    let mut is_good = true;
    for (name, suite) in suites {
        for misplaced in &suite.misplaced {
            println!("MISPLACED: {name}: {misplaced}");
            is_good = false;
        }
    }
    for name in required {
        if suites.get(name).is_none_or(|suite| suite.secrets == 0) {
            println!("MISSING: {name} sent no secret");
            is_good = false;
        }
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
