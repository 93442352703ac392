//! What a session remembers of its store between two questions.

use std::time::Duration;

use auth_proto::{Action, Destination, Note, Scope, Settings, timestamp};
use http::Uri;

use super::store::{
    answer, answer_of, body, found, led, p, send, session, session_with, take, taken, token_in_use,
};
use crate::support::{NOW, response, session::HOUR};

const MINUTE: Duration = Duration::from_secs(60);

fn service() -> Uri {
    Uri::from_static("https://service.example/")
}

fn q() -> Scope {
    Scope::project_id("q")
}

/// The answer to a login for no project.
fn root() -> String {
    body("p", "u1").replace(r#""project": {"id": "p"},"#, "")
}

#[test]
fn a_refused_token_is_not_taken_after_its_end() {
    let mut session = session();
    taken(&mut session, |_| found(answer("t1", "p"), 5), NOW);
    let token = session.cached_token(&p(), NOW).unwrap();
    let _ = session.handle_unauthorized(&token, &service(), NOW);
    let late = NOW + HOUR;
    taken(&mut session, |_| found(answer("t1", "p"), 6), late);
    assert_eq!(token_in_use(&mut session, late), "");
    taken(&mut session, |_| found(answer("t2", "p"), 7), late);
    assert_eq!(token_in_use(&mut session, late), "t2");
}

#[test]
fn a_shared_token_that_ends_before_the_root() {
    let mut session = session_with(Settings::default().with_root(Scope::unscoped()));
    taken(&mut session, |_| found(answer_of(3, "root", HOUR, &root()), 5), NOW);
    // It is from an older root token.
    let [late, soon] = [HOUR, 10 * MINUTE].map(|life| timestamp::format(NOW + life));
    let own = body("p", "u1").replace(&late, &soon);
    taken(&mut session, |_| found(answer_of(3, "t", 10 * MINUTE, &own), 5), NOW);
    assert_eq!(token_in_use(&mut session, NOW), "t");
    // So it is not renewed together with this one.
    assert!(session.renew_at(&p()).unwrap() <= NOW + 9 * MINUTE);
}

/// The old token stays in use if the new one ends earlier.
#[test]
fn the_entry_of_the_token_in_use_is_forgotten() {
    let mut session = session();
    taken(&mut session, led, NOW);
    let pending = send(&mut session, NOW);
    session.handle_response(pending, response(201, Some("t1"), &body("p", "u1")), NOW).unwrap();
    let Some(Note::Put { lease, .. }) = session.poll_note() else { panic!() };
    let late = NOW + 55 * MINUTE;
    taken(&mut session, led, late);
    let pending = send(&mut session, late);
    session.handle_response(pending, response(201, Some("t2"), &body("p", "u1")), late).unwrap();
    assert!(matches!(session.poll_note(), Some(Note::Put { entry: Some(_), .. })));
    assert_eq!(token_in_use(&mut session, late), "t1");
    let token = session.cached_token(&p(), late).unwrap();
    let _ = session.handle_unauthorized(&token, &service(), late);
    let (name, generation) = (lease.name().clone(), lease.generation());
    assert_eq!(session.poll_note(), Some(Note::Forget { name, generation }));
}

#[test]
fn a_scope_that_loses_its_place_ends_its_lease() {
    let mut session = session_with(Settings::default().with_max_scopes(1));
    let (pending, want) = take(&mut session, NOW);
    session.handle_taken(pending, led(&want), NOW).unwrap();
    let Action::Take(..) = session.poll(&q(), NOW) else { panic!() };
    let Some(Note::Put { lease, entry: None }) = session.poll_note() else { panic!() };
    assert_eq!(lease.name(), want.name());
}

/// A service has refused a token of this session. The root token may be invalid, too, whatever another
/// process has got for its own.
#[test]
fn a_shared_token_is_no_word_for_the_root() {
    let mut session = session_with(Settings::default().with_root(Scope::unscoped()));
    taken(&mut session, |_| found(answer_of(3, "root", HOUR, &root()), 5), NOW);
    taken(&mut session, |_| found(answer("t1", "p"), 5), NOW);
    let token = session.cached_token(&p(), NOW).unwrap();
    let _ = session.handle_unauthorized(&token, &service(), NOW);
    let to = Uri::from_static("https://service.example/");
    let Action::Take(pending, _) = session.poll_to(&p(), Destination::At(&to), NOW) else {
        panic!()
    };
    session.handle_taken(pending, found(answer("t2", "p"), 6), NOW).unwrap();
    // One exchange shows whether it is valid.
    let mut next = |scope: &Scope| match session.poll(scope, NOW) {
        Action::Take(pending, want) => {
            session.handle_taken(pending, led(&want), NOW).unwrap();
            session.poll(scope, NOW)
        }
        other => other,
    };
    let first = next(&q());
    let second = next(&Scope::project_id("r"));
    assert!(matches!(first, Action::Send(..)), "{first:?}");
    assert!(matches!(second, Action::Wait(_)), "{second:?}");
}
