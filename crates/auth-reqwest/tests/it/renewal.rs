use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use auth_emulator::{Emulator, Fault, System};
use auth_reqwest::Client;
use http::{Request, StatusCode, header::RETRY_AFTER};
use time::UtcDateTime;
use tokio::time::{sleep, timeout};

use crate::{client, direct, start, support::documented};

const SHORT: Duration = Duration::from_millis(100);
/// No test waits so long unless it fails.
const LONG: Duration = Duration::from_secs(20);

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < LONG, "{what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn no_caller_waits_for_a_login() {
    const LOGIN: Duration = Duration::from_millis(800);
    let mut emulator = Emulator::new();
    emulator.token_lifetime(System::Otc, time::Duration::seconds(6));
    let server = start(emulator);
    server.script(|arrival| arrival.login.map(|_| Fault::new().delay(LOGIN)));
    let client = client(&server, System::Otc);
    let renewal = tokio::spawn(client.refresh_loop());
    client.token().await.unwrap();

    let mut tokens = HashSet::new();
    until("three tokens", async || {
        let started = Instant::now();
        tokens.insert(client.token().await.unwrap().expose().to_owned());
        let waited = started.elapsed();
        assert!(waited < LOGIN / 2, "{waited:?}");
        tokens.len() == 3
    })
    .await;
    assert_eq!(server.traffic().logins, 3);
    drop(client);
    renewal.await.unwrap();
}

/// Whoever renews has not noticed yet that the clock was set. Callers leave it to them all the same.
#[tokio::test]
async fn callers_leave_early_renewals_to_it() {
    let server = start(Emulator::new());
    let (cloud, credential, scope) = documented(&server, System::Otc);
    let set_by = Arc::new(AtomicI64::new(0));
    let ahead = Arc::clone(&set_by);
    let client = direct(Client::builder(cloud, credential, scope))
        .clock(move || UtcDateTime::now() + time::Duration::hours(ahead.load(SeqCst)))
        .build()
        .unwrap();
    let renewal = tokio::spawn(client.refresh_loop());
    until("a token", async || client.token_within(Duration::ZERO).await.is_ok()).await;
    sleep(SHORT).await;
    // Of 24 hours, later than 90 per cent.
    set_by.store(22, SeqCst);
    client.token().await.unwrap();
    assert_eq!(server.traffic().logins, 1);
    client.close();
    renewal.await.unwrap();
}

#[tokio::test]
async fn it_ends_with_the_last_client() {
    let server = start(Emulator::new());
    let client = client(&server, System::Otc);
    let renewal = tokio::spawn(client.refresh_loop());
    until("a login", async || client.token_within(Duration::ZERO).await.is_ok()).await;
    let other = client.scoped(client.scope().clone());
    drop(client);
    sleep(SHORT).await;
    assert!(!renewal.is_finished());
    drop(other);
    until("the end", async || renewal.is_finished()).await;
    assert_eq!(server.traffic().logins, 1);
}

/// While it waits, and while its login is in the air, which is broken off.
#[tokio::test]
async fn it_ends_when_the_account_does() {
    let ends: [fn(Client); 2] = [|client| client.close(), drop];
    for end in ends {
        for silent in [false, true] {
            let server = start(Emulator::new());
            server.script(move |_| silent.then(|| Fault::new().silence()));
            let client = client(&server, System::Otc);
            let renewal = tokio::spawn(client.refresh_loop());
            until("a login", async || server.traffic().logins == 1).await;
            sleep(SHORT).await;
            let started = Instant::now();
            end(client);
            renewal.await.unwrap();
            assert!(started.elapsed() < Duration::from_secs(5));
            assert_eq!(server.traffic().logins, 1);
        }
    }
}

#[tokio::test]
async fn it_gets_over_an_outage_by_itself() {
    let server = start(Emulator::new());
    let unavailable = || Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    server.script(move |arrival| {
        (arrival.number == 0).then(|| unavailable().header(RETRY_AFTER, 1.into()))
    });
    let client = client(&server, System::Otc);
    let renewal = tokio::spawn(client.refresh_loop());
    until("a token", async || client.token_within(Duration::ZERO).await.is_ok()).await;
    assert_eq!(server.traffic().logins, 2);
    client.close();
    renewal.await.unwrap();
}

#[tokio::test]
async fn it_replaces_a_token_that_was_refused() {
    let server = start(Emulator::new());
    let client = client(&server, System::Huawei);
    let renewal = tokio::spawn(client.refresh_loop());
    let old = client.token().await.unwrap();
    server.emulator().revoke_all();
    let url = format!("http://{}/service/huawei/ecs.example/v1", server.address());
    let answer = client.call_once(Request::get(url).body("").unwrap()).await.unwrap();
    assert_eq!(answer.status(), 401);
    // Nobody asks for a token, but for the one that there is.
    until("a new token", async || client.token_within(Duration::ZERO).await.is_ok()).await;
    assert_ne!(client.token().await.unwrap().expose(), old.expose());
    assert_eq!(server.emulator().logins(System::Huawei), 2);
    client.close();
    renewal.await.unwrap();
}

#[tokio::test]
async fn it_may_be_dropped_at_any_point() {
    let server = start(Emulator::new());
    server.script(|arrival| arrival.login.map(|_| Fault::new().delay(2 * SHORT)));
    let client = client(&server, System::Otc);
    drop(client.refresh_loop());
    // While its login is in the air, and while it waits.
    timeout(SHORT, client.refresh_loop()).await.unwrap_err();
    timeout(5 * SHORT, client.refresh_loop()).await.unwrap_err();
    client.token_within(Duration::ZERO).await.unwrap();
    assert_eq!(server.traffic().logins, 2);
}
