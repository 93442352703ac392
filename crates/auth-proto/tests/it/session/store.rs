//! One session and a store: which entries count, and what the store is told.

use std::time::Duration;

use auth_proto::{
    Action, Credential, Destination, Entry, Error, ErrorKind, Lease, Misuse, Name, Note,
    PendingRequest, Scope, Session, Settings, Taken, UserRef, Want, timestamp,
};
use http::Uri;
use time::UtcDateTime;

use crate::support::{NOW, alice, keystone, password, response, session::HOUR};

pub(super) fn session_with(settings: Settings) -> Session {
    Session::new(keystone(), password(), settings.with_store()).unwrap()
}

pub(super) fn session() -> Session {
    session_with(Settings::default())
}

pub(super) fn p() -> Scope {
    Scope::project_id("p")
}

/// A poll that asks the store.
#[track_caller]
pub(super) fn take(session: &mut Session, now: UtcDateTime) -> (PendingRequest, Want) {
    match session.poll(&p(), now) {
        Action::Take(pending, want) => (pending, want),
        other => panic!("expected a question to the store, got {other:?}"),
    }
}

/// Asks the store and hands in this answer.
#[track_caller]
pub(super) fn taken(session: &mut Session, answer: impl FnOnce(&Want) -> Taken, now: UtcDateTime) {
    let (pending, want) = take(session, now);
    session.handle_taken(pending, answer(&want), now).unwrap();
}

/// A poll that sends a login.
#[track_caller]
pub(super) fn send(session: &mut Session, now: UtcDateTime) -> PendingRequest {
    match session.poll(&p(), now) {
        Action::Send(pending, _) => pending,
        other => panic!("expected a request, got {other:?}"),
    }
}

pub(super) fn led(want: &Want) -> Taken {
    Taken::Led(Lease::new(want.name().clone(), want.newer_than() + 7))
}

pub(super) fn found(entry: Entry, generation: u64) -> Taken {
    Taken::Found { entry, generation, age: Duration::from_secs(10) }
}

/// An answer with this token, for this project, that has an hour to live.
pub(super) fn answer(token: &str, project: &str) -> Entry {
    answer_of(3, token, HOUR, &body(project, "u1"))
}

pub(super) fn body(project: &str, user: &str) -> String {
    let [issued, ends] = [NOW, NOW + HOUR].map(timestamp::format);
    format!(
        r#"{{"token": {{"issued_at": "{issued}", "expires_at": "{ends}",
            "project": {{"id": "{project}"}}, "user": {{"id": "{user}"}}}}}}"#
    )
}

pub(super) fn answer_of(kind: u8, token: &str, life: Duration, body: &str) -> Entry {
    let life = (life.as_millis() as u64).to_be_bytes();
    let length = (token.len() as u32).to_be_bytes();
    let bytes =
        [&[1, kind][..], &life, &[0; 6], &length, token.as_bytes(), body.as_bytes()].concat();
    Entry::from_bytes(&bytes).unwrap()
}

/// A pause of a minute.
fn pause(kind: u8, status: u16) -> Entry {
    let head = [&[1, kind][..], &60_000u64.to_be_bytes(), &[0; 6], &status.to_be_bytes()].concat();
    Entry::from_bytes(&[&head[..], b"\0\0\0\0\x02no"].concat()).unwrap()
}

#[track_caller]
pub(super) fn fails(session: &mut Session, now: UtcDateTime) -> Error {
    match session.poll(&p(), now) {
        Action::Fail(error) => error,
        other => panic!("expected an error, got {other:?}"),
    }
}

pub(super) fn token_in_use(session: &mut Session, now: UtcDateTime) -> String {
    session.cached_token(&p(), now).map(|token| token.expose().to_owned()).unwrap_or_default()
}

#[test]
fn without_a_store_nothing_is_asked_or_told() {
    let mut session = Session::new(keystone(), password(), Settings::default()).unwrap();
    let pending = send(&mut session, NOW);
    session.handle_response(pending, response(201, Some("t"), &body("p", "u1")), NOW).unwrap();
    session.close();
    assert_eq!(session.poll_note(), None);
}

