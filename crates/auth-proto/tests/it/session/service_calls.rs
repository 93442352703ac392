//! A service's response to a call with a token of the session.

use auth_proto::{RetryDecision, Scope, ServiceCall, Session, Token};
use http::StatusCode;
use time::UtcDateTime;

use crate::support::{
    NOW,
    session::{log_in, logged_in, respond, scope, seconds, sent, session, token, used, waits},
};

/// The decision about a 401 to a call that can be repeated.
fn on_401(
    call: &mut ServiceCall,
    session: &mut Session,
    token: &Token,
    now: UtcDateTime,
) -> RetryDecision {
    call.decide(session, token, StatusCode::UNAUTHORIZED, true, now)
}

#[test]
fn a_refused_token_is_replaced_once_for_all() {
    use RetryDecision::{Deliver, Retry};
    let (mut session, p) = (logged_in(), scope("p"));
    let now = NOW + seconds(100);
    let first = used(session.poll(&p, now));
    let mut calls: Vec<_> = (0..50).map(|_| ServiceCall::new()).collect();
    for call in &mut calls {
        assert_eq!(on_401(call, &mut session, &first, now), Retry);
    }
    let pending = sent(session.poll(&p, now));
    waits(session.poll(&p, now));
    session.handle_response(pending, token("second", "p", now), now);
    let second = used(session.poll(&p, now));
    // A late 401 for the old token does not touch the new one.
    session.handle_unauthorized(&first, now);
    assert_eq!(used(session.poll(&p, now)).expose(), "second");
    // A service that refuses a fresh token contradicts the identity service.
    let mut new_call = ServiceCall::new();
    for call in calls.iter_mut().chain([&mut new_call]) {
        assert_eq!(on_401(call, &mut session, &second, now), Deliver);
    }
    assert_eq!(used(session.poll(&p, now)).expose(), "second");
    // A minute later it may cause a login again.
    assert_eq!(on_401(&mut new_call, &mut session, &second, now + seconds(60)), Retry);
}

#[test]
fn only_a_401_to_a_repeatable_body_is_retried() {
    let (mut session, p) = (logged_in(), scope("p"));
    let first = used(session.poll(&p, NOW));
    for status in [StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR] {
        let decision = ServiceCall::new().decide(&mut session, &first, status, true, NOW);
        assert_eq!(decision, RetryDecision::Deliver);
    }
    assert_eq!(used(session.poll(&p, NOW)).expose(), "first");
    let status = StatusCode::UNAUTHORIZED;
    let decision = ServiceCall::new().decide(&mut session, &first, status, false, NOW);
    assert_eq!(decision, RetryDecision::Deliver);
    // The token is dropped all the same.
    let _ = sent(session.poll(&p, NOW));
}

#[test]
fn each_call_is_retried_once() {
    let (mut session, p) = (session(), scope("p"));
    log_in(&mut session, "p", NOW);
    let mut call = ServiceCall::new();
    let first = session.cached_token(&p, NOW).unwrap();
    assert_eq!(on_401(&mut call, &mut session, &first, NOW), RetryDecision::Retry);
    respond(&mut session, &p, token("second", "p", NOW), NOW);
    // Even after the minute in which the session keeps a fresh token.
    let later = NOW + seconds(61);
    let second = session.cached_token(&p, later).unwrap();
    assert_eq!(on_401(&mut call, &mut session, &second, later), RetryDecision::Deliver);
    let _ = sent(session.poll(&p, later));
}

#[test]
fn a_refused_token_is_dropped_in_every_scope() {
    let (mut session, default, p) = (session(), Scope::default(), scope("p"));
    for scope in [&default, &p] {
        respond(&mut session, scope, token("same", "p", NOW), NOW);
    }
    let token = session.cached_token(&p, NOW).unwrap();
    let decision = on_401(&mut ServiceCall::new(), &mut session, &token, NOW);
    assert_eq!(decision, RetryDecision::Retry);
    for scope in [&default, &p] {
        assert!(session.cached_token(scope, NOW).is_none(), "{scope}");
    }
}
