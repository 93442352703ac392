//! The bounds that the drivers keep for the core, over sockets: at the edge an answer is taken, and one
//! byte past it is not.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]
#![forbid(unsafe_code)]

#[path = "shown/server.rs"]
mod server;

use auth_proto::{Cloud, Credential, Scope, UserRef, limits};

/// A login that is answered so: what a caller is told.
type Login = fn(String) -> Result<(), String>;

#[test]
fn bodies_are_read_up_to_their_bound() {
    for login in [ureq as Login, reqwest] {
        assert_eq!(login(with_body(limits::BODY)), Ok(()));
        let past = login(with_body(limits::BODY + 1)).unwrap_err();
        assert!(past.contains("the answer's body is larger than 4194304"), "{past}");
    }
}

/// What an HTTP client has to take at least; ureq is told so, and keeps to it.
#[test]
fn headers_are_read_up_to_their_bound() {
    for login in [ureq as Login, reqwest] {
        assert_eq!(login(with_head(limits::HEADERS)), Ok(()));
    }
    let past = ureq(with_head(limits::HEADERS + 1)).unwrap_err();
    assert!(past.contains("header"), "{past}");
}

/// The answer to a login whose body is of this length.
fn with_body(length: usize) -> String {
    let good = server::token("t");
    let (head, body) = good.split_once("\r\n\r\n").unwrap();
    let head = head.replace(&format!(": {}", body.len()), &format!(": {length}"));
    format!("{head}\r\n\r\n{body}{}", " ".repeat(length - body.len()))
}

/// One whose head is of this length, with the longest token in it.
fn with_head(length: usize) -> String {
    let good = server::token(&"t".repeat(limits::TOKEN));
    let (head, body) = good.split_once("\r\n\r\n").unwrap();
    let around = head.len() + "\r\nX-More: \r\n\r\n".len();
    format!("{head}\r\nX-More: {}\r\n\r\n{body}", "x".repeat(length - around))
}

fn ureq(answer: String) -> Result<(), String> {
    let client = auth_ureq::Client::new(cloud(answer), credential(), Scope::default()).unwrap();
    client.token_within(PATIENCE).map(drop).map_err(|error| error.to_string())
}

fn reqwest(answer: String) -> Result<(), String> {
    let client = auth_reqwest::Client::new(cloud(answer), credential(), Scope::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let token = runtime.block_on(client.token_within(PATIENCE));
    token.map(drop).map_err(|error| error.to_string())
}

/// Longer than an answer takes, and shorter than the pause before a second try.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

fn cloud(answer: String) -> Cloud {
    let url = server::start(move |_| answer.clone());
    Cloud::keystone(&format!("{url}/v3")).unwrap()
}

fn credential() -> Credential {
    Credential::password(UserRef::id("u"), "secretsecret")
}
