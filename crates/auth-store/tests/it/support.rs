//! Stores in temporary directories, and entries for them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_proto::{Entry, Lease, Name, Note, Store, Taken, Want};
use auth_store::{FileStore, Key, Problem, StoreEvent};
use tempfile::TempDir;

pub(crate) const LEASE: Duration = Duration::from_secs(20);

/// A directory that does not exist yet, in one that is removed with the value.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// In memory, if there is such a directory: on a disk, each renamed file may wait for the disk.
    pub(crate) fn in_memory() -> Self {
        Self(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    pub(crate) fn store(&self) -> FileStore {
        self.store_with(key())
    }

    pub(crate) fn store_with(&self, key: Key) -> FileStore {
        FileStore::open(self.path(), key).unwrap()
    }

    /// The only file with this ending.
    pub(crate) fn file(&self, end: &str) -> PathBuf {
        let files = files(&self.path());
        let mut files =
            files.into_iter().filter(|path| path.extension().unwrap_or_default() == end);
        let file = files.next().unwrap();
        assert_eq!(files.next(), None);
        file
    }
}

pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

pub(crate) fn key() -> Key {
    Key::new([1; 32])
}

pub(crate) fn want(newer_than: u64) -> Want {
    Want::new(Name::new(b"name".to_vec().into()), newer_than, LEASE)
}

/// The answer to a login with this token, which lives for a minute.
pub(crate) fn entry(token: &str) -> Entry {
    let life = 60_000u64.to_be_bytes();
    let length = (token.len() as u32).to_be_bytes();
    Entry::from_bytes(&[&[1, 3][..], &life, &[0; 6], &length, token.as_bytes(), b"{}"].concat())
        .unwrap()
}

/// The lease that a store gives.
#[track_caller]
pub(crate) fn lead(store: &FileStore, newer_than: u64) -> Lease {
    match store.take(&want(newer_than)) {
        Taken::Led(lease) => lease,
        other => panic!("expected a lease, got {other:?}"),
    }
}

/// Logs in for all, and returns the generation.
#[track_caller]
pub(crate) fn put(store: &FileStore, token: &str) -> u64 {
    let lease = lead(store, 0);
    let generation = lease.generation();
    store.tell(&Note::Put { lease, entry: Some(entry(token)) });
    generation
}

pub(crate) fn give_back(store: &FileStore, lease: Lease) {
    store.tell(&Note::Put { lease, entry: None });
}

/// The entry that a store has, with its generation.
#[track_caller]
pub(crate) fn found(store: &FileStore) -> (Entry, u64) {
    match store.take(&want(0)) {
        Taken::Found { entry, generation, .. } => (entry, generation),
        other => panic!("expected an entry, got {other:?}"),
    }
}

/// The events of a store, each as its kind and the kind of its problem.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    pub(crate) fn of(&self, store: FileStore) -> FileStore {
        let events = self.clone();
        store.on_event(move |event| events.0.lock().unwrap().push(text(event)))
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
        problem => format!("{problem:?}").split(' ').next().unwrap().to_owned(),
    };
    format!("{kind}: {problem}")
}
