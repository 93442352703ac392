//! No secret in anything that is shown: types, errors with their causes, events, logs, panics and
//! what is serialised, of every crate.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]
#![forbid(unsafe_code)]

mod canaries;
mod clients;
mod configuration;
mod echo;
mod errors;
mod panics;
mod public;
mod server;
mod types;
mod walk;
