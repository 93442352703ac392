//! One login for all callers of a scope, lost requests, and the number of scopes.

use std::time::Duration;

use auth_proto::{
    Action, ErrorKind, Failure, FailureKind, Misuse, PendingRequest, Session, Settings,
};
use http::{HeaderMap, StatusCode};
use time::UtcDateTime;

use crate::support::{
    NOW, password,
    session::{
        disconnect, failed, log_in, logged_in, refusal, respond, scope, seconds, sent,
        sent_request, session, session_at, session_with, token, used, versions, waits,
    },
};

#[test]
fn one_login_serves_all_callers() {
    let (mut session, p) = (session(), scope("p"));
    let pending = sent(session.poll(&p, NOW));
    for _ in 0..50 {
        assert_eq!(waits(session.poll(&p, NOW)), NOW + seconds(60));
    }
    session.handle_response(pending, token("first", "p", NOW), NOW).unwrap();
    for _ in 0..50 {
        assert_eq!(used(session.poll(&p, NOW)).expose(), "first");
    }
}

#[test]
fn an_unverified_credential_is_tried_alone() {
    let (mut session, p, q) = (session(), scope("p"), scope("q"));
    let pending = sent(session.poll(&p, NOW));
    waits(session.poll(&q, NOW));
    session.handle_response(pending, token("first", "p", NOW), NOW).unwrap();
    let pending = sent(session.poll(&q, NOW));
    let _ = sent(session.poll(&scope("r"), NOW));
    session.handle_response(pending, token("second", "q", NOW), NOW).unwrap();
    assert_eq!(used(session.poll(&q, NOW)).expose(), "second");
    assert_eq!(used(session.poll(&p, NOW)).expose(), "first");
}

#[test]
fn discovery_is_done_once_for_all_scopes() {
    let (mut session, p) = (session_at("https://keystone.example", password()), scope("p"));
    let (pending, request) = sent_request(session.poll(&p, NOW));
    assert_eq!(request.method(), "GET");
    session.handle_response(pending, versions(), NOW).unwrap();
    let (pending, request) = sent_request(session.poll(&p, NOW));
    assert_eq!(request.method(), "POST");
    session.handle_response(pending, token("first", "p", NOW), NOW).unwrap();
    let (_, request) = sent_request(session.poll(&scope("q"), NOW));
    assert_eq!(request.method(), "POST");
}

#[test]
fn a_dropped_request_is_sent_by_the_next_caller() {
    let (mut session, p) = (session(), scope("p"));
    for _ in 0..1000 {
        let pending = sent(session.poll(&p, NOW));
        waits(session.poll(&p, NOW));
        drop(pending);
    }
    let pending = sent(session.poll(&p, NOW));
    assert!(session.take_wake());
    session.handle_response(pending, token("first", "p", NOW), NOW).unwrap();
    used(session.poll(&p, NOW));
}

#[test]
fn an_abandoned_request_is_no_failure() {
    // Of a service that has accepted the password.
    let (mut session, q) = (logged_in(), scope("q"));
    for _ in 0..1000 {
        let pending = sent(session.poll(&q, NOW));
        session.handle_abandoned(pending).unwrap();
        assert_eq!(session.last_error(&q), None);
    }
}

#[test]
fn a_request_of_another_session_is_refused() {
    let (mut one, mut other, p) = (session(), session(), scope("p"));
    let take = |one: &mut Session| sent(one.poll(&scope("p"), NOW));
    for hand_in in [
        |other: &mut Session, pending| other.handle_response(pending, refusal(401), NOW),
        |other: &mut Session, pending| {
            other.handle_failure(pending, Failure::new(FailureKind::Io, "reset"), NOW)
        },
        |other: &mut Session, pending| other.handle_abandoned(pending),
    ] {
        let error = hand_in(&mut other, take(&mut one)).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::OtherSession));
        // Nothing has happened to either session.
        assert_eq!(other.last_error(&p), None);
    }
    let _ = take(&mut other);
}

