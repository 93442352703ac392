use std::{error::Error as StdError, io, iter, time::Duration};

use auth_proto::{Challenge, Failure, FailureKind};
use thiserror::Error as ThisError;

/// Why there is no token or no answer. No variant shows a URL, a header or a body.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The core's own error: what was given cannot work, the service refused, the login got no
    /// answer, the token must not go there, …
    #[error(transparent)]
    Auth(#[from] auth_proto::Error),
    /// The caller's patience ended before there was a token.
    #[error("{}", deadline(last.as_ref()))]
    Deadline {
        /// What the last login failed with, if one did and nothing better has come since.
        #[source]
        last: Option<auth_proto::Error>,
    },
    /// The time-out for the identity service is not below
    /// [`Settings::response_timeout`](auth_proto::Settings::response_timeout), so that a request could
    /// still be under way when it is presumed lost.
    #[error(
        "the identity time-out {identity:?} is not between 0 and the flight time-out {flight:?}"
    )]
    IdentityTimeout {
        /// [`Builder::identity_timeout`](crate::Builder::identity_timeout).
        identity: Duration,
        /// [`Settings::response_timeout`](auth_proto::Settings::response_timeout).
        flight: Duration,
    },
    /// A person is asked for a factor: hand it to [`Client::submit_factor`](crate::Client::submit_factor).
    #[error("the login wants a further factor; hand it to Client::submit_factor")]
    NeedFactor(Challenge),
    /// A request other than a login got no answer, or reqwest's client could not be built.
    #[error("the request got no answer")]
    Transport(#[source] reqwest::Error),
}

impl Error {
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}

fn deadline(last: Option<&auth_proto::Error>) -> String {
    match last {
        Some(last) => {
            format!("no token in the time that the caller gave; the last login failed: {last}")
        }
        None => "no token in the time that the caller gave; the login may still succeed".to_owned(),
    }
}

/// An error of reqwest's as the core knows them.
pub(crate) fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    // The outer texts ("error sending request") say less than the innermost.
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

/// rustls hands its errors on inside an I/O error of this kind, which may be inside another one.
/// Nothing else has it before an answer begins: not while a connection is made, and not after it,
/// when a server of TLS 1.3 says that it wants another client certificate.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let Some(io) = error.downcast_ref::<io::Error>() else { return false };
    // An I/O error's source is the source of what is inside, so that has to be looked at by itself.
    io.get_ref().is_some_and(|inner| io.kind() == io::ErrorKind::InvalidData || is_tls(inner))
}

fn sources<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(error.source(), |&error| error.source())
}
