//! Locks that are held and disks that are slow: the operator sees why a process went alone.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use auth_proto::{Note, Store, Taken, Want};
use auth_store::{Blocking, FileStore};

use crate::{
    client::{at_once, by_task, by_thread},
    entries::Events,
    support::Place,
};

/// Sessions that ask at the same time: more than `Blocking` has threads, one after the other.
const SESSIONS: usize = 8;

/// Holds the locks of all names.
fn hold(place: &Path) -> Vec<File> {
    let lock = |byte: u8| {
        let path = place.join(format!("{byte:02x}.lock"));
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(path).unwrap();
        file.lock().unwrap();
        file
    };
    (0..=255).map(lock).collect()
}

#[test]
fn a_held_lock_is_one_event() {
    let (place, events) = (Place::new(), Events::default());
    let store = events.of(place.store());
    let _held = hold(&place.path());
    let threads = Arc::new(store.clone());
    let reasons = at_once(SESSIONS, || by_thread(&threads));
    assert_eq!(reasons, vec![["NoAnswer"]; SESSIONS]);
    assert_eq!(events.take(), ["silent: Locked"; SESSIONS]);
    // Tasks whose question no thread comes to in time have the session's event alone.
    let tasks = Arc::new(Blocking::new(store).unwrap());
    let reasons = at_once(SESSIONS, || by_task(&tasks));
    assert_eq!(reasons, vec![["NoAnswer"]; SESSIONS]);
    drop(tasks);
    let said = events.take();
    assert!((1..=SESSIONS).contains(&said.len()), "{said:?}");
    assert!(said.iter().all(|event| event == "silent: Locked"), "{said:?}");
}

/// Files on a disk that takes this long.
struct Slow(FileStore, Duration);

impl Store for Slow {
    fn take(&self, want: &Want) -> Taken {
        thread::sleep(self.1);
        self.0.take(want)
    }

    fn tell(&self, note: &Note) {
        self.0.tell(note);
    }
}

/// The files have answered, and know nothing of the caller who has gone.
#[test]
fn a_session_says_that_it_went_alone() {
    for is_task in [true, false] {
        let (place, events) = (Place::new(), Events::default());
        let slow = |millis| Slow(events.of(place.store()), Duration::from_millis(millis));
        let reasons = match is_task {
            true => {
                let store = Arc::new(Blocking::new(slow(400)).unwrap());
                at_once(2, || by_task(&store))
            }
            false => {
                let store = Arc::new(slow(1_500));
                at_once(2, || by_thread(&store))
            }
        };
        assert_eq!(reasons, vec![["NoAnswer"]; 2], "{is_task}");
        let said = events.take();
        assert!(said.iter().all(|event| event == "given"), "{said:?}");
    }
}
