//! The bounds on responses that the adapters keep for the core: at the bound a response is read, one
//! byte past it the login fails.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]
#![forbid(unsafe_code)]

use std::time::Duration;

use auth_proto::{Credential, Scope, UserRef, limits};
use testing::{Adapter, Loopback, Reply, fixtures::LONG_LIVED};

#[test]
fn bodies_are_read_up_to_the_bound() {
    for adapter in Adapter::BOTH {
        assert_eq!(login(adapter, with_body(limits::BODY)), Ok(()), "{adapter}");
        let error = login(adapter, with_body(limits::BODY + 1)).unwrap_err();
        assert!(
            error.contains("the response's body exceeds the limit of 4194304"),
            "{adapter}: {error}"
        );
    }
}

/// reqwest has no setting for this bound; ureq gets the core's.
#[test]
fn headers_are_read_up_to_the_bound() {
    for adapter in Adapter::BOTH {
        assert_eq!(login(adapter, with_head(limits::HEADERS)), Ok(()), "{adapter}");
    }
    let error = login(Adapter::Ureq, with_head(limits::HEADERS + 1)).unwrap_err();
    assert!(error.contains("header"), "{error}");
}

/// A good login whose body has this length.
fn with_body(length: usize) -> Reply {
    let head = head("t", length);
    Reply::bytes(format!("{head}\r\n{LONG_LIVED}{}", " ".repeat(length - LONG_LIVED.len())))
}

/// A good login with the longest token, whose head has this length.
fn with_head(length: usize) -> Reply {
    let head = head(&"t".repeat(limits::TOKEN), LONG_LIVED.len());
    let rest = head.len() + "X-More: \r\n\r\n".len();
    Reply::bytes(format!("{head}X-More: {}\r\n\r\n{LONG_LIVED}", "x".repeat(length - rest)))
}

/// The status line and headers, without the empty line at their end.
fn head(token: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: {length}\r\n\
         X-Subject-Token: {token}\r\n"
    )
}

fn login(adapter: Adapter, reply: Reply) -> Result<(), String> {
    // Longer than a login takes, and shorter than the pause before the second attempt.
    const TIMEOUT: Duration = Duration::from_secs(2);
    let server = Loopback::start(move |_| reply.clone());
    let credential = Credential::password(UserRef::id("u"), "secretsecret");
    let client = adapter.client(server.cloud(), credential, Scope::default()).build().unwrap();
    client.token_within(TIMEOUT).map(drop).map_err(|error| error.to_string())
}
