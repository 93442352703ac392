//! Clients that share their tokens by a store, as processes do.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use auth_proto::{ErrorKind, Scope};
use http::Request;
use testing::{
    Client, Loopback, MemoryStore, Reply,
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

#[test]
fn a_refused_login_is_known_to_all() {
    let reason = r#"{"error": {"code": 401, "message": "the account is locked"}}"#;
    let server = Loopback::start(move |_| Reply::new(401, "", reason));
    let store = MemoryStore::default();
    for _ in 0..4 {
        let error = client(&server, &store).token().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
        assert!(error.to_string().contains("the account is locked"), "{error}");
    }
    assert_eq!(server.requests().len(), 1);
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
