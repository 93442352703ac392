//! The actions that a session asks of its callers.

use std::sync::Arc;

use http::Request;
use time::UtcDateTime;

use crate::{
    error::Error,
    model::{body::Body, challenge::Challenge, token::Token},
};

/// A request that was handed out and whose result is not known yet. Its holder hands it back in
/// exactly one of [`Session::handle_response`](crate::Session::handle_response),
/// [`handle_failure`](crate::Session::handle_failure) and
/// [`handle_abandoned`](crate::Session::handle_abandoned).
#[derive(Debug)]
#[must_use = "a pending request that is not handed back blocks its scope for a while"]
pub struct PendingRequest {
    pub(crate) attempt: u64,
}

/// The next action of a caller that needs a token.
#[derive(Debug)]
#[must_use = "a session goes on only if the caller performs its action"]
#[expect(clippy::exhaustive_enums, reason = "a driver has to know every action")]
pub enum Action {
    /// Return this error: no token can be obtained now. The error says when to try again.
    Fail(Error),
    /// Ask the user for a factor, and hand it to
    /// [`Session::submit_factor`](crate::Session::submit_factor).
    NeedFactor(Challenge),
    /// Send this request, and hand the pending request back.
    Send(PendingRequest, Request<Body>),
    /// Use this token.
    Use(Arc<Token>),
    /// Wait: another caller's login is under way, or a pause has not ended. Poll again after a
    /// wake-up, and at this time at the latest.
    Wait(UtcDateTime),
}
