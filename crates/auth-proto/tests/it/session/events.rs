//! The events of a session.

use std::iter;

use auth_proto::{
    Error, ErrorKind, Event, Failure, FailureClass, FailureKind, RefusalReason, Session, Settings,
    limits,
};
use time::Duration;

use crate::support::{
    NOW,
    session::{
        HOUR, compute, disconnect, failed, logged_in, refusal, refuse, respond, scope, seconds,
        sent, session, session_with, token, waits,
    },
    with_header,
};

fn events(session: &mut Session) -> Vec<Event> {
    iter::from_fn(|| session.poll_event()).collect()
}

fn reset() -> Error {
    Failure::new(FailureKind::Io, "reset").into()
}

#[test]
fn an_outage_and_its_end_are_reported() {
    let (mut session, p) = (session(), scope("p"));
    disconnect(&mut session, &p, FailureKind::Io, NOW);
    let retry_at = waits(session.poll(&p, NOW));
    respond(&mut session, &p, token("first", "p", retry_at), retry_at);
    let seen = events(&mut session);
    let Event::LoginFailed { error, .. } = seen[1].clone() else { panic!("{seen:?}") };
    assert_eq!(error.to_string(), "the connection failed: https://keystone.example:443: reset");
    let (scope, class) = (p.clone(), FailureClass::Transient);
    assert_eq!(
        seen,
        [
            Event::LoginStarted { scope: p.clone() },
            Event::LoginFailed { scope, class, error, retry_at },
            Event::LoginStarted { scope: p.clone() },
            Event::TokenRenewed { scope: p, expires_at: retry_at + HOUR },
        ]
    );
    assert_eq!(session.poll_event(), None);
}

#[test]
fn a_refusal_is_reported_with_its_probe() {
    for (probes, probe_at) in [(true, Some(NOW + seconds(1800))), (false, None)] {
        let mut session = session_with(Settings::default().with_lockout_retry(probes));
        respond(&mut session, &scope("p"), refusal(401), NOW);
        let events = events(&mut session);
        let [_, Event::CredentialRejected { scope: rejected, error, retry_at }] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((rejected, *retry_at), (&scope("p"), probe_at));
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)));
    }
}

#[test]
fn event_and_error_agree_on_the_next_probe() {
    let mut session = session();
    refuse(&mut session, "x", 401, NOW);
    let later = NOW + seconds(1801);
    failed(session.poll(&scope("y"), NOW + seconds(1)));
    refuse(&mut session, "y", 401, later);
    let probe_at = failed(session.poll(&scope("y"), later)).retry_at();
    assert_eq!(probe_at, Some(later + seconds(4 * 3600)));
    let last = events(&mut session).pop();
    let Some(Event::CredentialRejected { retry_at, .. }) = last else { panic!("{last:?}") };
    assert_eq!(retry_at, probe_at);
}

#[test]
fn a_failure_is_reported_with_its_pause() {
    let mut session = logged_in();
    let (q, r) = (sent(session.poll(&scope("q"), NOW)), sent(session.poll(&scope("r"), NOW)));
    session.handle_response(q, with_header(503, "retry-after", "120"), NOW).unwrap();
    session.handle_failure(r, Failure::new(FailureKind::Io, "reset"), NOW).unwrap();
    let Some(Event::LoginFailed { retry_at, .. }) = events(&mut session).pop() else { panic!() };
    assert_eq!(retry_at, NOW + seconds(120));
}

#[test]
fn a_permanent_failure_is_reported_as_such() {
    let mut session = session();
    disconnect(&mut session, &scope("p"), FailureKind::Tls, NOW);
    let last = events(&mut session).pop();
    let Some(Event::LoginFailed { class, retry_at, .. }) = last else { panic!("{last:?}") };
    assert_eq!((class, retry_at), (FailureClass::Permanent, NOW + seconds(300)));
}

#[test]
fn a_refused_token_is_reported_once() {
    let (mut session, p) = (logged_in(), scope("p"));
    let token = session.cached_token(&p, NOW).unwrap();
    events(&mut session);
    for _ in 0..50 {
        let _ = session.handle_unauthorized(&token, &compute(), NOW + seconds(9));
    }
    let origin = "https://compute.example:443".to_owned();
    assert_eq!(events(&mut session), [Event::TokenRejected { scope: p, origin }]);
}

#[test]
fn only_jumps_of_the_clock_are_reported() {
    let (mut session, p) = (logged_in(), scope("p"));
    events(&mut session);
    let mut now = NOW;
    for (by, jumps) in [(3600, false), (-1, false), (-2, true), (86_400, false), (86_401, true)] {
        let by = Duration::seconds(by);
        now += by;
        let _ = session.cached_token(&p, now);
        let expect = if jumps { vec![Event::ClockJump { by }] } else { vec![] };
        assert_eq!(events(&mut session), expect, "{by}");
    }
}

#[test]
fn the_last_events_are_kept() {
    let (mut session, p) = (session(), scope("p"));
    for number in 0..100 {
        disconnect(&mut session, &p, FailureKind::Io, NOW + seconds(number * 1000));
    }
    let events = events(&mut session);
    assert_eq!(events.len(), limits::EVENTS);
    let Some(Event::LoginFailed { retry_at, .. }) = events.last() else { panic!("{events:?}") };
    assert!(*retry_at > NOW + seconds(99_000));
}

#[test]
fn events_have_a_text() {
    let (p, at) = (scope("p"), NOW);
    let back = Duration::seconds(-5);
    for (event, words) in [
        (Event::ClockJump { by: back }, "the clock went back by 5s"),
        (Event::ClockJump { by: -back }, "the clock went forward by 5s at once"),
        (Event::LoginStarted { scope: p.clone() }, "login started"),
        (
            Event::TokenRejected { scope: p.clone(), origin: "https://a:443".to_owned() },
            "token refused by https://a:443",
        ),
        (
            Event::RefusalDelivered { origin: String::new(), reason: RefusalReason::NotReplayable },
            "401 of a service delivered: the request cannot be sent twice",
        ),
        (
            Event::ServiceAtOdds {
                scope: p.clone(),
                origin: "https://a:443".to_owned(),
                until: at,
            },
            "https://a:443 refuses a token that the identity service calls valid; its refusals \
             force no login until 2026-11-22T08:00:00Z",
        ),
        (
            Event::TokenRenewed { scope: p.clone(), expires_at: at },
            "token renewed; it ends at 2026-11-22T08:00:00Z",
        ),
        (
            Event::CredentialRejected { scope: p, error: reset(), retry_at: None },
            "credential refused: the connection failed: reset; not sent again before it is replaced",
        ),
    ] {
        assert_eq!(event.to_string(), words);
    }
}
