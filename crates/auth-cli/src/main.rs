//! The program `cloud-auth`; see the library beside it.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    auth_cli::run()
}
