//! The bodies of the fuzz targets: plain functions that panic where the core breaks a promise.
//!
//! `fuzz_targets/` wraps each of them for libFuzzer; `tests/replay.rs` runs them on stable over
//! everything in `corpus/`.

mod account_model;
mod input;
mod login_script;

pub use account_model::account_model;
use auth_proto::{Answer, Dialect, Token, timestamp};
use http::{HeaderValue, Response};
pub use login_script::login_script;

/// A fuzz target: any bytes in, a panic if a promise is broken.
pub type Target = fn(&[u8]);

/// Every target, with the name of its corpus.
pub const TARGETS: [(&str, Target); 5] = [
    ("account_model", account_model),
    ("login_script", login_script),
    ("timestamp", timestamp),
    ("token_v2", token_v2),
    ("token_v3", token_v3),
];

/// Any text is a moment or none, and a moment is written so that it is read back.
pub fn timestamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(moment) = timestamp::parse(text) {
        let written = timestamp::format(moment);
        assert_eq!(timestamp::parse(&written), Some(moment), "{text} as {written}");
    }
}

/// Any body of a v2.0 token answer.
pub fn token_v2(data: &[u8]) {
    check(&Response::new(data), Dialect::V2);
}

/// Any v3 token answer: the first line is the token's header, the rest the body.
pub fn token_v3(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (Some(header), Some(body)) = (parts.next(), parts.next()) else { return };
    let Ok(header) = HeaderValue::from_bytes(header) else { return };
    let mut response = Response::new(body);
    response.headers_mut().insert("x-subject-token", header);
    check(&response, Dialect::V3);
}

fn check(response: &Response<&[u8]>, dialect: Dialect) {
    match Answer::read(response, Some(dialect)) {
        Ok(Answer::Token(read, token)) => {
            assert_eq!(read, dialect);
            check_token(&token);
        }
        Ok(_) => {}
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(shown.len() < 2_000 && !shown.contains('\u{1b}'), "{shown}");
        }
    }
}

fn check_token(token: &Token) {
    assert!(!token.expose().is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic()));
    assert!(token.header().is_sensitive());
    assert!((1..=9999).contains(&token.expires_at().year()));
    for service in token.catalog().into_iter().flat_map(|catalog| catalog.services()) {
        assert!(!service.service_type().is_empty());
        assert!(service.endpoints().all(|endpoint| !endpoint.url().is_empty()));
    }
}

/// Without libFuzzer, a target's program runs it once over each file that is named.
pub fn replay_arguments(target: Target) -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        target(&std::fs::read(path)?);
    }
    Ok(())
}
