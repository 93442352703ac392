use std::{
    error::Error as _,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Emulator, System};
use auth_proto::{ErrorKind, Settings, Validate};
use http::Request;
use testing::{
    Error, Loopback, Reply,
    fixtures::{credential, logins_and, token},
};
use time::UtcDateTime;
use ureq::Timeout;

use super::support::{client, loopback_client};
use crate::start;

const SHORT: Duration = Duration::from_millis(200);
/// Only a failing test waits so long.
const LONG: Duration = Duration::from_secs(20);

fn silent() -> Loopback {
    Loopback::start(|_| Reply::silence())
}

fn thing_token() -> Reply {
    token("t", "https://thing.example")
}

fn is_closed(error: &Error) -> bool {
    error.auth().is_some_and(|error| *error.kind() == ErrorKind::Closed)
}

#[test]
fn fifty_cold_callers_make_one_login() {
    let server = start(Emulator::new());
    let client = client(&server, System::Otc);
    let start = Barrier::new(50);
    thread::scope(|threads| {
        for _ in 0..50 {
            threads.spawn(|| {
                start.wait();
                client.token().unwrap();
            });
        }
    });
    assert_eq!(server.emulator().requests(System::Otc), 1);
}

#[test]
fn a_silent_server_costs_only_the_callers_time() {
    let server = silent();
    let client = loopback_client(&server).build().unwrap();
    let started = Instant::now();
    assert!(client.token_within(SHORT).unwrap_err().is_deadline());
    assert!(started.elapsed() >= SHORT && started.elapsed() < LONG);
    assert!(client.token_within(Duration::ZERO).unwrap_err().is_deadline());
    assert_eq!(server.requests().len(), 1);
}

