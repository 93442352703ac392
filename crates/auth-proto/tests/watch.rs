//! What an account tells those who watch over it, and those who renew in the background.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod support;

use std::{iter, time::Duration};

use auth_proto::{
    Action, Cloud, Credential, ErrorKind, Event, Factor, Failure, FailureClass, FailureKind,
    PendingRequest, Scope, Session, Settings, UserRef, limits,
};
use http::{HeaderValue, Response, header};
use serde_json::json;
use support::{NOW, response};
use time::UtcDateTime;

fn account_with(settings: Settings) -> Session {
    let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
    let credential = Credential::password(UserRef::id("u1"), "t0ps3cret-password");
    Session::new(cloud, credential, settings).unwrap()
}

fn account() -> Session {
    account_with(Settings::default())
}

fn scope(id: &str) -> Scope {
    Scope::project_id(id)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A token of one hour.
fn token(text: &str, project: &str, now: UtcDateTime) -> Response<Vec<u8>> {
    let stamp = auth_proto::timestamp::format;
    let body = json!({"token": {
        "expires_at": stamp(now + seconds(3600)),
        "issued_at": stamp(now),
        "project": {"id": project},
    }});
    response(201, Some(text), &body.to_string())
}

fn unavailable(retry_after: Option<&'static str>) -> Response<Vec<u8>> {
    let mut answer = response(503, None, "busy");
    if let Some(value) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(value));
    }
    answer
}

fn io() -> Failure {
    Failure::new(FailureKind::Io, "reset")
}

#[track_caller]
fn sent(action: Action) -> PendingRequest {
    match action {
        Action::Send(flight, _) => flight,
        other => panic!("expected a request, got {other:?}"),
    }
}

#[track_caller]
fn used(action: Action) -> String {
    match action {
        Action::Use(token) => token.expose().to_owned(),
        other => panic!("expected a token, got {other:?}"),
    }
}

#[track_caller]
fn waits(action: Action) -> UtcDateTime {
    match action {
        Action::Wait(until) => until,
        other => panic!("expected a wait, got {other:?}"),
    }
}

fn log_in(account: &mut Session, text: &str, project: &str, now: UtcDateTime) {
    let flight = sent(account.poll(&scope(project), now));
    account.handle_response(flight, token(text, project, now), now);
}

fn events(account: &mut Session) -> Vec<Event> {
    iter::from_fn(|| account.poll_event()).collect()
}

#[test]
fn an_outage_is_told() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    account.handle_failure(flight, io(), NOW);
    let retry_at = waits(account.poll(&p, NOW));
    log_in(&mut account, "first", "p", retry_at);
    let error = io().into();
    assert_eq!(
        events(&mut account),
        [
            Event::LoginStarted { scope: p.clone() },
            Event::LoginFailed {
                scope: p.clone(),
                class: FailureClass::Transient,
                error,
                retry_at
            },
            Event::LoginStarted { scope: p.clone() },
            Event::TokenRenewed { scope: p, expires_at: retry_at + seconds(3600) },
        ]
    );
    assert_eq!(account.poll_event(), None);
}

#[test]
fn a_refusal_is_told_with_its_probe() {
    for (probes, probe_at) in [(true, Some(NOW + seconds(1800))), (false, None)] {
        let mut account = account_with(Settings::default().with_lockout_retry(probes));
        let flight = sent(account.poll(&scope("p"), NOW));
        account.handle_response(flight, response(401, None, "{}"), NOW);
        let told = events(&mut account);
        let [_, Event::CredentialRejected { scope: told, error, retry_at }] = &told[..] else {
            panic!("{told:?}")
        };
        assert_eq!((told, *retry_at), (&scope("p"), probe_at));
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)));
    }
}

#[test]
fn a_failure_is_told_with_the_time_that_holds_for_all() {
    let mut account = account();
    log_in(&mut account, "first", "p", NOW);
    let (q, r) = (sent(account.poll(&scope("q"), NOW)), sent(account.poll(&scope("r"), NOW)));
    account.handle_response(q, unavailable(Some("120")), NOW);
    account.handle_failure(r, io(), NOW);
    let Some(Event::LoginFailed { retry_at, .. }) = events(&mut account).pop() else { panic!() };
    assert_eq!(retry_at, NOW + seconds(120));
}

#[test]
fn what_only_a_change_can_mend_is_told_as_such() {
    let mut account = account();
    let flight = sent(account.poll(&scope("p"), NOW));
    let tls = Failure::new(FailureKind::Tls, "unknown issuer");
    account.handle_failure(flight, tls, NOW);
    let told = events(&mut account).pop().unwrap();
    let pause_ends = NOW + seconds(300);
    assert!(
        matches!(&told, Event::LoginFailed { class: FailureClass::Permanent, retry_at, .. } if *retry_at == pause_ends),
        "{told:?}"
    );
}

