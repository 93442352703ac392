//! An account under its callers: one login for all, failures shared, tokens kept.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::{sync::Arc, time::Duration};

use auth_proto::{
    Action, Cloud, Credential, DomainRef, Error, ErrorKind, Factor, Failure, FailureKind, Misuse,
    PendingRequest, RetryDecision, Scope, ServiceCall, Session, Settings, Token, UserRef, limits,
};
use http::{Response, StatusCode};
use serde_json::json;
use support::{NOW, response};
use time::UtcDateTime;

fn cloud() -> Cloud {
    Cloud::keystone("https://keystone.example/v3").unwrap()
}

fn password() -> Credential {
    Credential::password(UserRef::name_in("alice", DomainRef::name("Default")), "alice-pw")
}

fn account() -> Session {
    Session::new(cloud(), password(), Settings::default()).unwrap()
}

fn scope(id: &str) -> Scope {
    Scope::project_id(id)
}

/// A token of one hour, issued at `now`.
fn token(text: &str, project: &str, now: UtcDateTime) -> Response<Vec<u8>> {
    let stamp = auth_proto::timestamp::format;
    let body = json!({"token": {
        "expires_at": stamp(now + Duration::from_secs(3600)),
        "issued_at": stamp(now),
        "project": {"id": project},
    }});
    response(201, Some(text), &body.to_string())
}

fn refusal() -> Response<Vec<u8>> {
    let body = r#"{"error":{"code":401,"message":"no","title":"Unauthorized"}}"#;
    response(401, None, body)
}

#[track_caller]
fn sent(action: Action) -> PendingRequest {
    match action {
        Action::Send(flight, _) => flight,
        other => panic!("expected a request, got {other:?}"),
    }
}

#[track_caller]
fn used(action: Action) -> Arc<Token> {
    match action {
        Action::Use(token) => token,
        other => panic!("expected a token, got {other:?}"),
    }
}

#[track_caller]
fn failed(action: Action) -> Error {
    match action {
        Action::Fail(error) => error,
        other => panic!("expected an error, got {other:?}"),
    }
}

