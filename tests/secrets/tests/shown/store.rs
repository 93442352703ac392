//! What a session exchanges with a store.

use std::time::Duration;

use auth_proto::{
    Action, Credential, Entry, Lease, Name, Note, Scope, Session, Settings, Taken, Want,
};

use crate::{
    canaries::{PASSWORD, TOKEN},
    types::{NOW, cloud, token_response, user},
    walk::{Walk, see},
};

pub(crate) fn walk(walk: &mut Walk) {
    let name = Name::new(PASSWORD.as_bytes().to_vec().into());
    see!(walk, name, Want::new(name.clone(), 1, Duration::from_secs(20)));
    see!(walk, Lease::new(name.clone(), 2), Taken::Led(Lease::new(name.clone(), 2)));
    let found = Taken::Found { entry: entry(), generation: 2, age: Duration::ZERO };
    see!(walk, entry(), entry().label(), found, Taken::Busy { generation: 2 }, Taken::Silent);
    see!(walk, Note::Forget { name: name.clone(), generation: 2 });
    let lease = Duration::from_secs(20);
    see!(walk, Note::Keep { name: name.clone(), generation: 2, lease });
    see!(walk, Note::Put { lease: Lease::new(name, 2), entry: Some(entry()) });
    let credential = Credential::password(user(), PASSWORD);
    let settings = Settings::default().with_store();
    let mut session = Session::new(cloud(), credential, settings).unwrap();
    let action = session.poll(&Scope::project_id("p"), NOW);
    see!(walk, action);
    // What the session itself says of the entry.
    let Action::Take(pending, want) = action else { panic!("{action:?}") };
    session.handle_taken(pending, Taken::Led(Lease::new(want.name().clone(), 1)), NOW).unwrap();
    let Action::Send(pending, _) = session.poll(&Scope::project_id("p"), NOW) else { panic!() };
    session.handle_response(pending, token_response(), NOW).unwrap();
    let note = session.poll_note();
    let Some(Note::Put { entry: Some(entry), .. }) = &note else { panic!("{note:?}") };
    see!(walk, note, entry.label());
}

/// The answer to a login: a token, and a body that repeats it.
fn entry() -> Entry {
    let head =
        [&[1, 3][..], &60_000u64.to_be_bytes(), &[0; 6], &(TOKEN.len() as u32).to_be_bytes()];
    let body = format!("{{\"token\": {{\"x\": \"{TOKEN} {PASSWORD}\"}}}}");
    Entry::from_bytes(&[&head.concat()[..], TOKEN.as_bytes(), body.as_bytes()].concat()).unwrap()
}
