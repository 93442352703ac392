//! Users, rights, TLS, and what the server sees.

use std::{env, fs, process::Command};

use auth_proto::{Name, Note, Store, Taken, Want};
use auth_store::{Key, Problem, RedisStore};
use redis::Value;

use crate::authority::Authority;
use crate::{
    entries::{Events, LEASE, entry, entry_with, found, give_back, key, lead, put, want},
    server::{Server, strings},
    wait::LONG,
};

/// The line of the documentation.
const RIGHTS: &str = "~auth-store:* +eval +time +hmget +hget +hset +hdel +hstrlen +pexpire";

fn at(server: &Server, user: &str, database: u32) -> RedisStore {
    let url = format!("redis://{user}@127.0.0.1:{}/{database}", server.port());
    RedisStore::open(&url, key()).unwrap().with_patience(LONG)
}

fn allow(server: &Server, user: &str, rights: &str) {
    let rights = rights.split(' ');
    let command: Vec<_> =
        ["ACL", "SETUSER", user, "on", ">p/w"].into_iter().chain(rights).collect();
    assert_eq!(server.run(&command), Value::Okay);
}

/// Everything that a store does.
fn use_all(store: &RedisStore) {
    let generation = put(store, "t");
    found(store);
    let lease = lead(store, generation);
    let (name, length) = (want(0).name().clone(), LEASE);
    store.tell(&Note::Keep { name: name.clone(), generation: lease.generation(), lease: length });
    give_back(store, lease);
    store.tell(&Note::Forget { name, generation });
}

#[test]
fn the_documented_rights_suffice() {
    let server = Server::start();
    let line = format!("ACL SETUSER auth-store on >PASSWORD {RIGHTS}");
    assert!(include_str!("../../src/lib.rs").contains(&line));
    allow(&server, "store", RIGHTS);
    let events = Events::default();
    use_all(&events.of(at(&server, "store:p%2Fw", 0)));
    assert_eq!(events.take(), ["given", "given"]);
    // Each right is needed, and another database needs one more.
    let all: Vec<_> = RIGHTS.split(' ').collect();
    for missing in &all {
        let others: Vec<_> = all.iter().filter(|right| *right != missing).copied().collect();
        allow(&server, "less", &format!("resetkeys -@all {}", others.join(" ")));
        let store = events.of(at(&server, "less:p%2Fw", 0));
        // It finds an entry, and gives, keeps, returns and forgets one.
        let asked = put(&server.store(), "t");
        let taken = [store.take(&want(0)), store.take(&want(asked))];
        for taken in taken {
            if let Taken::Led(lease) = taken {
                let entry = Some(entry("u"));
                store.tell(&Note::Put { lease, entry });
            }
        }
        let generation = asked;
        server.run(&["FLUSHALL"]);
        store.tell(&Note::Forget { name: want(0).name().clone(), generation });
        let again = put(&server.store(), "t");
        store.tell(&Note::Forget { name: want(0).name().clone(), generation: again });
        server.run(&["FLUSHALL"]);
        let events = events.take();
        assert!(
            events.iter().any(|event| event.ends_with(": NOPERM") || event.ends_with(": ERR")),
            "{missing}: {events:?}"
        );
    }
    let events = Events::default();
    let store = events.of(at(&server, "store:p%2Fw", 1));
    assert_eq!(store.take(&want(0)), Taken::Silent);
    assert_eq!(events.take(), ["silent: NOPERM"]);
    allow(&server, "store", "+select");
    use_all(&at(&server, "store:p%2Fw", 1));
}

#[test]
fn a_wrong_password_is_silent_and_secret() {
    let server = Server::start_with(&["--requirepass", "p/w"]);
    use_all(&at(&server, ":p%2Fw", 0));
    let events = Events::default();
    for (user, code) in [
        ("", "NOAUTH"),
        (":canary-1", "WRONGPASS"),
        ("canary-2:p%2Fw", "WRONGPASS"),
        ("default:canary-3", "WRONGPASS"),
    ] {
        let store = at(&server, user, 0).on_event({
            let listener = events.listener();
            move |event| {
                assert!(!format!("{event:?}").contains("canary"), "{event:?}");
                listener(event);
            }
        });
        assert!(!format!("{store:?}").contains("canary"), "{store:?}");
        assert_eq!(store.take(&want(0)), Taken::Silent);
        store.tell(&Note::Forget { name: want(0).name().clone(), generation: 1 });
        assert_eq!(events.take(), [format!("silent: {code}"), format!("not told: {code}")]);
    }
}

