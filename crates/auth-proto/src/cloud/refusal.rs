//! Answers that refuse: whether a later try may help, and what to do.

use http::StatusCode;

use super::{Advice, Cloud};
use crate::error::{
    Error, ErrorKind, Refusal,
    fault::{Code, Fault},
};

impl Cloud {
    /// What an error code asks for, of the identity service or of any service behind the cloud's
    /// gateway; `None` where the documents say nothing beyond the status.
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

    /// The error that an answer with this status is.
    pub(crate) fn refusal(&self, status: StatusCode, fault: Fault) -> Error {
        let advice = fault.code.as_ref().and_then(|code| self.advice(code));
        let own = self.0.profile.remedies.iter().find(|(code, _)| *code == status.as_u16());
        let remedy = match (advice, own) {
            (Some(Advice::LogIn), _) => "the token has ended; log in again",
            (Some(Advice::Wait), _) => "try again later",
            (_, Some((_, remedy))) => remedy,
            (Some(Advice::GiveUp), None) => "it stays refused until somebody changes something",
            (None, None) => usual_remedy(status),
        };
        let refusal = Refusal { status, fault, remedy };
        let is_passing = match advice {
            Some(Advice::GiveUp) => false,
            Some(Advice::Wait) => true,
            _ => is_transient(status),
        };
        match is_passing {
            true => ErrorKind::Unavailable(refusal).into(),
            false => ErrorKind::Rejected(refusal).into(),
        }
    }
}

/// Whether the service may answer otherwise without anybody changing anything. 520 to 530 are
/// what proxies say of a server behind them.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=530)
}

fn usual_remedy(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "check the names, the domains and the scope",
        401 => "check the user, the secret, their domain and the scope",
        403 => "the user is known but not allowed here; ask for a role in this scope",
        404 => "it does not exist; check ids and the identity URL",
        413 => "the request is too large for the service",
        429 => "too many logins; keep tokens for as long as they live",
        _ if is_transient(status) => "try again later",
        _ => "check the identity URL",
    }
}
