//! The program `cloud-auth`.
//!
//! Some of its commands need no cloud: `inspect` tells what an identity service's answer says,
//! `demo` logs in to an emulator of each documented cloud. The others log in to the cloud that the
//! flags name, the configuration describes, or the emulator plays.
//!
//! What is public here is what `inspect` does to bytes, so that it can be tested from outside.

#![forbid(unsafe_code)]

mod account;
mod args;
mod clouds;
mod commands;
mod demo;
mod emulated;
mod failure;
mod flags;
mod login;
mod print;
mod progress;
mod secret;
mod session;
mod shapes;
mod transport;

pub mod inspect;
pub mod raw;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    args::{Cli, Command},
    clouds::Clouds,
    failure::Failure,
};

/// Runs the program with the arguments of this process: data to standard output, errors to
/// standard error. `cloud-auth --help` tells what the exit codes mean.
pub fn run() -> ExitCode {
    done(&Cli::parse()).unwrap_or_else(|failure| failure.report())
}

fn done(cli: &Cli) -> Result<ExitCode, Failure> {
    let clouds = || Clouds::load(cli.emulator);
    match &cli.command {
        Command::Catalog(args) => args.run(&clouds()?),
        Command::Completions(args) => args.run(),
        Command::Config(args) => args.run(&clouds()?),
        Command::Curl(args) => args.run(&clouds()?),
        Command::Demo(args) => args.run(),
        Command::Endpoint(args) => args.run(&clouds()?),
        Command::Inspect(args) => args.run(),
        Command::Projects(args) => args.run(&clouds()?),
        Command::Revoke(args) => args.run(&clouds()?),
        Command::Token(args) => args.run(&clouds()?),
        Command::Validate(args) => args.run(&clouds()?),
    }
}

/// The examples of the README, which use every crate of the workspace, as this one does.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
