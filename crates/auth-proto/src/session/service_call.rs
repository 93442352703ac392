//! One request to a service, and the decision about a second try.

use http::{StatusCode, Uri};
use time::UtcDateTime;

use crate::{
    model::{marks, token::Token},
    session::{Session, event::RefusalReason},
};

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
    /// Get a token for the same URL again and send the request once more:
    /// [`Destination::At`](crate::Destination::At).
    Retry,
}

impl ServiceCall {
    /// A request that has not been sent yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the response to a request with `token` refuses the token, so that the session has to
    /// [decide](Self::decide). Any other response is delivered. Takes no lock.
    ///
    /// A driver calls this for each response of a service. It notes that the origin of `url` has
    /// accepted the token, which gives weight to a later refusal. A response with 401, 407, 429 or
    /// 5xx does not show that, because it may come before the token is read.
    pub fn is_refusal(token: &Token, url: &Uri, status: StatusCode) -> bool {
        let is_before_token = matches!(
            status,
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::TOO_MANY_REQUESTS
        );
        let is_refusal = status == StatusCode::UNAUTHORIZED;
        if !is_refusal && !is_before_token && !status.is_server_error() {
            token.marks.accept(&marks::origin(url));
        }
        is_refusal
    }

    /// Decides about a [refusal](Self::is_refusal) of `token` by the service at `url`. `replayable`
    /// says whether the request can be sent a second time.
    pub fn decide(
        &mut self,
        session: &mut Session,
        token: &Token,
        url: &Uri,
        replayable: bool,
        now: UtcDateTime,
    ) -> RetryDecision {
        let reason = match session.refuse(token, url, now) {
            Some(reason) => reason,
            None if self.retried => RefusalReason::Repeated,
            None if !replayable => RefusalReason::NotReplayable,
            None => {
                self.retried = true;
                return RetryDecision::Retry;
            }
        };
        session.note_delivery(url, reason);
        RetryDecision::Deliver
    }
}
