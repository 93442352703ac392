//! A session of `alice` at a stock Keystone, and the responses that it gets.

use std::{sync::Arc, time::Duration};

use auth_proto::{
    Action, Body, Cloud, Credential, Destination, Error, Failure, FailureKind, PendingRequest,
    Question, Scope, ServiceCall, Session, Settings, Token, timestamp,
};
use http::{Request, Response, StatusCode, Uri};
use serde_json::json;
use time::UtcDateTime;

use super::{NOW, keystone, password, response, set_header, with_header};

pub(crate) const HOUR: Duration = seconds(3600);

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn scope(id: &str) -> Scope {
    Scope::project_id(id)
}

pub(crate) fn session() -> Session {
    session_with(Settings::default())
}

pub(crate) fn session_with(settings: Settings) -> Session {
    Session::new(keystone(), password(), settings).unwrap()
}

pub(crate) fn session_of(credential: Credential) -> Session {
    Session::new(keystone(), credential, Settings::default()).unwrap()
}

/// A session at this identity URL.
pub(crate) fn session_at(identity: &str, credential: Credential) -> Session {
    Session::new(Cloud::keystone(identity).unwrap(), credential, Settings::default()).unwrap()
}

/// A session with the token `first` for project `p`, which lives one hour from `NOW`.
pub(crate) fn logged_in() -> Session {
    let mut session = session();
    respond(&mut session, &scope("p"), token("first", "p", NOW), NOW);
    session
}

/// A token of one hour.
pub(crate) fn token(text: &str, project: &str, now: UtcDateTime) -> Response<Vec<u8>> {
    token_of_life(text, project, HOUR, now)
}

/// A token that was issued at `now`.
pub(crate) fn token_of_life(
    text: &str,
    project: &str,
    life: Duration,
    now: UtcDateTime,
) -> Response<Vec<u8>> {
    let body = json!({"token": {
        "expires_at": timestamp::format(now + life),
        "issued_at": timestamp::format(now),
        "project": {"id": project},
    }});
    response(201, Some(text), &body.to_string())
}

pub(crate) fn refusal(status: u16) -> Response<Vec<u8>> {
    response(status, None, r#"{"error":{"message":"no"}}"#)
}

/// A 429 that asks for a pause of this many seconds.
pub(crate) fn too_many(retry_after: &str) -> Response<Vec<u8>> {
    with_header(429, "retry-after", retry_after)
}

/// A receipt for the password, which asks for a one-time code.
pub(crate) fn receipt(expires_at: UtcDateTime) -> Response<Vec<u8>> {
    let body = json!({
        "receipt": {
            "methods": ["password"],
            "issued_at": timestamp::format(NOW),
            "expires_at": timestamp::format(expires_at),
        },
        "required_auth_methods": [["password", "totp"]],
    });
    let mut receipt = response(401, None, &body.to_string());
    set_header(&mut receipt, "openstack-auth-receipt", "gAAA");
    receipt
}

/// The document of an identity service that offers v3 only.
pub(crate) fn versions() -> Response<Vec<u8>> {
    response(300, None, r#"{"versions":{"values":[{"id":"v3.14","status":"stable"}]}}"#)
}

/// Polls for a request and hands in this response.
#[track_caller]
pub(crate) fn respond(
    session: &mut Session,
    scope: &Scope,
    response: Response<Vec<u8>>,
    now: UtcDateTime,
) {
    let pending = sent(session.poll(scope, now));
    session.handle_response(pending, response, now).unwrap();
}

/// Polls for a request and loses its connection.
#[track_caller]
pub(crate) fn disconnect(
    session: &mut Session,
    scope: &Scope,
    kind: FailureKind,
    now: UtcDateTime,
) {
    let pending = sent(session.poll(scope, now));
    session.handle_failure(pending, Failure::new(kind, "reset"), now).unwrap();
}

/// Logs in to this project with a token of one hour.
#[track_caller]
pub(crate) fn log_in(session: &mut Session, project: &str, now: UtcDateTime) {
    let text = format!("token-of-{project}");
    respond(session, &scope(project), token(&text, project, now), now);
    assert_eq!(used(session.poll(&scope(project), now)).expose(), text);
}

/// The error of a login that is refused with this status.
#[track_caller]
pub(crate) fn refuse(session: &mut Session, project: &str, status: u16, now: UtcDateTime) -> Error {
    respond(session, &scope(project), refusal(status), now);
    failed(session.poll(&scope(project), now))
}

/// A service refuses the token of this project, which it has accepted before.
#[track_caller]
pub(crate) fn reject_token(session: &mut Session, project: &str, now: UtcDateTime) {
    let token = session.cached_token(&scope(project), now).unwrap();
    assert!(!ServiceCall::is_refusal(&token, &compute(), StatusCode::OK));
    let _ = session.handle_unauthorized(&token, &compute(), now);
}

/// The action of a caller of that service.
pub(crate) fn poll_service(session: &mut Session, project: &str, now: UtcDateTime) -> Action {
    session.poll_to(&scope(project), Destination::At(&compute()), now)
}

/// The URL of a service.
pub(crate) fn compute() -> Uri {
    Uri::from_static("https://compute.example/servers")
}

/// The URL of another service.
pub(crate) fn volume() -> Uri {
    Uri::from_static("https://volume.example/volumes")
}

#[track_caller]
pub(crate) fn sent(action: Action) -> PendingRequest {
    sent_request(action).0
}

#[track_caller]
pub(crate) fn sent_request(action: Action) -> (PendingRequest, Request<Body>) {
    match action {
        Action::Send(pending, request) => (pending, request),
        other => panic!("expected a request, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn used(action: Action) -> Arc<Token> {
    match action {
        Action::Use(token) => token,
        other => panic!("expected a token, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn failed(action: Action) -> Error {
    match action {
        Action::Fail(error) => error,
        other => panic!("expected an error, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn waits(action: Action) -> UtcDateTime {
    match action {
        Action::Wait(until) => until,
        other => panic!("expected a wait, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn asks(action: Action) {
    assert!(
        matches!(action, Action::Ask(_, Question::Factor(_))),
        "expected a challenge, got {action:?}"
    );
}
