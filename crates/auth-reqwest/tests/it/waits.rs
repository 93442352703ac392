use std::{
    error::Error as _,
    future::Future,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

use ::time::UtcDateTime;
use auth_emulator::{Emulator, System};
use auth_proto::{ErrorKind, Settings, UserProjects, Validate};
use auth_reqwest::{Client, Error};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    client, raw_client, start,
    support::{Raw, answer, credential, logins_and, token},
};

const SHORT: Duration = Duration::from_millis(200);
/// No test waits so long unless it fails.
const LONG: Duration = Duration::from_secs(20);

fn silent() -> Raw {
    Raw::start(|_, _: &str| None)
}

/// Never answers the first request, and all others.
fn silent_at_first() -> Raw {
    Raw::start(|number, _: &str| (number > 0).then(|| token("t", "https://thing.example")))
}

fn is_closed(error: &Error) -> bool {
    matches!(error, Error::Auth(core) if *core.kind() == ErrorKind::Closed)
}

async fn fifty_cold_callers() {
    let server = start(Emulator::new());
    let client = client(&server, System::Otc);
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        callers.spawn(async move { client.token().await.unwrap() });
    }
    assert_eq!(callers.join_all().await.len(), 50);
    assert_eq!(server.emulator().requests(System::Otc), 1);
}

