use std::{error::Error as StdError, io, iter};

use auth_proto::{Failure, FailureKind};
use http::StatusCode;

/// The reason why there is no token or no response. No variant shows a URL, a header or a body,
/// except the service's reason in [`Error::Status`].
pub type Error = auth_driver::Error<reqwest::Error>;

/// The error of a client that cannot be built.
pub(crate) fn unusable(error: reqwest::Error) -> Error {
    Error::Build { reason: innermost(&error.without_url()) }
}

/// The error of a request that got no response.
pub(crate) fn transport(error: reqwest::Error) -> Error {
    Error::Transport(error.without_url())
}

/// The result of a try, as the driver judges it.
pub(crate) fn outcome(
    result: &Result<reqwest::Response, reqwest::Error>,
) -> Result<StatusCode, bool> {
    result.as_ref().map(reqwest::Response::status).map_err(is_broken_off)
}

/// Whether the connection broke, perhaps while the request's body was being sent.
fn is_broken_off(error: &reqwest::Error) -> bool {
    let mut causes = sources(error).filter_map(|error| error.downcast_ref());
    !error.is_connect() && causes.any(auth_driver::is_broken_off)
}

/// The core's view of an error of reqwest.
pub(crate) fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    Failure::new(kind(&error), innermost(&error))
}

/// The innermost text, which says more than the outer ones ("error sending request").
fn innermost(error: &reqwest::Error) -> String {
    sources(error).last().unwrap_or(error).to_string()
}

fn kind(error: &reqwest::Error) -> FailureKind {
    // A time-out while connecting is both kinds. Nothing was sent.
    if error.is_dns() {
        FailureKind::Dns
    } else if error.is_request() && sources(error).any(is_tls) {
        FailureKind::Tls
    } else if error.is_connect() {
        FailureKind::Connect
    } else if error.is_timeout() {
        FailureKind::Timeout
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
