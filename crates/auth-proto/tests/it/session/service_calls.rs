//! Refused tokens: what a service's 401 makes of a token, a login and a call.

use std::sync::Arc;

use auth_proto::{
    Action, Cloud, Credential, Destination, Event, Failure, FailureKind, PendingRequest,
    RefusalReason, RetryDecision, Scope, ServiceCall, Session, Settings, Token,
};
use http::{Request, StatusCode, Uri};
use time::UtcDateTime;

use crate::support::{
    NOW, response,
    session::{
        compute, disconnect, failed, log_in, logged_in, refusal, respond, scope, seconds, sent,
        sent_request, session, token, used, volume, waits,
    },
    with_header,
};

/// The decision about a 401 of this service to a call that can be repeated.
fn on_401(session: &mut Session, token: &Token, url: &Uri, now: UtcDateTime) -> RetryDecision {
    ServiceCall::new().decide(session, token, url, true, now)
}

fn accept(token: &Token, url: &Uri) {
    assert!(!ServiceCall::is_refusal(token, url, StatusCode::OK));
}

fn current(session: &mut Session, now: UtcDateTime) -> Arc<Token> {
    session.cached_token(&scope("p"), now).unwrap()
}

/// The action of a caller of this service.
fn to(session: &mut Session, url: &Uri, now: UtcDateTime) -> Action {
    session.poll_to(&scope("p"), Destination::At(url), now)
}

/// The next caller of the service gets a request, whose response is this token.
#[track_caller]
fn replace(session: &mut Session, url: &Uri, text: &str, now: UtcDateTime) {
    let (pending, request) = sent_request(to(session, url, now));
    assert_eq!(request.method(), "POST");
    session.handle_response(pending, token(text, "p", now), now).unwrap();
    assert_eq!(current(session, now).expose(), text);
}

/// The next caller of the service gets a question about the token.
#[track_caller]
fn question(session: &mut Session, url: &Uri, now: UtcDateTime) -> PendingRequest {
    let token = current(session, now);
    let (pending, request) = sent_request(to(session, url, now));
    assert_eq!(request.method(), "GET");
    assert_eq!(request.uri().path(), "/v3/auth/tokens");
    for name in ["x-auth-token", "x-subject-token"] {
        assert_eq!(&request.headers()[name], token.header());
    }
    pending
}

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

#[test]
fn a_refused_token_is_replaced_once_for_all() {
    use RetryDecision::{Deliver, Retry};
    let (mut session, p) = (logged_in(), scope("p"));
    let now = NOW + seconds(100);
    let first = current(&mut session, now);
    accept(&first, &compute());
    let mut calls: Vec<_> = (0..50).map(|_| ServiceCall::new()).collect();
    for call in &mut calls {
        assert_eq!(call.decide(&mut session, &first, &compute(), true, now), Retry);
    }
    let pending = sent(to(&mut session, &compute(), now));
    waits(to(&mut session, &compute(), now));
    waits(session.poll(&p, now));
    session.handle_response(pending, token("second", "p", now), now).unwrap();
    let second = used(to(&mut session, &compute(), now));
    // A late 401 for the old token does not touch the new one.
    assert_eq!(on_401(&mut session, &first, &compute(), now), Retry);
    assert_eq!(used(to(&mut session, &compute(), now)).expose(), "second");
    // Each call is repeated once.
    for call in &mut calls {
        assert_eq!(call.decide(&mut session, &second, &compute(), true, now), Deliver);
    }
}

#[test]
fn an_accepted_token_is_replaced_at_once() {
    let mut session = logged_in();
    for number in 0..40 {
        let token = current(&mut session, NOW);
        accept(&token, &compute());
        assert_eq!(on_401(&mut session, &token, &compute(), NOW), RetryDecision::Retry);
        replace(&mut session, &compute(), &format!("t{number}"), NOW);
    }
    // After a burst, one login a second.
    let last = current(&mut session, NOW);
    accept(&last, &compute());
    assert_eq!(on_401(&mut session, &last, &compute(), NOW), RetryDecision::Retry);
    let next = waits(to(&mut session, &compute(), NOW));
    assert_eq!(next, NOW + seconds(1));
    replace(&mut session, &compute(), "late", next);
}

