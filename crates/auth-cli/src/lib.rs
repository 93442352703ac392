//! The program `cloud-auth`.
//!
//! Two of its commands need no cloud: `inspect` tells what an identity service's answer says, and
//! `demo` logs in to an emulator of each documented cloud. The others log in to the cloud that the
//! flags name, and print a token, its catalog, an endpoint, or the user's projects.
//!
//! What is public here is what `inspect` does to bytes, so that it can be tested from outside.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod demo;
mod failure;
mod login;
mod print;
mod secret;
mod session;
mod shapes;

pub mod inspect;
pub mod raw;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

/// Runs the program with the arguments of this process: data to standard output, errors to
/// standard error. Ends with 0 if all went well, 1 if something was refused or failed, and 2 if
/// the program was called wrongly.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Catalog(args) => commands::catalog(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Endpoint(args) => commands::endpoint(&args),
        Command::Inspect(args) => commands::inspect(&args),
        Command::Projects(args) => commands::projects(&args),
        Command::Token(args) => commands::token(&args),
    };
    done.unwrap_or_else(|failure| failure.report())
}

/// The examples of the README, which use every crate of the workspace, as this one does.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