/// A login belongs to the session: it goes on when the time of its caller is over, and the next
/// caller gets its result.
#[test]
fn a_login_outlives_its_callers() {
    let server = Loopback::start(|_| thing_token().drip(Duration::from_millis(1)));
    let client = loopback_client(&server).build().unwrap();
    let started = Instant::now();
    let mut missed = 0;
    while let Err(error) = client.token_within(SHORT) {
        assert!(error.is_deadline() && started.elapsed() < LONG, "{error}");
        missed += 1;
    }
    assert!(missed > 0);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_wrong_password_is_sent_once_in_a_hurry() {
    let refusal = || Reply::new(401, "", "{}").drip(Duration::from_millis(5));
    let server = Loopback::start(move |_| refusal());
    let client = loopback_client(&server).build().unwrap();
    let started = Instant::now();
    let error = loop {
        let error = client.token_within(SHORT / 4).unwrap_err();
        if !error.is_deadline() {
            break error;
        }
        assert!(started.elapsed() < LONG);
    };
    assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{error}");
    client.token().unwrap_err();
    assert_eq!(server.requests().len(), 1);
}

/// The timeout of the HTTP client that ended the request; ureq names it.
fn assert_timeout(error: &Error, timeout: Timeout) {
    assert!(error.is_timeout(), "{error:?}");
    if let Error::Ureq(error) = error {
        let auth_ureq::Error::Transport(ureq::Error::Timeout(of)) = **error else {
            panic!("{error:?}")
        };
        assert_eq!(of, timeout);
    }
}

#[test]
fn the_identity_timeout_bounds_requests() {
    let server = Loopback::start(|request| match request.number {
        0 => thing_token(),
        _ => Reply::silence(),
    });
    let client = loopback_client(&server).identity_timeout(SHORT).build().unwrap();
    let error = client.run(&Validate::new(&client.cloud(), "subject")).unwrap_err();
    assert_timeout(&error, Timeout::Global);
}

#[test]
fn a_call_ends_with_the_users_own_timeout() {
    let server = Loopback::start(logins_and(|_| Reply::silence()));
    let client = loopback_client(&server).call_timeout(SHORT).build().unwrap();
    let error = client.call(Request::get(server.url()).body("").unwrap()).unwrap_err();
    assert_timeout(&error, Timeout::RecvResponse);
}

#[test]
fn a_deadline_ends_one_caller_only() {
    let server = Loopback::start(|_| thing_token().drip(Duration::from_millis(1)));
    let client = loopback_client(&server).build().unwrap();
    thread::scope(|threads| {
        let impatient = threads.spawn(|| client.token_within(SHORT));
        server.wait_for(1);
        // During the other caller's request, which goes on after that caller's time.
        client.token_within(LONG).unwrap();
        assert!(impatient.join().unwrap().unwrap_err().is_deadline());
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_live_token_is_returned_after_the_deadline() {
    let server = start(Emulator::new());
    let client = client(&server, System::Otc);
    assert!(client.token_within(Duration::ZERO).unwrap_err().is_deadline());
    assert_eq!(server.emulator().requests(System::Otc), 0);
    client.token_within(Duration::MAX).unwrap();
    client.token_within(Duration::ZERO).unwrap();
}

#[test]
fn a_caller_takes_over_if_the_clock_panics() {
    let server = Loopback::start(|_| thing_token());
    // The clock is read before a request and after it; the second reading panics.
    let readings = AtomicUsize::new(0);
    let client = loopback_client(&server)
        .clock(move || {
            assert_ne!(readings.fetch_add(1, SeqCst), 1, "on purpose");
            UtcDateTime::now()
        })
        .build()
        .unwrap();
    thread::scope(|threads| assert!(threads.spawn(|| client.token()).join().is_err()));
    // The lock is poisoned, and the login can be sent again.
    client.token_within(LONG).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn closing_wakes_the_waiters() {
    let server = silent();
    let timeout = Duration::from_secs(3);
    let client = loopback_client(&server).identity_timeout(timeout).build().unwrap();
    thread::scope(|threads| {
        let leader = threads.spawn(|| client.token());
        server.wait_for(1);
        let waiting = threads.spawn(|| client.token());
        let started = Instant::now();
        client.close();
        assert!(is_closed(&waiting.join().unwrap().unwrap_err()));
        assert!(started.elapsed() < Duration::from_secs(2));
        // At the latest after the identity timeout.
        assert!(is_closed(&leader.join().unwrap().unwrap_err()));
    });
    assert!(is_closed(&client.clone().token().unwrap_err()));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_deadline_error_names_the_last_failure() {
    let server = Loopback::start(|_| Reply::new(500, "", ""));
    let client = loopback_client(&server).build().unwrap();
    let error = client.token_within(4 * SHORT).unwrap_err();
    let last = error.last().unwrap();
    assert!(matches!(last.kind(), ErrorKind::Unavailable(_)), "{last}");
    assert!(error.to_string().ends_with(&last.to_string()), "{error}");
    assert_eq!(error.source().unwrap().to_string(), last.to_string());

    let server = silent();
    let error = loopback_client(&server).build().unwrap().token_within(SHORT).unwrap_err();
    assert!(error.is_deadline() && error.source().is_none());
    assert!(error.to_string().contains("may still succeed"), "{error}");
}

/// A new credential may succeed, so the pause after a failure ends.
#[test]
fn a_new_credential_wakes_the_waiters() {
    let server = Loopback::start(|request| match request.number {
        0 => Reply::new(500, "", ""),
        _ => thing_token(),
    });
    let client = loopback_client(&server).build().unwrap();
    thread::scope(|threads| {
        let waiting = threads.spawn(|| client.token_within(LONG).unwrap());
        server.wait_for(1);
        thread::sleep(SHORT);
        let started = Instant::now();
        client.replace_credential(credential()).unwrap();
        waiting.join().unwrap();
        // The pause is longer.
        assert!(started.elapsed() < Duration::from_secs(2));
    });
}

#[test]
fn the_identity_timeout_is_the_shorter() {
    let server = silent();
    let settings = Settings::default().with_response_timeout(Duration::from_secs(15));
    let error = loopback_client(&server).settings(settings).build().unwrap_err();
    let (identity, response) = error.timeouts().unwrap();
    assert_eq!(identity, response);
    let error = loopback_client(&server).identity_timeout(Duration::ZERO).build().unwrap_err();
    assert!(error.timeouts().is_some());
}
