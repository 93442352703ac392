use std::{error::Error as StdError, io, iter, time::Duration};

use auth_driver::NoTokenInTime;
use auth_proto::{Challenge, Failure, FailureKind};
use thiserror::Error as ThisError;

/// The reason why there is no token or no response. No variant shows a URL, a header or a body.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// An error of the core: bad input, a refusal, a login without a response, a target that the
    /// token must not be sent to.
    #[error(transparent)]
    Auth(#[from] auth_proto::Error),
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
        /// [`Builder::identity_timeout`](crate::Builder::identity_timeout).
        identity: Duration,
        /// [`Settings::response_timeout`](auth_proto::Settings::response_timeout).
        response: Duration,
    },
    /// The login needs a factor from the user: hand it to
    /// [`Client::submit_factor`](crate::Client::submit_factor).
    #[error("the login needs a further factor; ask the user and pass it to Client::submit_factor")]
    NeedFactor(Challenge),
    /// A request other than a login got no response, or reqwest's client could not be built.
    #[error("the request got no response")]
    Transport(#[source] reqwest::Error),
}

impl From<auth_driver::Error> for Error {
    fn from(error: auth_driver::Error) -> Self {
        match error {
            auth_driver::Error::Auth(error) => Self::Auth(error),
            auth_driver::Error::Deadline { last } => Self::Deadline { last },
            auth_driver::Error::IdentityTimeout { identity, response } => {
                Self::IdentityTimeout { identity, response }
            }
            auth_driver::Error::NeedFactor(challenge) => Self::NeedFactor(challenge),
        }
    }
}

impl Error {
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}

/// The core's view of an error of reqwest.
pub(crate) fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    // The innermost text says more than the outer ones ("error sending request").
    let detail = sources(&error).last().unwrap_or(&error).to_string();
    Failure::new(kind(&error), detail)
}

fn kind(error: &reqwest::Error) -> FailureKind {
    if error.is_timeout() {
        FailureKind::Timeout
    } else if error.is_dns() {
        FailureKind::Dns
    } else if error.is_request() && sources(error).any(is_tls) {
        FailureKind::Tls
    } else if error.is_connect() {
        FailureKind::Connect
    } else {
        FailureKind::Io
    }
}

/// Whether rustls caused this error. rustls wraps its errors in an I/O error of the kind
/// `InvalidData`, which another I/O error may wrap. Before a response begins, no other error has
/// this kind, neither while connecting nor later, when a TLS 1.3 server rejects the client
/// certificate.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let Some(io) = error.downcast_ref::<io::Error>() else { return false };
    // `source()` of an I/O error skips the error that it wraps, so this looks at that one directly.
    io.get_ref().is_some_and(|inner| io.kind() == io::ErrorKind::InvalidData || is_tls(inner))
}

fn sources<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(error.source(), |&error| error.source())
}