#[track_caller]
fn waits(action: Action) -> UtcDateTime {
    match action {
        Action::Wait(until) => until,
        other => panic!("expected a wait, got {other:?}"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An account with a living token for project `p`.
fn logged_in() -> Session {
    let mut account = account();
    let flight = sent(account.poll(&scope("p"), NOW));
    account.handle_response(flight, token("first", "p", NOW), NOW);
    account
}

#[test]
fn one_login_answers_everybody() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    for _ in 0..50 {
        assert_eq!(waits(account.poll(&p, NOW)), NOW + seconds(60));
    }
    account.handle_response(flight, token("first", "p", NOW), NOW);
    for _ in 0..50 {
        assert_eq!(used(account.poll(&p, NOW)).expose(), "first");
    }
}

#[test]
fn a_refusal_answers_everybody_and_is_latched_for_every_scope() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    account.handle_response(flight, refusal(), NOW);
    for later in [0, 60, 1799] {
        for scope in [&p, &scope("q")] {
            let error = failed(account.poll(scope, NOW + seconds(later)));
            assert!(matches!(error.kind(), ErrorKind::Rejected(_)));
            // Once another scope wants a token, the first turn at a probe is its.
            let turn = if scope == &p && later > 0 { 3600 } else { 0 };
            assert_eq!(error.retry_at(), Some(NOW + seconds(1800 + turn)));
        }
    }
    // The rare probe, alone, and then a longer pause.
    let later = NOW + seconds(1800);
    failed(account.poll(&p, later));
    let flight = sent(account.poll(&scope("q"), later));
    waits(account.poll(&scope("q"), later));
    waits(account.poll(&scope("r"), later));
    account.handle_response(flight, refusal(), later);
    for scope in [&scope("r"), &p] {
        let error = failed(account.poll(scope, later));
        assert_eq!(error.retry_at(), Some(later + seconds(4 * 3600)));
    }
}

#[test]
fn probes_can_be_turned_off_and_a_new_credential_ends_the_latch() {
    let settings = Settings::default().with_lockout_retry(false);
    let mut account = Session::new(cloud(), password(), settings).unwrap();
    let p = scope("p");
    let flight = sent(account.poll(&p, NOW));
    account.handle_response(flight, refusal(), NOW);
    let much_later = NOW + seconds(30 * 86_400);
    assert_eq!(failed(account.poll(&p, much_later)).retry_at(), None);
    account.replace_credential(password()).unwrap();
    let _flight = sent(account.poll(&p, much_later));
}

#[test]
fn an_unproven_credential_is_tried_for_one_scope_at_a_time() {
    let (mut account, p, q) = (account(), scope("p"), scope("q"));
    let flight = sent(account.poll(&p, NOW));
    waits(account.poll(&q, NOW));
    account.handle_response(flight, token("first", "p", NOW), NOW);
    let q_flight = sent(account.poll(&q, NOW));
    let _r_flight = sent(account.poll(&scope("r"), NOW));
    account.handle_response(q_flight, token("second", "q", NOW), NOW);
    assert_eq!(used(account.poll(&q, NOW)).expose(), "second");
    assert_eq!(used(account.poll(&p, NOW)).expose(), "first");
}

#[test]
fn a_token_is_renewed_early_and_served_meanwhile() {
    let (mut account, p) = (logged_in(), scope("p"));
    let renew_at = account.renew_at(&p).unwrap();
    let window = NOW + seconds(2700)..=NOW + seconds(3240);
    assert!(window.contains(&renew_at), "{renew_at}");
    assert_eq!(used(account.poll(&p, renew_at - seconds(1))).expose(), "first");
    let flight = sent(account.poll(&p, renew_at));
    assert_eq!(used(account.poll(&p, renew_at)).expose(), "first");
    account.handle_response(flight, token("second", "p", renew_at), renew_at);
    assert_eq!(used(account.poll(&p, renew_at)).expose(), "second");
}

#[test]
fn a_failed_renewal_never_costs_a_living_token() {
    for answer in [refusal(), response(503, None, ""), response(200, None, "<html>")] {
        let (mut account, p) = (logged_in(), scope("p"));
        let renew_at = account.renew_at(&p).unwrap();
        let flight = sent(account.poll(&p, renew_at));
        account.handle_response(flight, answer, renew_at);
        assert_eq!(used(account.poll(&p, renew_at)).expose(), "first");
        assert_eq!(account.cached_token(&p, NOW + seconds(3590)).unwrap().expose(), "first");
        assert!(account.cached_token(&p, NOW + seconds(3600)).is_none());
    }
}

#[test]
fn near_the_end_a_renewal_is_waited_for() {
    let (mut account, p) = (logged_in(), scope("p"));
    let near = NOW + seconds(3545);
    let flight = sent(account.poll(&p, near));
    assert!(waits(account.poll(&p, near)) <= NOW + seconds(3600));
    account.handle_failure(flight, Failure::new(FailureKind::Connect, "refused"), near);
    // Nothing better is to be had now.
    assert_eq!(used(account.poll(&p, near)).expose(), "first");
}

#[test]
fn three_attempts_are_waited_for_then_callers_are_told() {
    let (mut account, p) = (account(), scope("p"));
    let mut now = NOW;
    for attempt in 1..=3 {
        let flight = sent(account.poll(&p, now));
        account.handle_failure(flight, Failure::new(FailureKind::Connect, "refused"), now);
        if attempt < 3 {
            let until = waits(account.poll(&p, now));
            assert!(until > now && until <= now + seconds(10), "{attempt}: {until}");
            now = until;
        }
    }
    assert!(now < NOW + seconds(30));
    let error = failed(account.poll(&p, now));
    let again = error.retry_at().unwrap();
    assert!(again > now && again <= now + seconds(20), "{again}");
    assert!(error.is_retryable());
    let _flight = sent(account.poll(&p, again));
}

#[test]
fn what_an_http_client_says_repeats_no_secret() {
    let mut account = account();
    let flight = sent(account.poll(&scope("p"), NOW));
    let failure = Failure::new(FailureKind::Io, "odd answer to alice-pw");
    account.handle_failure(flight, failure, NOW);
    let told = account.last_error(&scope("p")).unwrap().to_string();
    assert!(told.contains("odd answer to [redacted]"), "{told}");
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    let mut answer = response(429, None, "");
    answer.headers_mut().insert("retry-after", "86400".parse().unwrap());
    account.handle_response(flight, answer, NOW);
    let error = failed(account.poll(&p, NOW));
    assert_eq!(error.retry_at(), Some(NOW + seconds(86_400)));
    failed(account.poll(&p, NOW + seconds(86_399)));
    let _flight = sent(account.poll(&p, NOW + seconds(86_400)));
}

#[test]
fn a_refused_token_is_replaced_once_for_all_its_users() {
    let (mut account, p) = (logged_in(), scope("p"));
    let now = NOW + seconds(100);
    let first = used(account.poll(&p, now));
    let mut calls: Vec<_> = (0..50).map(|_| ServiceCall::new()).collect();
    for call in &mut calls {
        let verdict = call.verdict(&mut account, &first, StatusCode::UNAUTHORIZED, true, now);
        assert_eq!(verdict, RetryDecision::Retry);
    }
    let flight = sent(account.poll(&p, now));
    waits(account.poll(&p, now));
    account.handle_response(flight, token("second", "p", now), now);
    let second = used(account.poll(&p, now));
    // A late 401 for the old token does not touch the new one.
    account.handle_unauthorized(&first, now);
    assert_eq!(used(account.poll(&p, now)).expose(), "second");
    // A service that refuses the fresh one as well is at odds with the identity service.
    for call in &mut calls {
        let verdict = call.verdict(&mut account, &second, StatusCode::UNAUTHORIZED, true, now);
        assert_eq!(verdict, RetryDecision::Deliver);
    }
    let mut new_call = ServiceCall::new();
    let verdict = new_call.verdict(&mut account, &second, StatusCode::UNAUTHORIZED, true, now);
    assert_eq!(verdict, RetryDecision::Deliver);
    assert_eq!(used(account.poll(&p, now)).expose(), "second");
    // A minute later it may force a login again.
    let later = now + seconds(60);
    let verdict = new_call.verdict(&mut account, &second, StatusCode::UNAUTHORIZED, true, later);
    assert_eq!(verdict, RetryDecision::Retry);
}

#[test]
fn only_a_401_to_a_body_that_can_be_sent_twice_is_replayed() {
    let (mut account, p) = (logged_in(), scope("p"));
    let first = used(account.poll(&p, NOW));
    for status in [StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR] {
        let verdict = ServiceCall::new().verdict(&mut account, &first, status, true, NOW);
        assert_eq!(verdict, RetryDecision::Deliver);
    }
    assert_eq!(used(account.poll(&p, NOW)).expose(), "first");
    let status = StatusCode::UNAUTHORIZED;
    let verdict = ServiceCall::new().verdict(&mut account, &first, status, false, NOW);
    assert_eq!(verdict, RetryDecision::Deliver);
    // The token is gone all the same.
    let _flight = sent(account.poll(&p, NOW));
}

#[test]
fn an_abandoned_flight_is_free_once() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    account.handle_abandoned(flight);
    let flight = sent(account.poll(&p, NOW));
    account.handle_abandoned(flight);
    let until = waits(account.poll(&p, NOW));
    assert!(until > NOW);
    let flight = sent(account.poll(&p, until));
    account.handle_abandoned(flight);
    waits(account.poll(&p, until));
}

