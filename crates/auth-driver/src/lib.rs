//! Drives an [`auth_proto::Session`] with any HTTP client, blocking or async.
//!
//! A session decides what to do, and does no I/O. Threads or tasks that share a session also need a
//! lock, a clock, a way to wait, a wake-up when a token arrives, and another sender when the first
//! one is cancelled. This crate has all of these. `auth-ureq` and `auth-reqwest` add an HTTP client
//! to it, and any program can do the same:
//!
//! ```
//! use std::{sync::Mutex, time::Duration};
//!
//! use auth_driver::{Call, Driver, Mode, blocking};
//! use auth_emulator::{Emulator, account};
//! use auth_proto::{
//!     Body, Cloud, Credential, EndpointQuery, Failure, RetryDecision, Scope, Session, Settings,
//! };
//! use http::{Request, Response};
//! use time::UtcDateTime;
//!
//! /// The HTTP client: here an emulated cloud in this process.
//! struct Http(Mutex<Emulator>);
//!
//! impl blocking::Transport for Http {
//!     fn send(&self, request: Request<Body>, _left: Duration) -> Option<Result<Response<Body>, Failure>> {
//!         let (head, body) = request.into_parts();
//!         let request = Request::from_parts(head, body.as_bytes());
//!         let response = self.0.lock().unwrap().handle(request, UtcDateTime::now());
//!         Some(Ok(response.map(|body| Body::new(body.into()))))
//!     }
//! }
//!
//! let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
//! let session = Session::new(Cloud::kakao(), key, Settings::default())?;
//! let driver = Driver::new(session, UtcDateTime::now);
//! let http = Http(Mutex::new(Emulator::new()));
//! let (scope, network) = (Scope::default(), EndpointQuery::new("network"));
//!
//! // A call to a service, with a second try after a 401.
//! let head = Request::get("/networks").body(())?;
//! let (mut call, ()) = Call::new(&driver, &scope, Some(&network), head)?;
//! loop {
//!     let patience = Duration::from_secs(30);
//!     let grant = blocking::grant(&driver, &http, call.wanted(), patience, Mode::Caller)?;
//!     let head = call.authorize(grant, |_| ())?;
//!     assert!(head.headers().contains_key("X-Auth-Token"));
//!     // Send it here, with your HTTP client.
//!     let status = http::StatusCode::OK;
//!     if call.decide(status, true) == RetryDecision::Deliver {
//!         break;
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The parts
//!
//! * [`Driver`]: the session behind a lock. It belongs to no runtime. [`Driver::next`] returns the
//!   next [`Step`] of a caller, and [`Driver::complete`] takes the result of a request.
//! * [`blocking`] and [`nonblocking`]: the loops over these steps, for threads and for tasks. Each
//!   has a `Transport` trait for the HTTP client, `grant` for a token, and `refresh_loop` for the
//!   renewal in the background. The async loop works with any executor: it needs no runtime, only a
//!   timer from its `Transport`.
//! * [`Call`]: one request with a token. It finds the endpoint, checks the target, adds the token,
//!   and decides about a 401. A call locks the session once. If it has to send a login, it locks
//!   the session three more times.
//!
//! # Rules of a driver
//!
//! The loops here obey these rules. A loop of your own over [`Driver::next`] gets most of them from
//! the types; a driver without this crate has to obey them all.
//!
//! 1. **One lock, for moments.** Never hold it while a request is sent, a caller waits, or a
//!    listener runs.
//! 2. **Hand every request back.** A request that got a response or a failure goes to
//!    [`Driver::complete`]. On every other path (cancellation, panic, the caller's deadline) the
//!    dropped [`InFlightGuard`] hands it on. A request that is never handed back blocks its scope
//!    until the session's response time-out.
//! 3. **Read the epoch, then the session, then wait.** Then no wake-up is lost: [`Step::Wait`] has
//!    the epoch from before the poll.
//! 4. **Wake all waiting callers when [`take_wake`] asks for it**, after the lock is released. One
//!    login wakes each of them once.
//! 5. **A caller's deadline is not a failure of the service.** The HTTP client's time-out is such a
//!    failure. Let the client's total time-out be shorter than [`Settings::response_timeout`].
//! 6. **Read the clock under the lock.** Two readings in the wrong order would look like a clock
//!    that jumped.
//! 7. **Send a request once, as it is.** No redirects, no retries, no other headers with secrets.
//!    Read at most [`limits::BODY`] bytes of a response body, and [`limits::HEADERS`] of headers.
//! 8. **Report events last**, without the lock and after the wake-ups. A listener may be slow or
//!    panic.
//!
//! [`Settings::response_timeout`]: auth_proto::Settings::response_timeout
//! [`limits::BODY`]: auth_proto::limits::BODY
//! [`limits::HEADERS`]: auth_proto::limits::HEADERS
//! [`take_wake`]: auth_proto::Session::take_wake
//!
//! # Features
//!
//! * `tracing`: reports the events of a session to `tracing`, under the target
//!   `auth_driver::events`. [`Driver::with_listener`] reports them to a function instead.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub mod blocking;
mod call;
mod driver;
mod error;
mod events;
pub mod nonblocking;
mod notifier;
mod options;
#[cfg(test)]
mod tests;

pub use call::{Call, parse};
pub use driver::{Driver, Grant, InFlightGuard, Mode, Step, Wanted};
pub use error::{Error, NoTokenInTime};
pub use notifier::{Changed, Epoch};
pub use options::Options;