#[test]
fn the_server_sees_no_secret_and_no_name() {
    let server = Server::start();
    let mut monitor = server.operator();
    assert_eq!(monitor.run(&["MONITOR"]), Value::Okay);
    let name = Name::new(b"canary-name https://keystone.example".to_vec().into());
    let store = server.store_with(Key::new([2; 32]).with_old_key(key()));
    let ask = |newer_than| store.take(&Want::new(name.clone(), newer_than, LEASE));
    let Taken::Led(lease) = ask(0) else { panic!("no lease") };
    let generation = lease.generation();
    store.tell(&Note::Keep { name: name.clone(), generation, lease: LEASE });
    let entry = entry_with("canary-token", r#"{"user":"canary-user"}"#);
    store.tell(&Note::Put { lease, entry: Some(entry.clone()) });
    let Taken::Found { entry: found, .. } = ask(0) else { panic!("no entry") };
    assert_eq!(found, entry);
    let [hash] = &server.keys()[..] else { panic!("one key") };
    let digits = hash.strip_prefix("auth-store:").unwrap();
    assert!(digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let Value::BulkString(dump) = server.run(&["DUMP", hash]) else { panic!("no dump") };
    store.tell(&Note::Forget { name: name.clone(), generation });
    server.run(&["PING"]);
    let mut seen = vec![String::from_utf8_lossy(&dump).into_owned()];
    while !seen.last().is_some_and(|line| line.contains("PING")) {
        seen.push(redis::from_redis_value(monitor.next()).unwrap());
    }
    // Each of take, keep, put, take and forget is a script, or one for each key.
    let scripts = seen.iter().filter(|line| line.contains("EVAL")).count();
    assert_eq!(scripts, 2 + 1 + 1 + 2 + 2, "{seen:#?}");
    for canary in ["canary", "keystone", &hex("canary"), &hex("keystone")] {
        let shown = seen.iter().find(|line| line.contains(canary));
        assert_eq!(shown, None, "{canary}");
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// What the child process of the next test does.
const CHILD: &str = "AUTH_STORE_TLS_URL";
/// The file for its events.
const EVENTS: &str = "AUTH_STORE_TLS_EVENTS";

#[test]
fn tls_is_checked_by_the_platforms_roots() {
    if let Ok(url) = env::var(CHILD) {
        let events = Events::default();
        let store = RedisStore::open(&url, key()).unwrap().with_patience(LONG);
        let store = events.of(store);
        if let Taken::Led(lease) = store.take(&want(0)) {
            store.tell(&Note::Put { lease, entry: Some(entry("t")) });
        }
        fs::write(env::var_os(EVENTS).unwrap(), events.take().concat()).unwrap();
        return;
    }
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, private) = authority.issue("localhost");
    for (name, content) in [("cert", &certificate), ("key", &private), ("ca", &authority.pem())] {
        fs::write(path(name), content).unwrap();
    }
    fs::write(path("other"), Authority::new().pem()).unwrap();
    let port = redis_server::free_port().unwrap();
    let (cert, private, port) = (path("cert"), path("key"), port.to_string());
    let tls = ["--tls-port", &port, "--tls-cert-file", &cert, "--tls-key-file", &private];
    let server = Server::start_with(&[&tls[..], &["--tls-auth-clients", "no"]].concat());
    let child = |host: &str, roots: &str| {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "users::tls_is_checked_by_the_platforms_roots"]);
        child.env(CHILD, format!("rediss://{host}:{port}")).env("SSL_CERT_FILE", path(roots));
        child.env(EVENTS, path("events")).env_remove("SSL_CERT_DIR");
        assert!(child.output().unwrap().status.success());
        fs::read_to_string(path("events")).unwrap()
    };
    assert_eq!(child("localhost", "ca"), "given");
    assert_eq!(found(&server.store()).0, entry("t"));
    assert_eq!(child("localhost", "other"), "silent: InvalidData");
    assert_eq!(child("127.0.0.1", "ca"), "silent: InvalidData");
    // No TLS where it is asked for, and the other way round.
    let plain = server.port().to_string();
    let error = |port: &str, scheme: &str| {
        let events = Events::default();
        let url = format!("{scheme}://localhost:{port}");
        let store = events.of(RedisStore::open(&url, key()).unwrap());
        assert_eq!(store.take(&want(0)), Taken::Silent);
        events.take().remove(0)
    };
    error(&port, "redis");
    error(&plain, "rediss");
    let debug = strings(server.run(&["CONFIG", "GET", "tls-port"]));
    assert_eq!(debug[1], port);
}

#[test]
fn a_bad_url_is_refused_at_once() {
    let error = RedisStore::open("redis://:canary@h/x", key()).unwrap_err();
    assert!(matches!(error.problem(), Problem::BadUrl { part: "database" }), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}
