//! What the store does with the notes of sessions.

use std::time::{Duration, Instant};

use auth_proto::{Lease, Note, Store, Taken};
use auth_store::Key;

use crate::{
    entries::{Events, LEASE, entry, found, give_back, key, lead, put, want},
    server::{Server, put_after},
    wait::LONG,
};

/// The generation of another process's lease. A lease for this one is given back.
fn busy(store: &impl Store) -> Option<u64> {
    match store.take(&want(0)) {
        Taken::Busy { generation } => Some(generation),
        Taken::Led(lease) => {
            give_back(store, lease);
            None
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_process_logs_in_and_all_find_the_token() {
    let server = Server::start();
    let (one, other) = (server.store(), server.store());
    let lease = lead(&one, 0);
    let generation = lease.generation();
    assert_eq!(busy(&other), Some(generation));
    one.tell(&Note::Put { lease, entry: Some(entry("t")) });
    assert_eq!(found(&other), (entry("t"), generation));
    let Taken::Found { age, .. } = other.take(&want(0)) else { panic!("no entry") };
    assert!(age < Duration::from_secs(30), "{age:?}");
    // Of no use to one process: it gets the next lease.
    let lease = lead(&other, generation);
    assert!(lease.generation() > generation);
    give_back(&other, lease);
    other.tell(&Note::Forget { name: want(0).name().clone(), generation });
    give_back(&one, lead(&one, 0));
}

#[test]
fn a_wiped_server_gives_greater_generations() {
    let server = Server::start();
    let store = server.store();
    let mut last = 0;
    for _ in 0..20 {
        let lease = lead(&store, 0);
        assert!(lease.generation() > last);
        last = lease.generation();
        server.run(&["FLUSHALL"]);
        // Its clock counts milliseconds.
        std::thread::sleep(Duration::from_millis(2));
    }
    // Also beyond what an asker knows, whose server may have had another clock.
    let lease = lead(&store, last + 1_000_000);
    assert_eq!(lease.generation(), last + 1_000_001);
    give_back(&store, lease);
    // The key stays until the clock has come there.
    let [key] = &server.keys()[..] else { panic!("one key") };
    let redis::Value::Int(left) = server.run(&["PTTL", key]) else { panic!("no time") };
    assert!(left > 900_000, "{left}");
    assert_eq!(lead(&store, 0).generation(), last + 1_000_002);
}

#[test]
fn a_lease_that_is_over_overwrites_nothing_newer() {
    let server = Server::start();
    let events = Events::default();
    let store = events.of(server.store());
    let late = lead(&store, 0);
    let generation = late.generation();
    server.run(&["HSET", &server.keys()[0], "lease", "0"]);
    let newer = put_after(&store, generation, "new");
    events.take();
    store.tell(&Note::Put { lease: late, entry: Some(entry("late")) });
    assert_eq!(events.take(), ["over"]);
    assert_eq!(found(&store), (entry("new"), newer));
    // It does not end the lease of another process either, with or without an entry.
    let held = lead(&store, newer);
    for entry in [None, Some(entry("late"))] {
        let lease = Lease::new(want(0).name().clone(), generation);
        store.tell(&Note::Put { lease, entry });
        let Taken::Busy { generation } = store.take(&want(newer)) else { panic!("not busy") };
        assert_eq!(generation, held.generation());
    }
    // A lease that the server has lost can still bring its entry.
    server.run(&["FLUSHALL"]);
    let generation = held.generation();
    store.tell(&Note::Put { lease: held, entry: Some(entry("kept")) });
    assert_eq!(found(&store), (entry("kept"), generation));
    assert!(lead(&store, generation).generation() > generation);
}

#[test]
fn forget_removes_that_generation_alone() {
    let server = Server::start();
    let store = server.store();
    let generation = put(&store, "t");
    let forget = |generation| Note::Forget { name: want(0).name().clone(), generation };
    for other in [0, generation - 1, generation + 1, u64::MAX] {
        store.tell(&forget(other));
        assert_eq!(found(&store).1, generation);
    }
    store.tell(&forget(generation));
    assert!(lead(&store, 0).generation() > generation);
}

#[test]
fn keep_extends_its_own_lease_alone() {
    let server = Server::start();
    let store = server.store();
    let lease = lead(&store, 0);
    let hash = server.keys().remove(0);
    let length = || {
        let values = crate::server::strings(server.run(&["HMGET", &hash, "lease", "last"]));
        (values[0].parse::<u128>().unwrap(), values[1].parse::<u64>().unwrap())
    };
    let keep = |generation, lease| {
        store.tell(&Note::Keep { name: want(0).name().clone(), generation, lease });
    };
    let own = lease.generation();
    assert_eq!(length(), (LEASE.as_millis(), own));
    keep(own + 1, LEASE * 3);
    keep(own - 1, LEASE * 3);
    assert_eq!(length(), (LEASE.as_millis(), own));
    keep(own, LEASE * 2);
    assert_eq!(length(), (LEASE.as_millis() * 2, own));
    let redis::Value::Int(left) = server.run(&["PTTL", &hash]) else { panic!("no time") };
    assert!(left > 30_000, "{left}");
    // One that has come back stays so.
    give_back(&store, lease);
    keep(own, LEASE);
    assert_eq!(length(), (0, own));
}

#[test]
fn both_keys_open_and_the_new_one_seals() {
    let server = Server::start();
    let new_key = || Key::new([2; 32]);
    let (old, both) = (server.store(), server.store_with(new_key().with_old_key(key())));
    let first = put(&old, "old");
    assert_eq!(found(&both), (entry("old"), first));
    // It keeps no lease: others find it free as soon as the server has heard that.
    let (new, started) = (server.store_with(new_key()), Instant::now());
    while busy(&new).is_some() {
        assert!(started.elapsed() < LONG);
    }
    let second = put_after(&both, first, "new");
    assert_eq!(found(&both), (entry("new"), second));
    assert_eq!(found(&server.store_with(new_key())), (entry("new"), second));
    assert_eq!(found(&old), (entry("old"), first));
    // A newer entry of a process with the old key counts, too.
    let third = put_after(&old, second, "older");
    assert_eq!(found(&both), (entry("older"), third));
    both.tell(&Note::Forget { name: want(0).name().clone(), generation: third });
    assert_eq!(found(&both), (entry("new"), second));
    give_back(&old, lead(&old, 0));
    // Another key finds nothing.
    give_back(
        &server.store_with(Key::new([3; 32])),
        lead(&server.store_with(Key::new([3; 32])), 0),
    );
}
