//! The texts of refusals: all of them foreign, some of them with our own secrets.

use auth_proto::{Credential, Failure, FailureKind, Scope, UserRef, limits};
use http::Response;

use super::{check_rows, cloud, outcome, v3};
use crate::support::login_with;

/// A status and a body.
type Input = (u16, fn() -> Vec<u8>);

#[rustfmt::skip]
const ROWS: &[(&str, Input, &str)] = &[
    ("the password, repeated", (401, || fault("you sent s3cret-\"pass\\wörd")), "refused 401 (you sent [redacted])"),
    ("the request, quoted in a text", (400, || fault(r#"{"password": "s3cret-\"pass\\wörd"}"#)), "refused 400 ({\"password\": \"[redacted]\"})"),
    ("the request, with letters escaped", (400, || fault(r#"{"password": "s3cret-\"pass\\w\u00f6rd"}"#)), "refused 400 ({\"password\": \"[redacted]\"})"),
    ("the password, in percent", (401, || fault("s3cret-%22pass%5Cw%C3%B6rd")), "refused 401 ([redacted])"),
    ("the password, for HTML", (401, || fault("s3cret-&quot;pass\\wörd")), "refused 401 ([redacted])"),
    ("the password, in hexadecimal", (401, || fault("7333637265742d22706173735c77c3b67264")), "refused 401 ([redacted])"),
    ("the password, in base64", (401, || fault("czNjcmV0LSJwYXNzXHfDtnJk")), "refused 401 ([redacted])"),
    ("the same, one further", (401, || fault("YXMzY3JldC0icGFzc1x3w7ZyZA==")), "refused 401 (YX[redacted]A==)"),
    ("the same, two further", (401, || fault("YWFzM2NyZXQtInBhc3Ncd8O2cmQ=")), "refused 401 (YWF[redacted]Q=)"),
    ("the request, in base64", (401, || fault("eyJwYXNzd29yZCI6ICJzM2NyZXQtXCJwYXNzXFx3w7ZyZCJ9")), "refused 401 (eyJwYXNzd29yZCI6ICJ[redacted]CJ9)"),
    ("the request, in base64, one further", (401, || fault("IHsicGFzc3dvcmQiOiAiczNjcmV0LVwicGFzc1xcd8O2cmQifQ==")), "refused 401 (IHsicGFzc3dvcmQiOiAi[redacted]QifQ==)"),
    ("the request, in base64, two further", (401, || fault("ICB7InBhc3N3b3JkIjogInMzY3JldC1cInBhc3NcXHfDtnJkIn0=")), "refused 401 (ICB7InBhc3N3b3JkIjogIn[redacted]In0=)"),
    ("the password in a title", (403, || br#"{"error": {"title": "s3cret-\"pass\\w\u00f6rd", "message": "no"}}"#.to_vec()), "refused 403 ([redacted]: no)"),
    ("the password as a code", (400, || br#"{"error_code": "s3cret-\"pass\\w\u00f6rd", "error_msg": "no"}"#.to_vec()), "refused 400 ([redacted]: no)"),
    ("the password for a fault's name", (400, || br#"{"s3cret-\"pass\\w\u00f6rd": {"message": "no"}}"#.to_vec()), "refused 400 ([redacted]: no)"),
    ("the password across the cut", (503, || fault(&format!("{}s3cret-\"pass\\wörd", "x".repeat(250)))), "unavailable 503 (xxxxx"),
    ("a text that steers a terminal", (401, || fault("\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\r\n")), r"refused 401 (\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m)"),
    ("a text that runs backwards", (401, || fault("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e")), r"refused 401 (a\u{202e}b\u{2066}c\u{200b}d\u{feff}e)"),
    ("a text of many lines", (401, || fault("no\n\nlevel=info msg=\"logged in\"\u{2028}x\u{85}y")), r#"refused 401 (no level=info msg="logged in"\u{2028}x\u{85}y)"#),
    ("a text with a NUL", (401, || fault("a\0b")), r"refused 401 (a\u{0}b)"),
    ("a long text", (401, || fault(&"ü".repeat(10_000))), "refused 401 (üüüüü"),
    ("a page of a proxy", (502, || b"<html>Bad Gateway</html>".to_vec()), "unavailable 502 (no reason given); try again later."),
    ("a text that is not JSON", (401, || b"no such user".to_vec()), "refused 401 (no reason given)"),
    // A body larger than any service writes is reported by its status alone.
    ("a page of five megabytes", (503, || "<p>s3cret</p>".repeat(400_000).into()), "unavailable 503 (no reason given); try again later."),
    ("a fault of five megabytes", (503, || fault(&"x".repeat(5_000_000))), "unavailable 503 (no reason given); try again later."),
    ("a fault larger than is looked at", (401, || fault(&"x".repeat(limits::ERROR_BODY))), "refused 401 (no reason given)"),
    ("no UTF-8", (401, || b"{\"message\": \"\xff\"}".to_vec()), "refused 401 (no reason given)"),
    ("brackets without end", (401, || "[".repeat(60_000).into()), "refused 401 (no reason given)"),
    ("objects without end", (401, || "{\"error\":".repeat(7_000).into()), "refused 401 (no reason given)"),
    ("127 levels", (401, || nested(126)), "refused 401 (no reason given)"),
    ("a reason given twice", (401, || br#"{"error": {"message": "first", "title": "x", "message": "last"}}"#.to_vec()), "refused 401 (x: last)"),
    ("a fault given twice", (401, || br#"{"gone": {"message": "first"}, "gone": {"message": "last"}}"#.to_vec()), "refused 401 (gone: last)"),
    ("a code past all others", (401, || br#"{"error": {"code": 1e400, "message": "no"}}"#.to_vec()), "refused 401 (no reason given)"),
    ("a code of another type", (401, || br#"{"error": {"code": {"a": 1}, "message": ["no"]}}"#.to_vec()), "refused 401 (no reason given)"),
    ("a fault that says it went well", (401, || br#"{"error": {"code": 200, "title": "OK", "message": "fine"}}"#.to_vec()), "refused 401 (200: OK: fine)"),
    ("an unknown status", (499, || fault("no")), "refused 499 (no)"),
    ("a status past all others", (999, || fault("no")), "Status"),
    ("a teapot", (418, || fault("no")), "refused 418 (no)"),
];

#[test]
fn each_fault_has_its_text() {
    check_rows(ROWS, |(status, body)| {
        outcome(v3(Response::builder().status(*status).body(body()).unwrap()))
    });
}

/// A password, and the service's message about it.
#[rustfmt::skip]
const REPEATED: &[(&str, (&str, &str), &str)] = &[
    ("one that looks escaped, escaped", (r#"p"%41q"#, r#"no, p\"%41q"#), "refused 401 (no, [redacted])"),
    ("one that looks escaped twice, escaped twice", (r#"p"%2541q"#, r#"no, p\\\"%2541q"#), "refused 401 (no, [redacted])"),
    ("one of three letters", ("bad", "a bad day"), "refused 401 ([redacted])"),
    ("one of three letters that are nowhere", ("bad", "a good day"), "refused 401 (a good day)"),
    ("one of four letters", ("days", "no such days here"), "refused 401 (no such [redacted] here)"),
    ("a part of a long one", ("correct horse battery staple", "no horse battery"), "refused 401 (no[redacted])"),
    ("a word of a long one", ("correct horse battery staple", "no battery"), "refused 401 (no battery)"),
];

#[test]
fn each_repeated_password_is_redacted() {
    check_rows(REPEATED, |(password, message)| {
        let response = Response::builder().status(401).body(fault(message)).unwrap();
        let credential = Credential::password(UserRef::id("u1"), *password);
        outcome(login_with(&cloud(), credential, Scope::project_id("p1"), response))
    });
}

/// Texts of an HTTP client about a response that it could not read.
#[rustfmt::skip]
const DETAILS: &[(&str, &str, &str)] = &[
    ("a text of a client's own", "the header was too long", "the header was too long."),
    ("a line that steers a terminal", "bad header \u{1b}[2J\u{7}\u{9b}31m\r\n", r"bad header \u{1b}[2J\u{7}\u{9b}31m."),
    ("a line that runs backwards", "no status in \u{202e}x\u{2028}y\0", r"no status in \u{202e}x\u{2028}y\u{0}."),
    ("a line of a mebibyte", LONG, "no status in no status in"),
];
const LONG: &str = "no status in ";

#[test]
fn each_failure_has_its_text() {
    check_rows(DETAILS, |text| {
        let text = if *text == LONG { text.repeat(80_000) } else { (*text).to_owned() };
        let failure = Failure::new(FailureKind::Io, text);
        assert!(failure.detail.chars().count() <= limits::ERROR_TEXT + 1, "{failure}");
        failure.detail
    });
}

/// A body like Keystone's errors, with this message.
fn fault(message: &str) -> Vec<u8> {
    // Escape only the characters that JSON requires.
    let mut escaped = String::new();
    for c in message.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\0'..='\x1f' => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    format!(r#"{{"error": {{"message": "{escaped}"}}}}"#).into()
}

fn nested(depth: usize) -> Vec<u8> {
    format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth)).into()
}
