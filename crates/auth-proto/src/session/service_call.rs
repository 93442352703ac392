//! One request to a service, and the decision about a second try.

use http::StatusCode;
use time::UtcDateTime;

use crate::{model::token::Token, session::Session};

/// The replay rule: a request that got a 401 is sent once more, with a new token, if it can be sent
/// twice. Clouds revoke tokens before they expire (KakaoCloud, Huawei Cloud), so a 401 is part of
/// normal operation.
///
/// If no new token can be obtained after [`RetryDecision::Retry`], the caller gets that error and
/// not the 401.
#[derive(Debug, Default)]
pub struct ServiceCall {
    retried: bool,
}

/// What a driver does with the response of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a response is delivered or the request is sent again"]
#[expect(clippy::exhaustive_enums, reason = "a driver has to know every decision")]
pub enum RetryDecision {
    /// Hand the response to the caller.
    Deliver,
    /// Get a token again and send the request once more.
    Retry,
}

impl ServiceCall {
    /// A request that has not been sent yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a response with this status concerns the session. For any other status a driver can
    /// deliver the response without [`verdict`](Self::decide), and without a lock.
    pub fn concerns_session(status: StatusCode) -> bool {
        status == StatusCode::UNAUTHORIZED
    }

    /// Decides about the response to a request that was sent with `token`. `replayable` says
    /// whether the request can be sent a second time.
    pub fn decide(
        &mut self,
        session: &mut Session,
        token: &Token,
        status: StatusCode,
        replayable: bool,
        now: UtcDateTime,
    ) -> RetryDecision {
        if !Self::concerns_session(status) {
            return RetryDecision::Deliver;
        }
        let can_be_replaced = session.reject(token, now);
        if self.retried || !replayable || !can_be_replaced {
            return RetryDecision::Deliver;
        }
        self.retried = true;
        RetryDecision::Retry
    }
}
