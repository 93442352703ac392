//! Futures that are dropped before they are done.

use std::time::{Duration, Instant};

use auth_emulator::{Emulator, Fault, System};
use auth_proto::ErrorKind;
use auth_reqwest::{Client, Error};
use testing::{Loopback, Reply, fixtures::token};
use tokio::time::timeout;

use super::suite::support::{client, loopback_client};
use crate::start;

const SHORT: Duration = Duration::from_millis(200);
/// Only a failing test waits so long.
const LONG: Duration = Duration::from_secs(20);

/// A client of a server that takes about a second for a login.
fn slow() -> (Loopback, Client) {
    let reply = || token("t", "https://thing.example").drip(Duration::from_millis(1));
    let server = Loopback::start(move |_| reply());
    let client = loopback_client(&server).build().unwrap().reqwest().clone();
    (server, client)
}

fn is_closed(error: &Error) -> bool {
    matches!(error, Error::Auth(core) if *core.kind() == ErrorKind::Closed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiter_carries_on_a_cancelled_login() {
    let (server, client) = slow();
    let (leader, follower) = (client.clone(), client.clone());
    let leader = tokio::spawn(async move { leader.token().await });
    server.wait_for(1);
    let follower = tokio::spawn(async move { follower.token_within(LONG).await });
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    follower.await.unwrap().unwrap();
    assert_eq!(server.requests().len(), 1);
}

/// On the thread that polled it, without another task that could help.
#[tokio::test]
async fn a_future_may_be_dropped_at_any_point() {
    let (server, client) = slow();
    drop(client.token());
    assert!(timeout(SHORT, client.token()).await.is_err());
    timeout(LONG, client.token()).await.unwrap().unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_breaks_off_a_login() {
    let server = Loopback::start(|_| Reply::silence());
    let client = loopback_client(&server).build().unwrap().reqwest().clone();
    let ask = || {
        let client = client.clone();
        tokio::spawn(async move { client.token().await })
    };
    let leader = ask();
    server.wait_for(1);
    let waiting = ask();
    let started = Instant::now();
    client.close();
    assert!(is_closed(&waiting.await.unwrap().unwrap_err()));
    assert!(is_closed(&leader.await.unwrap().unwrap_err()));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(is_closed(&client.clone().token().await.unwrap_err()));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_refresh_loop_may_be_dropped_at_any_point() {
    let server = start(Emulator::new());
    server.script(|arrival| arrival.login.map(|_| Fault::new().delay(SHORT)));
    let client = client(&server, System::Otc).reqwest().clone();
    drop(client.refresh_loop());
    // During its login, which the next one carries on, and while it waits.
    timeout(SHORT / 2, client.refresh_loop()).await.unwrap_err();
    timeout(5 * SHORT / 2, client.refresh_loop()).await.unwrap_err();
    client.token_within(Duration::ZERO).await.unwrap();
    assert_eq!(server.traffic().logins, 1);
}
