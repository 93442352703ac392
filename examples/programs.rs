//! Runs the programs of this folder and checks their output.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

use std::{
    process::Command,
    time::{Duration, Instant},
};

/// The output of a program that succeeded.
fn output(program: &str) -> String {
    let started = Instant::now();
    let out = Command::new(program).output().unwrap();
    let (printed, errors) = (text(out.stdout), text(out.stderr));
    assert!(out.status.success(), "{program}: {}\n{printed}{errors}", out.status);
    // No request ran into a time-out, even on a busy machine.
    assert!(started.elapsed() < Duration::from_secs(29), "{program}: {:?}", started.elapsed());
    printed
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The number before these words.
fn number(printed: &str, words: &str) -> u64 {
    let before = printed.split(words).next().unwrap();
    before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn embed() {
    assert_eq!(
        output(env!("CARGO_BIN_EXE_embed")),
        "at the start: 8 calls, 1 logins so far\nafter a revocation: 8 calls, 2 logins so far\n"
    );
}

#[test]
fn factor() {
    let printed = output(env!("CARGO_BIN_EXE_factor"));
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines[..2], ["missing: totp", "logged in by password and totp"], "{printed}");
    for (line, roles) in [(2, ": 0 roles"), (3, ": 2 roles"), (4, ": 1 roles")] {
        assert!(lines[line].ends_with(roles), "{printed}");
    }
    assert_eq!(lines[5..], ["a key for the project alpha"], "{printed}");
}

#[test]
fn scopes() {
    let printed = output(env!("CARGO_BIN_EXE_scopes"));
    let lines: Vec<_> = printed.lines().collect();
    let project = r#""project":"0215ef11e49d4743be23dd97a1561e91""#;
    for (line, start, project) in [
        (0, "project eu-de, 200 OK: {", project),
        (1, "domain domainname, 200 OK: {", r#""project":null"#),
        (2, "project eu-de, 200 OK: {", project),
        (3, "project eu-de, 200 OK: {", project),
    ] {
        assert!(lines[line].starts_with(start) && lines[line].contains(project), "{printed}");
    }
    let rest = ["2 logins for 4 calls", "a token for the domain domainname, and still 2 logins"];
    assert_eq!(lines[4..], rest, "{printed}");
}

#[test]
fn script() {
    let printed = output(env!("CARGO_BIN_EXE_script"));
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines[0].starts_with("servers: 200 OK {"), "{printed}");
    let images = "images: http://…/nhn-iaas/v2.0/images/f5073eaa26b64cffbee89411df94ce01";
    assert_eq!(lines[1..], [images], "{printed}");
}

#[test]
fn service() {
    let printed = output(env!("CARGO_BIN_EXE_service"));
    assert!(number(&printed, " requests answered, none refused") > 8, "{printed}");
    assert!(printed.starts_with("1 login so far; all tokens are revoked now\n"), "{printed}");
    // The first, the one after the revocation, and a renewal.
    assert_eq!(number(&printed, " logins, at most 1 at once"), 3, "{printed}");
    // Each of the eight workers may have one request under way at the revocation.
    assert!((1..=8).contains(&number(&printed, " answers with 401")), "{printed}");
}
