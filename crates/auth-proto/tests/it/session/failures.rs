//! Failures that pass: pauses, `Retry-After`, and tokens that end too early.

use std::time::Duration;

use auth_proto::{Action, ErrorKind, Factor, Failure, FailureKind, ProtocolError};
use http::Response;

use crate::support::{
    NOW, password, response,
    session::{
        disconnect, failed, log_in, logged_in, receipt, refusal, respond, scope, seconds, sent,
        sent_request, session, session_at, token, token_of_life, too_many, used, waits,
    },
    with_header,
};

fn unavailable(retry_after: &str) -> Response<Vec<u8>> {
    with_header(503, "retry-after", retry_after)
}

#[test]
fn callers_wait_for_half_a_minute() {
    let (mut session, p) = (session(), scope("p"));
    let (mut now, mut attempts) = (NOW, 0);
    let error = loop {
        disconnect(&mut session, &p, FailureKind::Connect, now);
        attempts += 1;
        match session.poll(&p, now) {
            Action::Wait(until) => {
                let longest = Duration::from_millis(125 << attempts).min(seconds(20));
                assert!(until >= now + longest / 2 && until <= now + longest, "{until}");
                now = until;
            }
            other => break failed(other),
        }
    };
    assert!((7..=9).contains(&attempts) && now <= NOW + seconds(30), "{attempts}");
    let again = error.retry_at().unwrap();
    assert!(again > NOW + seconds(30) && again <= now + seconds(20), "{again}");
    assert!(error.is_retryable());
    let _ = sent(session.poll(&p, again));
}

#[test]
fn a_failure_of_the_http_client_is_redacted() {
    let (mut session, p) = (session(), scope("p"));
    let pending = sent(session.poll(&p, NOW));
    let failure = Failure::new(FailureKind::Io, "odd response to alice-pw");
    session.handle_failure(pending, failure, NOW).unwrap();
    let shown = session.last_error(&p).unwrap().to_string();
    assert!(shown.contains("odd response to [redacted]"), "{shown}");
}

#[test]
fn retry_after_is_kept_for_a_day() {
    // A longer one is cut to a day.
    for asked in ["86400", "604800"] {
        let (mut session, p) = (session(), scope("p"));
        respond(&mut session, &p, too_many(asked), NOW);
        let error = failed(session.poll(&p, NOW));
        assert_eq!(error.retry_at(), Some(NOW + seconds(86_400)));
        failed(session.poll(&p, NOW + seconds(86_399)));
        let _ = sent(session.poll(&p, NOW + seconds(86_400)));
    }
}

#[test]
fn the_longest_retry_after_counts() {
    for (first, second) in [("86400", Some("1")), ("1", Some("86400")), ("86400", None)] {
        let mut session = session();
        log_in(&mut session, "p", NOW);
        let one = sent(session.poll(&scope("x"), NOW));
        let other = sent(session.poll(&scope("y"), NOW));
        session.handle_response(one, too_many(first), NOW).unwrap();
        let second = second.map_or_else(|| token("y", "y", NOW), too_many);
        session.handle_response(other, second, NOW).unwrap();
        let error = failed(session.poll(&scope("z"), NOW + seconds(3000)));
        assert_eq!(error.retry_at(), Some(NOW + seconds(86_400)));
    }
}

#[test]
fn retry_after_pauses_all_scopes() {
    let mut session = logged_in();
    let (q, r) = (scope("q"), scope("r"));
    respond(&mut session, &q, unavailable("120"), NOW);
    for scope in [&q, &r] {
        let error = failed(session.poll(scope, NOW + seconds(119)));
        assert_eq!(error.retry_at(), Some(NOW + seconds(120)));
        assert!(matches!(error.kind(), ErrorKind::Unavailable(_)));
    }
    // No token is renewed meanwhile, but it serves.
    assert_eq!(used(session.poll(&scope("p"), NOW + seconds(119))).expose(), "first");
    log_in(&mut session, "r", NOW + seconds(120));
}

