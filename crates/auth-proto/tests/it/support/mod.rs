//! Fixtures that several modules use.

pub(crate) mod emulated;
pub(crate) mod session;
pub(crate) mod store;

use std::{fmt::Debug, sync::Arc};

use auth_proto::{
    Body, Cloud, ConfigError, Credential, DomainRef, Error, ErrorKind, IdentityResponse, Login,
    ProtocolError, Scope, Step, Token, UserRef,
};
use http::{HeaderName, HeaderValue, Request, Response};
use proptest::{prelude::ProptestConfig, test_runner::FileFailurePersistence};
use serde_json::Value;
use time::{UtcDateTime, macros::utc_datetime};

pub(crate) const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

/// A stock Keystone with Identity API v3.
pub(crate) fn keystone() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").unwrap()
}

/// A stock Keystone with Identity API v2.0.
pub(crate) fn keystone_v2() -> Cloud {
    Cloud::keystone("https://keystone.example/v2.0").unwrap()
}

pub(crate) fn alice() -> UserRef {
    UserRef::name_in("alice", DomainRef::name("Default"))
}

pub(crate) fn password() -> Credential {
    Credential::password(alice(), "alice-pw")
}

/// The first request of a login.
pub(crate) fn first_request(cloud: &Cloud, credential: Credential, scope: Scope) -> Request<Body> {
    request_of(&Login::new(cloud, credential, scope).unwrap())
}

#[track_caller]
pub(crate) fn request_of(login: &Login) -> Request<Body> {
    match login.poll() {
        Ok(Step::Send(request)) => request,
        other => panic!("expected a request, got {other:?}"),
    }
}

pub(crate) fn json(body: impl AsRef<[u8]>) -> Value {
    serde_json::from_slice(body.as_ref()).unwrap()
}

/// A login that gets one response.
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
        other => panic!("expected a token, got {other:?}"),
    }
}

/// A response, with a token in its header if there is one.
pub(crate) fn response(status: u16, token: Option<&str>, body: &str) -> Response<Vec<u8>> {
    let mut response = Response::builder().status(status);
    if let Some(token) = token {
        response = response.header("X-Subject-Token", token);
    }
    response.body(body.as_bytes().to_vec()).unwrap()
}

/// An empty response with one header.
pub(crate) fn with_header(status: u16, name: &'static str, value: &str) -> Response<Vec<u8>> {
    let mut response = response(status, None, "");
    set_header(&mut response, name, value);
    response
}

pub(crate) fn set_header<B>(response: &mut Response<B>, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    response.headers_mut().insert(HeaderName::from_static(name), value);
}

/// The token of a response that is read without a login.
#[track_caller]
pub(crate) fn read_token<B: AsRef<[u8]> + Debug>(response: &Response<B>) -> Token {
    match IdentityResponse::read(response, None) {
        Ok(IdentityResponse::Token(_, token)) => *token,
        other => panic!("expected a token, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn protocol_error<T: Debug>(result: Result<T, Error>) -> ProtocolError {
    match result.unwrap_err().kind() {
        ErrorKind::Protocol(why) => why.clone(),
        other => panic!("expected a protocol error, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn config_error<T: Debug>(result: Result<T, Error>) -> ConfigError {
    let error = result.unwrap_err();
    assert!(!error.is_retryable());
    match error.kind() {
        ErrorKind::Config(why) => why.clone(),
        other => panic!("expected a configuration error, got {other:?}"),
    }
}

/// A property test with this many cases. A failing case is kept beside the source file.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::with_cases(count)
    }
}