#[test]
fn a_refused_token_is_told_once_for_all_who_were_refused() {
    let (mut account, p) = (account(), scope("p"));
    log_in(&mut account, "first", "p", NOW);
    let token = account.cached_token(&p, NOW).unwrap();
    events(&mut account);
    for _ in 0..50 {
        account.handle_unauthorized(&token, NOW + seconds(9));
    }
    assert_eq!(events(&mut account), [Event::TokenRejected { scope: p }]);
}

#[test]
fn jumps_of_the_clock_are_told_and_its_corrections_are_not() {
    let (mut account, p) = (account(), scope("p"));
    log_in(&mut account, "first", "p", NOW);
    events(&mut account);
    let mut now = NOW;
    for (by, jumps) in [(3600, false), (-1, false), (-2, true), (86_400, false), (86_401, true)] {
        now += time::Duration::seconds(by);
        let _ = account.cached_token(&p, now);
        let told = events(&mut account);
        let jump = Event::ClockJump { by: time::Duration::seconds(by) };
        assert_eq!(told, if jumps { vec![jump] } else { vec![] }, "{by}");
    }
}

#[test]
fn the_last_events_are_kept() {
    let (mut account, p) = (account(), scope("p"));
    for number in 0..100 {
        let flight = sent(account.poll(&p, NOW + seconds(number * 1000)));
        account.handle_failure(flight, io(), NOW + seconds(number * 1000));
    }
    let told = events(&mut account);
    assert_eq!(told.len(), limits::EVENTS);
    let Some(Event::LoginFailed { retry_at, .. }) = told.last() else { panic!("{told:?}") };
    assert!(*retry_at > NOW + seconds(99_000));
}

#[test]
fn events_say_in_words_what_happened() {
    let (p, at) = (scope("p"), NOW);
    let error: auth_proto::Error = io().into();
    let back = time::Duration::seconds(-5);
    for (event, words) in [
        (Event::ClockJump { by: back }, "the clock went back by 5s"),
        (Event::ClockJump { by: -back }, "the clock went forward by 5s at once"),
        (Event::LoginStarted { scope: p.clone() }, "login started"),
        (Event::TokenRejected { scope: p.clone() }, "token refused by a service, and dropped"),
        (
            Event::TokenRenewed { scope: p.clone(), expires_at: at },
            "token renewed; it ends at 2026-11-22T08:00:00Z",
        ),
        (
            Event::CredentialRejected { scope: p, error, retry_at: None },
            "credential refused: the connection failed: reset; not sent again before it is replaced",
        ),
    ] {
        assert_eq!(event.to_string(), words);
    }
}

#[test]
fn a_service_that_asks_to_be_left_alone_is_left_alone_by_all_scopes() {
    let mut account = account();
    log_in(&mut account, "first", "p", NOW);
    let (q, r) = (scope("q"), scope("r"));
    let flight = sent(account.poll(&q, NOW));
    account.handle_response(flight, unavailable(Some("120")), NOW);
    for scope in [&q, &r] {
        let Action::Fail(error) = account.poll(scope, NOW + seconds(119)) else { panic!() };
        assert_eq!(error.retry_at(), Some(NOW + seconds(120)));
        assert!(matches!(error.kind(), ErrorKind::Unavailable(_)));
    }
    // Nor is a token renewed meanwhile, and it serves.
    assert_eq!(used(account.poll(&scope("p"), NOW + seconds(119))), "first");
    log_in(&mut account, "second", "r", NOW + seconds(120));
}

#[test]
fn a_short_wish_to_be_left_alone_is_waited_out_by_all_scopes() {
    let mut account = account();
    let (q, r) = (scope("q"), scope("r"));
    let flight = sent(account.poll(&q, NOW));
    account.handle_response(flight, unavailable(Some("20")), NOW);
    assert_eq!(waits(account.poll(&q, NOW)), NOW + seconds(20));
    assert_eq!(waits(account.poll(&r, NOW)), NOW + seconds(20));
    // The next login ends it for all, wherever it was.
    log_in(&mut account, "first", "r", NOW + seconds(20));
    drop(sent(account.poll(&q, NOW + seconds(20))));
}

#[test]
fn what_is_told_at_once_goes_before_what_is_waited_for() {
    let mut account = account();
    let (p, q) = (scope("p"), scope("q"));
    let flight = sent(account.poll(&p, NOW));
    account.handle_failure(flight, Failure::new(FailureKind::Tls, "unknown issuer"), NOW);
    let flight = sent(account.poll(&q, NOW));
    account.handle_response(flight, unavailable(Some("20")), NOW);
    let Action::Fail(error) = account.poll(&p, NOW) else { panic!("it waits in vain") };
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}");
}

#[test]
fn other_failures_are_a_scopes_own() {
    let mut account = account();
    log_in(&mut account, "first", "p", NOW);
    let flight = sent(account.poll(&scope("q"), NOW));
    account.handle_response(flight, unavailable(None), NOW);
    waits(account.poll(&scope("q"), NOW));
    drop(sent(account.poll(&scope("r"), NOW)));
}

