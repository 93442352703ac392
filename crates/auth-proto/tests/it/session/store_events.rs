//! One session and a store: what an operator sees.

use std::time::Duration;

use auth_proto::{Entry, Event, Note, Session, SuspensionReason, Taken};
use time::UtcDateTime;

use super::store::{answer, fails, found, led, p, send, session, taken, token_in_use};
use crate::support::{NOW, response, session::HOUR};

const SECOND: Duration = Duration::from_secs(1);

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

/// The logins, refusals, pauses, imports and misses.
fn counts(session: &Session) -> [u64; 5] {
    let counts = session.counts();
    [counts.logins(), counts.refusals(), counts.pauses(), counts.imports(), counts.misses()]
}

/// The entry that a session puts after a login with this answer at this time.
fn entry(status: u16, now: UtcDateTime) -> Entry {
    let mut session = session();
    taken(&mut session, led, now);
    let login = send(&mut session, now);
    session.handle_response(login, response(status, None, "{}"), now).unwrap();
    let failed = [u64::from(status == 401), u64::from(status != 401)];
    assert_eq!(counts(&session), [1, failed[0], failed[1], 0, 1]);
    match session.poll_note() {
        Some(Note::Put { entry: Some(entry), .. }) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_of_another_process_is_an_event() {
    let mut session = session();
    taken(&mut session, |_| Taken::Busy { generation: 1 }, NOW);
    taken(&mut session, |_| found(answer("t", "p"), 5), NOW + SECOND);
    assert_eq!(token_in_use(&mut session, NOW + SECOND), "t");
    let imported = Event::TokenImported { scope: p(), expires_at: NOW + HOUR };
    assert_eq!(events(&mut session), [imported]);
    assert_eq!(counts(&session), [0, 0, 0, 1, 1]);
}

#[test]
fn a_pause_of_another_process_is_an_event() {
    for status in [401, 404] {
        let pause = entry(status, NOW);
        let mut session = session();
        taken(&mut session, |_| found(pause, 5), NOW);
        let events = events(&mut session);
        let [Event::PauseImported { scope, error, retry_at }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((scope, error.retry_at()), (&p(), None));
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert!(retry_at.is_some_and(|at| NOW < at && at < NOW + HOUR / 2), "{retry_at:?}");
        assert_eq!(counts(&session), [0, 0, 1, 0, 0], "{status}");
    }
}

#[test]
fn a_store_of_no_use_is_an_event() {
    type Asked = fn(&mut Session);
    let cases: [(SuspensionReason, Asked); 3] = [
        (SuspensionReason::NoAnswer, |session| taken(session, |_| Taken::Silent, NOW)),
        (SuspensionReason::Useless, |session| {
            let old = |_: &_| Taken::Found { entry: answer("t", "p"), generation: 0, age: HOUR };
            taken(session, old, NOW);
        }),
        (SuspensionReason::LeaseInTheWay, |session| {
            for second in 0..=25 {
                let busy = |_: &_| Taken::Busy { generation: 1 };
                taken(session, busy, NOW + second * SECOND);
            }
        }),
    ];
    for (expected, asked) in cases {
        let mut session = session();
        asked(&mut session);
        let events = events(&mut session);
        let [Event::StoreSuspended { reason, until }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(*reason, expected);
        assert!(*until >= NOW + 30 * SECOND, "{until}");
        assert_eq!(counts(&session)[..4], [0; 4]);
        assert!(counts(&session)[4] > 0);
        // The session logs in, and does not say so again.
        let _login = send(&mut session, *until - SECOND);
        assert!(matches!(self::events(&mut session)[..], [Event::LoginStarted { .. }]));
    }
}

#[test]
fn a_lease_that_was_lost_is_an_event() {
    let mut session = session();
    taken(&mut session, led, NOW);
    let login = send(&mut session, NOW);
    events(&mut session);
    // Nobody has looked at the session meanwhile.
    let late = NOW + 11 * SECOND;
    session.handle_response(login, response(503, None, "{}"), late).unwrap();
    let events = events(&mut session);
    assert!(events.contains(&Event::LeaseLost { scope: p() }), "{events:?}");
}

/// Somebody who can write to the store, and has not its key, puts an old entry back.
#[test]
fn a_pause_that_comes_back_ends_in_time() {
    let pause = entry(401, NOW);
    let again = |age| {
        let entry = pause.clone();
        move |_: &_| Taken::Found { entry, generation: 5, age }
    };
    // It lasts no longer than the first time.
    let late = NOW + HOUR / 3;
    let mut session = session();
    taken(&mut session, again(HOUR / 3), late);
    let until = fails(&mut session, late).retry_at().unwrap();
    assert!(until <= NOW + HOUR / 2 && until > late, "{until}");
    // Then it is no pause any more.
    let mut session = self::session();
    taken(&mut session, again(HOUR / 2), late);
    taken(&mut session, led, late);
    let _login = send(&mut session, late);
    // A process with a token uses it.
    let mut session = self::session();
    taken(&mut session, |_| found(answer("t", "p"), 5), NOW);
    let due = session.renew_at(&p()).unwrap();
    let entry = pause.clone();
    taken(&mut session, |_| Taken::Found { entry, generation: 6, age: SECOND }, due);
    assert_eq!(token_in_use(&mut session, due), "t");
}
