//! The store for tasks.

use std::{
    pin::pin,
    task::{Context, Waker},
    thread,
    time::Instant,
};

use auth_proto::{AsyncStore, Name, Note, Taken, Want};
use auth_store::AsyncRedisStore;

use crate::{
    entries::{Events, LEASE, entry, found, give_back, key, lead, want},
    server::Server,
    wait::{LONG, wait, waker},
};

fn open(server: &Server) -> AsyncRedisStore {
    AsyncRedisStore::open(&server.url(), key()).unwrap().with_patience(LONG)
}

#[test]
fn a_task_takes_and_tells() {
    let server = Server::start();
    let events = Events::default();
    let store = open(&server).on_event(events.listener());
    let Taken::Led(lease) = wait(store.take(&want(0))) else { panic!("no lease") };
    assert!(matches!(wait(store.take(&want(0))), Taken::Busy { .. }));
    store.tell(&Note::Put { lease, entry: Some(entry("t")) });
    // Dropping it tells the note.
    drop(store);
    assert_eq!(events.take(), ["given"]);
    assert_eq!(found(&server.store()).0, entry("t"));
    assert!(matches!(wait(open(&server).take(&want(0))), Taken::Found { .. }));
}

#[test]
fn a_lease_that_nobody_awaits_is_given_back() {
    let server = Server::start();
    let store = open(&server);
    let mut context = Context::from_waker(Waker::noop());
    {
        let want = want(0);
        let mut taking = pin!(store.take(&want));
        assert!(taking.as_mut().poll(&mut context).is_pending());
    }
    let started = Instant::now();
    loop {
        match wait(store.take(&want(0))) {
            Taken::Led(lease) => break store.tell(&Note::Put { lease, entry: None }),
            taken => assert!(started.elapsed() < LONG, "{taken:?}"),
        }
    }
    // The caller goes after the answer, before it looks.
    let waker = waker();
    let asked = want(0);
    let mut taking = Box::pin(store.take(&asked));
    assert!(taking.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    thread::park_timeout(LONG);
    drop(taking);
    drop(store);
    give_back(&server.store(), lead(&server.store(), 0));
}

/// The sessions of a large program ask at the same time.
#[test]
fn many_tasks_share_round_trips() {
    let server = Server::start();
    let store = open(&server);
    let wants: Vec<_> = (0..500u32)
        .map(|number| Want::new(Name::new(number.to_be_bytes().to_vec().into()), 0, LEASE))
        .collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut taking: Vec<_> = wants.iter().map(|want| Box::pin(store.take(want))).collect();
    for taking in &mut taking {
        assert!(taking.as_mut().poll(&mut context).is_pending());
    }
    for taking in taking {
        let Taken::Led(lease) = wait(taking) else { panic!("no lease") };
        store.tell(&Note::Put { lease, entry: Some(entry("t")) });
    }
    for want in &wants {
        assert!(matches!(wait(store.take(want)), Taken::Found { .. }));
    }
}
