//! Requests and bodies in the types of each HTTP client.

use std::{
    future::{Ready, ready},
    io::Cursor,
};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use ureq::SendBody;

/// A request that a closure made, or its error.
pub type Made = Result<Request<Vec<u8>>, BoxError>;

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) fn made_for_reqwest(
    mut request: impl FnMut() -> Made,
) -> impl FnMut() -> Ready<Result<Request<reqwest::Body>, BoxError>> {
    move || ready(request().map(|request| request.map(reqwest_body)))
}

pub(crate) fn made_for_ureq(
    mut request: impl FnMut() -> Made,
) -> impl FnMut() -> Result<Request<SendBody<'static>>, BoxError> {
    move || Ok(request()?.map(ureq_body))
}

pub(crate) fn copied(body: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(body.as_ref())
}

/// A body that reqwest cannot send twice.
pub(crate) fn reqwest_body(body: impl AsRef<[u8]>) -> reqwest::Body {
    match body.as_ref() {
        [] => reqwest::Body::from(""),
        body => reqwest::Body::wrap(Full::new(copied(body))),
    }
}

/// A body that ureq cannot send twice.
pub(crate) fn ureq_body(body: impl AsRef<[u8]>) -> SendBody<'static> {
    SendBody::from_owned_reader(Cursor::new(body.as_ref().to_vec()))
}
