//! A refusal counts as soon as its status is known, and a request without a status may have been
//! refused.

use std::time::Duration;

use auth_proto::{ErrorKind, FailureKind, RetryDecision};
use http::{StatusCode, Uri};
use testing::{Error, Loopback, Reply, fixtures::logins_and};

use super::{ADAPTER, support::loopback_client};

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_refused_login_is_one_whatever_its_body() {
    let replies: [fn() -> Reply; 4] = [
        || Reply::new(401, "", "{}"),
        || Reply::status(401, "").body_of(1000, "cut"),
        || Reply::status(401, "").body_of(1000, "stalled").hold(),
        || Reply::status(401, "").then("Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let server = Loopback::start(move |_| reply());
        let client = loopback_client(&server).identity_timeout(4 * SHORT).build().unwrap();
        for _ in 0..3 {
            let error = client.token().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Rejected(_)), "{number}: {error}");
        }
        assert_eq!(server.requests().len(), 1, "{number}");
    }
}

/// The kind of the failure of a login.
fn kind(error: &Error) -> FailureKind {
    match error.last().or(error.auth()).expect("an error of a login").kind() {
        ErrorKind::Transport(failure) => failure.kind,
        kind => panic!("another kind: {kind}"),
    }
}

/// Only a request that was sent may have been refused.
#[test]
fn a_failure_says_whether_the_login_was_sent() {
    let unanswered = Loopback::start(|_| Reply::silence());
    let reset = Loopback::start(|_| Reply::bytes("").reset());
    for (server, wanted) in [(unanswered, FailureKind::Timeout), (reset, FailureKind::Io)] {
        let client = loopback_client(&server).identity_timeout(SHORT).build().unwrap();
        assert_eq!(kind(&client.token_within(3 * SHORT).unwrap_err()), wanted);
    }

    // A connection that ends during the TLS handshake, and a port without a server.
    let hangs_up =
        Loopback::accept(None, |connection| std::io::Read::read(connection, &mut [0; 1]).map(drop));
    let address = hangs_up.url();
    let (_, port) = address.rsplit_once(':').unwrap();
    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    for url in [format!("https://127.0.0.1:{port}/v3"), format!("http://{unused}/v3")] {
        let cloud = auth_proto::Cloud::keystone(&url).unwrap();
        let (credential, scope) = (testing::fixtures::credential(), testing::fixtures::scope());
        let client = ADAPTER.client(cloud, credential, scope).build().unwrap();
        let error = client.token_within(3 * SHORT).unwrap_err();
        assert_eq!(kind(&error), FailureKind::Connect, "{url}");
    }
}

/// For a program that sends requests without the client.
#[test]
fn a_reported_refusal_costs_a_login() {
    let server = Loopback::start(logins_and(|_| Reply::new(200, "", "")));
    let client = loopback_client(&server).build().unwrap();
    let (here, there) = (
        Uri::from_static("https://here.example/thing"),
        Uri::from_static("https://there.example/thing"),
    );
    let first = client.token().unwrap();
    assert_eq!(client.report(&first, &here, StatusCode::OK), RetryDecision::Deliver);
    assert_eq!(client.report(&first, &there, StatusCode::NOT_FOUND), RetryDecision::Deliver);
    assert_eq!(server.requests().len(), 1);

    assert_eq!(client.report(&first, &here, StatusCode::UNAUTHORIZED), RetryDecision::Retry);
    // The other origin has not refused it.
    assert_eq!(client.token_at(&there).unwrap().expose(), first.expose());
    let second = client.token_at(&here).unwrap();
    assert_ne!(second.expose(), first.expose());
    assert_eq!(server.requests().len(), 2);

    // A token that was accepted and is refused costs a login again, and no question.
    assert_eq!(client.report(&second, &here, StatusCode::OK), RetryDecision::Deliver);
    assert_eq!(client.report(&second, &here, StatusCode::UNAUTHORIZED), RetryDecision::Retry);
    assert_ne!(client.token_at(&here).unwrap().expose(), second.expose());
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.starts_with("POST")));
}

#[test]
fn an_error_says_when_to_try_again() {
    let server = Loopback::start(|_| Reply::new(503, "Retry-After: 100\r\n", ""));
    let error = loopback_client(&server).build().unwrap().token_within(SHORT).unwrap_err();
    assert!(error.is_retryable() && error.retry_at().is_some(), "{error}");

    let server = Loopback::start(|_| Reply::new(401, "", "{}"));
    let error = loopback_client(&server).build().unwrap().token().unwrap_err();
    assert!(!error.is_retryable(), "{error}");

    let server = Loopback::start(|_| Reply::silence());
    let error = loopback_client(&server).build().unwrap().token_within(SHORT).unwrap_err();
    assert!(error.is_retryable() && error.retry_at().is_none(), "{error}");
}
