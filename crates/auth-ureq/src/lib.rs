//! Keystone-style clouds over [`ureq`]: log in, keep the token alive, call services. Blocking.
//!
//! Every decision is made by the pure core, [`auth_proto`]: when to renew, what to retry, when to
//! stop, where a token may go. This crate carries bytes, waits and wakes. Its asynchronous twin with
//! the same face is `auth-reqwest`.
//!
//! ```no_run
//! use auth_proto::{Cloud, Credential, Scope, EndpointQuery};
//! use auth_ureq::Client;
//! use ureq::http::Request;
//!
//! let client = Client::new(
//!     Cloud::nhn(),
//!     Credential::password("user@example.com", "secretsecret"),
//!     Scope::project_id("f5073eaa26b64cffbee89411df94ce01"),
//! )?;
//! let compute = client.endpoint(&EndpointQuery::new("compute").region("KR1"))?;
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
//! # Services
//!
//! [`Client::service`] makes of a client one for a service, where a path is enough:
//!
//! ```no_run
//! # use ureq::http::Request;
//! # fn example(client: &auth_ureq::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let (compute, identity) = (client.service("compute"), client.service("identity"));
//! let servers = compute.call(Request::get("/servers?limit=10").body("")?)?;
//! let users = identity.call(Request::get("/users").body("")?)?;
//! # Ok(())
//! # }
//! ```
//!
//! The core picks the scope: global services of Huawei Cloud and Open Telekom Cloud, such as
//! `identity`, get a token for the user's domain where the client's own scope is a project, and both
//! tokens live side by side. [`Cloud::with_scope_hint`](auth_proto::Cloud::with_scope_hint) says
//! otherwise for a service, [`Client::scoped`] for all that a client does.
//!
//! # In the background
//!
//! Callers renew a token as they need it, one of them while the others go on with the old one. A
//! service that wants no request ever to pay for a login has it done in the background, for each
//! scope that it uses:
//!
//! ```no_run
//! use std::thread;
//!
//! # fn example(client: &auth_ureq::Client) {
//! thread::spawn(client.refresh_loop());
//! # }
//! ```
//!
//! It logs in at once, renews early, gets over outages and refused tokens by itself, and ends when
//! the account is closed or its last client is dropped. Should it die, callers renew again, shortly
//! before the token ends.
//!
//! # What is told
//!
//! A caller who gets no token is told why, [`Error::Deadline`] included: it holds what the last login
//! failed with. With the feature `tracing`, operators are told as well, whoever asked:
//!
//! | level | message | fields |
//! | --- | --- | --- |
//! | `DEBUG` | `login started` | `scope` |
//! | `INFO` | `token renewed` | `scope`, `expires_at` |
//! | `WARN` | `login failed` | `scope`, `class`, `error`, `retry_at` |
//! | `WARN` | `token refused by a service` | `scope` |
//! | `WARN` | `clock jumped` | `by` |
//! | `ERROR` | `credential refused` | `scope`, `error`, `retry_at` |
//!
//! So an outage looks like this, with any subscriber, `tracing_subscriber::fmt().init()` for one:
//!
//! ```text
//! WARN auth_ureq::events: login failed scope=project p1 class=Transient error=the service is
//!     unavailable: 503 (…); try again later retry_at="2026-11-22T09:18:08Z"
//! INFO auth_ureq::events: token renewed scope=project p1 expires_at="2026-11-23T09:18:09Z"
//! ```
//!
//! No secret is in it. They are told when no lock is held and everybody who waited has been woken, by
//! the caller whose doing it was. What each means, and what to watch, is in the
//! [manual](auth_proto::manual).
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
//! A proxy that the environment names is asked for loopback too, unless `NO_PROXY` excepts it: plain
//! http to this machine then leaves it. `proxy(None)` asks none.
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
//! * `rustls`, on by default: TLS by rustls with the roots that browsers trust.
//! * `tracing`: what happens is [told](#what-is-told) to `tracing`.

#![forbid(unsafe_code)]

mod builder;
mod client;
mod error;
mod send;
mod service;

pub use builder::Builder;
pub use client::Client;
pub use error::Error;
pub use service::ServiceClient;