#[test]
fn a_lease_comes_back_with_the_answer() {
    let mut session = session();
    let (pending, want) = take(&mut session, NOW);
    assert_eq!((want.newer_than(), want.lease()), (0, Duration::from_secs(10)));
    // The other callers wait.
    assert!(matches!(session.poll(&p(), NOW), Action::Wait(_)));
    session.handle_taken(pending, led(&want), NOW).unwrap();
    assert!(session.take_wake());
    let pending = send(&mut session, NOW);
    assert_eq!(session.poll_note(), None);
    let sent = response(201, Some("t1"), &body("p", "u1"));
    let half_a_minute = HOUR / 120;
    session.handle_response(pending, sent, NOW + half_a_minute).unwrap();
    let Some(Note::Put { lease, entry: Some(entry) }) = session.poll_note() else { panic!() };
    assert_eq!((lease.name(), lease.generation()), (want.name(), 7));
    let label = entry.label();
    assert_eq!(label.identity_service(), "https://keystone.example");
    assert_eq!((label.user(), label.scope()), ("alice in domain Default", "project p"));
    let life = entry.life();
    let rest = HOUR - half_a_minute;
    assert!(life <= rest && life >= rest - Duration::from_secs(3), "{life:?}");
    // Another session reads the same token from it.
    let mut other = self::session();
    taken(&mut other, |_| found(Entry::from_bytes(&entry.to_bytes()).unwrap(), 7), NOW);
    assert_eq!(token_in_use(&mut other, NOW), "t1");
    assert!(matches!(other.poll(&p(), NOW), Action::Use(_)));
}

/// So that a fleet of short runs renews its token before the last moment.
#[test]
fn a_token_is_renewed_at_the_same_point_of_its_life() {
    // Of an hour, 40 and 5 minutes are left.
    for (minutes, is_due) in [(40, false), (5, true)] {
        let mut session = session();
        let entry = answer_of(3, "t", HOUR / 60 * minutes, &body("p", "u1"));
        taken(&mut session, |_| Taken::Found { entry, generation: 5, age: Duration::ZERO }, NOW);
        assert_eq!(token_in_use(&mut session, NOW), "t");
        let action = session.poll(&p(), NOW);
        assert_eq!(matches!(action, Action::Take(_, want) if want.newer_than() == 5), is_due);
        // Without a newer one, the token serves until its end.
        assert_eq!(token_in_use(&mut session, NOW + HOUR / 60 * (minutes - 1)), "t");
        assert_eq!(token_in_use(&mut session, NOW + HOUR / 60 * minutes), "");
    }
}

#[test]
fn an_entry_that_does_not_fit_is_passed_over() {
    let good = body("p", "u1");
    let second = Duration::from_secs(1);
    for (what, entry) in [
        ("another project", answer("t", "q")),
        ("v2.0", answer_of(2, "", HOUR, &good)),
        ("no JSON", answer_of(3, "t", HOUR, "")),
        ("no end", answer_of(3, "t", HOUR, r#"{"token": {"project": {"id": "p"}}}"#)),
        ("an end", answer_of(3, "t", 12 * second, &good)),
        ("the end of its age", answer_of(3, "t", 9 * second, &good)),
    ] {
        let mut session = session();
        taken(&mut session, |_| found(entry, 5), NOW);
        assert_eq!(token_in_use(&mut session, NOW), "", "{what}");
        // The session wants a newer one.
        let (pending, want) = take(&mut session, NOW);
        assert_eq!(want.newer_than(), 5, "{what}");
        session.handle_taken(pending, led(&want), NOW).unwrap();
        let _ = send(&mut session, NOW);
    }
}

#[test]
fn an_exchange_takes_no_token_of_another_user() {
    for (user, is_taken) in [("u1", true), ("u2", false)] {
        let mut session = session_with(Settings::default().with_root(Scope::unscoped()));
        let root = r#"{"token": {"issued_at": "2026-11-22T08:00:00Z",
            "expires_at": "2026-11-22T09:00:00Z", "user": {"id": "u1"}}}"#;
        taken(&mut session, |_| found(answer_of(3, "root", HOUR, root), 5), NOW);
        taken(&mut session, |_| found(answer_of(3, "t", HOUR, &body("p", user)), 5), NOW);
        assert_eq!(token_in_use(&mut session, NOW) == "t", is_taken, "{user}");
    }
}

