//! No secret appears in text: in `Debug`, `Display` and `Serialize` of every public type, in errors
//! with their sources, in events, logs and panics.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]
#![forbid(unsafe_code)]

mod canaries;
mod clients;
mod configuration;
mod echo;
mod errors;
mod federation;
mod panics;
mod public;
mod questions;
mod refusals;
mod sealed;
mod store;
mod types;
mod walk;
