use std::{
    collections::HashSet,
    sync::atomic::Ordering::SeqCst,
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Emulator, Fault, System};
use http::{StatusCode, header::RETRY_AFTER};
use testing::{Adapter, Client, fixtures::documented};

use super::{
    ADAPTER,
    support::{client, clocked_client, service_call},
};
use crate::start;

const SHORT: Duration = Duration::from_millis(100);
/// Only a failing test waits so long.
const LONG: Duration = Duration::from_secs(20);

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < LONG, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn no_caller_waits_for_a_login() {
    const LOGIN: Duration = Duration::from_millis(800);
    let mut emulator = Emulator::new();
    emulator.token_lifetime(System::Otc, time::Duration::seconds(6));
    let server = start(emulator);
    server.script(|arrival| arrival.login.map(|_| Fault::new().delay(LOGIN)));
    let client = client(&server, System::Otc);
    let renewal = thread::spawn(client.refresh_loop());
    client.token().unwrap();

    let mut tokens = HashSet::new();
    until("three tokens", || {
        let started = Instant::now();
        tokens.insert(client.token().unwrap().expose().to_owned());
        let waited = started.elapsed();
        assert!(waited < LOGIN / 2, "{waited:?}");
        tokens.len() == 3
    });
    assert_eq!(server.traffic().logins, 3);
    drop(client);
    renewal.join().unwrap();
}

/// Even if the refresh loop has not noticed yet that the clock was set.
#[test]
fn callers_leave_early_renewals_to_the_loop() {
    let server = start(Emulator::new());
    let (client, set_by) = clocked_client(&server, System::Otc);
    let renewal = thread::spawn(client.refresh_loop());
    until("a token", || client.token_within(Duration::ZERO).is_ok());
    thread::sleep(SHORT);
    // More than 90 % of 24 hours.
    set_by.store(22 * 3600, SeqCst);
    client.token().unwrap();
    assert_eq!(server.traffic().logins, 1);
    client.close();
    renewal.join().unwrap();
}

#[test]
fn the_loop_ends_with_the_last_client() {
    let server = start(Emulator::new());
    let client = client(&server, System::Otc);
    let renewal = thread::spawn(client.refresh_loop());
    until("a login", || client.token_within(Duration::ZERO).is_ok());
    let other = client.scoped(client.scope().clone());
    drop(client);
    thread::sleep(SHORT);
    assert!(!renewal.is_finished());
    drop(other);
    until("the end", || renewal.is_finished());
    assert_eq!(server.traffic().logins, 1);
}

/// While it waits, and during its login. `auth-ureq` waits for the response or the timeout of that
/// login, `auth-reqwest` breaks it off.
#[test]
fn the_loop_ends_with_the_session() {
    let ends: [fn(Client); 2] = [|client| client.close(), drop];
    for end in ends {
        for silent in [false, true] {
            let server = start(Emulator::new());
            server.script(move |_| silent.then(|| Fault::new().silence()));
            let (cloud, credential, scope) = documented(&server, System::Otc);
            let builder = ADAPTER.client(cloud, credential, scope);
            let builder = match ADAPTER {
                Adapter::Ureq => builder.identity_timeout(5 * SHORT),
                _ => builder,
            };
            let client = builder.build().unwrap();
            let renewal = thread::spawn(client.refresh_loop());
            until("a login", || server.traffic().logins == 1);
            thread::sleep(SHORT);
            let started = Instant::now();
            end(client);
            until("the end", || renewal.is_finished());
            assert!(started.elapsed() < Duration::from_secs(5));
            assert_eq!(server.traffic().logins, 1);
        }
    }
}

#[test]
fn the_loop_survives_an_outage() {
    let server = start(Emulator::new());
    let unavailable = || Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    server.script(move |arrival| {
        (arrival.number == 0).then(|| unavailable().header(RETRY_AFTER, 1.into()))
    });
    let client = client(&server, System::Otc);
    let renewal = thread::spawn(client.refresh_loop());
    until("a token", || client.token_within(Duration::ZERO).is_ok());
    assert_eq!(server.traffic().logins, 2);
    client.close();
    renewal.join().unwrap();
}

#[test]
fn the_loop_replaces_a_refused_token() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    let renewal = thread::spawn(client.refresh_loop());
    let old = client.token().unwrap();
    server.emulator().revoke_all();
    assert_eq!(client.call_once(service_call(&server)).unwrap().status(), 401);
    // No caller waits for a token: each takes only one that exists.
    until("a new token", || client.token_within(Duration::ZERO).is_ok());
    assert_ne!(client.token().unwrap().expose(), old.expose());
    assert_eq!(server.emulator().logins(System::Huawei), 2);
    client.close();
    renewal.join().unwrap();
}
