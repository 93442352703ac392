//! Keystone-style clouds over [`ureq`]: log in, keep the token alive, call services. Blocking.
//!
//! Every decision is made by the pure core, [`auth_proto`]: when to renew, what to retry, when to
//! stop, where a token may go. This crate carries bytes, waits and wakes. Its asynchronous twin with
//! the same face is `auth-reqwest`.
//!
//! ```no_run
//! use auth_proto::{Cloud, Credential, Scope, Select};
//! use auth_ureq::Client;
//! use ureq::http::Request;
//!
//! let client = Client::new(
//!     Cloud::nhn(),
//!     Credential::password("user@example.com", "secretsecret"),
//!     Scope::project_id("f5073eaa26b64cffbee89411df94ce01"),
//! )?;
//! let compute = client.endpoint(&Select::new("compute").region("KR1"))?;
//!
//! // ureq's own answer, whatever its status; a 401 has been tried again with a new token.
//! let mut answer = client.call(Request::get(format!("{compute}/servers")).body("")?)?;
//! println!("{} {}", answer.status(), answer.body_mut().read_to_string()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Client`] is cheap to clone and to share between threads. All clones, and all that
//! [`Client::scoped`] makes of it, share one account and one pool of connections; whoever asks, one
//! login is in the air per scope.
//!
//! # What is yours and what is set
//!
//! [`Builder::http`] takes a builder of ureq's configuration: TLS roots, client certificate, proxy,
//! user agent, time-outs and middleware are yours. Set last, because tokens and passwords depend on
//! it:
//!
//! * no redirect is followed: ureq would send `X-Auth-Token` along to any other host. The answer 3xx
//!   is handed to you. That holds for a request with [settings of its own] too;
//! * no status is an error of ureq's, because the core has to read the refusals;
//! * nothing but https, if neither the identity URL nor an allowed origin is plain http;
//! * answers may have 64 KiB of headers, so that the largest token fits, and are not asked for
//!   compressed.
//!
//! Requests to the identity service, among them those of [`Client::run`], have a total time-out
//! ([`Builder::identity_timeout`], 15 s) and 5 s to connect. On [`Client::call`] your own time-outs
//! stand, and ureq has none by default.
//!
//! [settings of its own]: ureq::Agent::configure_request
//!
//! # Secrets
//!
//! Errors of this crate show no URL, header or body, and the token's header is marked sensitive, but
//! two things are out of its reach:
//!
//! * at level `TRACE` the log target `ureq_proto` dumps what is on the wire, tokens and passwords
//!   included, and `ureq` prints the `Location` of a redirect as it came. Filter both out wherever
//!   logs are kept;
//! * ureq's feature `cookies`, if another crate turns it on, keeps one jar for all that the client
//!   calls.
//!
//! # Features
//!
//! `rustls`, on by default: TLS by rustls with the roots that browsers trust.

#![forbid(unsafe_code)]

mod bell;
mod builder;
mod client;
mod drive;
mod error;
mod events;
mod renew;
mod send;

pub use builder::Builder;
pub use client::Client;
pub use error::Error;
