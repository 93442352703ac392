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
//! it a store for tasks. [`RedisStore`] is for the processes of many machines, and `AsyncRedisStore` is
//! the same for tasks. [`operations`] is a page for operators of a fleet.
//!
//! | feature | what |
//! | --- | --- |
//! | `file` (default) | `FileStore` |
//! | `redis` | `RedisStore` |
//! | `redis-async` | `AsyncRedisStore` |
//! | `redis-tls` | `rediss://` URLs, by rustls with the certificates that the platform trusts |
//!
//! # Files: what is written
//!
//! Each entry is a file, sealed with the store's [`Key`] by XChaCha20-Poly1305. The file's name is a
//! keyed hash (HMAC-SHA-256) of the service, the user, the scope and the secret, so it reveals none of
//! them, and another password has another entry. Without the key, a reader of the files learns how many
//! there are, when they were written, and how long they are. A writer can remove entries, put an earlier
//! one back while it lives, and lock files. That costs logins and, if an earlier entry is a pause or a
//! revoked token, [a pause or a 401](operations).
//!
//! The directory has the mode 0700 and each file 0600, from its first moment. Links, files of other
//! users, files that others may read, and entries that the key does not open count as absent.
//!
//! # Files: what can go wrong
//!
//! A store in trouble fails no call. The session logs in without it, and asks again 30
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
//! # Redis
//!
//! The server is Redis 6.2 or newer, or Valkey. For each name there is one hash, whose key is
//! `auth-store:` and the keyed hash of the name. The hash contains the sealed entry, its generation and
//! its life, the last lease, and two times. Every call is one script, and one round trip.
//!
//! ```no_run
//! # #[cfg(feature = "redis")] {
//! use auth_store::{Key, RedisStore};
//!
//! let key = Key::from_variable("TOKEN_STORE_KEY")?;
//! let store = RedisStore::open("rediss://auth-store:PASSWORD@redis.example:6380", key)?;
//! # let _ = store;
//! # }
//! # Ok::<(), auth_store::StoreError>(())
//! ```
//!
//! **User.** These rights suffice; a database other than 0 needs `+select`, too:
//!
//! ```text
//! ACL SETUSER auth-store on >PASSWORD ~auth-store:* +eval +time +hmget +hget +hset +hdel +hstrlen +pexpire
//! ```
//!
//! **What the server learns.** How many names there are, when they are used, and how long their entries
//! are. `MONITOR`, the slow log, dumps and replicas show the same. Without the key an attacker cannot
//! read an entry, make one up, or move it to another name or generation.
//!
//! **A server that lies,** or an attacker who writes to it, can remove entries, refuse leases or give one
//! to every process, bring back an earlier entry, and say that it is younger than it is. That costs
//! logins, pauses that were real once, and refused tokens that the next login replaces. The store rejects
//! generations that are a year ahead of the machine's clock. It reads at most 5 MiB of an answer, and
//! closes the connection if there is more.
//!
//! **Time** is the server's, so that the clocks of the machines may differ by days. If its clock goes
//! back by more than 2 s, what was written later than now counts as absent. If it goes forward, entries
//! and leases end early. Both cost logins.
//!
//! **Loss.** A hash ends with its entry and its lease. If the server loses it earlier, by `FLUSHALL`, a
//! restart without persistence or an eviction, one process logs in. Generations go on, because they are
//! not smaller than the server's clock. `noeviction` and the `volatile` policies fit: a full server
//! gives entries and refuses leases. After a failover to a replica that is behind, there is at most one
//! login more. A replica gives entries and refuses leases.
//!
//! **Cluster.** Each script uses one key, so that its keys may be on any node. The store does not follow
//! a node that answers `MOVED`: give it the URL of the node that owns the key, or of a proxy.
//!
//! **A server that is stopped, gone or slow** costs a call 250 ms at most, name resolution included; the
//! session then asks no store for 30 s. [`RedisStore::on_event`] has the reason. A process connects
//! when it first needs the store, again after each error, and again if it was forked. A connection that
//! was not used for a minute is closed.
//!
//! # Systems
//!
//! The tests run on Linux. macOS and other Unix systems use the same code and are not verified. Elsewhere
//! files are written by the standard library alone, without modes and owners: this is tested on Linux
//! with `--cfg auth_store_portable`, and not verified on Windows. There a locked lease cannot be read, so
//! that processes which start together may all log in.

#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "file"), allow(dead_code, reason = "files need the whole of the system"))]

mod answer;
mod blocking;
mod error;
mod event;
#[cfg(feature = "file")]
mod file;
mod key;
#[doc = include_str!("operations.md")]
pub mod operations {}
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
