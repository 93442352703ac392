//! What several test files share.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod talk;

use std::sync::Arc;

use auth_proto::{Body, Cloud, Credential, Error, Login, Scope, Step, Token};
use http::{Request, Response};
use serde_json::Value;
use time::{UtcDateTime, macros::utc_datetime};

pub(crate) const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

/// The request that a login starts with.
pub(crate) fn first_request(cloud: &Cloud, credential: Credential, scope: Scope) -> Request<Body> {
    request_of(&Login::new(cloud, credential, scope).unwrap())
}

pub(crate) fn request_of(login: &Login) -> Request<Body> {
    match login.poll() {
        Ok(Step::Send(request)) => request,
        other => panic!("expected a request, got {other:?}"),
    }
}

pub(crate) fn json(body: impl AsRef<[u8]>) -> Value {
    serde_json::from_slice(body.as_ref()).unwrap()
}

/// A whole login whose one answer is this.
pub(crate) fn login_with<B: AsRef<[u8]>>(
    cloud: &Cloud,
    credential: Credential,
    scope: Scope,
    response: Response<B>,
) -> Result<Arc<Token>, Error> {
    let mut login = Login::new(cloud, credential, scope)?;
    let _ = login.poll()?;
    login.handle_response(response, NOW);
    match login.poll()? {
        Step::Done(token) => Ok(token),
        other => panic!("expected the end, got {other:?}"),
    }
}

/// A response with a token in its header, where there is one.
pub(crate) fn response(status: u16, token: Option<&str>, body: &str) -> Response<Vec<u8>> {
    let mut response = Response::builder().status(status);
    if let Some(token) = token {
        response = response.header("X-Subject-Token", token);
    }
    response.body(body.as_bytes().to_vec()).unwrap()
}
