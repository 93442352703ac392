//! Refusals: whether a retry may help, and the remedy.

use http::StatusCode;

use super::{Advice, Cloud};
use crate::error::{
    Error, ErrorKind, Refusal,
    fault::{Code, Fault},
};

impl Cloud {
    /// The documented advice for an error code of the identity service or of a service behind the
    /// cloud's gateway. `None` if the documents have no advice.
    ///
    /// ```
    /// use auth_proto::{Advice, Cloud, Code};
    ///
    /// let code = Code::Text("APIG.0307".to_owned()); // "The token must be updated"
    /// assert_eq!(Cloud::huawei().advice(&code), Some(Advice::LogIn));
    /// ```
    pub fn advice(&self, code: &Code) -> Option<Advice> {
        self.0.profile.advice(code)
    }

    /// The error for a response with this status. A server that says when to try again
    /// (`has_retry_after`) does not mean its refusal for good, unless it has refused the
    /// credential: Rackspace limits the rate of logins with 413 and `Retry-After`.
    pub(crate) fn refusal(&self, status: StatusCode, fault: Fault, has_retry_after: bool) -> Error {
        let advice = fault.code.as_ref().and_then(|code| self.advice(code));
        let by_cloud = self.0.profile.remedies.iter().find(|(code, _)| *code == status.as_u16());
        let refuses_credential = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let will_pass = has_retry_after && !refuses_credential;
        let is_transient = match advice {
            Some(Advice::GiveUp) => false,
            Some(Advice::Wait) => true,
            _ => will_pass || status_is_transient(status),
        };
        let remedy = match (advice, by_cloud) {
            (Some(Advice::LogIn), _) => "the token has expired; log in again",
            (Some(Advice::Wait), _) => AGAIN,
            // The usual remedy for this status is one for a permanent error.
            (None, _) if is_transient && !status_is_transient(status) => AGAIN,
            (_, Some((_, remedy))) => remedy,
            (Some(Advice::GiveUp), None) => {
                "a retry does not help; change the password, the roles or the user's state first"
            }
            (None, None) => usual_remedy(status),
        };
        let refusal = Refusal::new(status, fault, remedy);
        match is_transient {
            true => ErrorKind::Unavailable(refusal).into(),
            false => ErrorKind::Rejected(refusal).into(),
        }
    }
}

/// Whether a retry may succeed without a change by the user. 520 to 530 are codes of proxies for
/// failures of the server behind them.
pub(crate) fn status_is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=530)
}

const AGAIN: &str = "try again later";

fn usual_remedy(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "check the names, the domains and the scope",
        401 => "check the user, the secret, the user's domain and the scope",
        403 => "the user has no access; ask for a role in this scope",
        404 => "not found; check the ids and the identity URL",
        413 => "the request is too large for the service",
        429 => "too many logins; reuse tokens, and try again",
        _ if status_is_transient(status) => AGAIN,
        _ => "check the identity URL",
    }
}
