use std::{io, time::Duration};

use auth_driver::NoTokenInTime;
use auth_proto::{Challenge, Failure, FailureKind};
use thiserror::Error as ThisError;
use ureq::Timeout;

use crate::send::CONNECT_TIMEOUT;

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
    /// A request other than a login got no response.
    #[error("the request got no response")]
    Transport(#[source] ureq::Error),
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
    pub(crate) fn transport(error: ureq::Error) -> Self {
        Self::Transport(scrubbed(error))
    }
}

/// The core's view of an error of ureq.
pub(crate) fn failure(error: ureq::Error) -> Failure {
    let kind = kind(&error);
    Failure::new(kind, scrubbed(error).to_string())
}

/// Whether the caller's time, `left`, ended, and not a time-out of the client: only the latter is a
/// failure of the service.
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
        // rustls uses this kind for its errors; ureq has other variants for bad HTTP.
        io::ErrorKind::InvalidData if error.get_ref().is_some() => FailureKind::Tls,
        io::ErrorKind::TimedOut => FailureKind::Timeout,
        // The standard library has no kind for this error, only a text.
        _ if error.to_string().starts_with("failed to lookup address") => FailureKind::Dns,
        _ => FailureKind::Io,
    }
}

/// Removes texts that may contain a URL. The variant stays, so that callers can match it.
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
    fn errors_show_no_url() {
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
    fn a_deadline_is_not_a_timeout() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let global = ureq::Error::Timeout(Timeout::Global);
        let connect = ureq::Error::Timeout(Timeout::Connect);
        let identity = Duration::from_secs(15);
        assert!(is_out_of_patience(&global, second, identity));
        assert!(is_out_of_patience(&connect, second, identity));
        assert!(!is_out_of_patience(&global, minute, identity));
        assert!(!is_out_of_patience(&connect, Duration::from_secs(10), identity));
        assert!(!is_out_of_patience(&ureq::Error::HostNotFound, second, identity));
        // A time-out that the user set.
        let read = ureq::Error::Timeout(Timeout::PerRead);
        assert!(!is_out_of_patience(&read, second, identity));
    }
}
