use std::{error::Error as StdError, fmt, time::Duration};

use auth_proto::{Fault, Question};
use http::StatusCode;
use thiserror::Error as ThisError;
use time::UtcDateTime;

use crate::proxies::ProxyError;

/// The reason why there is no token or no response, for a client whose HTTP client has errors of
/// the type `T`. No variant shows a URL, a header or a body, except the service's reason in
/// [`Error::Status`].
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error<T> {
    /// The login needs something from outside, such as a user's one-time code: pass the reply to
    /// the client's `answer`.
    #[error("{0}, and pass the reply to answer")]
    Ask(Question),
    /// An error of the core: bad input, a refusal, a login without a response, a target that the
    /// token must not be sent to.
    #[error(transparent)]
    Auth(#[from] auth_proto::Error),
    /// The HTTP client cannot be built with its settings: for example, the private key belongs to
    /// another certificate.
    #[error("the HTTP client cannot be built: {reason}; correct its settings")]
    Build {
        /// What is wrong, without a secret.
        reason: String,
    },
    /// The caller's time ended before there was a token.
    #[error("{}", NoTokenInTime(last.as_ref()))]
    Deadline {
        /// The error of the last login, if one failed and none has succeeded since.
        #[source]
        last: Option<auth_proto::Error>,
    },
    /// The identity time-out is not below
    /// [`Settings::response_timeout`](auth_proto::Settings::response_timeout): the session would
    /// count a request as lost that is still under way.
    #[error(
        "identity_timeout: {identity:?} is not between 0 and the response time-out {response:?}; \
         set a time-out between them"
    )]
    IdentityTimeout {
        /// The total time-out of a request to the identity service.
        identity: Duration,
        /// [`Settings::response_timeout`](auth_proto::Settings::response_timeout).
        response: Duration,
    },
    /// A service's answer does not fit the type that the caller wants. No value of the answer is
    /// shown.
    #[error("the answer is not the expected JSON: {reason}")]
    Json {
        /// What was expected, or what is wrong, and where.
        reason: String,
    },
    /// A variable of the environment names a proxy that the HTTP client would ignore. Nothing was
    /// sent to the host.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The request could not be made: by the closure that was passed to `call_with`, or as JSON.
    #[error("the request could not be made")]
    Request(#[source] BoxError),
    /// A typed answer was wanted, and the service's answer has this status, which is no success.
    #[error("the service answered {status} ({fault})")]
    Status {
        /// The status.
        status: StatusCode,
        /// The service's reason, or the start of its text, without the tokens that were sent.
        fault: Fault,
    },
    /// A request other than a login got no response.
    #[error("the request got no response")]
    Transport(#[source] T),
}

/// Any error, as a closure that makes a request returns it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

impl<T> Error<T> {
    /// Whether the same call may succeed later without any change by the caller. This is true for
    /// every [`Transport`](Self::Transport) error, but a request without a response may have been
    /// carried out: only the caller knows whether it may be sent twice.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Auth(error) => error.is_retryable(),
            Self::Deadline { last } => last.as_ref().is_none_or(auth_proto::Error::is_retryable),
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Transport(_) => true,
            Self::Ask(_)
            | Self::Build { .. }
            | Self::IdentityTimeout { .. }
            | Self::Json { .. }
            | Self::Proxy(_)
            | Self::Request(_) => false,
        }
    }

    /// The earliest time of the next login, if the session or the identity service has set one. A
    /// call before that time gets the same error, or waits.
    pub fn retry_at(&self) -> Option<UtcDateTime> {
        match self {
            Self::Auth(error) | Self::Deadline { last: Some(error) } => error.retry_at(),
            _ => None,
        }
    }
}

impl<T> From<NoToken> for Error<T> {
    fn from(reason: NoToken) -> Self {
        match reason {
            NoToken::Auth(error) => Self::Auth(error),
            NoToken::Deadline { last } => Self::Deadline { last },
            NoToken::Ask(question) => Self::Ask(question),
            NoToken::Proxy(error) => Self::Proxy(error),
        }
    }
}

/// The reason why a caller gets no token. [`Error`] has the same variants, and those of a client.
#[derive(Debug, ThisError)]
#[expect(clippy::exhaustive_enums, reason = "a client's error type has every variant")]
pub enum NoToken {
    /// The login needs something from outside: pass the reply to
    /// [`Session::answer`](auth_proto::Session::answer).
    #[error("{0}, and pass the reply to answer")]
    Ask(Question),
    /// An error of the core: bad input, a refusal, a login without a response.
    #[error(transparent)]
    Auth(#[from] auth_proto::Error),
    /// The caller's patience ended before there was a token.
    #[error("{}", NoTokenInTime(last.as_ref()))]
    Deadline {
        /// The error of the last login, if one failed and none has succeeded since.
        #[source]
        last: Option<auth_proto::Error>,
    },
    /// A variable of the environment names a proxy that the HTTP client would ignore.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

/// The text of a missed deadline: the error of the last login, if there is one, and what to do.
struct NoTokenInTime<'a>(Option<&'a auth_proto::Error>);

impl fmt::Display for NoTokenInTime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(last) => {
                write!(f, "no token within the caller's time; the last login failed: {last}")
            }
            None => f.write_str(
                "no token within the caller's time; try again, the login may still succeed",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Error as Lost;

    use auth_proto::{Failure, FailureKind, Misuse};

    use super::*;

    #[test]
    fn errors_say_whether_to_try_again() {
        let failed = |kind| Some(Failure::new(kind, "").into());
        let response = Duration::from_secs(1);
        for (error, is_retryable) in [
            (Error::Auth(Misuse::NoQuestion.into()), false),
            (Error::Auth(Failure::new(FailureKind::Io, "reset").into()), true),
            (Error::Deadline { last: None }, true),
            (Error::Deadline { last: failed(FailureKind::Timeout) }, true),
            (Error::Deadline { last: failed(FailureKind::Tls) }, false),
            (Error::Build { reason: String::new() }, false),
            (Error::IdentityTimeout { identity: response, response }, false),
            (Error::Request("no such file".into()), false),
            (Error::Json { reason: String::new() }, false),
            (Error::Status { status: StatusCode::NOT_FOUND, fault: Fault::default() }, false),
            (Error::Status { status: StatusCode::BAD_GATEWAY, fault: Fault::default() }, true),
            (Error::Transport(Lost), true),
        ] {
            assert_eq!(error.is_retryable(), is_retryable, "{error}");
            assert_eq!(error.retry_at(), None);
        }
    }
}
