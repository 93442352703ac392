//! What a store, or a caller who does not wait for it, must not cause.

use std::time::Duration;

use auth_proto::{
    Action, Credential, Entry, Factor, Lease, Note, PendingRequest, Question, Scope, SecretSource,
    Session, Settings, Taken, UserRef,
};
use secrecy::SecretString;
use time::UtcDateTime;

use super::store::{answer, body, found, led, p, send, session, session_with, take, taken};
use crate::support::{
    NOW, keystone, response,
    session::{HOUR, receipt},
};

const SECOND: Duration = Duration::from_secs(1);

fn is_busy(session: &mut Session, generation: u64, now: UtcDateTime) {
    taken(session, |_| Taken::Busy { generation }, now);
}

/// Another process has the lease of this generation, until the session logs in by itself.
fn go_alone(session: &mut Session, generation: u64) -> (PendingRequest, UtcDateTime) {
    let mut now = NOW;
    loop {
        match session.poll(&p(), now) {
            Action::Take(pending, _) => {
                session.handle_taken(pending, Taken::Busy { generation }, now).unwrap();
            }
            Action::Wait(until) => now = until,
            Action::Send(pending, _) => return (pending, now),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_lease_of_long_ago_does_not_count() {
    let mut session = session();
    is_busy(&mut session, 5, NOW);
    let late = NOW + HOUR;
    is_busy(&mut session, 900, late);
    assert!(matches!(session.poll(&p(), late + SECOND), Action::Take(..)));
}

#[test]
fn a_healthy_leader_is_waited_for_after_a_bad_one() {
    let mut session = session();
    let (pending, now) = go_alone(&mut session, 5);
    session.handle_response(pending, response(201, Some("t"), &body("p", "u1")), now).unwrap();
    let due = session.renew_at(&p()).unwrap();
    is_busy(&mut session, 900, due);
    assert!(matches!(session.renew(&p(), due + SECOND), Action::Take(..)));
}

#[test]
fn callers_that_never_wait_for_the_store_get_on() {
    let mut session = session();
    for _ in 0..3 {
        let (pending, _) = take(&mut session, NOW);
        session.handle_abandoned(pending).unwrap();
    }
    let _login = send(&mut session, NOW);
}

#[test]
fn a_mistyped_factor_is_no_refusal_for_others() {
    let mut session = session();
    taken(&mut session, led, NOW);
    let login = send(&mut session, NOW);
    session.handle_response(login, receipt(NOW + HOUR / 6), NOW).unwrap();
    let Action::Ask(question, Question::Factor(_)) = session.poll(&p(), NOW) else { panic!() };
    session.handle_reply(question, Factor::totp("000000"), NOW).unwrap();
    for code in ["000001", "000002", "000003"] {
        let login = send(&mut session, NOW);
        session.handle_response(login, response(401, None, "{}"), NOW).unwrap();
        if let Action::Fail(error) = session.poll(&p(), NOW)
            && error.retry_at().is_some()
        {
            break;
        }
        session.answer(&p(), Factor::totp(code), NOW).unwrap();
    }
    let mut notes = 0;
    while let Some(note) = session.poll_note() {
        assert!(!matches!(note, Note::Put { entry: Some(_), .. }), "{note:?}");
        notes += 1;
    }
    assert_eq!(notes, 1);
}

#[test]
fn a_reply_is_taken_while_another_caller_asks_the_store() {
    let credential = Credential::password(UserRef::id("u1"), SecretSource::new("a file"));
    let mut session =
        Session::new(keystone(), credential, Settings::default().with_store()).unwrap();
    taken(&mut session, led, NOW);
    let Action::Ask(question, _) = session.poll(&p(), NOW) else { panic!() };
    drop(question);
    let late = NOW + 25 * SECOND;
    let (pending, want) = take(&mut session, late);
    session.answer(&p(), SecretString::from("pw"), late).unwrap();
    // The lease comes too late, and goes back.
    session.handle_taken(pending, led(&want), late).unwrap();
    let _login = send(&mut session, late);
}

/// A token may be older than the password.
#[test]
fn a_token_of_the_store_proves_no_password() {
    let mut session = session();
    taken(&mut session, |_| found(answer("t", "p"), 5), NOW);
    let mut logins = 0;
    for number in 0..20 {
        let scope = Scope::project_id(format!("q{number}"));
        loop {
            match session.poll(&scope, NOW) {
                Action::Take(pending, want) => {
                    session.handle_taken(pending, led(&want), NOW).unwrap();
                }
                Action::Send(pending, _) => {
                    logins += 1;
                    std::mem::forget(pending);
                    break;
                }
                Action::Wait(_) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(logins, 1);
}

#[test]
fn a_lease_of_another_name_goes_back() {
    let mut session = session();
    let Action::Take(_, other) = session.poll(&Scope::project_id("q"), NOW) else { panic!() };
    let (pending, _) = take(&mut session, NOW);
    let lease = Lease::new(other.name().clone(), 9);
    session.handle_taken(pending, Taken::Led(lease), NOW).unwrap();
    let Some(Note::Put { lease, entry: None }) = session.poll_note() else { panic!() };
    assert!(lease.name() == other.name());
    // The session goes on without the store.
    let login = send(&mut session, NOW);
    session.handle_response(login, response(201, Some("t"), &body("p", "u1")), NOW).unwrap();
    assert_eq!(session.poll_note(), None);
}

#[test]
fn an_old_refusal_is_over_for_those_who_try_once() {
    let head =
        [&[1, 1][..], &60_000u64.to_be_bytes(), &[0; 6], &401u16.to_be_bytes(), &[0; 5]].concat();
    let entry = Entry::from_bytes(&head).unwrap();
    let mut session = session_with(Settings::default().with_lockout_retry(false));
    taken(&mut session, |_| Taken::Found { entry, generation: 5, age: 2 * HOUR }, NOW);
    taken(&mut session, led, NOW);
    let _login = send(&mut session, NOW);
}
