//! The suite for `auth-ureq`, and the tests of `auth-ureq` alone.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use testing::{
    Adapter, Loopback, Reply,
    fixtures::{logins_and, token},
};
use ureq::{Agent, http::Request, middleware::MiddlewareNext};

use self::suite::support::loopback_client;

const ADAPTER: Adapter = Adapter::Ureq;

#[path = "suite/mod.rs"]
mod suite;

/// The settings of a request replace all those of its agent.
#[test]
fn request_settings_allow_no_redirect() {
    let other = Loopback::start(|_| Reply::new(200, "", "caught"));
    let location = format!("Location: {}/caught\r\n", other.url());
    let server = Loopback::start(logins_and(move |_| Reply::new(302, &location, "")));
    let builder = loopback_client(&server).ureq();
    let client = builder.build().unwrap();
    let agent = Agent::config_builder().proxy(None).build().new_agent();
    let request = Request::get(server.url()).body(()).unwrap();
    let request = agent.configure_request(request).max_redirects(5).user_agent("own").build();
    assert_eq!(client.call_once(request).unwrap().status(), 302);
    assert!(server.requests()[1].contains("own"));

    let request = Request::get(server.url()).body("").unwrap();
    let request = agent.configure_request(request).build();
    assert_eq!(client.call(request).unwrap().status(), 302);
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_waiter_takes_over_if_middleware_panics() {
    let server = Loopback::start(|_| token("t", "https://thing.example"));
    let (first, both) = (Arc::new(AtomicBool::new(true)), Arc::new(Barrier::new(2)));
    let reached = Arc::clone(&both);
    let builder = loopback_client(&server).on_ureq(move |http| {
        let (first, reached) = (Arc::clone(&first), Arc::clone(&reached));
        http.middleware(move |request: Request<ureq::SendBody<'_>>, next: MiddlewareNext<'_>| {
            if first.swap(false, SeqCst) {
                reached.wait();
                panic!("on purpose");
            }
            next.handle(request)
        })
    });
    let client = builder.build().unwrap();
    thread::scope(|threads| {
        let panicking = threads.spawn(|| client.token());
        both.wait();
        client.token_within(Duration::from_secs(20)).unwrap();
        assert!(panicking.join().is_err());
    });
    assert_eq!(server.requests().len(), 1);
}

/// As the front page says: with room for all threads in the pool, no connection is made twice.
#[test]
fn a_pool_for_all_threads_is_enough() {
    const THREADS: usize = 16;
    let server = Loopback::start(logins_and(|_| Reply::status(200, "").body("").keep_alive()));
    let client = loopback_client(&server)
        .on_ureq(|http| http.max_idle_connections_per_host(THREADS).max_idle_connections(THREADS));
    let (client, all_idle) = (client.build().unwrap(), Barrier::new(THREADS));
    client.token().unwrap();
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                for _ in 0..5 {
                    client.call(Request::get(server.url()).body("").unwrap()).unwrap();
                    all_idle.wait();
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 1 + THREADS * 5);
    // The login's reply closes its connection.
    assert!(server.connections() <= 1 + THREADS, "{}", server.connections());
}

/// A body that may be large is announced first.
#[test]
fn a_large_body_is_announced() {
    let server = Loopback::start(logins_and(|_| Reply::new(200, "", "")));
    let stream = || ureq::SendBody::from_owned_reader(&b"a body"[..]);
    let small = || Request::put(server.url()).header("Content-Length", "6");
    let expects = |text: String| text.to_ascii_lowercase().contains("expect: 100-continue");
    for is_on in [true, false] {
        let client = loopback_client(&server).expect_continue(is_on).build().unwrap();
        let client = client.ureq();
        client.call_once(Request::put(server.url()).body(stream()).unwrap()).unwrap();
        assert_eq!(expects(server.last()), is_on);
        client.call_with(|| Ok(Request::post(server.url()).body(stream())?)).unwrap();
        assert_eq!(expects(server.last()), is_on);
        client.call_once(small().body(stream()).unwrap()).unwrap();
        assert!(!expects(server.last()));
        client.call_once(Request::put(server.url()).body(()).unwrap()).unwrap();
        assert!(!expects(server.last()));
        client.call(Request::put(server.url()).body("a body").unwrap()).unwrap();
        assert!(!expects(server.last()));
    }
}