#[test]
fn an_unanswered_flight_is_presumed_lost_and_its_answer_too_late() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    let lost = waits(account.poll(&p, NOW));
    let until = match account.poll(&p, lost) {
        Action::Wait(until) => until,
        Action::Fail(error) => error.retry_at().unwrap(),
        other => panic!("{other:?}"),
    };
    let second = sent(account.poll(&p, until));
    account.handle_response(flight, refusal(), until);
    account.handle_response(second, token("second", "p", until), until);
    assert_eq!(used(account.poll(&p, until)).expose(), "second");
}

#[test]
fn a_replaced_credential_counts_from_the_next_request_on() {
    let (mut account, p) = (account(), scope("p"));
    let old = sent(account.poll(&p, NOW));
    let other = Credential::password(UserRef::id("bob"), "bob-pw");
    account.replace_credential(other).unwrap();
    account.handle_response(old, refusal(), NOW);
    let Action::Send(flight, request) = account.poll(&p, NOW) else { panic!("no request") };
    assert!(std::str::from_utf8(request.body().as_bytes()).unwrap().contains("bob-pw"));
    account.handle_response(flight, token("of-bob", "p", NOW), NOW);
    assert_eq!(used(account.poll(&p, NOW)).expose(), "of-bob");
    // One that cannot work changes nothing.
    let wrong = Credential::application_credential("id", "secret");
    assert!(account.replace_credential(wrong).is_err());
    assert_eq!(used(account.poll(&p, NOW)).expose(), "of-bob");
}

