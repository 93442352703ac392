//! Answers that refuse: whether a later try may help, and what to do.

use http::StatusCode;

use super::Cloud;
use crate::error::{Error, ErrorKind, Refusal};
use crate::fault::Fault;

impl Cloud {
    /// The error that an answer with this status is.
    pub(crate) fn refusal(&self, status: StatusCode, fault: Fault) -> Error {
        let own = self.0.profile.remedies.iter().find(|(code, _)| *code == status.as_u16());
        let remedy = own.map_or_else(|| usual_remedy(status), |(_, remedy)| remedy);
        let refusal = Refusal { status, fault, remedy };
        match is_transient(status) {
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
