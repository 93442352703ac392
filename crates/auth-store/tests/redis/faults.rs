//! Servers that are stopped, gone, full or replicas: the store is silent, and works again.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use auth_proto::{Note, Store, Taken};
use auth_store::RedisStore;
use redis::Value;
use redis_server::free_port;
use rustix::process::Signal;

use crate::{
    entries::{Events, entry, entry_with, found, give_back, key, lead, put, want},
    server::{PATIENCE, Server},
    wait::LONG,
};

#[test]
fn a_restart_between_two_calls_is_not_seen() {
    let mut server = Server::start();
    let events = Events::default();
    let store = events.of(server.store());
    let lease = lead(&store, 0);
    server.kill();
    server.restart().unwrap();
    let generation = lease.generation();
    store.tell(&Note::Put { lease, entry: Some(entry("t")) });
    assert_eq!(found(&store), (entry("t"), generation));
    // Nor is an operator, or something between, that closes the connection.
    server.run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert_eq!(found(&store).1, generation);
    assert_eq!(events.take(), ["given"]);
}

#[test]
fn a_stopped_server_is_silent_until_it_goes_on() {
    let server = Server::start();
    let events = Events::default();
    let store = events.of(server.store());
    let generation = put(&store, "t");
    events.take();
    server.signal(Signal::STOP);
    let started = Instant::now();
    let usual = store.clone().with_patience(PATIENCE);
    assert_eq!(usual.take(&want(0)), Taken::Silent);
    usual.tell(&Note::Forget { name: want(0).name().clone(), generation: 1 });
    assert!(started.elapsed() < LONG);
    assert_eq!(events.take_all(2), ["silent: TimedOut", "not told: TimedOut"]);
    server.signal(Signal::CONT);
    // Answers that come late belong to nobody.
    assert_eq!(found(&store), (entry("t"), generation));
}

#[test]
fn a_server_that_is_gone_is_silent() {
    let events = Events::default();
    let url = format!("redis://127.0.0.1:{}", free_port().unwrap());
    let store = events.of(RedisStore::open(&url, key()).unwrap());
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert_eq!(events.take(), ["silent: ConnectionRefused"]);
    // One that accepts and says nothing, and one that has no address.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let store = events.of(RedisStore::open(&url, key()).unwrap());
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert_eq!(events.take_all(1), ["silent: TimedOut"]);
    let store = events.of(RedisStore::open("redis://nothing.invalid", key()).unwrap());
    assert_eq!(store.take(&want(0)), Taken::Silent);
}

#[test]
fn a_full_server_still_gives_entries() {
    let server = Server::start();
    let events = Events::default();
    let store = events.of(server.store());
    let generation = put(&store, "t");
    events.take();
    server.run(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(found(&store).1, generation);
    assert_eq!(store.take(&want(generation)), Taken::Silent);
    assert_eq!(events.take(), ["silent: OOM"]);
    server.run(&["CONFIG", "SET", "maxmemory", "0"]);
    give_back(&store, lead(&store, generation));
}

#[test]
fn a_replica_gives_entries_and_no_leases() {
    let (primary, replica) = (Server::start(), Server::start());
    let generation = put(&primary.store(), "t");
    let port = primary.port().to_string();
    assert_eq!(replica.run(&["REPLICAOF", "127.0.0.1", &port]), Value::Okay);
    let started = Instant::now();
    while replica.keys().is_empty() {
        assert!(started.elapsed() < LONG);
    }
    let events = Events::default();
    let store = events.of(replica.store());
    assert_eq!(found(&store), (entry("t"), generation));
    assert_eq!(store.take(&want(generation)), Taken::Silent);
    assert_eq!(events.take(), ["silent: READONLY"]);
    // It takes over: the same store goes on.
    replica.run(&["REPLICAOF", "NO", "ONE"]);
    assert!(lead(&store, generation).generation() > generation);
}

#[test]
fn what_others_write_costs_a_login() {
    let server = Server::start();
    let events = Events::default();
    let store = events.of(server.store());
    let generation = put(&store, "t");
    let hash = server.keys().remove(0);
    for (field, value) in [
        ("generation", "x"),
        ("generation", "1e300"),
        ("generation", "nan"),
        ("generation", "-1"),
        ("last", "9007199254740993"),
        ("last", "inf"),
        ("lease", "1e18"),
        ("led", "99999999999999"),
        ("told", "99999999999999"),
        ("life", "0"),
        ("entry", "?"),
        ("entry", ""),
    ] {
        server.run(&["HSET", &hash, field, value]);
        match store.take(&want(0)) {
            Taken::Found { entry: found, .. } => assert_eq!(found, entry("t")),
            Taken::Led(lease) => store.tell(&Note::Put { lease, entry: Some(entry("t")) }),
            other => panic!("{field} {value}: {other:?}"),
        }
        found(&store);
    }
    assert!(put_newer(&store, generation) < generation + 1_000_000);
    // An entry that is longer than any is not read.
    let long = "x".repeat(5 << 20);
    server.run(&["HSET", &hash, "entry", &long]);
    events.take();
    put(&store, "u");
    assert_eq!(events.take(), ["passed over: Damaged", "given"]);
    // Something that is no hash is not touched.
    server.run(&["SET", &hash, "text"]);
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert_eq!(events.take(), ["silent: WRONGTYPE"]);
}

fn put_newer(store: &RedisStore, newer_than: u64) -> u64 {
    let Taken::Found { generation, .. } = store.take(&want(newer_than)) else { panic!("none") };
    generation
}

/// A proxy that counts how often the client speaks after the server.
fn counting_proxy(port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    let turns = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&turns);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, counter) = (client.unwrap(), Arc::clone(&counter));
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let speaks = Arc::new(AtomicBool::new(false));
            let (back, forth) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let spoken = Arc::clone(&speaks);
            thread::spawn(move || carry(server, back, || spoken.store(false, Ordering::SeqCst)));
            thread::spawn(move || {
                carry(client, forth, || {
                    let is_next = !speaks.swap(true, Ordering::SeqCst);
                    counter.fetch_add(is_next.into(), Ordering::SeqCst);
                });
            });
        }
    });
    (own, turns)
}

fn carry(mut from: TcpStream, mut to: TcpStream, said: impl Fn()) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        said();
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn an_import_is_one_round_trip() {
    let server = Server::start_with(&["--requirepass", "p"]);
    let (port, turns) = counting_proxy(server.port());
    let url = format!("redis://:p@127.0.0.1:{port}/3");
    let open = || RedisStore::open(&url, key()).unwrap().with_patience(LONG);
    let store = open();
    let lease = lead(&store, 0);
    assert_eq!(turns.swap(0, Ordering::SeqCst), 1);
    store.tell(&Note::Put { lease, entry: Some(entry_with("t", &"{}".repeat(10_000))) });
    assert_eq!(turns.swap(0, Ordering::SeqCst), 1);
    found(&store);
    assert_eq!(turns.swap(0, Ordering::SeqCst), 1);
    // A new process names its user and its database in the same trip.
    found(&open());
    assert_eq!(turns.swap(0, Ordering::SeqCst), 1);
    // With an old key, it gives back the lease of the new one after the answer.
    let new_key = auth_store::Key::new([2; 32]).with_old_key(key());
    found(&RedisStore::open(&url, new_key).unwrap().with_patience(LONG));
    assert_eq!(turns.swap(0, Ordering::SeqCst), 2);
    // Nothing is sent before the first call.
    drop(open());
    assert_eq!(turns.load(Ordering::SeqCst), 0);
}
