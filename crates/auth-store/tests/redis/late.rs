//! Answers that come when nobody waits any more: the operator sees why a process went alone.

use std::{
    env, fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream, UdpSocket},
    process::Command,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use auth_proto::{AsyncStore, Store, Taken};
use auth_store::{AsyncRedisStore, RedisStore, StoreEvent};
use redis::Value;

use crate::{
    client::{at_once, by_task, by_thread},
    entries::{Events, key, want},
    server::{PATIENCE, Server},
    wait::{LONG, wait},
};

/// Sessions that ask at the same time.
const SESSIONS: usize = 5;

/// The URL of a proxy whose answers are late by this time.
fn late_proxy(server: &Server, delay: Duration) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (own, port) = (listener.local_addr().unwrap().port(), server.port());
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (back, forth) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || carry(client, forth, Duration::ZERO));
            thread::spawn(move || carry(server, back, delay));
        }
    });
    format!("redis://127.0.0.1:{own}")
}

/// Copies until an end is closed. Each piece comes later by the same time.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (pieces, queue) = mpsc::channel::<(Instant, Vec<u8>)>();
    let writing = thread::spawn(move || {
        for (at, piece) in queue {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut piece = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        pieces.send((Instant::now() + delay, piece[..length].to_vec())).unwrap();
    }
    drop(pieces);
    writing.join().unwrap();
}

/// Waits for a question of its own, after whose answer the store's thread has had all earlier ones.
fn settle(store: &RedisStore) -> Taken {
    store.clone().on_event(|_| ()).with_patience(LONG).take(&want(0))
}

/// Tasks: the store gives up, or the driver before it. Threads: the store gives up.
#[test]
fn a_late_answer_is_one_event() {
    let server = Server::start();
    let url = late_proxy(&server, Duration::from_secs(1));
    for (patience, is_task) in [(PATIENCE, true), (LONG, true), (PATIENCE, false)] {
        server.run(&["FLUSHALL"]);
        let events = Events::default();
        let reasons = if is_task {
            let store = AsyncRedisStore::open(&url, key()).unwrap().with_patience(patience);
            let store = Arc::new(store.on_event(events.listener()));
            let reasons = at_once(SESSIONS, || by_task(&store));
            let quiet = AsyncRedisStore::clone(&store).on_event(|_| ()).with_patience(LONG);
            wait(quiet.take(&want(0)));
            reasons
        } else {
            let store = RedisStore::open(&url, key()).unwrap().with_patience(patience);
            let store = Arc::new(events.of(store));
            let reasons = at_once(SESSIONS, || by_thread(&store));
            settle(&store);
            reasons
        };
        assert_eq!(reasons, vec![["NoAnswer"]; SESSIONS], "{patience:?} {is_task}");
        assert_eq!(events.take(), ["silent: TimedOut"; SESSIONS], "{patience:?} {is_task}");
    }
    // Nobody has a lease that came late to a task.
    server.run(&["FLUSHALL"]);
    let store = AsyncRedisStore::open(&url, key()).unwrap().with_patience(LONG);
    assert_eq!(by_task(&Arc::new(store.clone())), ["NoAnswer"]);
    let keys = server.keys();
    let [hash] = &keys[..] else { panic!("{keys:?}") };
    wait(store.take(&want(0)));
    // A hash without a lease ends a second later.
    let lease = server.run(&["HGET", hash, "lease"]);
    assert!(lease == Value::Nil || lease == Value::BulkString(b"0".into()), "{lease:?}");
}

/// The store answers within its own time, and the session has not waited for it.
#[test]
fn a_session_says_that_it_went_alone() {
    let server = Server::start();
    let url = late_proxy(&server, Duration::from_millis(1_500));
    let events = Events::default();
    let store = RedisStore::open(&url, key()).unwrap().with_patience(LONG);
    let store = Arc::new(events.of(store));
    let reasons = at_once(SESSIONS, || by_thread(&store));
    assert_eq!(reasons, vec![["NoAnswer"]; SESSIONS]);
    settle(&store);
    assert_eq!(events.take(), ["given"]);
}

/// What the child process of the next test does.
const CHILD: &str = "AUTH_STORE_NAME_URL";
/// The file that it writes at its end.
const DONE: &str = "AUTH_STORE_NAME_DONE";

/// The servers for names do not answer: the caller says so while the resolver still asks.
#[test]
fn a_name_without_address_is_said_in_time() {
    if let Ok(url) = env::var(CHILD) {
        let (events, texts) = (Events::default(), Arc::new(Mutex::new(Vec::new())));
        let (listener, written) = (events.listener(), Arc::clone(&texts));
        let store = RedisStore::open(&url, key()).unwrap().on_event(move |event| {
            written.lock().unwrap().push(format!("{event:?} {}", text_of(event)));
            listener(event);
        });
        assert_eq!(store.take(&want(0)), Taken::Silent);
        // The thread has not even given up.
        assert_eq!(events.take(), ["silent: Unresolved"]);
        let text = texts.lock().unwrap().concat();
        assert!(text.contains("store.example:6379") && !text.contains("canary"), "{text}");
        settle(&store);
        assert_eq!(events.take(), [""; 0]);
        fs::write(env::var_os(DONE).unwrap(), text).unwrap();
        return;
    }
    // A file of its own in the place of the one that lists the servers for names.
    const ELSEWHERE: &str = r#"list=$(mktemp) && echo nameserver 127.0.0.78 >"$list" &&
        echo options timeout:1 attempts:2 >>"$list" &&
        mount --bind "$list" /etc/resolv.conf && rm "$list" && exec "$@""#;
    let unshare = ["--mount", "sh", "-c", ELSEWHERE, "sh"];
    let is_allowed = Command::new("unshare").args(["--mount", "true"]).status();
    let Ok(_silent) = UdpSocket::bind("127.0.0.78:53") else {
        return eprintln!("not run, for want of root: servers for names that do not answer");
    };
    if !is_allowed.is_ok_and(|status| status.success()) {
        return eprintln!("not run, for want of root: servers for names that do not answer");
    }
    let mut child = Command::new("unshare");
    child.args(unshare).arg(env::current_exe().unwrap());
    child.args(["--exact", "late::a_name_without_address_is_said_in_time", "--nocapture"]);
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    child.env(CHILD, "redis://user:canary@store.example").env(DONE, &done);
    assert!(child.status().unwrap().success() && done.exists());
}

fn text_of(event: &StoreEvent) -> String {
    match event {
        StoreEvent::Silent(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}