/// Sends the next request as soon as the session allows it, and reports this result. Returns the
/// send times within an hour, in seconds.
fn send_times(mut report: impl FnMut(&mut Session, PendingRequest, UtcDateTime)) -> Vec<u64> {
    let mut session = session();
    let mut times = Vec::new();
    let scopes = ["p", "q", "r", "s"].map(scope);
    for second in 0..3600 {
        let now = NOW + seconds(second);
        for scope in &scopes {
            if let Action::Send(pending, _) = session.poll(scope, now) {
                times.push(second);
                report(&mut session, pending, now);
            }
        }
    }
    times
}

#[test]
fn a_password_without_a_status_is_sent_rarely() {
    let rare = [0, 1, 30, 450, 900, 1350, 1800, 2250, 2700, 3150];
    let of = |kind| {
        send_times(move |session, pending, now| {
            session.handle_failure(pending, Failure::new(kind, "lost"), now).unwrap();
        })
    };
    for kind in [FailureKind::Io, FailureKind::Timeout] {
        assert_eq!(of(kind), rare, "{kind:?}");
    }
    assert_eq!(send_times(|session, pending, _| session.handle_abandoned(pending).unwrap()), rare);
    // Never sent, or not looked at by the service.
    for kind in [FailureKind::Connect, FailureKind::Dns] {
        assert!(of(kind).len() > 100, "{kind:?}");
    }
    let unavailable = send_times(|session, pending, now| {
        session.handle_response(pending, refusal(503), now).unwrap();
    });
    assert!(unavailable.len() > 100);
}

#[test]
fn a_failure_names_the_origin() {
    for (url, origin) in [
        ("https://keystone.example/identity/v3", "https://keystone.example:443"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ] {
        for kind in [
            FailureKind::Connect,
            FailureKind::Dns,
            FailureKind::Io,
            FailureKind::Timeout,
            FailureKind::Tls,
        ] {
            let (mut session, p) = (session_at(url, password()), scope("p"));
            let pending = sent(session.poll(&p, NOW));
            session.handle_failure(pending, Failure::new(kind, "why"), NOW).unwrap();
            let text = session.last_error(&p).unwrap().to_string();
            assert!(text.starts_with(&format!("{kind}: {origin}: why")), "{text}");
        }
        let (mut session, p) = (session_at(url, password()), scope("p"));
        let lost = sent(session.poll(&p, NOW));
        let _ = session.poll(&p, NOW + seconds(3600));
        let text = session.last_error(&p).unwrap().to_string();
        assert!(text.starts_with(&format!("no response in time: {origin}: presumed")), "{text}");
        drop(lost);
    }
}

#[test]
fn a_refusal_counts_without_its_body() {
    for status in [401, 403] {
        let sent = send_times(|session, pending, now| {
            let status = StatusCode::from_u16(status).unwrap();
            let cut = Failure::new(FailureKind::Io, "cut").with_head(status, HeaderMap::new());
            session.handle_failure(pending, cut, now).unwrap();
        });
        assert_eq!(sent[..2], [0, 1800], "{status}");
    }
    // A token whose description is cut proves the password.
    let sent = send_times(|session, pending, now| {
        let cut = Failure::new(FailureKind::Io, "cut");
        let cut = cut.with_head(StatusCode::CREATED, HeaderMap::new());
        session.handle_failure(pending, cut, now).unwrap();
    });
    assert!(sent.len() > 100);
}

#[test]
fn a_response_after_its_time_changes_nothing() {
    let (mut session, p) = (session(), scope("p"));
    let late = sent(session.poll(&p, NOW));
    let lost = waits(session.poll(&p, NOW));
    let until = match session.poll(&p, lost) {
        Action::Wait(until) => until,
        Action::Fail(error) => error.retry_at().unwrap(),
        other => panic!("{other:?}"),
    };
    let second = sent(session.poll(&p, until));
    session.handle_response(late, refusal(401), until).unwrap();
    session.handle_response(second, token("second", "p", until), until).unwrap();
    assert_eq!(used(session.poll(&p, until)).expose(), "second");
}

/// A session with a few places, and a token for `p`.
fn small() -> Session {
    let mut session = session_with(Settings::default().with_max_scopes(PLACES));
    log_in(&mut session, "p", NOW);
    session
}

const PLACES: usize = 8;

#[test]
fn a_scope_in_use_keeps_its_place() {
    let mut session = small();
    let now = NOW + seconds(120);
    let mut pending: Vec<_> =
        (0..PLACES).map(|index| sent(session.poll(&scope(&format!("s{index}")), now))).collect();
    // The scope that was idle for two minutes made room. The others do not, even with a token.
    assert!(session.cached_token(&scope("p"), now).is_none());
    session.handle_response(pending.remove(0), token("s0-token", "s0", now), now).unwrap();
    for later in [0, 59] {
        let error = failed(session.poll(&scope("one more"), now + seconds(later)));
        assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::TooManyScopes));
    }
}

