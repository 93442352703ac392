//! What an account tells those who poll it.

use std::sync::Arc;

use http::Request;
use time::UtcDateTime;

use crate::{
    error::Error,
    model::{body::Body, challenge::Challenge, token::Token},
};

/// A request that is in the air. Whoever holds it hands it back in exactly one of
/// [`Session::handle_response`](crate::Session::handle_response), [`handle_failure`](crate::Session::handle_failure) and
/// [`handle_abandoned`](crate::Session::handle_abandoned).
#[derive(Debug)]
#[must_use = "a flight that is not handed back blocks its scope until it is presumed lost"]
pub struct PendingRequest {
    pub(crate) attempt: u64,
}

/// What a caller who needs a token does now.
#[derive(Debug)]
#[must_use = "an session goes on only if its action is taken"]
#[expect(clippy::exhaustive_enums, reason = "a driver has to know every action")]
pub enum Action {
    /// There is no token to be had; the error says when a new try makes sense.
    Fail(Error),
    /// A person is asked for a factor: hand it to [`Session::submit_factor`](crate::Session::submit_factor).
    NeedFactor(Challenge),
    /// Send this and hand the flight back.
    Send(PendingRequest, Request<Body>),
    /// Here it is.
    Use(Arc<Token>),
    /// Somebody else is at it, or a pause runs: poll again when woken, or then at the latest.
    Wait(UtcDateTime),
}
