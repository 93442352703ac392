//! What a session exchanges with a store.

use std::time::Duration;

use auth_proto::{
    Action, Credential, Entry, Lease, Name, Note, Scope, Session, Settings, SuspensionReason,
    Taken, Want,
};

use crate::{
    canaries::{PASSWORD, TOKEN},
    types::{NOW, Script, cloud, refusal, token_response, user},
    walk::{Walk, see},
};

pub(crate) fn walk(walk: &mut Walk) {
    let name = Name::new(PASSWORD.as_bytes().to_vec().into());
    see!(walk, name, Want::new(name.clone(), 1, Duration::from_secs(20)));
    see!(walk, Lease::new(name.clone(), 2), Taken::Led(Lease::new(name.clone(), 2)));
    let found = Taken::Found { entry: entry(), generation: 2, age: Duration::ZERO };
    see!(
        walk,
        entry(),
        entry().label().clone(),
        found,
        Taken::Busy { generation: 2 },
        Taken::Silent
    );
    see!(walk, Note::Forget { name: name.clone(), generation: 2 });
    let lease = Duration::from_secs(20);
    see!(walk, Note::Keep { name: name.clone(), generation: 2, lease });
    see!(walk, Note::Put { lease: Lease::new(name, 2), entry: Some(entry()) });
    entries_of_sessions(walk);
}

/// What sessions say of their entries and of those of others.
fn entries_of_sessions(walk: &mut Walk) {
    let answers: [Script; 2] = [|_| token_response(), |request| refusal(401, request)];
    for answer in answers {
        let mut session = session();
        take(walk, &mut session, |name| Taken::Led(Lease::new(name, 1)));
        let Action::Send(pending, request) = session.poll(&scope(), NOW) else { panic!() };
        session.handle_response(pending, answer(&request), NOW).unwrap();
        let note = session.poll_note();
        let Some(Note::Put { entry: Some(entry), .. }) = &note else { panic!("{note:?}") };
        see!(walk, note, entry.label(), session.counts());
        // Another process.
        let (mut other, entry) = (self::session(), entry.clone());
        take(walk, &mut other, |_| Taken::Found { entry, generation: 1, age: Duration::ZERO });
    }
    take(walk, &mut session(), |_| Taken::Silent);
    see!(walk, SuspensionReason::NoAnswer);
    let mut session = session();
    take(walk, &mut session, |name| Taken::Led(Lease::new(name, 1)));
    // Nobody has kept the lease.
    see!(walk, session.poll(&scope(), NOW + Duration::from_secs(60)));
    events(walk, &mut session);
}

fn session() -> Session {
    let credential = Credential::password(user(), PASSWORD);
    Session::new(cloud(), credential, Settings::default().with_store()).unwrap()
}

fn scope() -> Scope {
    Scope::project_id("p")
}

fn take(walk: &mut Walk, session: &mut Session, answer: impl FnOnce(Name) -> Taken) {
    let action = session.poll(&scope(), NOW);
    see!(walk, action);
    let Action::Take(pending, want) = action else { panic!("{action:?}") };
    session.handle_taken(pending, answer(want.name().clone()), NOW).unwrap();
    events(walk, session);
}

fn events(walk: &mut Walk, session: &mut Session) {
    while let Some(event) = session.poll_event() {
        see!(walk, event);
    }
    see!(walk, session);
}

/// The answer to a login: a token, and a body that repeats it.
pub(crate) fn entry() -> Entry {
    let head =
        [&[1, 3][..], &60_000u64.to_be_bytes(), &[0; 6], &(TOKEN.len() as u32).to_be_bytes()];
    let body = format!("{{\"token\": {{\"x\": \"{TOKEN} {PASSWORD}\"}}}}");
    Entry::from_bytes(&[&head.concat()[..], TOKEN.as_bytes(), body.as_bytes()].concat()).unwrap()
}