#[test]
fn a_one_time_code_is_never_sent_twice() {
    let credential = password().and(Factor::totp("111111"));
    let mut account = Session::new(cloud(), credential, Settings::default()).unwrap();
    let p = scope("p");
    let flight = sent(account.poll(&p, NOW));
    account.handle_failure(flight, Failure::new(FailureKind::Io, "reset"), NOW);
    let Action::NeedFactor(challenge) = account.poll(&p, NOW) else { panic!("no question") };
    assert_eq!(challenge.missing().collect::<Vec<_>>(), [["totp"]]);
    assert_eq!(challenge.expires_at(), None);
    let wrong = account.submit_factor(&p, Factor::password("x")).unwrap_err();
    assert!(matches!(wrong.kind(), ErrorKind::Misuse(Misuse::WrongFactor)));
    account.submit_factor(&p, Factor::totp("222222")).unwrap();
    // The pause after the failure is still kept.
    let until = waits(account.poll(&p, NOW));
    let Action::Send(flight, request) = account.poll(&p, until) else { panic!("no request") };
    let body = std::str::from_utf8(request.body().as_bytes()).unwrap();
    assert!(body.contains("222222") && !body.contains("111111"));
    account.handle_response(flight, token("first", "p", until), until);
    let first = used(account.poll(&p, until));
    // It lives to its end, because a person would be asked, and a 401 is handed on.
    let end = account.renew_at(&p).unwrap();
    assert_eq!(end, until + seconds(3598));
    assert_eq!(used(account.poll(&p, end - seconds(1))).expose(), "first");
    let verdict =
        ServiceCall::new().verdict(&mut account, &first, StatusCode::UNAUTHORIZED, true, until);
    assert_eq!(verdict, RetryDecision::Deliver);
    assert!(matches!(account.poll(&p, until), Action::NeedFactor(_)));
}

#[test]
fn a_receipt_is_answered_for_its_scope() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    let body = json!({
        "receipt": {"methods": ["password"], "expires_at": "2026-11-22T08:05:00Z"},
        "required_auth_methods": [["password", "totp"]],
    });
    let mut receipt = response(401, None, &body.to_string());
    receipt.headers_mut().insert("openstack-auth-receipt", "gAAA".parse().unwrap());
    account.handle_response(flight, receipt, NOW);
    assert!(matches!(account.poll(&p, NOW), Action::NeedFactor(_)));
    account.submit_factor(&p, Factor::totp("123456")).unwrap();
    let Action::Send(flight, request) = account.poll(&p, NOW) else { panic!("no request") };
    assert_eq!(request.headers()["openstack-auth-receipt"], "gAAA");
    // A wrong code does not condemn the password, which was right.
    account.handle_response(flight, refusal(), NOW);
    let error = failed(account.poll(&p, NOW));
    assert!(error.to_string().ends_with("may have expired: start a new login"), "{error}");
    // Nothing has to be waited for.
    account.submit_factor(&p, Factor::totp("654321")).unwrap();
    let Action::Send(..) = account.poll(&p, NOW) else { panic!("no request") };
}

