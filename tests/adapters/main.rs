//! Both adapters over real sockets: against the emulator, and against servers that misbehave.
//!
//! The module `suite` is compiled twice, once for each adapter: `ureq::suite::calls::...` and
//! `reqwest::suite::calls::...` are the same tests. `ureq.rs` and `reqwest.rs` have the tests of one adapter.

#![allow(
    clippy::duplicate_mod,
    clippy::or_fun_call,
    clippy::unwrap_used,
    reason = "the suite runs twice; helpers of tests are tests to a reader, but not to the lint"
)]

mod reqwest;
mod ureq;

use auth_emulator::{Emulator, Server};

fn start(emulator: Emulator) -> Server {
    Server::start_with(emulator).unwrap()
}
