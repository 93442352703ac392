use std::{
    error::Error as _,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Server, System};
use auth_proto::{ErrorKind, Settings, Validate};
use auth_ureq::{Client, Error};
use ureq::{Agent, Timeout, http::Request};

use crate::{
    client, raw_client,
    support::{Raw, answer, credential, logins_and, scope, token},
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

#[test]
fn fifty_cold_callers_make_one_login() {
    let server = Server::start().unwrap();
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
fn a_server_that_never_answers_costs_no_more_than_the_callers_patience() {
    let raw = silent();
    let client = raw_client(&raw).build().unwrap();
    let started = Instant::now();
    let Err(Error::Deadline { .. }) = client.token_within(SHORT) else { panic!("a token?") };
    assert!(started.elapsed() >= SHORT && started.elapsed() < LONG);
    assert!(matches!(client.token_within(Duration::ZERO), Err(Error::Deadline { .. })));
    assert_eq!(raw.seen().len(), 1);
}

/// The caller's deadline is no failure: the next caller may try at once. The client's own time-out
/// is one: the account pauses.
#[test]
fn whose_time_it_was_decides() {
    let raw = silent();
    let client = raw_client(&raw).build().unwrap();
    assert!(matches!(client.token_within(SHORT), Err(Error::Deadline { .. })));
    assert!(matches!(client.token_within(SHORT), Err(Error::Deadline { .. })));
    assert_eq!(raw.seen().len(), 2);

    let raw = silent();
    let client = raw_client(&raw).identity_timeout(SHORT).build().unwrap();
    assert!(matches!(client.token_within(4 * SHORT), Err(Error::Deadline { .. })));
    assert!(matches!(client.token_within(SHORT), Err(Error::Deadline { .. })));
    assert_eq!(raw.seen().len(), 1);
}

#[test]
fn an_exchange_ends_with_the_identity_time_out() {
    let raw =
        Raw::start(|number, _: &str| (number == 0).then(|| token("t", "https://thing.example")));
    let client = raw_client(&raw).identity_timeout(SHORT).build().unwrap();
    let asked = client.run(&Validate::new(&client.cloud(), "subject"));
    let Err(Error::Transport(ureq::Error::Timeout(Timeout::Global))) = asked else {
        panic!("{asked:?}")
    };
}

#[test]
fn a_call_has_the_users_own_time_out() {
    let raw = Raw::start(logins_and(|_, _: &str| None));
    let client = raw_client(&raw)
        .http(Agent::config_builder().proxy(None).timeout_recv_response(Some(SHORT)))
        .build()
        .unwrap();
    let answer = client.call(Request::get(raw.url()).body("").unwrap());
    let Err(Error::Transport(ureq::Error::Timeout(Timeout::RecvResponse))) = answer else {
        panic!("{answer:?}")
    };
}

#[test]
fn one_callers_hurry_is_no_failure_for_the_others() {
    let raw = silent_at_first();
    let client = raw_client(&raw).build().unwrap();
    thread::scope(|threads| {
        let hurried = threads.spawn(|| client.token_within(4 * SHORT));
        raw.wait();
        // While the other's request is in the air.
        client.token_within(LONG).unwrap();
        // It was handed on, or else there was time enough to get the new token.
        assert!(matches!(hurried.join().unwrap(), Ok(_) | Err(Error::Deadline { .. })));
    });
    assert_eq!(raw.seen().len(), 2);
}

#[test]
fn after_the_deadline_a_living_token_is_still_handed_out() {
    let server = Server::start().unwrap();
    let client = client(&server, System::Otc);
    assert!(matches!(client.token_within(Duration::ZERO), Err(Error::Deadline { .. })));
    assert_eq!(server.emulator().requests(System::Otc), 0);
    client.token_within(Duration::MAX).unwrap();
    client.token_within(Duration::ZERO).unwrap();
}

#[test]
fn somebody_takes_over_from_a_caller_who_panics() {
    let raw = Raw::start(|_, _: &str| Some(token("t", "https://thing.example")));
    let (first, both) = (AtomicBool::new(true), Arc::new(Barrier::new(2)));
    let reached = Arc::clone(&both);
    let http = Agent::config_builder().proxy(None).middleware(
        move |request: Request<ureq::SendBody<'_>>, next: ureq::middleware::MiddlewareNext<'_>| {
            if first.swap(false, SeqCst) {
                reached.wait();
                panic!("on purpose");
            }
            next.handle(request)
        },
    );
    let client = Client::builder(raw.cloud(), credential(), scope()).http(http).build().unwrap();
    thread::scope(|threads| {
        let panicking = threads.spawn(|| client.token());
        both.wait();
        client.token_within(LONG).unwrap();
        assert!(panicking.join().is_err());
    });
    assert_eq!(raw.seen().len(), 1);
}

#[test]
fn closing_wakes_whoever_waits() {
    let raw = silent();
    let client = raw_client(&raw).identity_timeout(Duration::from_secs(3)).build().unwrap();
    thread::scope(|threads| {
        let leader = threads.spawn(|| client.token());
        raw.wait();
        let waiting = threads.spawn(|| client.token());
        let started = Instant::now();
        client.close();
        assert!(is_closed(&waiting.join().unwrap().unwrap_err()));
        assert!(started.elapsed() < Duration::from_secs(2));
        // The leader is told by its own time-out.
        assert!(is_closed(&leader.join().unwrap().unwrap_err()));
    });
    assert!(is_closed(&client.clone().token().unwrap_err()));
    assert_eq!(raw.seen().len(), 1);
}

#[test]
fn a_deadline_tells_what_the_last_login_failed_with() {
    let raw = Raw::start(|_, _: &str| Some(answer(500, "", "")));
    let client = raw_client(&raw).build().unwrap();
    // A failed login is tried again after two seconds and more.
    let error = client.token_within(4 * SHORT).unwrap_err();
    let Error::Deadline { last: Some(last) } = &error else { panic!("{error}") };
    assert!(matches!(last.kind(), ErrorKind::Unavailable(_)), "{last}");
    assert!(error.to_string().ends_with(&format!("the last login failed: {last}")), "{error}");
    assert_eq!(error.source().unwrap().to_string(), last.to_string());

    let error = raw_client(&silent()).build().unwrap().token_within(SHORT).unwrap_err();
    assert!(error.source().is_none());
    assert!(error.to_string().ends_with("the login may still succeed"), "{error}");
}

/// Another credential may do better, so the pause after a failure is over.
#[test]
fn a_new_credential_wakes_whoever_waits() {
    let raw = Raw::start(|number, _: &str| {
        Some(match number {
            0 => answer(500, "", ""),
            _ => token("t", "https://thing.example"),
        })
    });
    let client = raw_client(&raw).build().unwrap();
    thread::scope(|threads| {
        let waiting = threads.spawn(|| client.token_within(LONG).unwrap());
        raw.wait();
        thread::sleep(SHORT);
        let started = Instant::now();
        client.replace_credential(credential()).unwrap();
        waiting.join().unwrap();
        // The pause is longer.
        assert!(started.elapsed() < Duration::from_secs(2));
    });
}

#[test]
fn the_identity_time_out_stays_below_the_flights() {
    let raw = silent();
    let settings = Settings::default().with_response_timeout(Duration::from_secs(15));
    let built = raw_client(&raw).settings(settings).build();
    let Err(Error::IdentityTimeout { identity, response: flight }) = built else { panic!("built") };
    assert_eq!(identity, flight);
    let built = raw_client(&raw).identity_timeout(Duration::ZERO).build();
    assert!(matches!(built, Err(Error::IdentityTimeout { .. })));
}
