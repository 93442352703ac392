//! Drives an [`auth_proto::Session`] with any HTTP client, blocking or async.
//!
//! A session decides what to do, and does no I/O. Threads or tasks that share a session also need a
//! lock, a clock, a way to wait, a wake-up when a token arrives, and a login that goes on when its
//! caller is gone. This crate has all of these. `auth-ureq` and `auth-reqwest` add an HTTP client
//! to it, and any program can do the same:
//!
//! ```
//! use std::{sync::{Arc, Mutex}, time::Duration};
//!
//! use auth_driver::{Call, Driver, Wanted, blocking};
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
//!     fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
//!         let (head, body) = request.into_parts();
//!         let request = Request::from_parts(head, body.as_bytes());
//!         let response = self.0.lock().unwrap().handle(request, UtcDateTime::now());
//!         Ok(response.map(|body| Body::new(body.into())))
//!     }
//!
//!     fn timeout(&self) -> Duration {
//!         Duration::from_secs(15)
//!     }
//! }
//!
//! let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
//! let session = Session::new(Cloud::kakao(), key, Settings::default())?;
//! let driver = Arc::new(Driver::new(session, UtcDateTime::now));
//! let http = Arc::new(Http(Mutex::new(Emulator::new())));
//! let (scope, network) = (Scope::default(), EndpointQuery::new("network"));
//!
//! // A call to a service, with a second try after a 401.
//! let head = Request::get("/networks").body(())?;
//! let wanted = Wanted { service: Some(&network), ..Wanted::new(&scope) };
//! let (mut call, ()) = Call::new(&driver, wanted, head)?;
//! loop {
//!     let head = blocking::authorize(&mut call, &http, Duration::from_secs(30), |_| ())?;
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
//!   next [`Step`] of a caller, and [`InFlightGuard::complete`] takes the result of a request.
//! * [`blocking`] and [`nonblocking`]: the loops over these steps, for threads and for tasks. Each
//!   has a `Transport` trait for the HTTP client, `grant` for a token, `authorize` for a call, and
//!   `refresh_loop` for the renewal in the background. The async loop works with any executor: it
//!   needs no runtime, only a timer from its `Transport`.
//! * A session [with a store](auth_proto::Settings::with_store) has two more things to do. The loops
//!   ask the store with `Transport::take`. The function of [`Driver::with_store`] passes the session's
//!   notes to the store. Both run without the lock; the notes go after the wake-ups and before the
//!   listener. While a request or a question is under way, the session has to be polled every 2.5 s, to
//!   extend its lease: the async loop wakes up for that, and the blocking loop has one more thread.
//! * [`Call`]: one request with a token. It finds the endpoint, checks the target, adds the token,
//!   and decides about a 401. A call locks the session once. If it has to send a login, it locks
//!   the session three more times.
//!
//! # A login belongs to its session
//!
//! A login goes on when its caller is cancelled, panics, or runs out of time, so an impatient
//! caller causes no second login. In the async loop the login is a future that its caller
//! polls. When the caller is dropped, the driver keeps the future, and the next caller polls it.
//! [`Driver::close`] drops it. A caller that is kept and not polled (in a buffered stream, or beside
//! another branch of a `select`) keeps its login from the others, for the session's response
//! time-out at most: poll it or drop it. In the blocking loop, a login that may take longer than its caller
//! has time gets another thread, which ends with it.
//!
//! # Questions
//!
//! A login may need a one-time code, or a secret that has to be read. [`Step::Ask`] gives the question
//! to one caller, and the others wait. The `Transport` of a loop answers it: by a function on another
//! thread ([`blocking::Transport::asked`]), or by a future that outlives its caller, as a login
//! does ([`nonblocking::Transport::ask`]). A transport without answers passes the question to its
//! caller as [`NoToken::Ask`], and [`Driver::answer`] takes the reply. A caller who has a token, and was
//! asked for an early renewal, gets the token instead.
//!
//! # Five rules of a driver
//!
//! The loops here obey these rules. A loop of your own over [`Driver::next`] gets most of them from
//! the types; a driver without this crate has to obey them all. This one walks through each:
//!
//! ```
//! use std::sync::Mutex;
//!
//! use auth_emulator::{Emulator, account};
//! use auth_proto::{
//!     Action, Cloud, Credential, Destination, Failure, FailureKind, RetryDecision, Scope,
//!     ServiceCall, Session, Settings,
//! };
//! use http::{HeaderMap, Request, StatusCode, Uri};
//! use time::UtcDateTime;
//!
//! let key = Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET);
//! let session = Mutex::new(Session::new(Cloud::kakao(), key, Settings::default())?);
//! let (scope, mut cloud) = (Scope::default(), Emulator::new());
//! let now = UtcDateTime::now;
//!
//! // 1. One lock, for moments. The guard ends with this statement.
//! let action = session.lock().unwrap().poll(&scope, now());
//! let Action::Send(pending, request) = action else { panic!("a login") };
//!
//! // 2. Hand every request back. Dropped, this one was not sent: the next poll gives it out again.
//! drop((pending, request));
//! let action = session.lock().unwrap().poll(&scope, now());
//! let Action::Send(pending, request) = action else { panic!("the same login") };
//!
//! // 3. Read the epoch, then the session, then wait: here the other callers learn to poll again.
//! let (head, body) = request.into_parts();
//! let response = cloud.handle(Request::from_parts(head, body.as_bytes()), now());
//! let mut guard = session.lock().unwrap();
//! guard.handle_response(pending, response, now())?;
//! let wake = guard.take_wake();
//! drop(guard);
//! assert!(wake, "wake all that wait, without the lock");
//!
//! // 4. A caller's deadline is not a failure of the service: such a caller only looks.
//! let url = Uri::from_static("https://network.example/v2.0/networks");
//! let late = session.lock().unwrap().at_deadline(&scope, Destination::At(&url), now());
//! let token = late.expect("the token has arrived");
//!
//! // 5. Report what came back: every status of a service, and all that is known of a login.
//! let mut call = ServiceCall::new();
//! assert!(!ServiceCall::is_refusal(&token, &url, StatusCode::OK), "the service accepts it");
//! if ServiceCall::is_refusal(&token, &url, StatusCode::UNAUTHORIZED) {
//!     let decision = call.decide(&mut session.lock().unwrap(), &token, &url, true, now());
//!     assert_eq!(decision, RetryDecision::Retry);
//! }
//! let action = session.lock().unwrap().poll_to(&scope, Destination::At(&url), now());
//! let Action::Send(pending, _) = action else { panic!("a login for another token") };
//! let cut = Failure::new(FailureKind::Io, "the body is cut");
//! let cut = cut.with_head(StatusCode::UNAUTHORIZED, HeaderMap::new());
//! session.lock().unwrap().handle_failure(pending, cut, now())?;
//! let action = session.lock().unwrap().poll_to(&scope, Destination::At(&url), now());
//! assert!(matches!(action, Action::Fail(_)), "refused, although the body never came");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! 1. **One lock, for moments.** Never hold it while a request is sent, a caller waits, or a
//!    listener runs. `if let Action::Send(..) = session.lock().unwrap().poll(..) { … }` holds it
//!    until the end of the block, and the first call inside waits for ever: store the action in a
//!    variable first. Read the clock under the lock, because two readings in the wrong order look
//!    like a clock that jumped.
//! 2. **Hand every request back, once.** A response and a failure have their calls. A request that
//!    was not sent is dropped. One that may have been sent, and whose result will never be known,
//!    is abandoned: [`handle_abandoned`]. Better is a login that goes on without its caller, because
//!    an abandoned password counts as perhaps refused.
//! 3. **Read the epoch, then the session, then wait.** Then no wake-up is lost: [`Step::Wait`] has
//!    the epoch from before the poll. Wake all waiting callers when [`take_wake`] asks for it, and
//!    after a request was dropped, without the lock.
//! 4. **A caller's deadline is not a failure of the service.** Such a caller does not poll; it asks
//!    [`at_deadline`]. The HTTP client's time-out is a failure: let it be shorter than
//!    [`Settings::response_timeout`].
//! 5. **Report what came back.** Each status of a service goes to
//!    [`ServiceCall::is_refusal`], and a 401 to [`ServiceCall::decide`]; a body that broke off goes
//!    to [`handle_interrupted`]. A login's status and headers go to the session even if the body is
//!    lost: [`Failure::with_head`]. The kind of a failure says whether the request was sent:
//!    [`FailureKind::Connect`], `Dns` and `Tls` mean that it was not.
//!
//! The HTTP client sends a request once, as it is: no redirects, no retries, no other headers with
//! secrets. It reads at most [`limits::BODY`] bytes of a response body, and [`limits::HEADERS`] of
//! headers. Events are reported last, after the wake-ups: a listener may be slow or panic.
//!
//! [`FailureKind::Connect`]: auth_proto::FailureKind::Connect
//! [`Failure::with_head`]: auth_proto::Failure::with_head
//! [`ServiceCall::decide`]: auth_proto::ServiceCall::decide
//! [`ServiceCall::is_refusal`]: auth_proto::ServiceCall::is_refusal
//! [`Settings::response_timeout`]: auth_proto::Settings::response_timeout
//! [`at_deadline`]: auth_proto::Session::at_deadline
//! [`handle_abandoned`]: auth_proto::Session::handle_abandoned
//! [`handle_interrupted`]: auth_proto::Session::handle_interrupted
//! [`limits::BODY`]: auth_proto::limits::BODY
//! [`limits::HEADERS`]: auth_proto::limits::HEADERS
//! [`take_wake`]: auth_proto::Session::take_wake
//!
//! # Features
//!
//! * `json`: [`RequestExt`], and [`json::read`] for typed answers.
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
mod in_flight;
#[cfg(feature = "json")]
pub mod json;
mod login;
pub mod nonblocking;
mod notifier;
mod options;
mod proxies;
#[cfg(test)]
mod tests;

pub use call::{Call, Replay, is_broken_off, parse};
pub use driver::{Driver, Grant, Mode, Step, Wanted};
pub use error::{BoxError, Error, NoToken};
pub use in_flight::InFlightGuard;
#[cfg(feature = "json")]
pub use json::{RequestError, RequestExt};
pub use notifier::{Changed, Epoch};
pub use options::Options;
pub use proxies::{IgnoredProxies, ProxyError, ProxyVariables};