#[test]
fn only_some_statuses_accept_a_token() {
    for status in 200..600 {
        let mut session = logged_in();
        let first = current(&mut session, NOW);
        let code = StatusCode::from_u16(status).unwrap();
        assert_eq!(ServiceCall::is_refusal(&first, &compute(), code), status == 401);
        // An unaccepted token costs a login, then a question.
        for text in ["second", "third"] {
            let token = current(&mut session, NOW);
            ServiceCall::is_refusal(&token, &compute(), code);
            assert_eq!(on_401(&mut session, &token, &compute(), NOW), RetryDecision::Retry);
            let (pending, request) = sent_request(to(&mut session, &compute(), NOW));
            let accepts = !matches!(status, 401 | 407 | 429 | 500..);
            let asks = text == "third" && !accepts;
            assert_eq!(request.method() == "GET", asks, "{status}");
            let response = if asks { refusal(404) } else { self::token(text, "p", NOW) };
            session.handle_response(pending, response, NOW).unwrap();
        }
    }
}

/// A session at odds with a service: the identity service has called the second token valid.
fn at_odds() -> Session {
    let mut session = logged_in();
    let first = current(&mut session, NOW);
    assert_eq!(on_401(&mut session, &first, &compute(), NOW), RetryDecision::Retry);
    replace(&mut session, &compute(), "second", NOW);
    let second = current(&mut session, NOW);
    assert_eq!(on_401(&mut session, &second, &compute(), NOW), RetryDecision::Retry);
    let pending = question(&mut session, &compute(), NOW);
    waits(to(&mut session, &compute(), NOW));
    session.handle_response(pending, response(200, None, "{}"), NOW).unwrap();
    session
}

#[test]
fn a_service_at_odds_forces_nothing() {
    let mut session = at_odds();
    let until = NOW + seconds(60);
    let wanted = Event::ServiceAtOdds {
        scope: scope("p"),
        origin: "https://compute.example:443".to_owned(),
        until,
    };
    assert_eq!(events(&mut session).pop(), Some(wanted));
    for second in 0..60 {
        let now = NOW + seconds(second);
        let token = used(to(&mut session, &compute(), now));
        assert_eq!(token.expose(), "second");
        assert_eq!(on_401(&mut session, &token, &compute(), now), RetryDecision::Deliver);
        let origin = "https://compute.example:443".to_owned();
        let reason = RefusalReason::AtOdds;
        assert_eq!(events(&mut session), [Event::RefusalDelivered { origin, reason }]);
    }
    // Afterwards the identity service is asked again, before any login.
    let second = current(&mut session, until);
    assert_eq!(on_401(&mut session, &second, &compute(), until), RetryDecision::Retry);
    drop(question(&mut session, &compute(), until));
}

#[test]
fn other_services_are_not_concerned() {
    let mut session = at_odds();
    let second = current(&mut session, NOW);
    accept(&second, &volume());
    assert_eq!(on_401(&mut session, &second, &volume(), NOW), RetryDecision::Retry);
    replace(&mut session, &volume(), "third", NOW);
    // The service that was at odds is still.
    let third = current(&mut session, NOW);
    assert_eq!(on_401(&mut session, &third, &compute(), NOW), RetryDecision::Deliver);
}

#[test]
fn an_invalid_token_is_dropped_for_all() {
    for status in [401, 404] {
        let mut session = logged_in();
        let first = current(&mut session, NOW);
        let _ = on_401(&mut session, &first, &compute(), NOW);
        replace(&mut session, &compute(), "second", NOW);
        let second = current(&mut session, NOW);
        let _ = on_401(&mut session, &second, &compute(), NOW);
        let pending = question(&mut session, &compute(), NOW);
        assert_eq!(used(to(&mut session, &volume(), NOW)).expose(), "second");
        session.handle_response(pending, refusal(status), NOW).unwrap();
        assert!(session.cached_token(&scope("p"), NOW).is_none());
        let pending = sent(to(&mut session, &volume(), NOW));
        session.handle_response(pending, token("third", "p", NOW), NOW).unwrap();
        assert_eq!(used(to(&mut session, &compute(), NOW)).expose(), "third");
    }
}

