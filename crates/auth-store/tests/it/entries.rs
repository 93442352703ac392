//! Entries, leases and events of a store, for files and for Redis.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_proto::{Entry, Lease, Name, Note, Store, Taken, Want};
use auth_store::{Key, Problem, StoreEvent};

pub(crate) const LEASE: Duration = Duration::from_secs(20);

pub(crate) fn key() -> Key {
    Key::new([1; 32])
}

pub(crate) fn want(newer_than: u64) -> Want {
    Want::new(Name::new(b"name".to_vec().into()), newer_than, LEASE)
}

/// The answer to a login with this token, which lives for a minute.
pub(crate) fn entry(token: &str) -> Entry {
    entry_with(token, "{}")
}

pub(crate) fn entry_with(token: &str, body: &str) -> Entry {
    let life = 60_000u64.to_be_bytes();
    let label = [0; 6];
    let length = (token.len() as u32).to_be_bytes();
    let bytes = [&[1, 3][..], &life, &label, &length, token.as_bytes(), body.as_bytes()].concat();
    Entry::from_bytes(&bytes).unwrap()
}

/// The lease that a store gives.
#[track_caller]
pub(crate) fn lead(store: &impl Store, newer_than: u64) -> Lease {
    match store.take(&want(newer_than)) {
        Taken::Led(lease) => lease,
        other => panic!("expected a lease, got {other:?}"),
    }
}

/// Logs in for all, and returns the generation.
#[track_caller]
pub(crate) fn put(store: &impl Store, token: &str) -> u64 {
    let lease = lead(store, 0);
    let generation = lease.generation();
    store.tell(&Note::Put { lease, entry: Some(entry(token)) });
    generation
}

pub(crate) fn give_back(store: &impl Store, lease: Lease) {
    store.tell(&Note::Put { lease, entry: None });
}

/// The entry that a store has, with its generation.
#[track_caller]
pub(crate) fn found(store: &impl Store) -> (Entry, u64) {
    match store.take(&want(0)) {
        Taken::Found { entry, generation, .. } => (entry, generation),
        other => panic!("expected an entry, got {other:?}"),
    }
}

/// The events of a store, each as its kind and its problem.
#[derive(Clone, Default)]
pub(crate) struct Events(pub(crate) Arc<Mutex<Vec<String>>>);

impl Events {
    pub(crate) fn listener(&self) -> impl Fn(&StoreEvent) + Send + Sync + 'static {
        let events = self.clone();
        move |event| events.0.lock().unwrap().push(text(event))
    }

    /// The events since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

pub(crate) fn text(event: &StoreEvent) -> String {
    let (kind, error) = match event {
        StoreEvent::LeaseGiven { .. } => return "given".to_owned(),
        StoreEvent::LeaseOver { .. } => return "over".to_owned(),
        StoreEvent::NotTold(error) => ("not told", error),
        StoreEvent::PassedOver(error) => ("passed over", error),
        StoreEvent::Silent(error) => ("silent", error),
        other => panic!("{other:?}"),
    };
    let problem = match error.problem() {
        Problem::Io(error) => format!("{:?}", error.kind()),
        Problem::Refused { code, .. } => code.clone(),
        problem => format!("{problem:?}").split(' ').next().unwrap().to_owned(),
    };
    format!("{kind}: {problem}")
}