#[test]
fn a_shorter_token_does_not_displace_a_longer_one() {
    let (mut account, p) = (logged_in(), scope("p"));
    let renew_at = account.renew_at(&p).unwrap();
    let flight = sent(account.poll(&p, renew_at));
    // A cached answer, as old as the first one.
    account.handle_response(flight, token("cached", "p", NOW), renew_at);
    let served = used(account.poll(&p, renew_at));
    assert!(["first", "cached"].contains(&served.expose()));
    let again = account.renew_at(&p).unwrap();
    assert!(again >= renew_at, "{again}");
}

#[test]
fn a_clock_that_jumps_makes_nothing_worse() {
    let (mut account, p) = (logged_in(), scope("p"));
    // Backwards: the token is served, and no wait grows.
    for back in [1, 3600, 86_400 * 365 * 100] {
        assert_eq!(used(account.poll(&p, NOW - seconds(back))).expose(), "first");
    }
    let (mut account, p) = (logged_in(), scope("p"));
    let far = NOW + seconds(86_400 * 365 * 100);
    let flight = sent(account.poll(&p, far));
    assert!(account.cached_token(&p, far).is_none());
    account.handle_response(flight, token("second", "p", NOW), far);
    assert_eq!(used(account.poll(&p, NOW)).expose(), "second");
    for end in [UtcDateTime::MIN, UtcDateTime::MAX] {
        let _ = account.poll(&p, end);
    }
}

#[test]
fn closing_ends_everything() {
    let (mut account, p) = (logged_in(), scope("p"));
    let q_flight = sent(account.poll(&scope("q"), NOW));
    let first = used(account.poll(&p, NOW));
    account.close();
    account.handle_response(q_flight, token("second", "q", NOW), NOW);
    for scope in [&p, &scope("q")] {
        assert!(matches!(failed(account.poll(scope, NOW)).kind(), ErrorKind::Closed));
        assert!(account.cached_token(scope, NOW).is_none());
    }
    let verdict =
        ServiceCall::new().verdict(&mut account, &first, StatusCode::UNAUTHORIZED, true, NOW);
    assert_eq!(verdict, RetryDecision::Deliver);
}

#[test]
fn sessions_are_bounded_and_none_in_flight_is_evicted() {
    let mut account = logged_in();
    let mut flights = Vec::new();
    for index in 0..limits::SCOPES {
        flights.push(sent(account.poll(&scope(&format!("s{index}")), NOW + seconds(120))));
    }
    // The one that nobody asked for of late made room; nobody else does, not even with a token.
    let now = NOW + seconds(120);
    assert!(account.cached_token(&scope("p"), now).is_none());
    let flight = flights.remove(0);
    account.handle_response(flight, token("s0-token", "s0", now), now);
    for later in [120, 179] {
        let error = failed(account.poll(&scope("one more"), NOW + seconds(later)));
        assert!(matches!(error.kind(), ErrorKind::Misuse(Misuse::TooManyScopes)));
    }
}

#[test]
fn a_scope_with_nothing_to_lose_makes_room_before_one_with_a_token() {
    let mut account = logged_in();
    let flight = sent(account.poll(&scope("empty"), NOW));
    account.handle_failure(flight, Failure::new(FailureKind::Connect, "refused"), NOW);
    let now = NOW + seconds(120);
    for index in 2..=limits::SCOPES {
        let _flight = sent(account.poll(&scope(&format!("s{index}")), now));
    }
    assert!(account.cached_token(&scope("p"), now).is_some());
}

#[test]
fn discovery_is_done_once_for_all_scopes() {
    let cloud = Cloud::keystone("https://keystone.example").unwrap();
    let mut account = Session::new(cloud, password(), Settings::default()).unwrap();
    let p = scope("p");
    let Action::Send(flight, request) = account.poll(&p, NOW) else { panic!("no request") };
    assert_eq!(request.method(), "GET");
    let versions = r#"{"versions":{"values":[{"id":"v3.14","status":"stable"}]}}"#;
    account.handle_response(flight, response(300, None, versions), NOW);
    let Action::Send(flight, request) = account.poll(&p, NOW) else { panic!("no request") };
    assert_eq!(request.method(), "POST");
    account.handle_response(flight, token("first", "p", NOW), NOW);
    let Action::Send(_flight, request) = account.poll(&scope("q"), NOW) else {
        panic!("no request")
    };
    assert_eq!(request.method(), "POST");
}
