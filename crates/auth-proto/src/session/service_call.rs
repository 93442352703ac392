//! One request to a service, and whether it is worth a second try.

use http::StatusCode;
use time::UtcDateTime;

use crate::{model::token::Token, session::Session};

/// The replay rule: a request that is answered with 401 is sent once more, with a new token, if it
/// can be sent twice. Clouds end tokens before their time (KakaoCloud, Huawei Cloud), so that a
/// 401 is part of normal life.
///
/// If no new token can be had after [`RetryDecision::Retry`], the caller gets that error and not the
/// bare 401.
#[derive(Debug, Default)]
pub struct ServiceCall {
    retried: bool,
}

/// What to do with a service's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an answer is either handed on or asked for again"]
#[expect(clippy::exhaustive_enums, reason = "a driver has to know every verdict")]
pub enum RetryDecision {
    /// Hand it to the caller.
    Deliver,
    /// Get a token again and send the request once more.
    Retry,
}

impl ServiceCall {
    /// A request that has not been sent yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges the answer to a request that was sent with `token`.
    pub fn verdict(
        &mut self,
        session: &mut Session,
        token: &Token,
        status: StatusCode,
        replayable: bool,
        now: UtcDateTime,
    ) -> RetryDecision {
        if status != StatusCode::UNAUTHORIZED {
            return RetryDecision::Deliver;
        }
        session.handle_unauthorized(token, now);
        if self.retried || !replayable || !session.may_replace(token) {
            return RetryDecision::Deliver;
        }
        self.retried = true;
        RetryDecision::Retry
    }
}
