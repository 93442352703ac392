//! The store for tasks.

use std::{
    pin::pin,
    sync::{
        Arc, Barrier, Mutex,
        mpsc::{self, Sender},
    },
    task::{Context, Waker},
    thread,
};

use auth_proto::{AsyncStore, Lease, Note, Store, Taken, Want};
use auth_store::Blocking;

use crate::{
    entries::{entry, found, put, want},
    support::Place,
    wait::{LONG, wait, waker},
};

#[test]
fn a_task_takes_and_tells() {
    let place = Place::new();
    let store = Blocking::new(place.store()).unwrap();
    let Taken::Led(lease) = wait(store.take(&want(0))) else { panic!("no lease") };
    assert!(matches!(wait(store.take(&want(0))), Taken::Busy { .. }));
    store.tell(&Note::Put { lease, entry: Some(entry("t")) });
    // Dropping it tells the note.
    drop(store);
    assert_eq!(found(&place.store()).0, entry("t"));
    let store = Blocking::new(place.store()).unwrap();
    assert!(matches!(wait(store.take(&want(0))), Taken::Found { .. }));
}

/// Gives leases, each after two meetings, and reports what it is told.
struct Slow(Arc<Barrier>, Mutex<Sender<u64>>);

impl Store for Slow {
    fn take(&self, want: &Want) -> Taken {
        self.0.wait();
        self.0.wait();
        Taken::Led(Lease::new(want.name().clone(), want.newer_than() + 1))
    }

    fn tell(&self, note: &Note) {
        if let Note::Put { lease, entry: None } = note {
            self.1.lock().unwrap().send(lease.generation()).unwrap();
        }
    }
}

#[test]
fn a_lease_that_nobody_awaits_is_given_back() {
    let (meeting, (told, notes)) = (Arc::new(Barrier::new(2)), mpsc::channel());
    let store = Blocking::new(Slow(Arc::clone(&meeting), Mutex::new(told))).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    {
        // The caller goes while the store thinks.
        let want = want(1);
        let mut taking = pin!(store.take(&want));
        assert!(taking.as_mut().poll(&mut context).is_pending());
        meeting.wait();
    }
    meeting.wait();
    assert_eq!(notes.recv_timeout(LONG), Ok(2));
    // The caller goes after the answer, before it looks.
    let waker = waker();
    let want = want(2);
    let mut taking = Box::pin(store.take(&want));
    assert!(taking.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    meeting.wait();
    meeting.wait();
    thread::park_timeout(LONG);
    drop(taking);
    assert_eq!(notes.recv_timeout(LONG), Ok(3));
}

#[test]
fn a_store_that_panics_is_silent() {
    struct Broken;
    impl Store for Broken {
        fn take(&self, _: &Want) -> Taken {
            panic!("broken")
        }
        fn tell(&self, _: &Note) {}
    }
    let store = Blocking::new(Broken).unwrap();
    for _ in 0..4 {
        assert_eq!(wait(store.take(&want(0))), Taken::Silent);
    }
    // Another store is not concerned.
    put(&Place::new().store(), "t");
}