#[test]
fn a_refused_token_is_forgotten_and_not_taken_again() {
    let mut session = session();
    taken(&mut session, |_| found(answer("t1", "p"), 5), NOW);
    let token = session.cached_token(&p(), NOW).unwrap();
    let url = Uri::from_static("https://service.example/");
    let _ = session.handle_unauthorized(&token, &url, NOW);
    let Some(Note::Forget { generation: 5, .. }) = session.poll_note() else { panic!() };
    // Once: later refusals of the same token say nothing new.
    let _ = session.handle_unauthorized(&token, &url, NOW);
    assert_eq!(session.poll_note(), None);
    let poll = |session: &mut Session| match session.poll_to(&p(), Destination::At(&url), NOW) {
        Action::Take(pending, want) => (pending, want),
        other => panic!("{other:?}"),
    };
    // The same token under another generation is of no use.
    let (pending, want) = poll(&mut session);
    assert_eq!(want.newer_than(), 5);
    session.handle_taken(pending, found(answer("t1", "p"), 6), NOW).unwrap();
    let (pending, _) = poll(&mut session);
    session.handle_taken(pending, found(answer("t2", "p"), 7), NOW).unwrap();
    assert_eq!(token_in_use(&mut session, NOW), "t2");
}

#[test]
fn a_pause_holds_until_its_end() {
    let second = Duration::from_secs(1);
    // 10 of its 60 seconds have passed.
    for (entry, is_refusal) in [(pause(1, 401), true), (pause(0, 503), false)] {
        let mut session = session();
        taken(&mut session, |_| found(entry, 5), NOW);
        let error = fails(&mut session, NOW);
        assert_eq!(matches!(error.kind(), ErrorKind::Rejected(_)), is_refusal, "{error}");
        assert!(error.to_string().contains("(no)"), "{error}");
        assert_eq!(error.retry_at(), Some(NOW + 50 * second));
        let _ = fails(&mut session, NOW + 49 * second);
        let (_pending, want) = take(&mut session, NOW + 50 * second);
        assert_eq!(want.newer_than(), 5);
    }
}

#[test]
fn a_probe_after_a_known_refusal_is_the_last_for_hours() {
    let mut session = session();
    let old = Taken::Found { entry: pause(1, 401), generation: 5, age: 2 * HOUR };
    taken(&mut session, |_| old, NOW);
    // Nothing has happened now.
    assert!(session.poll_event().is_none());
    taken(&mut session, led, NOW);
    let pending = send(&mut session, NOW);
    session.handle_response(pending, response(401, None, "{}"), NOW).unwrap();
    let Some(Note::Put { entry: Some(entry), .. }) = session.poll_note() else { panic!() };
    assert_eq!(entry.life(), 4 * HOUR + 4 * HOUR);
    assert_eq!(fails(&mut session, NOW).retry_at(), Some(NOW + 4 * HOUR));
}

#[test]
fn what_concerns_one_process_is_no_pause() {
    type End = fn(&mut Session, PendingRequest);
    let ends: [(&str, Credential, End); 3] = [
        ("no connection", password(), |session, pending| {
            let failure = auth_proto::Failure::new(auth_proto::FailureKind::Connect, "refused");
            session.handle_failure(pending, failure, NOW).unwrap();
        }),
        ("an answer that cannot be read", password(), |session, pending| {
            session.handle_response(pending, response(201, Some("t"), "[]"), NOW).unwrap();
        }),
        (
            "a wrong code",
            Credential::password(alice(), "pw").and(auth_proto::Factor::totp("123456")),
            |session, pending| {
                session.handle_response(pending, response(401, None, "{}"), NOW).unwrap();
            },
        ),
    ];
    for (what, credential, end) in ends {
        let settings = Settings::default().with_store();
        let mut session = Session::new(keystone(), credential, settings).unwrap();
        taken(&mut session, led, NOW);
        // With a code the root comes first.
        let pending = send(&mut session, NOW);
        end(&mut session, pending);
        let note = session.poll_note();
        assert!(matches!(note, Some(Note::Put { entry: None, .. })), "{what}: {note:?}");
    }
}