#[test]
fn a_third_token_decides_without_an_answer() {
    let mut session = logged_in();
    let unavailable = || Failure::new(FailureKind::Connect, "refused");
    for text in ["second", "third"] {
        let token = current(&mut session, NOW);
        assert_eq!(on_401(&mut session, &token, &compute(), NOW), RetryDecision::Retry);
        if text == "third" {
            let pending = question(&mut session, &compute(), NOW);
            session.handle_failure(pending, unavailable(), NOW).unwrap();
        }
        replace(&mut session, &compute(), text, NOW);
    }
    let third = current(&mut session, NOW);
    assert_eq!(on_401(&mut session, &third, &compute(), NOW), RetryDecision::Retry);
    let pending = question(&mut session, &compute(), NOW);
    session.handle_failure(pending, unavailable(), NOW).unwrap();
    assert_eq!(used(to(&mut session, &compute(), NOW)).expose(), "third");
    assert_eq!(on_401(&mut session, &third, &compute(), NOW), RetryDecision::Deliver);
}

#[test]
fn v2_cannot_be_asked_about_a_token() {
    let cloud = Cloud::keystone("https://keystone.example/v2.0").unwrap();
    let credential = Credential::password("alice", "alice-pw");
    let mut session = Session::new(cloud, credential, Settings::default()).unwrap();
    let token = |text: &str| {
        let body = format!(
            r#"{{"access": {{"token": {{"id": "{text}", "expires": "2026-11-22T09:00:00Z",
                "tenant": {{"id": "p"}}}}}}}}"#
        );
        response(200, None, &body)
    };
    respond(&mut session, &scope("p"), token("first"), NOW);
    for text in ["second", "third"] {
        let refused = current(&mut session, NOW);
        assert_eq!(on_401(&mut session, &refused, &compute(), NOW), RetryDecision::Retry);
        let pending = sent(to(&mut session, &compute(), NOW));
        session.handle_response(pending, token(text), NOW).unwrap();
    }
    let third = current(&mut session, NOW);
    let _ = on_401(&mut session, &third, &compute(), NOW);
    assert_eq!(used(to(&mut session, &compute(), NOW)).expose(), "third");
    assert_eq!(on_401(&mut session, &third, &compute(), NOW), RetryDecision::Deliver);
}

#[test]
fn a_suspected_token_serves_the_others() {
    let (mut session, p) = (logged_in(), scope("p"));
    let first = current(&mut session, NOW);
    for url in [compute(), volume()] {
        accept(&first, &url);
    }
    let _ = on_401(&mut session, &first, &compute(), NOW);
    let serves = |session: &mut Session, now| {
        assert_eq!(used(to(session, &volume(), now)).expose(), "first");
        assert_eq!(used(session.poll_to(&p, Destination::Later, now)).expose(), "first");
    };
    serves(&mut session, NOW);
    let pending = sent(to(&mut session, &compute(), NOW));
    serves(&mut session, NOW);
    // A caller that may be one of the refusing service waits while a login is under way.
    waits(session.poll(&p, NOW));
    session.handle_failure(pending, Failure::new(FailureKind::Connect, "refused"), NOW).unwrap();
    serves(&mut session, NOW);
    assert_eq!(used(session.poll(&p, NOW)).expose(), "first");
    // Callers of the refusing service wait for the next attempt.
    let again = waits(to(&mut session, &compute(), NOW));
    assert!(again - NOW <= time::Duration::milliseconds(250));
    // Until its renewal is due.
    serves(&mut session, NOW + seconds(2600));
    let _ = sent(to(&mut session, &volume(), NOW + seconds(3599)));
}

#[test]
fn a_body_that_cannot_be_repeated_is_not() {
    let mut session = logged_in();
    let first = current(&mut session, NOW);
    accept(&first, &compute());
    events(&mut session);
    let decision = ServiceCall::new().decide(&mut session, &first, &compute(), false, NOW);
    assert_eq!(decision, RetryDecision::Deliver);
    let origin = || "https://compute.example:443".to_owned();
    assert_eq!(
        events(&mut session),
        [
            Event::TokenRejected { scope: scope("p"), origin: origin() },
            Event::RefusalDelivered { origin: origin(), reason: RefusalReason::NotReplayable },
        ]
    );
    // The next caller gets another token all the same.
    replace(&mut session, &compute(), "second", NOW);
}

