//! Tests of the public interface, in one program.
//!
//! `cargo test -p auth-proto --test it session::` runs one module. The modules `hostile`, `limits`
//! and `endpoints` print their rows with `-- --nocapture`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod catalogs;
mod config;
mod documents;
mod emulator;
mod encodings;
mod endpoints;
mod federation;
mod fleet;
mod hostile;
mod identity;
mod layout;
mod limits;
mod login;
mod model;
mod properties;
mod redaction;
mod responses;
mod roots;
mod service_scopes;
mod session;
mod standalone;
mod store;
mod support;
