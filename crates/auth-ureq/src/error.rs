use std::io;

use auth_proto::{Failure, FailureKind};
use http::StatusCode;
use ureq::Timeout;

/// The reason why there is no token or no response. No variant shows a URL, a header or a body,
/// except the service's reason in [`Error::Status`].
pub type Error = auth_driver::Error<ureq::Error>;

/// The error of a request that got no response.
pub(crate) fn transport(error: ureq::Error) -> Error {
    Error::Transport(scrubbed(error))
}

/// The result of a try, as the driver judges it.
pub(crate) fn outcome(
    result: &Result<http::Response<ureq::Body>, ureq::Error>,
) -> Result<StatusCode, bool> {
    result.as_ref().map(http::Response::status).map_err(is_broken_off)
}

/// Whether the connection broke, perhaps while the request's body was being sent. If a server
/// answers early and closes, ureq does not read the answer.
fn is_broken_off(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(error) if auth_driver::is_broken_off(error))
}

/// The core's view of an error of ureq. `was_sent` says whether ureq has begun to send the
/// request's body, where a login has its secrets.
pub(crate) fn failure(error: ureq::Error, was_sent: bool) -> Failure {
    let kind = match kind(&error) {
        // ureq makes the TLS handshake while it sends the headers.
        FailureKind::Io | FailureKind::Timeout if !was_sent => FailureKind::Connect,
        kind => kind,
    };
    Failure::new(kind, scrubbed(error).to_string())
}

fn kind(error: &ureq::Error) -> FailureKind {
    match error {
        ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::ConnectionFailed
        | ureq::Error::Timeout(Timeout::Connect) => FailureKind::Connect,
        ureq::Error::HostNotFound | ureq::Error::Timeout(Timeout::Resolve) => FailureKind::Dns,
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
            let Error::Transport(clean) = transport(error) else { panic!("another family") };
            assert_eq!(std::mem::discriminant(&clean), kind);
            let shown = format!("{clean} {clean:?} ") + &failure(clean, true).detail;
            assert!(!shown.contains("host/path") && !shown.contains("t0ps3cret"), "{shown}");
        }
    }

    #[test]
    fn failures_have_kinds() {
        let io = |kind| ureq::Error::Io(io::Error::new(kind, "inner"));
        for (error, kind) in [
            (ureq::Error::HostNotFound, FailureKind::Dns),
            (ureq::Error::Timeout(Timeout::Connect), FailureKind::Connect),
            (ureq::Error::Timeout(Timeout::Resolve), FailureKind::Dns),
            (ureq::Error::Timeout(Timeout::Global), FailureKind::Timeout),
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
            assert_eq!(failure(error, true).kind, kind);
        }
    }

    #[test]
    fn a_body_that_was_not_begun_was_not_sent() {
        let io = |kind| ureq::Error::Io(io::Error::new(kind, "inner"));
        for (error, kind) in [
            (io(io::ErrorKind::ConnectionReset), FailureKind::Connect),
            (ureq::Error::Timeout(Timeout::Global), FailureKind::Connect),
            (io(io::ErrorKind::InvalidData), FailureKind::Tls),
            (ureq::Error::HostNotFound, FailureKind::Dns),
        ] {
            assert_eq!(failure(error, false).kind, kind);
        }
    }
}
