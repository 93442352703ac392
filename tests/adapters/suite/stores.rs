//! Clients that share their tokens by a store, as processes do.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use auth_proto::{Counts, ErrorKind, Scope};
use http::Request;
use testing::{
    Client, Loopback, MemoryStore, Reply, events,
    fixtures::{TOKEN, logins_and, token},
};

use super::{ADAPTER, support::loopback_client};

/// A server whose every login gives another token.
fn tokens() -> Loopback {
    Loopback::start(|request| token(&format!("t{}", request.number), "https://thing.example"))
}

fn client(server: &Loopback, store: &MemoryStore) -> Client {
    loopback_client(server).store(store).build().unwrap()
}

#[test]
fn clients_with_one_store_log_in_once() {
    const CLIENTS: usize = 16;
    let (server, store) = (tokens(), MemoryStore::default());
    let start = Barrier::new(CLIENTS);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let client = client(&server, &store);
                start.wait();
                assert_eq!(client.token().unwrap().expose(), "t0", "{ADAPTER}");
            });
        }
    });
    // One that starts later sends nothing either.
    assert_eq!(client(&server, &store).token().unwrap().expose(), "t0");
    assert_eq!(server.requests().len(), 1);
}

/// A lease lasts for 10 seconds, so the client that logs in has to keep it. (Some callers send on their
/// own thread, and nobody else is there.)
#[test]
fn a_login_that_takes_12_s_is_one() {
    const CLIENTS: usize = 4;
    let server = Loopback::start(|request| {
        thread::sleep(Duration::from_secs(12));
        token(&format!("t{}", request.number), "https://thing.example")
    });
    let store = MemoryStore::default();
    let clients = [(); CLIENTS].map(|()| client(&server, &store));
    thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| assert_eq!(client.token().unwrap().expose(), "t0", "{ADAPTER}"));
        }
    });
    assert_eq!(server.requests().len(), 1);
    let sum = |count: fn(Counts) -> u64| clients.iter().map(|client| count(client.counts())).sum();
    let sums: [u64; 4] =
        [sum(Counts::logins), sum(Counts::imports), sum(Counts::refusals), sum(Counts::pauses)];
    assert_eq!(sums, [1, CLIENTS as u64 - 1, 0, 0]);
    assert!(clients.iter().all(|client| client.counts().misses() > 0));
}

#[test]
fn a_refused_login_is_known_to_all() {
    let reason = r#"{"error": {"code": 401, "message": "the account is locked"}}"#;
    let server = Loopback::start(move |_| Reply::new(401, "", reason));
    let store = MemoryStore::default();
    let mut refused = Vec::new();
    for _ in 0..4 {
        let client = client(&server, &store);
        let error = client.token().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
        assert!(error.to_string().contains("the account is locked"), "{error}");
        refused.push(client.counts());
    }
    assert_eq!(server.requests().len(), 1);
    let refused: Vec<_> = refused.iter().map(|count| (count.refusals(), count.pauses())).collect();
    assert_eq!(refused, [(1, 0), (0, 1), (0, 1), (0, 1)]);
}

#[test]
fn a_refused_token_is_replaced_for_all() {
    // Once all clients have the first token, the service refuses it.
    let is_revoked = Arc::new(AtomicBool::new(false));
    let revoked = Arc::clone(&is_revoked);
    let server = Loopback::start(logins_and(move |request| {
        let is_refused = revoked.load(SeqCst) && request.text.contains(&format!("{TOKEN}-0"));
        Reply::new(if is_refused { 401 } else { 200 }, "", "")
    }));
    let store = MemoryStore::default();
    let clients = [(); 3].map(|()| client(&server, &store));
    let call = |client: &Client| {
        let request = Request::get(server.url()).body("").unwrap();
        assert_eq!(client.call(request).unwrap().status(), 200);
    };
    clients.iter().for_each(call);
    is_revoked.store(true, SeqCst);
    clients.iter().for_each(call);
    // One that starts now gets the second token.
    call(&client(&server, &store));
    let requests = server.requests();
    let logins = requests.iter().filter(|request| request.starts_with("POST /v3/auth/tokens "));
    let refused = requests.iter().filter(|request| request.contains(&format!("{TOKEN}-0")));
    assert_eq!((logins.count(), refused.count()), (2, 2 * clients.len()));
}

#[test]
fn a_store_that_stops_fails_no_call() {
    let (server, store) = (tokens(), MemoryStore::default());
    client(&server, &store).token().unwrap();
    store.stop();
    for _ in 1..4 {
        let client = client(&server, &store);
        assert_ne!(client.token().unwrap().expose(), "t0");
        // It is asked once in half a minute.
        let other = client.scoped(Scope::project_id("p2"));
        assert!(other.token().is_err(), "the server gives tokens of another project");
    }
    assert_eq!(store.questions(), 1 + 3);
}

#[test]
fn a_store_in_use_is_logged() {
    let (server, store) = (tokens(), MemoryStore::default());
    let lines = || {
        let client = client(&server, &store);
        events::lines(|| client.token().unwrap()).1
    };
    lines();
    let [taken] = &lines()[..] else { panic!("one event") };
    assert!(taken.starts_with("INFO token taken from the store scope=project "), "{taken}");
    assert!(taken.contains(" expires_at="), "{taken}");
    store.stop();
    let lines = lines();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].starts_with("WARN store not used scope=project "), "{}", lines[0]);
    assert!(lines[0].contains(" reason=NoAnswer until="), "{}", lines[0]);
    assert!(lines[1].starts_with("DEBUG login started "), "{}", lines[1]);
}
