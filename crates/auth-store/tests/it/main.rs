//! The file store: the promises of every store, hostile files, and real processes.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

mod blocking;
mod client;
mod concurrent;
mod entries;
mod keys;
mod late;
#[path = "../../../auth-proto/tests/it/store/laws.rs"]
mod laws;
mod layout;
#[cfg(all(unix, not(auth_store_portable)))]
mod processes;
mod promises;
mod rotation;
#[cfg(all(unix, not(auth_store_portable)))]
mod safety;
mod support;
mod wait;
#[cfg(all(unix, not(auth_store_portable)))]
mod worker;
