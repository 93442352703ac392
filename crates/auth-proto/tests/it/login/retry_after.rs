//! `Retry-After` in the refusals of a login: its class, and the pause before the next one.

use std::time::Duration;

use auth_proto::{Action, Error, Event, FailureClass, Session};
use http::Response;

use crate::support::{
    NOW, password,
    session::{failed, log_in, refusal, respond, scope, seconds, sent, session},
    set_header,
};

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// It passes: callers wait, or get the error with the time of the next attempt.
    Transient,
    /// The configuration is wrong.
    Permanent,
    /// The credential was refused.
    Refused,
}
use Class::{Permanent, Refused, Transient};

/// The first and the last status of a range, and the class without and with `Retry-After`.
#[rustfmt::skip]
const STATUSES: &[(u16, u16, Class, Class)] = &[
    (400, 400, Permanent, Transient),
    (401, 401, Refused, Refused),
    (402, 402, Permanent, Transient),
    (403, 403, Refused, Refused),
    (404, 407, Permanent, Transient),
    (408, 408, Transient, Transient),
    // 413 with `Retry-After` is Rackspace's limit on the rate of logins.
    (409, 424, Permanent, Transient),
    (425, 425, Transient, Transient),
    (426, 428, Permanent, Transient),
    (429, 429, Transient, Transient),
    (430, 499, Permanent, Transient),
    (500, 500, Transient, Transient),
    (501, 501, Permanent, Transient),
    (502, 504, Transient, Transient),
    (505, 519, Permanent, Transient),
    (520, 530, Transient, Transient),
    (531, 599, Permanent, Transient),
];

/// A class, and its shortest and longest pause in seconds.
type Pause = (Class, f64, f64);

/// A `Retry-After`, and the pauses with it.
#[rustfmt::skip]
const PAUSES: &[(Option<&str>, [Pause; 3])] = &[
    (None, [(Transient, 0.05, 5.0), (Permanent, 300.0, 300.0), (Refused, 1800.0, 1800.0)]),
    (Some("soon"), [(Transient, 0.05, 5.0), (Permanent, 300.0, 300.0), (Refused, 1800.0, 1800.0)]),
    (Some("0"), [(Transient, 0.05, 5.0), (Permanent, 300.0, 300.0), (Refused, 1800.0, 1800.0)]),
    (Some("6"), [(Transient, 6.0, 6.0), (Permanent, 300.0, 300.0), (Refused, 1800.0, 1800.0)]),
    (Some("7200"), [(Transient, 7200.0, 7200.0), (Permanent, 7200.0, 7200.0), (Refused, 7200.0, 7200.0)]),
    (Some("Sun, 22 Nov 2026 08:02:00 GMT"), [(Transient, 120.0, 120.0), (Permanent, 300.0, 300.0), (Refused, 1800.0, 1800.0)]),
];

fn with_retry_after(status: u16, value: Option<&str>) -> Response<Vec<u8>> {
    let mut response = refusal(status);
    if let Some(value) = value {
        set_header(&mut response, "retry-after", value);
    }
    response
}

/// The class that the event of a failed login reports, and the pause in seconds until the next one.
fn outcome(response: Response<Vec<u8>>) -> (Class, f64) {
    let (mut session, p) = (session(), scope("p"));
    respond(&mut session, &p, response, NOW);
    let until = match session.poll(&p, NOW) {
        Action::Wait(until) => until,
        action => failed(action).retry_at().unwrap(),
    };
    let error = session.last_error(&p).unwrap();
    assert_eq!(error.retry_at(), Some(until), "{error}");
    let last = std::iter::from_fn(|| session.poll_event()).last();
    let (class, retry_at) = match last {
        Some(Event::CredentialRejected { error, retry_at, .. }) => {
            // The text gives no other time than the field.
            assert_eq!(error.retry_at(), None);
            (Refused, retry_at)
        }
        Some(Event::LoginFailed { class: FailureClass::Transient, retry_at, .. }) => {
            (Transient, Some(retry_at))
        }
        Some(Event::LoginFailed { retry_at, .. }) => (Permanent, Some(retry_at)),
        other => panic!("{other:?}"),
    };
    assert_eq!(retry_at, Some(until), "{error}");
    assert_eq!(error.is_retryable(), class == Transient, "{error}");
    assert_no_login_before(&mut session, until - NOW);
    (class, (until - NOW).as_seconds_f64())
}

/// The session keeps the pause, and no longer.
fn assert_no_login_before(session: &mut Session, pause: time::Duration) {
    let just_before = NOW + pause - Duration::from_nanos(1);
    let early = session.poll(&scope("p"), just_before);
    assert!(matches!(early, Action::Wait(_) | Action::Fail(_)), "{early:?}");
    let _ = sent(session.poll(&scope("p"), NOW + pause));
}

#[test]
fn each_status_has_its_class_and_pause() {
    let mut next = 400;
    for (first, last, without, with) in STATUSES {
        assert_eq!(*first, next, "a status without a row");
        next = last + 1;
        for status in *first..=*last {
            for (value, pauses) in PAUSES {
                let is_readable = value.is_some_and(|value| value != "soon");
                let class = if is_readable { *with } else { *without };
                let got = outcome(with_retry_after(status, *value));
                let pause = pauses.iter().find(|(of, ..)| *of == class).unwrap();
                let is_right = got.0 == class && (pause.1..=pause.2).contains(&got.1);
                assert!(is_right, "{status} with {value:?}: {got:?}, not {class:?} {pause:?}");
            }
        }
    }
    assert_eq!(next, 600, "a status without a row");
}

#[test]
fn a_redirect_keeps_its_class_and_the_pause() {
    for (value, pause) in [(None, 300.0), (Some("6"), 300.0), (Some("7200"), 7200.0)] {
        assert_eq!(outcome(with_retry_after(307, value)), (Permanent, pause), "{value:?}");
    }
    // A page instead of a token passes; the service says when.
    assert_eq!(outcome(with_retry_after(200, Some("600"))), (Transient, 600.0));
}

#[test]
fn the_remedy_is_to_wait() {
    let text = |status, value| {
        let (mut session, p) = (session(), scope("p"));
        respond(&mut session, &p, with_retry_after(status, value), NOW);
        session.last_error(&p).as_ref().map(Error::to_string).unwrap()
    };
    assert!(text(413, None).contains("too large for the service"));
    for status in [400, 404, 413] {
        let shown = text(status, Some("6"));
        assert!(
            shown.ends_with("try again later; next attempt after 2026-11-22T08:00:06Z"),
            "{shown}"
        );
    }
}

#[test]
fn a_refused_scope_delays_no_other() {
    let mut session = session();
    log_in(&mut session, "p", NOW);
    respond(&mut session, &scope("q"), with_retry_after(401, Some("7200")), NOW);
    let error = failed(session.poll(&scope("q"), NOW + seconds(7199)));
    assert_eq!(error.retry_at(), Some(NOW + seconds(7200)));
    let _ = sent(session.poll(&scope("r"), NOW));
    // Another credential may try at once.
    session.replace_credential(password()).unwrap();
    let _ = sent(session.poll(&scope("q"), NOW + seconds(7199)));
}

#[test]
fn an_unknown_credential_is_delayed_for_all() {
    let mut session = session();
    respond(&mut session, &scope("p"), with_retry_after(401, Some("7200")), NOW);
    let error = failed(session.poll(&scope("q"), NOW + seconds(7199)));
    assert_eq!(error.retry_at(), Some(NOW + seconds(7200)));
}
