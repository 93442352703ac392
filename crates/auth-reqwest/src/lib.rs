//! Keystone-style clouds over [`reqwest`]: log in, keep the token alive, call services. For tokio.
//!
//! Every decision is made by the pure core, [`auth_proto`]: when to renew, what to retry, when to
//! stop, where a token may go. This crate carries bytes, waits and wakes. Its blocking twin with the
//! same face is `auth-ureq`.
//!
//! ```no_run
//! use auth_proto::{Cloud, Credential, Scope, EndpointQuery};
//! use auth_reqwest::Client;
//! use http::Request;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(
//!     Cloud::nhn(),
//!     Credential::password("user@example.com", "secretsecret"),
//!     Scope::project_id("f5073eaa26b64cffbee89411df94ce01"),
//! )?;
//! let compute = client.endpoint(&EndpointQuery::new("compute").region("KR1")).await?;
//!
//! // reqwest's own answer, whatever its status; a 401 has been tried again with a new token.
//! let answer = client.call(Request::get(format!("{compute}/servers")).body("")?).await?;
//! println!("{} {}", answer.status(), answer.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Client`] is cheap to clone and to share between tasks. All clones, and all that
//! [`Client::scoped`] makes of it, share one account and its connections; whoever asks, one login is
//! in the air per scope. Any tokio runtime will do that has time and I/O enabled, with one thread or
//! many. No task is spawned, and every future may be dropped at any point: whoever carried the login
//! hands it back, and somebody else takes over.
//!
//! # Services
//!
//! [`Client::service`] makes of a client one for a service, where a path is enough:
//!
//! ```no_run
//! # use http::Request;
//! # async fn example(client: &auth_reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let (compute, identity) = (client.service("compute"), client.service("identity"));
//! let servers = compute.call(Request::get("/servers?limit=10").body("")?).await?;
//! let users = identity.call(Request::get("/users").body("")?).await?;
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
//! # async fn example(client: &auth_reqwest::Client) {
//! tokio::spawn(client.refresh_loop());
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
//! WARN auth_reqwest::events: login failed scope=project p1 class=Transient error=the service is
//!     unavailable: 503 (…); try again later retry_at="2026-11-22T09:18:08Z"
//! INFO auth_reqwest::events: token renewed scope=project p1 expires_at="2026-11-23T09:18:09Z"
//! ```
//!
//! No secret is in it. They are told when no lock is held and everybody who waited has been woken, by
//! the caller whose doing it was. What each means, and what to watch, is in the
//! [manual](auth_proto::manual).
//!
//! # What is yours and what is set
//!
//! [`Builder::http`] takes a function that makes a [`reqwest::ClientBuilder`]: TLS roots, client
//! certificate, proxy, user agent, resolver and time-outs are yours. Two clients are made with it, one
//! for the identity service and one for the others. Set last, because tokens and passwords depend on
//! it:
//!
//! * no redirect is followed: reqwest would send `X-Auth-Token` along to any other host, and a
//!   password after 307 and 308. The answer 3xx is handed to you. No `Referer` is sent;
//! * nothing but https, if neither the identity URL nor an allowed origin is plain http;
//! * answers over HTTP/2 may have 64 KiB of headers, so that the largest token fits; they are neither
//!   asked for compressed nor decompressed;
//! * no `connection_verbose`, which would log every body and header.
//!
//! The client for the identity service, which also serves [`Client::run`], has a total time-out
//! ([`Builder::identity_timeout`], 15 s), 5 s to connect, and no [retries](reqwest::retry). On
//! [`Client::call`] your own time-outs stand, and reqwest has none by default.
//!
//! A proxy that the environment names is asked for loopback too, unless `NO_PROXY` excepts it: plain
//! http to this machine then leaves it. `no_proxy()` asks none.
//!
//! # Secrets
//!
//! Errors of this crate show no URL, header or body, and the token's header is marked sensitive. A
//! cookie store, where reqwest has that feature and you turn it on, is kept as it is: better leave it
//! off.
//!
//! # Features
//!
//! * `http2`, on by default: HTTP/2 where a service speaks it.
//! * `rustls`, on by default: TLS by rustls with the platform's roots.
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
