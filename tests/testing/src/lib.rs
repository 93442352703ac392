//! What the tests of both adapters share.
//!
//! * [`Adapter`], [`Builder`], [`Client`] and [`Error`]: one blocking client for `auth-ureq`,
//!   `auth-reqwest` and the bare core. The calls of `auth-reqwest` run on a tokio runtime.
//! * [`Loopback`]: a server on loopback that sends what a [`Reply`] says, byte by byte, and records
//!   what it received. [`Loopback::accept`] gives a test the bare connection.
//! * [`Authority`]: a certificate authority for tests.
//! * [`MemoryStore`]: a store that clients share.
//! * [`configured`]: what the tests configure, for the search for misplaced secrets.
//! * [`events`]: the log events of one thread, as lines.
//! * [`fixtures`]: credentials, scopes and token responses.
//! * [`http2`]: frames of HTTP/2, for a bare connection.
//! * [`in_parallel`]: many independent items on some threads.
//! * [`needles`]: the search for secrets in texts and hex dumps.
//! * [`Recorder`]: servers that note which secret reaches which of them.
//!
//! ```
//! use testing::{Adapter, Loopback, Reply, fixtures};
//!
//! let server = Loopback::start(fixtures::logins_and(|_| Reply::new(200, "", "hello")));
//! for adapter in Adapter::BOTH {
//!     let client = adapter.client(server.cloud(), fixtures::credential(), fixtures::scope());
//!     let client = client.build().unwrap();
//!     let request = http::Request::get(server.url()).body("").unwrap();
//!     assert_eq!(client.call(request).unwrap().body(), b"hello");
//! }
//! // Each client sends a login and a call.
//! assert_eq!(server.requests().len(), 4);
//! ```

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure with a line number")]
#![allow(clippy::exhaustive_enums, clippy::exhaustive_structs, reason = "nothing is published")]

mod adapter;
mod authority;
mod bodies;
mod builder;
mod client;
mod core;
mod error;
pub mod events;
pub mod fixtures;
pub mod layout;
pub mod needles;
mod parallel;
mod record;
mod server;
mod store;

pub use self::core::{Core, send};
pub use adapter::{Adapter, runtime};
pub use authority::Authority;
pub use bodies::{BoxError, Made};
pub use builder::{Builder, Proxy};
pub use client::{AdapterService, Client, Executor, Way};
pub use error::Error;
pub use parallel::in_parallel;
pub use record::{configured, recorder::Recorder};
pub use server::{Connection, Loopback, Received, Reply, Served, header, http2};
pub use store::MemoryStore;