#[test]
fn an_abandoned_login_keeps_its_lease() {
    let mut session = session();
    taken(&mut session, led, NOW);
    drop(send(&mut session, NOW));
    let pending = send(&mut session, NOW);
    session.handle_abandoned(pending).unwrap();
    assert_eq!(session.poll_note(), None);
    // After its end the store gets it back, and is asked again.
    let (_pending, _) = take(&mut session, NOW + Duration::from_secs(20));
    assert!(matches!(session.poll_note(), Some(Note::Put { entry: None, .. })));
    assert_eq!(session.poll_note(), None);
}

#[test]
fn a_store_that_breaks_its_promises_is_left_alone() {
    let second = Duration::from_secs(1);
    type Give = fn(&Want, u64) -> Taken;
    let rows: [(&str, Give); 3] = [
        ("silent", |_, _| Taken::Silent),
        ("the same again", |_, _| found(answer("t", "q"), 5)),
        ("useless ones for ever", |_, n| found(answer("t", "q"), 5 + n)),
    ];
    for (what, give) in rows {
        let mut session = session();
        let mut asked = 0;
        let pending = loop {
            match session.poll(&p(), NOW) {
                Action::Take(pending, want) => {
                    session.handle_taken(pending, give(&want, asked), NOW).unwrap();
                    asked += 1;
                }
                Action::Send(pending, _) => break pending,
                other => panic!("{what}: {other:?}"),
            }
            assert!(asked < 10, "{what}");
        };
        session.handle_response(pending, response(503, None, ""), NOW).unwrap();
        assert_eq!(session.poll_note(), None, "{what}");
        // For half a minute nobody asks it.
        assert!(matches!(session.poll(&p(), NOW + second), Action::Send(..)), "{what}");
        let late = NOW + 45 * second;
        let _ = session.cached_token(&p(), late);
        let again = (0..60).find_map(|n| match session.poll(&p(), late + n * second) {
            Action::Take(pending, _) => Some((pending, late + n * second)),
            _ => None,
        });
        // Then its entries count again.
        let (pending, now) = again.expect(what);
        session.handle_taken(pending, found(answer("t", "p"), 50), now).unwrap();
        assert_eq!(token_in_use(&mut session, now), "t", "{what}");
    }
}

#[test]
fn an_answer_that_comes_late_gives_its_lease_back() {
    let ends: [fn(&mut Session); 3] = [
        |session| session.close(),
        |session| session.replace_credential(Credential::password(alice(), "other")).unwrap(),
        |session| drop(session.cached_token(&p(), NOW + HOUR)),
    ];
    for end in ends {
        let mut session = session();
        let (pending, want) = take(&mut session, NOW);
        end(&mut session);
        session.handle_taken(pending, led(&want), NOW + HOUR).unwrap();
        let Some(Note::Put { lease, entry: None }) = session.poll_note() else { panic!() };
        assert_eq!(lease.name(), want.name());
    }
}

#[test]
fn a_question_of_another_session_is_refused() {
    let mut session = session();
    let (pending, want) = take(&mut self::session(), NOW);
    let error = session.handle_taken(pending, led(&want), NOW).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Misuse(Misuse::OtherSession));
}

#[test]
fn a_person_is_asked_after_the_store() {
    let settings = Settings::default().with_store();
    let credential = Credential::totp(UserRef::id("u1"), "123456");
    let mut session = Session::new(keystone(), credential, settings).unwrap();
    taken(&mut session, led, NOW);
    let pending = send(&mut session, NOW);
    session.handle_response(pending, response(503, None, ""), NOW).unwrap();
    // The code is used: but another process may have a token.
    let later = NOW + HOUR;
    let (pending, want) = take(&mut session, later);
    session.handle_taken(pending, led(&want), later).unwrap();
    assert!(matches!(session.poll(&p(), later), Action::Ask(..)));
}

#[test]
fn sessions_with_the_same_input_have_the_same_name() {
    let name = |credential: Credential, seed| -> Name {
        let settings = Settings::default().with_store().with_seed(seed);
        let mut session = Session::new(keystone(), credential, settings).unwrap();
        take(&mut session, NOW).1.name().clone()
    };
    let password = |text: &str| Credential::password(alice(), text);
    assert_eq!(name(password("one"), 1), name(password("one"), 2));
    assert_ne!(name(password("one"), 1), name(password("two"), 1));
}