#[tokio::test]
async fn fifty_cold_callers_make_one_login_on_one_thread() {
    fifty_cold_callers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_cold_callers_make_one_login_on_four_threads() {
    fifty_cold_callers().await;
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_callers_patience() {
    let raw = silent();
    let client = raw_client(&raw).build().unwrap();
    let started = Instant::now();
    let Err(Error::Deadline { .. }) = client.token_within(SHORT).await else { panic!("a token?") };
    assert!(started.elapsed() >= SHORT && started.elapsed() < LONG);
    assert!(matches!(client.token_within(Duration::ZERO).await, Err(Error::Deadline { .. })));
    assert_eq!(raw.seen().len(), 1);
}

/// The caller's deadline is no failure: the next caller may try at once. The client's own time-out
/// is one: the account pauses.
#[tokio::test]
async fn whose_time_it_was_decides() {
    let raw = silent();
    let client = raw_client(&raw).build().unwrap();
    assert!(matches!(client.token_within(SHORT).await, Err(Error::Deadline { .. })));
    assert!(matches!(client.token_within(SHORT).await, Err(Error::Deadline { .. })));
    assert_eq!(raw.seen().len(), 2);

    let raw = silent();
    let client = raw_client(&raw).identity_timeout(SHORT).build().unwrap();
    assert!(matches!(client.token_within(4 * SHORT).await, Err(Error::Deadline { .. })));
    assert!(matches!(client.token_within(SHORT).await, Err(Error::Deadline { .. })));
    assert_eq!(raw.seen().len(), 1);
}

#[tokio::test]
async fn an_exchange_ends_with_the_identity_time_out() {
    let raw =
        Raw::start(|number, _: &str| (number == 0).then(|| token("t", "https://thing.example")));
    let client = raw_client(&raw).identity_timeout(SHORT).build().unwrap();
    let asked = client.run(&Validate::new(&client.cloud(), "subject")).await;
    let Err(Error::Transport(error)) = asked else { panic!("{asked:?}") };
    assert!(error.is_timeout(), "{error}");
}

#[tokio::test]
async fn a_call_has_the_users_own_time_out() {
    let raw = Raw::start(logins_and(|_, _: &str| None));
    let client = raw_client(&raw)
        .http(|| reqwest::Client::builder().no_proxy().timeout(SHORT))
        .build()
        .unwrap();
    let answer = client.call(http::Request::get(raw.url()).body("").unwrap()).await;
    let Err(Error::Transport(error)) = answer else { panic!("{answer:?}") };
    assert!(error.is_timeout(), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_callers_hurry_is_no_failure_for_the_others() {
    let raw = silent_at_first();
    let client = raw_client(&raw).build().unwrap();
    let impatient = client.clone();
    let hurried = tokio::spawn(async move { impatient.token_within(4 * SHORT).await });
    raw.wait();
    // While the other's request is in the air.
    client.token_within(LONG).await.unwrap();
    // It was handed on, or else there was time enough to get the new token.
    assert!(matches!(hurried.await.unwrap(), Ok(_) | Err(Error::Deadline { .. })));
    assert_eq!(raw.seen().len(), 2);
}

#[tokio::test]
async fn after_the_deadline_a_living_token_is_still_handed_out() {
    let server = start(Emulator::new());
    let client = client(&server, System::Otc);
    assert!(matches!(client.token_within(Duration::ZERO).await, Err(Error::Deadline { .. })));
    assert_eq!(server.emulator().requests(System::Otc), 0);
    client.token_within(Duration::MAX).await.unwrap();
    client.token_within(Duration::ZERO).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_takes_over_from_a_caller_who_is_cancelled() {
    let raw = silent_at_first();
    let client = raw_client(&raw).build().unwrap();
    let (leader, follower) = (client.clone(), client.clone());
    let leader = tokio::spawn(async move { leader.token().await });
    raw.wait();
    let follower = tokio::spawn(async move { follower.token_within(LONG).await });
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    follower.await.unwrap().unwrap();
    assert_eq!(raw.seen().len(), 2);
}

/// Dropped on the one thread where it was polled, with nobody else to help.
#[tokio::test]
async fn a_future_may_be_dropped_at_any_point() {
    let raw = silent_at_first();
    let client = raw_client(&raw).build().unwrap();
    drop(client.token());
    assert!(timeout(SHORT, client.token()).await.is_err());
    timeout(LONG, client.token()).await.unwrap().unwrap();
    assert_eq!(raw.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_takes_over_from_a_caller_who_panics() {
    let raw = Raw::start(|_, _: &str| Some(token("t", "https://thing.example")));
    // The clock is read before a request and after it; the second reading panics.
    let readings = AtomicUsize::new(0);
    let client = raw_client(&raw)
        .clock(move || {
            assert_ne!(readings.fetch_add(1, SeqCst), 1, "on purpose");
            UtcDateTime::now()
        })
        .build()
        .unwrap();
    let leader = client.clone();
    let panicking = tokio::spawn(async move { leader.token().await });
    assert!(panicking.await.unwrap_err().is_panic());
    // The lock is poisoned, and the flight is back.
    client.token_within(LONG).await.unwrap();
    assert_eq!(raw.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_wakes_whoever_waits() {
    let raw = silent();
    let client = raw_client(&raw).build().unwrap();
    let ask = || {
        let client = client.clone();
        tokio::spawn(async move { client.token().await })
    };
    let leader = ask();
    raw.wait();
    let waiting = ask();
    let started = Instant::now();
    client.close();
    assert!(is_closed(&waiting.await.unwrap().unwrap_err()));
    // The leader breaks off.
    assert!(is_closed(&leader.await.unwrap().unwrap_err()));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(is_closed(&client.clone().token().await.unwrap_err()));
    assert_eq!(raw.seen().len(), 1);
}

#[tokio::test]
async fn a_deadline_tells_what_the_last_login_failed_with() {
    let raw = Raw::start(|_, _: &str| Some(answer(500, "", "")));
    let client = raw_client(&raw).build().unwrap();
    // A failed login is tried again after two seconds and more.
    let error = client.token_within(4 * SHORT).await.unwrap_err();
    let Error::Deadline { last: Some(last) } = &error else { panic!("{error}") };
    assert!(matches!(last.kind(), ErrorKind::Unavailable(_)), "{last}");
    assert!(error.to_string().ends_with(&format!("the last login failed: {last}")), "{error}");
    assert_eq!(error.source().unwrap().to_string(), last.to_string());

    let error = raw_client(&silent()).build().unwrap().token_within(SHORT).await.unwrap_err();
    assert!(error.source().is_none());
    assert!(error.to_string().ends_with("the login may still succeed"), "{error}");
}

/// Another credential may do better, so the pause after a failure is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_credential_wakes_whoever_waits() {
    let raw = Raw::start(|number, _: &str| {
        Some(match number {
            0 => answer(500, "", ""),
            _ => token("t", "https://thing.example"),
        })
    });
    let client = raw_client(&raw).build().unwrap();
    let caller = client.clone();
    let waiting = tokio::spawn(async move { caller.token_within(LONG).await });
    raw.wait();
    sleep(SHORT).await;
    let started = Instant::now();
    client.replace_credential(credential()).unwrap();
    waiting.await.unwrap().unwrap();
    // The pause is longer.
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn the_identity_time_out_stays_below_the_flights() {
    let raw = silent();
    let settings = Settings::default().with_response_timeout(Duration::from_secs(15));
    let built = raw_client(&raw).settings(settings).build();
    let Err(Error::IdentityTimeout { identity, response: flight }) = built else { panic!("built") };
    assert_eq!(identity, flight);
    let built = raw_client(&raw).identity_timeout(Duration::ZERO).build();
    assert!(matches!(built, Err(Error::IdentityTimeout { .. })));
}

#[test]
fn futures_can_be_spawned() {
    fn spawnable<F: Future + Send>(_: F) {}
    fn all(client: &Client, exchange: &UserProjects) {
        let request = || http::Request::new("");
        spawnable(client.token());
        spawnable(client.token_within(SHORT));
        spawnable(client.call(request()));
        spawnable(client.call_once(request()));
        spawnable(client.run(exchange));
    }
    let _ = all;
}
