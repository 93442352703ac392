//! One session and a store: what becomes of its leases, and how long it waits for those of others.

use std::{cell::Cell, time::Duration};

use auth_proto::{Action, Credential, Destination, Note, Scope, Session, Settings, Taken};
use time::UtcDateTime;

use super::store::{
    answer, answer_of, body, fails, found, led, p, send, session, session_with, taken,
};
use crate::support::{NOW, keystone, response, session::HOUR};

const SECOND: Duration = Duration::from_secs(1);
/// A root token that ends in an hour.
const ROOT: &str = r#"{"token": {"issued_at": "2026-11-22T08:00:00Z",
    "expires_at": "2026-11-22T09:00:00Z", "user": {"id": "u1"}}}"#;

/// The entries of all notes that give a lease back.
fn puts(session: &mut Session) -> Vec<bool> {
    let notes = std::iter::from_fn(|| session.poll_note());
    let entry = |note| match note {
        Note::Put { entry, .. } => Some(entry.is_some()),
        Note::Forget { .. } | Note::Keep { .. } => None,
    };
    notes.filter_map(entry).collect()
}

/// Else each process that renews the token would send the password once more.
#[test]
fn a_refusal_is_told_beside_a_token() {
    for (status, is_told) in [(401, true), (503, false)] {
        let mut session = session();
        taken(&mut session, |_| found(answer("t", "p"), 5), NOW);
        let due = session.renew_at(&p()).unwrap();
        taken(&mut session, led, due);
        let pending = send(&mut session, due);
        session.handle_response(pending, response(status, None, "{}"), due).unwrap();
        assert!(matches!(session.poll(&p(), due), Action::Use(_)));
        assert_eq!(puts(&mut session), [is_told], "{status}");
    }
}

/// Polls until the session sends a login, and returns how long that takes. The store gives this
/// answer after this time.
fn waits(answer: impl Fn(Duration) -> Taken) -> Duration {
    let (mut session, mut now) = (session(), NOW);
    while now < NOW + HOUR {
        match session.poll(&p(), now) {
            Action::Take(pending, _) => {
                let answer = answer((now - NOW).unsigned_abs());
                session.handle_taken(pending, answer, now).unwrap();
            }
            Action::Wait(until) => {
                let pause = until - now;
                assert!(pause.is_positive() && pause <= Duration::from_millis(500));
                now = until;
            }
            Action::Send(..) => return (now - NOW).unsigned_abs(),
            other => panic!("{other:?}"),
        }
    }
    panic!("no login in an hour");
}

#[test]
fn leases_without_end_are_not_waited_for() {
    // Of one process, of one that is killed after the other, and of nobody.
    type Busy = fn(Duration) -> u64;
    let cases: [Busy; 3] =
        [|_| 5, |after| 5 + after.as_secs() / 10, |after| 5 + after.as_millis() as u64];
    for generation in cases {
        assert_eq!(waits(|after| Taken::Busy { generation: generation(after) }), 25 * SECOND);
    }
}

/// An adapter's caller waits for 30 seconds.
#[test]
fn entries_of_no_use_do_not_prolong_the_wait() {
    let old = |after: Duration| Taken::Found {
        entry: answer("t", "p"),
        generation: after.as_millis() as u64,
        age: 2 * HOUR,
    };
    // Two of them, and one lease after the other.
    let times = Cell::new(1);
    let waited = waits(|after| match after >= times.get() * 9 * SECOND {
        true if times.get() < 3 => {
            times.set(times.get() + 1);
            old(after)
        }
        _ => Taken::Busy { generation: 1 },
    });
    assert_eq!(times.get(), 3);
    assert_eq!(waited, 25 * SECOND);
}

#[test]
fn an_older_exchange_is_renewed_in_time() {
    let mut session = session_with(Settings::default().with_root(Scope::unscoped()));
    taken(&mut session, |_| found(answer_of(3, "root", HOUR, ROOT), 5), NOW);
    // The exchange of a root token that ends 40 minutes earlier.
    let older = body("p", "u1").replace("T09:00:00", "T08:20:00");
    taken(&mut session, |_| found(answer_of(3, "t", HOUR / 3, &older), 5), NOW);
    let renew_at: UtcDateTime = session.renew_at(&p()).unwrap();
    assert!(renew_at < NOW + HOUR / 3 - 60 * SECOND, "{renew_at}");
}

/// The store's clock is wrong, or its age is forged.
#[test]
fn a_root_with_a_wrong_age_is_replaced() {
    let mut session = session_with(Settings::default().with_root(Scope::unscoped()));
    let late = NOW + HOUR - SECOND;
    taken(&mut session, |_| found(answer_of(3, "root", HOUR, ROOT), 5), late);
    taken(&mut session, led, late);
    let exchange = send(&mut session, late);
    session.handle_response(exchange, response(201, Some("t"), &body("p", "u1")), late).unwrap();
    // Callers wait for another root token.
    let Action::Wait(until) = session.poll(&p(), late) else { panic!("no pause") };
    assert!(until - late < 5 * SECOND);
    taken(&mut session, led, until);
    match session.poll(&p(), until) {
        Action::Send(_, request) => assert!(!request.headers().contains_key("x-auth-token")),
        other => panic!("{other:?}"),
    }
}

/// The root token of another process may be valid.
#[test]
fn an_unclear_refusal_is_no_pause() {
    let settings = Settings::default().with_store();
    let mut session = Session::new(keystone(), Credential::token("given"), settings).unwrap();
    taken(&mut session, led, NOW);
    let exchange = send(&mut session, NOW);
    session.handle_response(exchange, response(401, None, "{}"), NOW).unwrap();
    let question = send(&mut session, NOW);
    session.handle_response(question, response(503, None, ""), NOW).unwrap();
    let _ = fails(&mut session, NOW);
    assert_eq!(puts(&mut session), [false]);
}

#[test]
fn a_replaced_scope_gives_its_lease_back() {
    let mut session = session_with(Settings::default().with_max_scopes(1));
    taken(&mut session, led, NOW);
    let _ = session.poll_to(&Scope::project_id("q"), Destination::Unknown, NOW);
    assert_eq!(puts(&mut session), [false]);
}

#[test]
fn a_lease_is_kept_while_a_login_goes_on() {
    let mut session = session();
    taken(&mut session, led, NOW);
    let login = send(&mut session, NOW);
    let (mut now, mut kept) = (NOW, 0);
    while now < NOW + 50 * SECOND {
        // The callers who wait come again in time.
        let Action::Wait(until) = session.poll(&p(), now) else { panic!("no wait") };
        assert!(until > now && until - now <= 3 * SECOND, "{}", until - now);
        while let Some(note) = session.poll_note() {
            assert!(
                matches!(note, Note::Keep { generation: 7, lease, .. } if lease == 10 * SECOND)
            );
            kept += 1;
        }
        now = until;
    }
    assert_eq!(kept, 16);
    session.handle_response(login, response(503, None, ""), now).unwrap();
    assert_eq!(puts(&mut session), [true]);
    // A lease that has ended is not kept.
    let mut session = self::session();
    taken(&mut session, led, NOW);
    let _login = send(&mut session, NOW);
    let _ = session.poll(&p(), NOW + 10 * SECOND);
    assert_eq!(session.poll_note(), None);
}