#[test]
fn a_scope_without_a_token_makes_room_first() {
    let mut session = small();
    disconnect(&mut session, &scope("empty"), FailureKind::Connect, NOW);
    let now = NOW + seconds(120);
    for index in 2..=PLACES {
        let _ = sent(session.poll(&scope(&format!("s{index}")), now));
    }
    assert!(session.cached_token(&scope("p"), now).is_some());
}

#[test]
fn lost_requests_and_ended_tokens_make_room() {
    let mut session = small();
    let later = NOW + seconds(4000);
    log_in(&mut session, "p", later);
    for index in 1..PLACES {
        drop(sent(session.poll(&scope(&format!("s{index}")), later)));
    }
    let _ = sent(session.poll(&scope("new"), later + seconds(4000)));
}

#[test]
fn a_clock_that_jumps_does_no_harm() {
    let (mut session, p) = (logged_in(), scope("p"));
    // Backwards: the token still serves, and no wait grows.
    for back in [1, 3600, 86_400 * 365 * 100] {
        assert_eq!(used(session.poll(&p, NOW - seconds(back))).expose(), "first");
    }
    let mut session = logged_in();
    let far = NOW + seconds(86_400 * 365 * 100);
    let pending = sent(session.poll(&p, far));
    assert!(session.cached_token(&p, far).is_none());
    session.handle_response(pending, token("second", "p", NOW), far).unwrap();
    assert_eq!(used(session.poll(&p, NOW)).expose(), "second");
    for end in [UtcDateTime::MIN, UtcDateTime::MAX] {
        let _ = session.poll(&p, end);
    }
}

#[test]
fn tokens_come_without_catalogs_on_request() {
    for (settings, query) in [
        (Settings::default(), None),
        (Settings::default().without_catalog(), Some("nocatalog=true")),
    ] {
        let (_, request) = sent_request(session_with(settings).poll(&scope("p"), NOW));
        assert_eq!(request.uri().query(), query);
    }
}

#[test]
fn a_token_ends_two_seconds_early() {
    let mut session = session();
    log_in(&mut session, "p", NOW);
    let end = NOW + seconds(3598);
    assert!(session.cached_token(&scope("p"), end - Duration::from_nanos(1)).is_some());
    assert!(session.cached_token(&scope("p"), end).is_none());
}

#[test]
fn a_shorter_token_replaces_no_longer_one() {
    let (mut session, p) = (logged_in(), scope("p"));
    let renew_at = session.renew_at(&p).unwrap();
    // A cached response, as old as the first one.
    respond(&mut session, &p, token("cached", "p", NOW), renew_at);
    let served = used(session.poll(&p, renew_at));
    assert!(["first", "cached"].contains(&served.expose()));
    let again = session.renew_at(&p).unwrap();
    assert!(again >= renew_at, "{again}");
}
