//! The actions that a session asks of its callers.

use std::sync::{
    Arc, Weak,
    atomic::{
        AtomicU64,
        Ordering::{Acquire, Release},
    },
};

use http::{Request, Uri};
use time::UtcDateTime;

use crate::{
    error::Error,
    model::{body::Body, question::Question, token::Token},
    session::store::Want,
};

/// A request or a question that was handed out and whose result is not known yet.
///
/// The holder of a request hands it back in exactly one of
/// [`Session::handle_response`](crate::Session::handle_response),
/// [`handle_failure`](crate::Session::handle_failure) and
/// [`handle_abandoned`](crate::Session::handle_abandoned). Dropping it says that the request was not
/// sent: the next poll, of any caller, hands out another one. A login that was half done starts again.
///
/// The holder of a question hands it back with the reply, in
/// [`Session::handle_reply`](crate::Session::handle_reply). Dropped without a reply, or handed back in any other way, the question goes to the next
/// caller.
#[derive(Debug)]
#[must_use = "hand a pending request back, unless it was not sent"]
pub struct PendingRequest {
    pub(crate) attempt: u64,
    pub(crate) session: SessionId,
    /// The session sees by its end that the request was dropped.
    held: Option<Arc<()>>,
    is_back: bool,
}

/// Tells the pending requests of one session from those of others, and counts those that their
/// holders have dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionId(Arc<AtomicU64>);

impl SessionId {
    /// The number of requests that were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.load(Acquire)
    }
}

impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PendingRequest {
    pub(crate) fn new(attempt: u64, session: SessionId) -> (Self, Weak<()>) {
        let held = Arc::new(());
        let watch = Arc::downgrade(&held);
        (Self { attempt, session, held: Some(held), is_back: false }, watch)
    }

    /// Its holder has handed it back.
    pub(crate) fn give_back(&mut self) {
        self.is_back = true;
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        // Before the count: a session that sees the new count looks for the request at once, and not
        // again.
        self.held = None;
        if !self.is_back {
            self.session.0.fetch_add(1, Release);
        }
    }
}

/// Where a caller will send the token. A service that has refused a token may be wrong, so the token
/// stays in use at other origins until there is another one.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the three things that a caller can know")]
pub enum Destination<'a> {
    /// To this URL. The caller waits for another token if the URL's origin has refused this one.
    At(&'a Uri),
    /// To a URL that the caller finds with the token's catalog. The caller gets any valid token, asks
    /// [`Token::is_refused_at`], and polls again with [`At`](Self::At) if it is.
    Later,
    /// Not known. The caller gets a valid token. If a service has refused it, the caller waits for a
    /// login that is under way, and starts one if there is none.
    Unknown,
}

/// The next action of a caller that needs a token.
#[derive(Debug)]
#[must_use = "a session goes on only if the caller performs its action"]
#[expect(clippy::exhaustive_enums, reason = "a driver has to know every action")]
pub enum Action {
    /// Answer this question: pass the pending request and the reply to
    /// [`Session::handle_reply`](crate::Session::handle_reply). Dropped without a reply, the question
    /// goes to another caller.
    Ask(PendingRequest, Question),
    /// Return this error: no token can be obtained now. The error says when to try again.
    Fail(Error),
    /// Send this request, and hand the pending request back.
    Send(PendingRequest, Request<Body>),
    /// Ask the [store](crate::Store), and hand the answer in by
    /// [`Session::handle_taken`](crate::Session::handle_taken). Only a session
    /// [with a store](crate::Settings::with_store) asks for this.
    Take(PendingRequest, Want),
    /// Use this token.
    Use(Arc<Token>),
    /// Wait: another caller's request is under way, or a pause has not ended. Poll again after a
    /// wake-up, and at this time at the latest.
    Wait(UtcDateTime),
}
