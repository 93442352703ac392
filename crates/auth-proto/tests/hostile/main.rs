//! What a hostile, broken or misled party can hand to the core, a line each, and what comes of it:
//! an error of its own kind, or the one good reading. Nothing panics, and nothing is shown that
//! steers a terminal or repeats a secret.
//!
//! `cargo test -p auth-proto --test hostile -- --nocapture` prints the rows. What an HTTP client is
//! needed for is in `auth-hostile`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

mod bodies;
mod config;
mod endpoints;
mod faults;
mod headers;
mod sequences;
#[path = "../support/mod.rs"]
mod support;
mod times;
mod urls;

use std::{fmt::Debug, sync::Arc};

use auth_proto::{
    Cloud, Credential, DomainRef, Error, ErrorKind, Login, Scope, Step, Token, UserRef,
};
use http::Response;
use support::NOW;

/// Holds each row's input against what it should come to, which is told by how it starts.
#[track_caller]
#[expect(clippy::print_stdout, reason = "which rows there are, and how many, is asked for")]
fn hold<I>(rows: &[(&str, I, &str)], come_to: impl Fn(&I) -> String) {
    let mut wrong = 0;
    for (name, input, want) in rows {
        let got = come_to(input);
        let shown: String = got.chars().take(160).collect();
        let is_clean =
            got.len() < 2_000 && !got.contains(|c: char| c.is_control() || c == '\u{202e}');
        // A want that is another one's beginning ends with a dot.
        let fits = want.strip_suffix('.').map_or_else(|| got.starts_with(want), |want| got == want);
        if fits && is_clean && !got.contains(SECRET) {
            println!("  {name}: {shown}");
        } else {
            println!("WRONG {name}: {shown}, not {want}");
            wrong += 1;
        }
    }
    println!("{} hostile rows, {wrong} wrong", rows.len());
    assert_eq!(wrong, 0, "see the rows that are printed as WRONG");
}

/// What every secret here begins with. No error shows it.
const SECRET: &str = "s3cret";
const PASSWORD: &str = "s3cret-\"pass\\wörd";

fn cloud() -> Cloud {
    Cloud::keystone("https://iam.example/v3").unwrap()
}

fn credential() -> Credential {
    let user = UserRef::name_in("alice", DomainRef::name("Default"));
    Credential::password(user, PASSWORD)
}

/// A login to a v3 service whose one answer is this.
fn v3<B: AsRef<[u8]>>(response: Response<B>) -> Result<Arc<Token>, Error> {
    support::login_with(&cloud(), credential(), Scope::project_id("p1"), response)
}

/// A login to a v2.0 service whose one answer is this.
fn v2<B: AsRef<[u8]>>(response: Response<B>) -> Result<Arc<Token>, Error> {
    let cloud = Cloud::keystone("https://iam.example/v2.0").unwrap();
    let credential = Credential::password("alice", PASSWORD);
    support::login_with(&cloud, credential, Scope::project_id("p1"), response)
}

/// A good answer in v3.
const V3: &str = r#"{"token": {"catalog": [], "expires_at": "2026-11-22T20:00:00.000000Z",
    "issued_at": "2026-11-22T08:00:00.000000Z", "methods": ["password"],
    "project": {"id": "p1", "name": "demo", "domain": {"id": "default", "name": "Default"}},
    "user": {"id": "u1", "name": "alice", "domain": {"id": "default", "name": "Default"}}}}"#;

/// A good answer in v2.0.
const V2: &str = r#"{"access": {"token": {"id": "t1", "expires": "2026-11-22T20:00:00Z",
    "issued_at": "2026-11-22T08:00:00.000405", "tenant": {"id": "p1", "enabled": true}},
    "serviceCatalog": [], "user": {"id": "u1", "name": "alice", "roles": []}}}"#;

/// What a login came to, in a line.
fn told(result: Result<Arc<Token>, Error>) -> String {
    match result {
        Ok(token) => format!("token {}", shortened(token.expose())),
        Err(error) => brief(&error),
    }
}

/// An error's kind, and when a new try makes sense.
fn brief(error: &Error) -> String {
    // What people see is looked at too, though the rows go by the kind.
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

/// What a login asks for first, as bytes.
fn first_body(credential: Credential, scope: Scope) -> Result<Vec<u8>, Error> {
    match Login::new(&cloud(), credential, scope)?.poll()? {
        Step::Send(request) => Ok(request.body().as_bytes().to_vec()),
        step => panic!("{step:?}"),
    }
}

/// The kind of what has gone wrong, or what came of it.
fn or_brief<T: Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => brief(&error),
    }
}
