//! Replacing the credential, and closing the session.

use auth_proto::{
    ConfigError, ConfigField, Credential, ErrorKind, Factor, FailureKind, RetryDecision, Scope,
    ServiceCall, UserRef,
};

use crate::support::{
    NOW, alice, config_error, password,
    session::{
        compute, disconnect, failed, log_in, logged_in, refusal, scope, seconds, sent,
        sent_request, session, token, used, waits,
    },
};

fn key() -> Credential {
    Credential::application_credential("id", "secret")
}

#[test]
fn a_new_credential_is_used_at_once() {
    let (mut session, p) = (session(), scope("p"));
    let old = sent(session.poll(&p, NOW));
    session.replace_credential(Credential::password(UserRef::id("bob"), "bob-pw")).unwrap();
    session.handle_response(old, refusal(401), NOW).unwrap();
    let (pending, request) = sent_request(session.poll(&p, NOW));
    assert!(std::str::from_utf8(request.body().as_bytes()).unwrap().contains("bob-pw"));
    session.handle_response(pending, token("of-bob", "p", NOW), NOW).unwrap();
    assert_eq!(used(session.poll(&p, NOW)).expose(), "of-bob");
    // A credential that cannot work changes nothing.
    assert!(session.replace_credential(key()).is_err());
    assert_eq!(used(session.poll(&p, NOW)).expose(), "of-bob");
}

#[test]
fn a_new_credential_starts_unverified() {
    let mut session = session();
    log_in(&mut session, "a", NOW);
    let b = scope("b");
    disconnect(&mut session, &b, FailureKind::Tls, NOW);
    failed(session.poll(&b, NOW));
    session.replace_credential(password()).unwrap();
    let _pending = sent(session.poll(&b, NOW));
    // Unverified: one request at a time.
    waits(session.poll(&scope("c"), NOW));
}

#[test]
fn only_scopes_in_use_limit_a_replacement() {
    let mut session = session();
    let p = scope("p");
    let pending = sent(session.poll(&p, NOW));
    assert!(session.replace_credential(key()).is_err(), "a request is pending");
    session.handle_response(pending, refusal(404), NOW).unwrap();
    session.replace_credential(key()).unwrap();

    session.replace_credential(password()).unwrap();
    log_in(&mut session, "p", NOW + seconds(4000));
    assert!(session.replace_credential(key()).is_err(), "the scope has a token");
    session.cached_token(&p, NOW + seconds(8000));
    session.replace_credential(key()).unwrap();
}

#[test]
fn an_invalid_scope_takes_no_place() {
    let mut session = session();
    log_in(&mut session, "good", NOW);
    for name in 0..200 {
        let wrong = Scope::project_name(format!("p{name}"));
        let error = failed(session.poll(&wrong, NOW));
        assert_eq!(*error.kind(), ErrorKind::Config(ConfigError::ProjectDomain));
    }
    assert!(session.cached_token(&scope("good"), NOW).is_some());
    session.replace_credential(password()).unwrap();
    let empty = session.replace_credential(Credential::password(alice(), ""));
    assert_eq!(config_error(empty), ConfigError::Empty { field: ConfigField::Password });
}

#[test]
fn closing_ends_everything() {
    let (mut session, p, q) = (logged_in(), scope("p"), scope("q"));
    let pending = sent(session.poll(&q, NOW));
    let first = used(session.poll(&p, NOW));
    session.close();
    session.handle_response(pending, token("second", "q", NOW), NOW).unwrap();
    for scope in [&p, &q] {
        assert_eq!(*failed(session.poll(scope, NOW)).kind(), ErrorKind::Closed);
        assert!(session.cached_token(scope, NOW).is_none());
    }
    let decision = ServiceCall::new().decide(&mut session, &first, &compute(), true, NOW);
    assert_eq!(decision, RetryDecision::Deliver);
    // The credential is gone, too.
    assert!(session.replace_credential(password()).is_err());
    assert!(session.answer(&p, Factor::totp("123456"), NOW).is_err());
    assert!(!format!("{session:?}").contains("alice"), "{session:?}");
}
