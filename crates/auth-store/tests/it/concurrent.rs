//! Threads that share a store, or have one each.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, Builder},
};

use auth_proto::{Name, Note, Store, Taken, Want};
use auth_store::FileStore;

use crate::{
    entries::{LEASE, entry, found, give_back, lead, put, want},
    support::Place,
};

#[test]
fn one_of_2000_threads_gets_the_lease() {
    const THREADS: usize = 2_000;
    let place = Place::new();
    let (shared, start) = (place.store(), Barrier::new(THREADS));
    let (led, busy, silent) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..THREADS {
            // Every second one has a store of its own, as a process has.
            let store = if number % 2 == 0 { shared.clone() } else { place.store() };
            let (led, busy, silent, start) = (&led, &busy, &silent, &start);
            let ask = move || {
                start.wait();
                let counter = match store.take(&want(0)) {
                    Taken::Led(_) => led,
                    Taken::Busy { .. } => busy,
                    Taken::Silent => silent,
                    other => panic!("{other:?}"),
                };
                counter.fetch_add(1, SeqCst);
                // The lease ends with its store.
                start.wait();
            };
            Builder::new().stack_size(256 * 1024).spawn_scoped(scope, ask).unwrap();
        }
    });
    assert_eq!(led.into_inner(), 1);
    // On a slow machine some threads may not be in time.
    assert_eq!(busy.into_inner() + silent.into_inner(), THREADS - 1);
}

#[test]
fn every_race_has_one_winner() {
    const THREADS: usize = 16;
    const RACES: u8 = 200;
    let place = Place::new();
    let (meeting, led) = (Barrier::new(THREADS), [const { AtomicUsize::new(0) }; RACES as usize]);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (store, meeting, led) = (place.store(), &meeting, &led);
            scope.spawn(move || {
                for race in 0..RACES {
                    let want = Want::new(Name::new(vec![race].into()), 0, LEASE);
                    meeting.wait();
                    if let Taken::Led(_) = store.take(&want) {
                        led[usize::from(race)].fetch_add(1, SeqCst);
                    }
                }
                // The leases end with their stores.
                meeting.wait();
            });
        }
    });
    for (race, led) in led.iter().enumerate() {
        assert_eq!(led.load(SeqCst), 1, "race {race}");
    }
}

#[test]
fn a_generation_is_beyond_all_known_ones() {
    let place = Place::new();
    let known = u64::MAX / 2;
    assert_eq!(lead(&place.store(), known).generation(), known + 1);
}

#[test]
fn a_clone_is_the_same_store() {
    let place = Place::new();
    let (store, clone) = (place.store(), place.store().clone());
    let lease = lead(&store, 0);
    assert_eq!(store.clone().take(&want(0)), Taken::Busy { generation: lease.generation() });
    assert_eq!(clone.take(&want(0)), Taken::Busy { generation: lease.generation() });
    give_back(&store.clone(), lease);
    give_back(&clone, lead(&clone, 0));
}

#[test]
fn readers_see_whole_entries() {
    const WRITERS: usize = 4;
    let place = Place::new();
    // An entry of 300 kB is not written at once.
    let token = |number: usize| number.to_string().repeat(300 * 100);
    let known: Vec<_> = (1..=WRITERS).map(|number| entry(&token(number))).collect();
    put(&place.store(), &token(1));
    thread::scope(|scope| {
        for number in 1..=WRITERS {
            let store = place.store();
            scope.spawn(move || {
                for _ in 0..50 {
                    let (_, generation) = found(&store);
                    if let Taken::Led(lease) = store.take(&want(generation)) {
                        let entry = Some(entry(&token(number)));
                        store.tell(&Note::Put { lease, entry });
                    }
                }
            });
        }
        let store: FileStore = place.store();
        for _ in 0..500 {
            let (entry, _) = found(&store);
            assert!(known.contains(&entry));
        }
    });
}