#[test]
fn each_call_is_retried_once() {
    let mut session = session();
    log_in(&mut session, "p", NOW);
    let mut call = ServiceCall::new();
    let first = current(&mut session, NOW);
    assert_eq!(call.decide(&mut session, &first, &compute(), true, NOW), RetryDecision::Retry);
    replace(&mut session, &compute(), "second", NOW);
    let second = current(&mut session, NOW);
    assert_eq!(call.decide(&mut session, &second, &compute(), true, NOW), RetryDecision::Deliver);
    let last = events(&mut session).pop();
    let is_repeated =
        matches!(last, Some(Event::RefusalDelivered { reason: RefusalReason::Repeated, .. }));
    assert!(is_repeated, "{last:?}");
}

#[test]
fn a_refusal_counts_in_every_scope() {
    let (mut session, default, p) = (session(), Scope::default(), scope("p"));
    for scope in [&default, &p] {
        respond(&mut session, scope, token("same", "p", NOW), NOW);
    }
    let token = current(&mut session, NOW);
    assert_eq!(on_401(&mut session, &token, &compute(), NOW), RetryDecision::Retry);
    for scope in [&default, &p] {
        let action = session.poll_to(scope, Destination::At(&compute()), NOW);
        assert!(!matches!(&action, Action::Use(_)), "{scope}: {action:?}");
    }
}

#[test]
fn a_broken_upload_makes_the_session_ask() {
    let ask = |session: &mut Session| -> (PendingRequest, Request<auth_proto::Body>) {
        let token = current(session, NOW);
        session.handle_interrupted(&token, NOW);
        assert!(session.take_wake());
        let asked = sent_request(session.poll_to(&scope("p"), Destination::Later, NOW));
        assert_eq!(asked.1.method(), "GET");
        waits(to(session, &volume(), NOW));
        asked
    };
    // The identity service does not answer: the token stays in use.
    let mut session = logged_in();
    let (pending, _) = ask(&mut session);
    session.handle_failure(pending, Failure::new(FailureKind::Timeout, "late"), NOW).unwrap();
    assert_eq!(used(to(&mut session, &volume(), NOW)).expose(), "first");
    let mut session = logged_in();
    let (pending, _) = ask(&mut session);
    session.handle_response(pending, response(200, None, "{}"), NOW).unwrap();
    assert_eq!(used(to(&mut session, &volume(), NOW)).expose(), "first");
    let mut session = logged_in();
    let (pending, _) = ask(&mut session);
    session.handle_response(pending, refusal(404), NOW).unwrap();
    let (_, request) = sent_request(to(&mut session, &volume(), NOW));
    assert_eq!(request.method(), "POST");
}

#[test]
fn a_pause_of_the_identity_service_ends_a_question() {
    let mut session = logged_in();
    let first = current(&mut session, NOW);
    disconnect(&mut session, &scope("q"), FailureKind::Connect, NOW);
    respond(&mut session, &scope("r"), crate::support::session::too_many("600"), NOW);
    session.handle_interrupted(&first, NOW);
    assert_eq!(used(to(&mut session, &volume(), NOW)).expose(), "first");
}

#[test]
fn a_question_can_be_put_off() {
    for (status, retry_after) in [(503, "60"), (404, "60"), (429, "60")] {
        let mut session = logged_in();
        let token = current(&mut session, NOW);
        session.handle_interrupted(&token, NOW);
        let pending = sent(session.poll_to(&scope("p"), Destination::Later, NOW));
        let put_off = with_header(status, "retry-after", retry_after);
        session.handle_response(pending, put_off, NOW).unwrap();
        // Nothing is known about the token, and nothing is sent before the pause ends.
        assert_eq!(used(to(&mut session, &volume(), NOW)).expose(), "first");
        let _ = on_401(&mut session, &token, &compute(), NOW);
        let error = failed(to(&mut session, &compute(), NOW));
        assert_eq!(error.retry_at(), Some(NOW + seconds(60)), "{status}");
    }
}
