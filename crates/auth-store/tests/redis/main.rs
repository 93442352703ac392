//! The Redis store: the promises of every store, with real servers and with hostile ones.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]

#[allow(dead_code, reason = "other tests need the rest of the file")]
#[expect(unreachable_pub, reason = "the file is part of a library, too")]
#[path = "../../../../tests/testing/src/authority.rs"]
mod authority;
#[path = "../it/client.rs"]
mod client;
#[path = "../it/entries.rs"]
mod entries;
mod faults;
mod hostile;
mod late;
#[path = "../../../auth-proto/tests/it/store/laws.rs"]
mod laws;
mod notes;
mod promises;
mod refusals;
mod server;
mod tasks;
mod users;
#[path = "../it/wait.rs"]
mod wait;