#[test]
fn early_renewals_are_left_to_the_one_in_the_background() {
    let (mut account, p) = (account(), scope("p"));
    assert_eq!(account.renew_at(&p), None);
    let flight = sent(account.renew(&p, NOW));
    account.handle_response(flight, token("first", "p", NOW), NOW);
    let due = account.renew_at(&p).unwrap();
    assert!((NOW + seconds(2700)..=NOW + seconds(3240)).contains(&due));
    // Callers do not renew, and the one in the background does.
    assert_eq!(used(account.poll(&p, due)), "first");
    let flight = sent(account.renew(&p, due));
    assert_eq!(used(account.poll(&p, due)), "first");
    assert_eq!(used(account.renew(&p, due)), "first");
    // While it is in the air there is nothing to do before it is lost.
    assert_eq!(account.renew_at(&p), Some(due + seconds(60)));
    account.handle_failure(flight, io(), due);
    let again = account.renew_at(&p).unwrap();
    assert!((due + seconds(2)..=due + seconds(5)).contains(&again));
    assert_eq!(used(account.renew(&p, due)), "first");
    let flight = sent(account.renew(&p, again));
    account.handle_response(flight, token("second", "p", again), again);
    assert_eq!(used(account.poll(&p, again)), "second");
}

#[test]
fn callers_renew_again_if_the_one_in_the_background_is_gone() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.renew(&p, NOW));
    account.handle_response(flight, token("first", "p", NOW), NOW);
    assert_eq!(used(account.poll(&p, NOW + seconds(3539))), "first");
    drop(sent(account.poll(&p, NOW + seconds(3540))));
}

#[test]
fn a_renewal_has_nothing_to_do_while_the_account_is_held() {
    let (mut account, p) = (account(), scope("p"));
    log_in(&mut account, "first", "p", NOW);
    let due = account.renew_at(&p).unwrap();
    let flight = sent(account.renew(&p, due));
    account.handle_response(flight, response(401, None, "{}"), due);
    // Half an hour, but the token ends before.
    assert_eq!(account.renew_at(&p), Some(NOW + seconds(3598)));
    assert_eq!(used(account.poll(&p, NOW + seconds(3597))), "first");
    let _ = account.cached_token(&p, NOW + seconds(3598));
    assert_eq!(account.renew_at(&p), None);
}

#[test]
fn a_token_with_a_person_in_its_login_is_not_renewed_before_it_ends() {
    let (mut account, p) = (account(), scope("p"));
    let flight = sent(account.poll(&p, NOW));
    let receipt = json!({
        "receipt": {"methods": ["password"], "expires_at": "2026-11-22T08:05:00Z"},
        "required_auth_methods": [["password", "totp"]],
    });
    let mut wanted = response(401, None, &receipt.to_string());
    wanted.headers_mut().insert("openstack-auth-receipt", HeaderValue::from_static("r"));
    account.handle_response(flight, wanted, NOW);
    account.submit_factor(&p, Factor::totp("123456")).unwrap();
    log_in(&mut account, "first", "p", NOW);
    let end = NOW + seconds(3598);
    assert_eq!(account.renew_at(&p), Some(end));
    assert_eq!(used(account.poll(&p, end - seconds(1))), "first");
    drop(sent(account.poll(&p, end)));
}

#[test]
fn the_window_of_renewal_is_the_users() {
    let mut all = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let settings = Settings::default().with_renewal(20..=30).with_seed(seed);
        let mut account = account_with(settings);
        log_in(&mut account, "first", "p", NOW);
        let due = account.renew_at(&scope("p")).unwrap();
        assert!((NOW + seconds(720)..=NOW + seconds(1080)).contains(&due), "{due}");
        all.insert(due);
    }
    assert_eq!(all.len(), 20, "each seed has its own");
    // What makes no sense is put right.
    for (low, high) in [(0, 0), (200, 300), (100, 0)] {
        let percent = low..=high;
        let mut account = account_with(Settings::default().with_renewal(percent));
        log_in(&mut account, "first", "p", NOW);
        let due = account.renew_at(&scope("p")).unwrap();
        assert!((NOW + seconds(36)..=NOW + seconds(3564)).contains(&due), "{due}");
    }
}

#[test]
fn trouble_is_what_the_last_login_failed_with() {
    let (mut account, p) = (account(), scope("p"));
    assert_eq!(account.last_error(&p), None);
    let flight = sent(account.poll(&p, NOW));
    assert_eq!(account.last_error(&p), None);
    account.handle_failure(flight, io(), NOW);
    let later = waits(account.poll(&p, NOW));
    let told = account.last_error(&p).unwrap();
    assert!(matches!(told.kind(), ErrorKind::Transport(_)));
    assert_eq!(told.retry_at(), Some(later));
    let flight = sent(account.poll(&p, later));
    assert_eq!(account.last_error(&p), Some(io().into()));
    account.handle_response(flight, token("first", "p", later), later);
    assert_eq!(account.last_error(&p), None);
}
