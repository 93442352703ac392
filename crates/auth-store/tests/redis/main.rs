//! The Redis store: the promises of every store, with real servers and with hostile ones.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

#[path = "../../../auth-proto/tests/it/store/laws.rs"]
mod laws;
mod notes;
mod server;