#[test]
fn all_scopes_wait_out_a_short_retry_after() {
    let (mut session, q, r) = (session(), scope("q"), scope("r"));
    respond(&mut session, &q, unavailable("20"), NOW);
    assert_eq!(waits(session.poll(&q, NOW)), NOW + seconds(20));
    assert_eq!(waits(session.poll(&r, NOW)), NOW + seconds(20));
    // The next login ends the pause for all scopes.
    log_in(&mut session, "r", NOW + seconds(20));
    let _ = sent(session.poll(&q, NOW + seconds(20)));
}

#[test]
fn retry_after_outlasts_a_submitted_factor() {
    let (mut session, p) = (session(), scope("p"));
    respond(&mut session, &p, receipt(NOW + seconds(300)), NOW);
    session.answer(&p, Factor::totp("111111"), NOW).unwrap();
    respond(&mut session, &p, too_many("20"), NOW);
    session.answer(&p, Factor::totp("222222"), NOW).unwrap();
    assert_eq!(waits(session.poll(&p, NOW)), NOW + seconds(20));
}

#[test]
fn an_error_takes_precedence_over_a_wait() {
    let (mut session, p, q) = (session(), scope("p"), scope("q"));
    disconnect(&mut session, &p, FailureKind::Tls, NOW);
    respond(&mut session, &q, unavailable("20"), NOW);
    let error = failed(session.poll(&p, NOW));
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}");
}

#[test]
fn other_failures_concern_one_scope() {
    let mut session = logged_in();
    respond(&mut session, &scope("q"), response(503, None, "busy"), NOW);
    waits(session.poll(&scope("q"), NOW));
    let _ = sent(session.poll(&scope("r"), NOW));
}

#[test]
fn failed_discovery_blames_no_credential() {
    let mut session = session_at("https://keystone.example/identity", password());
    let p = scope("p");
    let (pending, request) = sent_request(session.poll(&p, NOW));
    assert_eq!(request.method(), "GET");
    session.handle_response(pending, refusal(401), NOW).unwrap();
    let error = failed(session.poll(&p, NOW));
    assert_eq!(error.retry_at(), Some(NOW + seconds(300)));
    // Another scope may ask at once.
    let _ = sent(session.poll(&scope("q"), NOW));
}

#[test]
fn a_token_that_ends_too_early_is_a_failure() {
    let (mut session, p, mut posts, mut now) = (session(), scope("p"), 0, NOW);
    while now < NOW + seconds(300) {
        if let Action::Send(pending, _) = session.poll(&p, now) {
            posts += 1;
            // A life of one second, and longer than that on the way.
            let arrival = now + Duration::from_millis(1200);
            let token = token_of_life("short", "p", seconds(1), now);
            session.handle_response(pending, token, arrival).unwrap();
        }
        now += Duration::from_millis(500);
    }
    assert_eq!(posts, 2);
    let error = failed(session.poll(&p, now));
    assert_eq!(*error.kind(), ErrorKind::Protocol(ProtocolError::Expired));
}

#[test]
fn three_seconds_of_use_are_enough() {
    let p = scope("p");
    // The last tenth of a life is not counted on.
    for (millis, is_enough) in [(0, true), (4200, true), (4201, false)] {
        let mut session = session();
        let pending = sent(session.poll(&p, NOW));
        let now = NOW + Duration::from_millis(millis);
        session
            .handle_response(pending, token_of_life("short", "p", seconds(8), NOW), now)
            .unwrap();
        assert_eq!(session.cached_token(&p, now).is_some(), is_enough, "{millis}");
        if millis == 0 {
            used(session.poll(&p, NOW + seconds(3)));
        }
    }
}

#[test]
fn the_last_error_is_that_of_the_last_login() {
    let (mut session, p) = (session(), scope("p"));
    assert_eq!(session.last_error(&p), None);
    let pending = sent(session.poll(&p, NOW));
    assert_eq!(session.last_error(&p), None);
    session.handle_failure(pending, Failure::new(FailureKind::Io, "reset"), NOW).unwrap();
    let later = waits(session.poll(&p, NOW));
    let error = session.last_error(&p).unwrap();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)));
    assert_eq!(error.retry_at(), Some(later));
    let pending = sent(session.poll(&p, later));
    let text = session.last_error(&p).unwrap().to_string();
    assert_eq!(text, "the connection failed: https://keystone.example:443: reset");
    session.handle_response(pending, token("first", "p", later), later).unwrap();
    assert_eq!(session.last_error(&p), None);
}
