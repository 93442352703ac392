//! Stores for [`auth_proto`]: many processes share one login.
//!
//! Programs that run for a second, and fleets of workers, log in again and again, and identity services
//! limit logins. With a store, a process asks before it logs in. It gets the token that another process
//! has, or waits for the one that is logging in. A refused password is sent once, for all of them.
//!
//! ```no_run
//! use auth_store::FileStore;
//! use auth_ureq::{Client, auth_proto::{Cloud, Credential, Scope}};
//!
//! let credential = Credential::password("user@example.com", std::env::var("API_PASSWORD")?);
//! let client = Client::builder(Cloud::nhn(), credential, Scope::project_id("f5073eaa"))
//!     .store(FileStore::of_user()?)
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`FileStore`] is for the processes of one user on one machine. It is blocking; [`Blocking`] makes
//! it a store for tasks.
//!
//! # What is written
//!
//! Each entry is a file, sealed with the store's [`Key`] by XChaCha20-Poly1305. The file's name is a
//! keyed hash (HMAC-SHA-256) of the service, the user, the scope and the secret, so that it tells
//! nothing, and another password has another entry. Without the key, someone who reads the files learns
//! how many there are, when they were written, and how long they are. Someone who writes them can remove
//! entries, put an earlier one back while it lives, and hold locks: that costs logins, and no more.
//!
//! The directory has the mode 0700 and each file 0600, from its first moment. Links, files of other
//! users, files that others may read, and everything that does not open count as absent.
//!
//! # What can go wrong
//!
//! Nothing that happens to a store fails a call. The session logs in without it, and asks again 30
//! seconds later. [`FileStore::on_event`] has the reason:
//!
//! | what | then |
//! | --- | --- |
//! | the directory is gone | it is made again |
//! | the disk is full or read-only | entries that are there are found; otherwise each process logs in |
//! | the directory belongs to another user, or is open to others | each process logs in |
//! | a file is damaged, open to others, a link, or sealed with another key | one login, which replaces it |
//! | the process that logs in is killed | another one goes on at once |
//! | it is stopped | another one goes on when the lease ends, after 10 s |
//! | a process is stopped while it changes a file (for less than a millisecond) | the others log in by themselves until it goes on or ends |
//! | the clock goes back | entries from the future count as absent |
//! | the directory is on NFS | locks and times may be those of one machine: more logins |
//!
//! # Systems
//!
//! The tests run on Linux. macOS and other Unix systems use the same code and are not verified. Elsewhere
//! files are written by the standard library alone, without modes and owners: this is tested on Linux
//! with `--cfg auth_store_portable`, and not verified on Windows. There a locked lease cannot be read, so
//! that processes which start together may all log in.

#![forbid(unsafe_code)]

mod answer;
mod blocking;
mod error;
mod event;
#[cfg(feature = "file")]
mod file;
mod key;
#[cfg(feature = "redis")]
mod redis;
mod seal;
mod system;

pub use blocking::Blocking;
pub use error::{Problem, StoreError};
pub use event::StoreEvent;
#[cfg(feature = "file")]
pub use file::{FileStore, StoredEntry};
pub use key::Key;
#[cfg(feature = "redis-async")]
pub use redis::AsyncRedisStore;
#[cfg(feature = "redis")]
pub use redis::RedisStore;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
