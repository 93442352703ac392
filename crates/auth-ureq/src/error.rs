use std::{io, time::Duration};

use auth_proto::{Challenge, Failure, FailureKind};
use thiserror::Error as ThisError;
use ureq::Timeout;

use crate::send::CONNECT_TIMEOUT;

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
    /// A request other than a login got no answer.
    #[error("the request got no answer")]
    Transport(#[source] ureq::Error),
}

impl Error {
    pub(crate) fn transport(error: ureq::Error) -> Self {
        Self::Transport(scrubbed(error))
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

/// An error of ureq's as the core knows them.
pub(crate) fn failure(error: ureq::Error) -> Failure {
    let kind = kind(&error);
    Failure::new(kind, scrubbed(error).to_string())
}

/// Whether this is the end of the time that a caller gave to a flight, `left`, and not one of the
/// HTTP client's own time-outs: only the latter say anything about the service.
pub(crate) fn is_out_of_patience(error: &ureq::Error, left: Duration, identity: Duration) -> bool {
    let shortest = match error {
        ureq::Error::Timeout(Timeout::Global) => identity,
        ureq::Error::Timeout(Timeout::Connect) => identity.min(CONNECT_TIMEOUT),
        _ => return false,
    };
    left < shortest
}

fn kind(error: &ureq::Error) -> FailureKind {
    match error {
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::ConnectionFailed => FailureKind::Connect,
        ureq::Error::HostNotFound => FailureKind::Dns,
        ureq::Error::Io(error) => kind_of_io(error),
        #[cfg(feature = "rustls")]
        ureq::Error::Pem(_) | ureq::Error::Rustls(_) => FailureKind::Tls,
        ureq::Error::Timeout(_) => FailureKind::Timeout,
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => FailureKind::Tls,
        _ => FailureKind::Io,
    }
}

fn kind_of_io(error: &io::Error) -> FailureKind {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => FailureKind::Connect,
        // rustls puts its errors into this kind; ureq has variants of its own for bad HTTP.
        io::ErrorKind::InvalidData if error.get_ref().is_some() => FailureKind::Tls,
        io::ErrorKind::TimedOut => FailureKind::Timeout,
        // The standard library has words for this, but no kind.
        _ if error.to_string().starts_with("failed to lookup address") => FailureKind::Dns,
        _ => FailureKind::Io,
    }
}

/// Takes out what may hold a URL. The same variant stays, so that it can be matched.
fn scrubbed(error: ureq::Error) -> ureq::Error {
    match error {
        ureq::Error::BadUri(_) => ureq::Error::BadUri("without scheme or host".to_owned()),
        ureq::Error::ConnectProxyFailed(_) => {
            ureq::Error::ConnectProxyFailed("refused, or no proxy at all".to_owned())
        }
        ureq::Error::RequireHttpsOnly(_) => {
            ureq::Error::RequireHttpsOnly("the URL is plain http".to_owned())
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_do_not_pass() {
        let url = || "https://me:pw@host/path?token=t0ps3cret".to_owned();
        for error in [
            ureq::Error::BadUri(url()),
            ureq::Error::ConnectProxyFailed(url()),
            ureq::Error::RequireHttpsOnly(url()),
        ] {
            let kind = std::mem::discriminant(&error);
            let Error::Transport(clean) = Error::transport(error) else { panic!("another family") };
            assert_eq!(std::mem::discriminant(&clean), kind);
            let shown = format!("{clean} {clean:?} ") + &failure(clean).detail;
            assert!(!shown.contains("host/path") && !shown.contains("t0ps3cret"), "{shown}");
        }
    }

    #[test]
    fn failures_have_kinds() {
        let io = |kind| ureq::Error::Io(io::Error::new(kind, "inner"));
        for (error, kind) in [
            (ureq::Error::HostNotFound, FailureKind::Dns),
            (ureq::Error::Timeout(Timeout::Connect), FailureKind::Timeout),
            (ureq::Error::Tls("no"), FailureKind::Tls),
            (ureq::Error::ConnectionFailed, FailureKind::Connect),
            (io(io::ErrorKind::ConnectionRefused), FailureKind::Connect),
            (io(io::ErrorKind::InvalidData), FailureKind::Tls),
            (io(io::ErrorKind::UnexpectedEof), FailureKind::Io),
            (io(io::ErrorKind::TimedOut), FailureKind::Timeout),
            (
                ureq::Error::Io(io::Error::other("failed to lookup address information: no")),
                FailureKind::Dns,
            ),
        ] {
            assert_eq!(failure(error).kind, kind);
        }
    }

    #[test]
    fn the_shorter_time_says_whose_it_was() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let global = ureq::Error::Timeout(Timeout::Global);
        let connect = ureq::Error::Timeout(Timeout::Connect);
        let identity = Duration::from_secs(15);
        assert!(is_out_of_patience(&global, second, identity));
        assert!(is_out_of_patience(&connect, second, identity));
        assert!(!is_out_of_patience(&global, minute, identity));
        assert!(!is_out_of_patience(&connect, Duration::from_secs(10), identity));
        assert!(!is_out_of_patience(&ureq::Error::HostNotFound, second, identity));
        // One that the user set.
        let read = ureq::Error::Timeout(Timeout::PerRead);
        assert!(!is_out_of_patience(&read, second, identity));
    }
}
