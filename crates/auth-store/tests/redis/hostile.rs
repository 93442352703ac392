//! A server that answers what it likes, without the key: misses and silence, and never a panic.

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use auth_proto::{Note, Store, Taken};
use auth_store::RedisStore;
use redis::Parser;

use crate::{
    entries::{Events, entry, key, lead, put, want},
    server::{PATIENCE, Server},
    wait::LONG,
};

/// A server that answers each command by this function, which gets the number of the command.
fn answering(
    answer: impl Fn(usize, &mut TcpStream) + Send + Sync + 'static,
) -> (RedisStore, Events) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        let count = Arc::new(AtomicUsize::new(0));
        for client in listener.incoming() {
            let (mut client, answer, count) = (client.unwrap(), answer.clone(), count.clone());
            thread::spawn(move || {
                let mut parser = Parser::new();
                while parser.parse_value(&client).is_ok() {
                    answer(count.fetch_add(1, Ordering::SeqCst), &mut client);
                }
            });
        }
    });
    let events = Events::default();
    (events.of(RedisStore::open(&url, key()).unwrap().with_patience(LONG)), events)
}

/// A server that answers everything with these bytes.
fn saying(answer: impl Into<Vec<u8>>) -> (RedisStore, Events) {
    let answer = answer.into();
    answering(move |_, client| drop(client.write_all(&answer)))
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    now.as_millis().try_into().unwrap()
}

#[test]
fn an_answer_that_no_script_gives_is_silent() {
    let two_years = now() + 2 * 366 * 86_400_000;
    let bytes = |text: &str| text.replace(' ', "\r\n") + "\r\n";
    let mut answers: Vec<String> = [
        "+OK",
        "+PONG",
        ":1",
        ":-1",
        "$-1",
        "*-1",
        "$0 ",
        "*0",
        "_",
        "#t",
        ",1.5",
        "(12345678901234567890",
        "*1 :1",
        "*1 :2",
        "*2 :2 :0",
        "*2 :2 :-5",
        "*2 :3 :0",
        "*2 :4 :7",
        "*2 :0 :7",
        "*3 :3 :7 :7",
        "*3 :2 :7 :7",
        "*2 $1 3 :7",
        "*2 :3 $1 7",
        "*2 :3 $-1",
        "*2 +3 +7",
        "*2 :3 *1 :7",
        "%1 :3 :7",
        "~2 :3 :7",
        ">2 :3 :7",
        ">2 +message :7",
        "|1 :3 :7 :1",
        "=5 txt:a",
        "!3 ERR",
        "*3 :1 :7 :0",
        "*4 :1 :7 :-1 $1 x",
        "*4 :1 :7 $1 0 $1 x",
        "*4 :1 :0 :0 $1 x",
        "*2 :3 -ERR",
        "*2 :3 :9007199254740992",
        "*2 :3 :9223372036854775807",
        "*2 :3 :9223372036854775808",
        "*2 :2 :9007199254740992",
        "*4 :1 :9007199254740992 :0 $1 x",
        "what",
        "",
        "\0",
        "*x",
        "$x",
        "$1 xyz",
        "%9223372036854775807",
        "|9223372036854775807 :1",
        "%-1",
        "~-1",
        "|-1",
        "!-1",
        "=-1",
        ">-1",
    ]
    .map(bytes)
    .into();
    answers.push(bytes(&format!("*2 :3 :{two_years}")));
    answers.push(bytes(&format!("*2 :2 :{two_years}")));
    answers.push("*1\r\n".repeat(300));
    answers.push("*100\r\n".repeat(99) + ":1\r\n");
    answers.push("-lower canary\r\n".to_owned());
    answers.push("-ERR canary\r\n".to_owned());
    answers.push(format!("-{} canary\r\n", "LONG".repeat(100)));
    for answer in answers {
        // What is cut is the end of the connection.
        let (store, events) = answering({
            let answer = answer.clone();
            move |_, client| {
                let _ = client.write_all(answer.as_bytes());
                let _ = client.shutdown(std::net::Shutdown::Both);
            }
        });
        assert_eq!(store.take(&want(0)), Taken::Silent, "{answer:?}");
        store.tell(&Note::Keep { name: want(0).name().clone(), generation: 7, lease: LONG });
        let events = events.take();
        assert!(events[0].starts_with("silent: "), "{answer:?}: {events:?}");
        assert!(!events.concat().contains("canary") && events.len() <= 2, "{events:?}");
    }
}

