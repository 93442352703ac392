//! Hostile or broken input to the core, one row each, and the outcome: a specific error, or the one
//! valid reading. No input causes a panic, and no error steers a terminal or repeats a secret.
//!
//! `cargo test -p auth-proto --test it hostile:: -- --nocapture` prints the rows. The rows that
//! need an HTTP client are in `auth-hostile`.

mod bodies;
mod config;
mod endpoints;
mod faults;
mod headers;
mod providers;
mod sequences;
mod times;
mod urls;

use std::{fmt::Debug, sync::Arc};

use auth_proto::{Cloud, Credential, Error, ErrorKind, Login, Scope, Step, Token};
use http::Response;

use crate::support::{NOW, alice, login_with};

/// Compares the outcome of each row's input with the start of the expected text. An expected text
/// that ends with a dot is the whole outcome.
#[track_caller]
#[expect(clippy::print_stdout, reason = "the rows are part of the output")]
fn check_rows<I>(rows: &[(&str, I, &str)], outcome: impl Fn(&I) -> String) {
    let mut wrong = 0;
    for (name, input, expect) in rows {
        let got = outcome(input);
        let shown: String = got.chars().take(160).collect();
        let is_clean =
            got.len() < 2_000 && !got.contains(|c: char| c.is_control() || c == '\u{202e}');
        let fits = match expect.strip_suffix('.') {
            Some(whole) => got == whole,
            None => got.starts_with(expect),
        };
        if fits && is_clean && !got.contains(SECRET) {
            println!("  {name}: {shown}");
        } else {
            println!("WRONG {name}: {shown}, not {expect}");
            wrong += 1;
        }
    }
    println!("{} hostile rows, {wrong} wrong", rows.len());
    assert_eq!(wrong, 0, "see the rows that start with WRONG");
}

/// The start of every secret here. No error shows it.
const SECRET: &str = "s3cret";
const PASSWORD: &str = "s3cret-\"pass\\wörd";

fn cloud() -> Cloud {
    Cloud::keystone("https://iam.example/v3").unwrap()
}

fn credential() -> Credential {
    Credential::password(alice(), PASSWORD)
}

/// A login to a v3 service with this response.
fn v3<B: AsRef<[u8]>>(response: Response<B>) -> Result<Arc<Token>, Error> {
    login_with(&cloud(), credential(), Scope::project_id("p1"), response)
}

/// A login to a v2.0 service with this response.
fn v2<B: AsRef<[u8]>>(response: Response<B>) -> Result<Arc<Token>, Error> {
    let cloud = Cloud::keystone("https://iam.example/v2.0").unwrap();
    let credential = Credential::password("alice", PASSWORD);
    login_with(&cloud, credential, Scope::project_id("p1"), response)
}

/// A valid response in v3.
const V3: &str = r#"{"token": {"catalog": [], "expires_at": "2026-11-22T20:00:00.000000Z",
    "issued_at": "2026-11-22T08:00:00.000000Z", "methods": ["password"],
    "project": {"id": "p1", "name": "demo", "domain": {"id": "default", "name": "Default"}},
    "user": {"id": "u1", "name": "alice", "domain": {"id": "default", "name": "Default"}}}}"#;

/// A valid response in v2.0.
const V2: &str = r#"{"access": {"token": {"id": "t1", "expires": "2026-11-22T20:00:00Z",
    "issued_at": "2026-11-22T08:00:00.000405", "tenant": {"id": "p1", "enabled": true}},
    "serviceCatalog": [], "user": {"id": "u1", "name": "alice", "roles": []}}}"#;

/// The outcome of a login.
fn outcome(result: Result<Arc<Token>, Error>) -> String {
    match result {
        Ok(token) => format!("token {}", shortened(token.expose())),
        Err(error) => summary(&error),
    }
}

/// An error's kind, and the time of the next try.
fn summary(error: &Error) -> String {
    // The rows compare the kind, but the shown text must be clean, too.
    let shown = format!("{error} {error:?}");
    assert!(shown.len() < 4_000 && !shown.contains(SECRET), "{shown}");
    let kind = match error.kind() {
        ErrorKind::Config(why) => format!("{why:?}"),
        ErrorKind::Endpoint(why) => format!("{why:?}"),
        ErrorKind::Protocol(why) => format!("{why:?}"),
        ErrorKind::Rejected(refusal) => format!("refused {refusal}"),
        ErrorKind::Transport(failure) => format!("{failure:?}"),
        ErrorKind::Unavailable(refusal) => format!("unavailable {refusal}"),
        other => format!("{other:?}"),
    };
    match error.retry_at() {
        None => kind,
        Some(at) => format!("{kind} in {} s", (at - NOW).whole_seconds()),
    }
}

fn shortened(text: &str) -> String {
    match text.len() {
        ..=20 => text.to_owned(),
        length => format!("of {length}"),
    }
}

/// The body of the first request.
fn first_body(credential: Credential, scope: Scope) -> Result<Vec<u8>, Error> {
    match Login::new(&cloud(), credential, scope)?.poll()? {
        Step::Send(request) => Ok(request.body().as_bytes().to_vec()),
        step => panic!("{step:?}"),
    }
}

/// The error's kind, or the result.
fn result_summary<T: Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => summary(&error),
    }
}
