//! The program `cloud-auth`.
//!
//! `inspect` and `demo` need no cloud. The other commands log in to the cloud that flags or the
//! configuration name, or to one that the emulator plays.
//!
//! Imports go down: `cli` > `commands`, `demo` > `login` > `cloud` > `output`. A test checks this.

#![forbid(unsafe_code)]

mod cli;
mod cloud;
mod commands;
mod demo;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]
mod layout;
mod login;
mod output;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::{
    cli::{Cli, Command},
    cloud::Clouds,
    output::Failure,
};

/// Data goes to standard output, errors go to standard error; `cloud-auth --help` documents the
/// exit codes.
fn main() -> ExitCode {
    execute(&Cli::of_process()).unwrap_or_else(|failure| failure.report())
}

fn execute(cli: &Cli) -> Result<ExitCode, Failure> {
    let clouds = || Clouds::load(cli.emulator);
    match &cli.command {
        Command::Catalog(args) => args.run(&clouds()?),
        Command::Completions(args) => args.run(Cli::command()),
        Command::Config(args) => args.run(&clouds()?),
        Command::Curl(args) => args.run(&clouds()?),
        Command::Demo(args) => args.run(),
        Command::Endpoint(args) => args.run(&clouds()?),
        Command::Inspect(args) => args.run(),
        Command::Logout(args) => args.run(&clouds()?),
        Command::Projects(args) => args.run(&clouds()?),
        Command::Revoke(args) => args.run(&clouds()?),
        Command::Store(args) => args.run(&clouds()?),
        Command::Token(args) => args.run(&clouds()?),
        Command::Validate(args) => args.run(&clouds()?),
    }
}