#[test]
fn an_answer_that_does_not_end_is_silent() {
    for answer in
        ["*2147483647\r\n", "$9223372036854775807\r\n", "$100\r\nx", "*2\r\n:3\r\n", "+", ""]
    {
        let (store, events) = saying(answer);
        let store = store.with_patience(PATIENCE);
        assert_eq!(store.take(&want(0)), Taken::Silent, "{answer:?}");
        assert_eq!(events.take_all(1), ["silent: TimedOut"], "{answer:?}");
    }
    // Nor does it if it comes byte by byte.
    let (store, events) = answering(|_, client| {
        while client.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let (store, started) = (store.with_patience(PATIENCE), Instant::now());
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert!(started.elapsed() < LONG);
    assert!(["silent: TimedOut", "silent: BadAnswer"].contains(&events.take_all(1)[0].as_str()));
}

#[test]
fn an_answer_without_end_is_not_swallowed() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let (store, events) = answering(move |_, client| {
        let _ = client.write_all(b"$1000000000\r\n");
        while client.write_all(&[b'x'; 1 << 14]).is_ok() {
            counter.fetch_add(1 << 14, Ordering::SeqCst);
        }
    });
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert_eq!(events.take_all(1), ["silent: TooLarge"]);
    // Beside what it reads, the sockets of both sides have some room.
    assert!(sent.load(Ordering::SeqCst) < 32 << 20);
}

#[test]
fn a_lie_about_generations_does_not_stay() {
    let (store, events) = saying("*2\r\n:3\r\n:7\r\n");
    // It may give small ones, but none that the asker knows to be useless.
    assert_eq!(lead(&store, 6).generation(), 7);
    for known in [7, 8, u64::MAX - 1, u64::MAX] {
        assert_eq!(store.take(&want(known)), Taken::Silent);
    }
    events.take();
    let lease = lead(&store, 0);
    store.tell(&Note::Put { lease, entry: Some(entry("t")) });
    assert_eq!(events.take(), ["given", "not told: BadAnswer"]);
}

#[test]
fn an_entry_of_another_place_is_passed_over() {
    let server = Server::start();
    let events = Events::default();
    let store = events.of(server.store());
    let generation = put(&store, "t");
    let hash = server.keys().remove(0);
    // It is put under another generation, and under another name.
    server.run(&["HSET", &hash, "generation", &(generation + 1).to_string()]);
    events.take();
    let newer = put(&store, "u");
    assert!(newer > generation + 1);
    assert_eq!(events.take(), ["passed over: Damaged", "given"]);
    let other = auth_proto::Want::new(auth_proto::Name::new(b"other".to_vec().into()), 0, LONG);
    assert!(matches!(store.take(&other), Taken::Led(_)));
    let others = server.keys().into_iter().find(|key| *key != hash).unwrap();
    server.run(&["COPY", &hash, &others, "REPLACE"]);
    assert!(matches!(store.take(&other), Taken::Led(_)));
    // One that lies twice is silent.
    let (store, events) = saying("*4\r\n:1\r\n:7\r\n:0\r\n$1\r\nx\r\n");
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert_eq!(events.take(), ["passed over: Damaged", "silent: BadAnswer"]);
}

#[test]
fn words_that_nobody_asked_for_are_not_answers() {
    let (store, events) = answering(|number, client| {
        // An answer to a question that comes later.
        let more = if number == 0 { "*2\r\n:2\r\n:99\r\n" } else { "" };
        let _ = client.write_all(b"*2\r\n:3\r\n:7\r\n");
        thread::sleep(Duration::from_millis(20));
        let _ = client.write_all(more.as_bytes());
    });
    assert_eq!(lead(&store, 0).generation(), 7);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(lead(&store, 0).generation(), 7);
    assert_eq!(events.take(), ["given", "given"]);
}

/// What was the primary is a replica now, and its name leads to another server.
#[test]
fn a_server_that_refuses_is_looked_up_again() {
    let first = std::sync::OnceLock::new();
    let (store, events) = answering(move |_, client| {
        let peer = client.peer_addr().unwrap();
        let is_first = *first.get_or_init(|| peer) == peer;
        let answer = if is_first { "-READONLY replica\r\n" } else { "*2\r\n:3\r\n:7\r\n" };
        let _ = client.write_all(answer.as_bytes());
    });
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert_eq!(lead(&store, 0).generation(), 7);
    assert_eq!(events.take(), ["silent: READONLY", "given"]);
}
