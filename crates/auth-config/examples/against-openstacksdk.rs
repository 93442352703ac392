//! Compares this crate with openstacksdk: cases with openstacksdk's results come in as JSON on
//! standard input, see `against-openstacksdk/run`.

use std::{io, process::ExitCode};

#[path = "../against-openstacksdk/judge.rs"]
mod judge;

fn main() -> ExitCode {
    let judged = io::read_to_string(io::stdin())
        .and_then(|cases| Ok(judge::judge(&cases, &mut |line| say(&line))?));
    match judged {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("standard input: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
fn say(line: &str) {
    println!("{line}");
}
