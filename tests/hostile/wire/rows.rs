//! The rows: the response of a server to a login, and the outcome.
//!
//! The outcome begins with the number of requests: three after a response that was cut, two after one
//! that is unreadable, one where a retry cannot help. Where the two HTTP clients differ, ureq's
//! outcome is before the bar and reqwest's after it.

use std::{io::Write, time::Duration};

use auth_proto::limits;
use flate2::{Compression, write::GzEncoder};

use testing::Reply;

/// A name, the server's reply, and the outcome.
pub(crate) type HostileReply = (&'static str, fn() -> Reply, &'static str);

#[rustfmt::skip]
pub(crate) const ROWS: &[HostileReply] = &[
    ("a good one", || created("").body(GOOD), "1 token t1."),
    // The token's header.
    ("no token", || Reply::status("201", "").body(GOOD), "2 MissingToken"),
    ("two tokens", || created("X-Subject-Token: t2\r\n").body(GOOD), "2 AmbiguousToken"),
    ("the same token twice, in other letters", || created("x-SUBJECT-token: t1\r\n").body(GOOD), "1 token t1."),
    ("an empty token", || Reply::status("201", "X-Subject-Token:\r\n").body(GOOD), "2 MissingToken"),
    ("a token of blanks", || Reply::status("201", "X-Subject-Token: \t \r\n").body(GOOD), "2 MissingToken"),
    ("a token between blanks", || Reply::status("201", "X-Subject-Token: \t t1\t \r\n").body(GOOD), "1 token t1."),
    ("a token with a byte above ASCII", || Reply::status("201", b"X-Subject-Token: t\x801\r\n").body(GOOD), "2 TokenCharacters"),
    ("a token of letters beyond ASCII", || Reply::status("201", "X-Subject-Token: 토큰\r\n").body(GOOD), "2 TokenCharacters"),
    ("a token with a tab inside", || Reply::status("201", "X-Subject-Token: t\t1\r\n").body(GOOD), "2 TokenCharacters"),
    ("a token with a NUL inside", || Reply::status("201", "X-Subject-Token: t\0t\r\n").body(GOOD), "3 Io"),
    ("a token with a DEL inside", || Reply::status("201", "X-Subject-Token: t\x7f1\r\n").body(GOOD), "3 Io"),
    ("a token that goes on in the next line", || Reply::status("201", "X-Subject-Token: t1\r\n t2\r\n").body(GOOD), "3 Io"),
    ("the longest token", || token_of(limits::TOKEN), "1 token of 32768."),
    ("a longer one", || token_of(limits::TOKEN + 1), "2 TooLarge { what: \"token\", limit: 32768 }"),
    ("one as long as all headers may be", || token_of(limits::HEADERS), "3 Io | 2 TooLarge { what: \"token\""),
    ("one of a mebibyte", || token_of(1 << 20), "3 Io"),
    ("a token in a trailer", || Reply::status("201", "Trailer: X-Subject-Token\r\n").chunks(&[GOOD], "0\r\nX-Subject-Token: t1\r\n\r\n"), "2 MissingToken"),
    // Other headers.
    ("a hundred headers", || created(headers(98)).body(GOOD), "1 token t1."),
    ("a hundred and one", || created(headers(99)).body(GOOD), "1 token t1. | 3 Io"),
    ("ten thousand headers", || created(headers(10_000)).body(GOOD), "3 Io"),
    ("a header of a mebibyte", || created(format!("X-Long: {}\r\n", "x".repeat(1 << 20))).body(GOOD), "3 Io"),
    ("headers without end", || created("").flood("X-More: x\r\n", ENDLESS), "3 Io"),
    ("a header without end", || created("X-Long: ").flood("x", ENDLESS), "3 Io"),
    ("a folded header", || created("X-Folded: a\r\n\tb\r\n").body(GOOD), "3 Io"),
    ("a header before all others that is folded", || Reply::status("201", " X-Folded: a\r\nX-Subject-Token: t1\r\n").body(GOOD), "3 Io"),
    ("bare line feeds", || Reply::bytes(format!("HTTP/1.1 201 Said\nX-Subject-Token: t1\nContent-Length: {}\n\n{GOOD}", GOOD.len())), "1 token t1."),
    ("a header let in by a bare line feed", || created("X-Said: a\nX-Subject-Token: t2\r\n").body(GOOD), "2 AmbiguousToken"),
    ("a bare carriage return", || created("X-Said: a\rX-Subject-Token: t2\r\n").body(GOOD), "3 Io"),
    ("a header without a colon", || created("X-Said\r\n").body(GOOD), "3 Io"),
    ("a header without a name", || created(": x\r\n").body(GOOD), "3 Io"),
    ("a blank before the colon", || created("X-Said : x\r\n").body(GOOD), "3 Io"),
    ("a NUL in a name", || created("X-\0Said: x\r\n").body(GOOD), "3 Io"),
    ("a NUL in a value", || created("X-Said: a\0b\r\n").body(GOOD), "3 Io"),
    ("cookies", || created("Set-Cookie: s3cret=s3cret; Path=/\r\n").body("[]"), "2 Field { field: \"document\", problem: Type }"),
    ("a pause without end", || Reply::status("503", "Retry-After: 99999999999999999999\r\n").body(""), "1 unavailable 503"),
    ("a demand for another password", || Reply::status("401", "WWW-Authenticate: Basic realm=\"x\"\r\n").body(""), "1 refused 401"),
    ("a demand of a proxy without a proxy", || Reply::status("407", "Proxy-Authenticate: Basic realm=\"x\"\r\n").body(""), "1 refused 407"),
    ("a redirect to another host", || Reply::status("307", "Location: http://127.0.0.2:9/s3cret\r\n").body(""), "1 Redirect { status: 307, location: \"http://127.0.0.2:9\" }"),
    ("a redirect along the same host", || Reply::status("308", "Location: /good/v3/auth/tokens\r\n").body(""), "1 Redirect { status: 308, location: \"another path\" }"),
    ("a redirect with user info", || Reply::status("302", "Location: http://s3cret:s3cret@127.0.0.2:9/\r\n").body(""), "1 Redirect { status: 302, location: \"another path\" }"),
    ("a redirect to a script", || Reply::status("301", "Location: javascript:alert(1)\r\n").body(""), "1 Redirect { status: 301, location: \"another path\" }"),
    ("a redirect without end", || Reply::status("303", format!("Location: http://127.0.0.2:9/{}\r\n", "x".repeat(30_000))).body(""), "1 Redirect { status: 303, location: \"another path\" }"),
    ("a redirect to letters beyond ASCII", || Reply::status("302", "Location: https://토큰.example/\r\n").body(""), "1 Redirect { status: 302, location: \"an unknown location\" }"),
    ("a redirect in two lines", || Reply::status("302", "Location: https://a.example\r\n/b\r\n").body(""), "3 Io"),
    // Lengths.
    ("two lengths", || created("Content-Length: 1\r\n").body(GOOD), "3 Io"),
    ("the same length twice", || created(format!("Content-Length: {}\r\n", GOOD.len())).body(GOOD), "1 token t1. | 1 token t1."),
    ("a length below zero", || created("").body_of("-1", GOOD), "3 Io"),
    ("a length with a sign", || created("").body_of("+5", GOOD), "3 Io"),
    ("a length in hexadecimal", || created("").body_of("0x10", GOOD), "3 Io"),
    ("no length after the colon", || created("").body_of("", GOOD), "3 Io"),
    ("a length past all others", || created("").body_of("99999999999999999999", GOOD), "3 Io"),
    ("a length that is too short", || created("").body_of(10, GOOD), "2 Json { category: \"cut short\""),
    ("a length that is too long by one", || created("").body_of(GOOD.len() + 1, GOOD), "3 Io"),
    // The client reads no more than the limit, even if all bytes come.
    ("a length of 10 GiB, and all of it", || created("").body_of(10_u64 << 30, "").flood(" ", 10 << 30), "2 TooLarge { what: \"body\", limit: 4194304 }"),
    ("a length beside chunks", || created(format!("Content-Length: {}\r\n", GOOD.len())).chunks(&[GOOD], LAST), "1 token t1."),
    ("a short length beside chunks", || created("Content-Length: 3\r\n").chunks(&[GOOD], LAST), "1 token t1."),
    ("no length at all", || created("").body_to_end(GOOD), "1 token t1."),
    ("chunks", || created("").chunks(&[GOOD], LAST), "1 token t1."),
    ("chunks of a byte", || created("").chunks(&GOOD.split("").filter(|c| !c.is_empty()).collect::<Vec<_>>(), LAST), "1 token t1."),
    ("a chunk that is cut", || created("Transfer-Encoding: chunked\r\n").then("\r\nffff\r\n").then(GOOD), "3 Io"),
    ("no last chunk", || created("").chunks(&[GOOD], ""), "3 Io"),
    ("a chunk past all others", || created("Transfer-Encoding: chunked\r\n").then("\r\nfffffffffffffffff\r\n").then(GOOD), "3 Io"),
    ("a chunk below zero", || created("Transfer-Encoding: chunked\r\n").then("\r\n-1\r\n").then(GOOD), "3 Io"),
    ("a chunk of no number", || created("Transfer-Encoding: chunked\r\n").then("\r\nxyz\r\n").then(GOOD), "3 Io"),
    ("a chunk with more than was said", || created("Transfer-Encoding: chunked\r\n").then("\r\n5\r\n").then(GOOD).then("\r\n0\r\n\r\n"), "3 Io"),
    ("an extension without end", || created("Transfer-Encoding: chunked\r\n").then("\r\n5;").flood("x", ENDLESS).slow(), "3 Io"),
    ("chunks without end", || created("Transfer-Encoding: chunked\r\n\r\n").flood(chunk(), ENDLESS), "2 TooLarge { what: \"body\""),
    ("small chunks without end", || created("Transfer-Encoding: chunked\r\n\r\n").flood(format!("100\r\n{}\r\n", " ".repeat(0x100)), ENDLESS), "2 TooLarge { what: \"body\""),
    ("trailers without end", || created("").chunks(&[GOOD], "0\r\n").flood("X-More: x\r\n", ENDLESS).slow(), "3 Timeout | 3 Io"),
    ("chunks in gzip, by the wrong header", || created("Transfer-Encoding: gzip, chunked\r\n").body_to_end(format!("{:x}\r\n{GOOD}\r\n{LAST}", GOOD.len())), "1 token t1."),
    ("an unknown encoding", || created("Transfer-Encoding: s3cret\r\n").body_to_end(GOOD), "1 token t1."),
    // Statuses.
    ("go on, and a good one", || Reply::bytes("HTTP/1.1 100 Continue\r\n\r\n").then(good()), "1 token t1."),
    ("hints, and a good one", || Reply::bytes("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(3)).then(good()), "1 token t1."),
    // hyper does not limit interim responses and reads them until the timeout, which the runtime
    // notices late.
    ("go on, a mebibyte of it", || Reply::bytes("").flood("HTTP/1.1 100 Continue\r\n\r\n", 1 << 20).hold(), "3 Io | 3 Timeout"),
    ("hints, a mebibyte of them", || Reply::bytes("").flood("HTTP/1.1 103 Early Hints\r\nX-Hint: x\r\n\r\n", 1 << 20).hold(), "3 Io | 3 Timeout"),
    ("another protocol", || Reply::status("101", "Upgrade: x\r\nConnection: upgrade\r\n").body_to_end(""), "1 Status { status: 101 }"),
    ("nothing to say, and a body", || Reply::status("204", "X-Subject-Token: t1\r\n").body(GOOD), "2 Empty"),
    ("not modified, and a body", || Reply::status("304", "X-Subject-Token: t1\r\n").body(GOOD), "1 Redirect { status: 304"),
    ("a status past all others", || Reply::status("1000", "").body(""), "3 Io"),
    ("a status of no meaning", || Reply::status("999", "").body(""), "1 Status"),
    ("a status of two digits", || Reply::status("20", "").body(""), "3 Io"),
    ("status 0", || Reply::status("000", "").body(""), "3 Io"),
    ("a status in letters", || Reply::status("OK", "").body(""), "3 Io"),
    ("a reason that steers a terminal", || Reply::bytes("HTTP/1.1 401 \x1b[2Js3cret\r\nContent-Length: 0\r\n\r\n"), "3 Io"),
    ("no reason", || Reply::bytes(format!("HTTP/1.1 201\r\nX-Subject-Token: t1\r\nContent-Length: {}\r\n\r\n{GOOD}", GOOD.len())), "1 token t1."),
    ("HTTP/1.0", || Reply::bytes(format!("HTTP/1.0 201 Said\r\nX-Subject-Token: t1\r\n\r\n{GOOD}")), "1 token t1."),
    ("HTTP/0.9", || Reply::bytes(GOOD), "3 Io"),
    ("HTTP/2.0, by its name", || Reply::bytes(format!("HTTP/2.0 201 Said\r\nX-Subject-Token: t1\r\n\r\n{GOOD}")), "3 Io"),
    ("HTTP/2, by its preface", || Reply::bytes(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80".as_slice()), "3 Io"),
    ("a line end before the answer", || Reply::bytes("\r\n").then(good()), "1 token t1."),
    ("a status line without end", || Reply::bytes("HTTP/1.1 201 ").flood("x", ENDLESS), "3 Io"),
    ("a radio station", || Reply::bytes(format!("ICY 200 OK\r\nX-Subject-Token: t1\r\n\r\n{GOOD}")), "3 Io"),
    ("a shell", || Reply::bytes("SSH-2.0-OpenSSH_9.9\r\n"), "3 Io"),
    ("TLS on a plain connection", || Reply::bytes(b"\x15\x03\x03\0\x02\x02\x16".as_slice()), "3 Io"),
    ("noise", || Reply::bytes((0..5000_u32).map(|n| (n * n / 7) as u8).collect::<Vec<_>>()), "3 Io"),
    ("NULs without end", || Reply::bytes("").flood("\0", ENDLESS), "3 Io"),
    // Bodies.
    ("nothing", || created("").body(""), "2 Empty"),
    ("a byte order mark", || created("").body(format!("\u{feff}{GOOD}")), "1 token t1."),
    ("no UTF-8", || created("").body(b"{\"token\": \"\xff\"}"), "2 NotUtf8"),
    ("a portal's page", || Reply::status("200", "Content-Type: text/html\r\nX-Subject-Token: t1\r\n").body("<html>s3cret"), "2 NotJson"),
    ("other letters, by the header", || created("Content-Type: application/json; charset=utf-16\r\n").body(GOOD), "1 token t1."),
    ("a body as large as the limit", || created("").body(padded(limits::BODY)), "1 token t1."),
    ("a byte larger", || created("").body(padded(limits::BODY + 1)), "2 TooLarge { what: \"body\", limit: 4194304 }"),
    ("as large as the limit, without a length", || created("").body_to_end(padded(limits::BODY)), "1 token t1."),
    ("a byte larger, without a length", || created("").body_to_end(padded(limits::BODY + 1)), "2 TooLarge { what: \"body\", limit: 4194304 }"),
    ("a chunk as large as the limit", || created("").chunks(&[&text_of(limits::BODY)], LAST), "1 token t1."),
    ("a chunk as large as the limit, and one of a byte", || created("").chunks(&[&text_of(limits::BODY), " "], LAST), "2 TooLarge { what: \"body\", limit: 4194304 }"),
    ("200 megabytes without a length", || created("").body_to_end("").flood(" ", 200_000_000), "2 TooLarge { what: \"body\""),
    ("as many endpoints as fit", || created("").body(endpoints()), "2 TooLarge"),
    ("one region of three URLs in v2.0", || Reply::status("200", "").body(region()), "1 token t1."),
    ("a page without end", || Reply::status("503", "").body_to_end("").flood("<p>s3cret</p>", ENDLESS), "3 unavailable 503 (no reason given); try again later."),
    ("a refusal without end", || Reply::status("401", "").body_to_end("").flood("no ", ENDLESS), "1 refused 401 (no reason given)"),
    ("a redirect without end of a body", || Reply::status("302", "Location: /x\r\n").body_to_end("").flood(" ", ENDLESS), "1 Redirect"),
    ("our own request for a refusal", || Reply::status("400", "").body("{\"error\": {\"message\": \"{\\\"password\\\": \\\"s3cret-password\\\"}\"}}"), "1 refused 400 ({\"password\": \"[redacted]\"})"),
    // No client asks for an encoding, and no client decodes one: small bodies stay small.
    ("gzip", || created("Content-Encoding: gzip\r\n").body(gzip(GOOD.as_bytes())), "2 Encoded { encoding: \"gzip\" }"),
    ("gzip by name alone", || created("Content-Encoding: gzip\r\n").body(GOOD), "1 token t1."),
    ("gzip within gzip", || created("Content-Encoding: gzip, gzip\r\n").body(gzip(&gzip(GOOD.as_bytes()))), "2 Encoded { encoding: \"gzip\" }"),
    ("gzip that is cut", || created("Content-Encoding: gzip\r\n").body(&gzip(GOOD.as_bytes())[..40]), "2 Encoded { encoding: \"gzip\" }"),
    ("64 MiB in gzip", || created("Content-Encoding: gzip\r\n").body(bomb()), "2 Encoded { encoding: \"gzip\" }"),
    ("64 MiB in gzip, twice", || created("Content-Encoding: x-gzip, gzip\r\n").body(gzip(&bomb())), "2 Encoded { encoding: \"gzip\" }"),
    ("brotli by name alone", || created("Content-Encoding: br\r\n").body(GOOD), "1 token t1."),
    // Time.
    ("byte by byte", || created("").body(GOOD).drip(Duration::ZERO), "1 token t1."),
    ("a byte every 20 ms", || created("").body(GOOD).drip(Duration::from_millis(20)), "3 Timeout"),
    ("a body byte by byte, late", || created("").body_of(5_000, "").hold(), "3 Timeout"),
    ("headers that never end", || Reply::bytes("HTTP/1.1 201 Said\r\nX-Subject-Token: t1\r\n").hold(), "3 Timeout"),
    ("go on, and nothing", || Reply::bytes("HTTP/1.1 100 Continue\r\n\r\n").hold(), "3 Timeout"),
    ("silence", || Reply::bytes("").hold(), "3 Timeout"),
    ("a good one on a line that stays open", || created("Connection: keep-alive\r\n").body(GOOD).hold(), "1 token t1."),
    ("closed before a byte", || Reply::bytes(""), "3 Io"),
    ("broken before a byte", || Reply::bytes("").reset(), "3 Io"),
];

/// The body of a good response.
pub(crate) const GOOD: &str = r#"{"token": {"catalog": [],
    "expires_at": "2026-11-22T20:00:00.000000Z", "issued_at": "2026-11-22T08:00:00.000000Z",
    "methods": ["password"], "project": {"id": "p1"}, "user": {"id": "u1", "name": "alice"}}}"#;
pub(crate) const LAST: &str = "0\r\n\r\n";
/// More than any client reads.
pub(crate) const ENDLESS: u64 = 10 << 30;

/// A good response.
pub(crate) fn good() -> Vec<u8> {
    let length = GOOD.len();
    format!("HTTP/1.1 201 Created\r\nX-Subject-Token: t1\r\nContent-Length: {length}\r\n\r\n{GOOD}")
        .into()
}

/// 201 with a token, and these headers after it.
fn created(headers: impl AsRef<[u8]>) -> Reply {
    Reply::status("201", [b"X-Subject-Token: t1\r\n", headers.as_ref()].concat())
}

fn token_of(length: usize) -> Reply {
    Reply::status("201", format!("X-Subject-Token: {}\r\n", "t".repeat(length))).body(GOOD)
}

fn headers(count: usize) -> String {
    (0..count).map(|n| format!("X-{n}: x\r\n")).collect()
}

fn padded(length: usize) -> Vec<u8> {
    filled(GOOD, length)
}

/// The text, filled up with blanks.
pub(crate) fn filled(text: &str, length: usize) -> Vec<u8> {
    let mut body = text.as_bytes().to_vec();
    body.resize(length, b' ');
    body
}

fn text_of(length: usize) -> String {
    String::from_utf8(padded(length)).unwrap()
}

fn chunk() -> String {
    format!("1000\r\n{}\r\n", " ".repeat(0x1000))
}

/// The body that takes the most memory once it is parsed: as many endpoints as fit into a body, in
/// lists that are short enough one by one.
fn endpoints() -> String {
    let endpoint = r#"{"interface":"a","url":"b"}"#;
    let service = format!(r#"{{"type":"a","endpoints":[{}]}}"#, [endpoint; 9_000].join(","));
    let services = vec![service; 16].join(",");
    GOOD.replace("\"catalog\": []", &format!("\"catalog\": [{services}]"))
}

/// A response of v2.0 that is filled up by the name of a region, which three endpoints share.
fn region() -> String {
    let urls = r#""publicURL":"a","internalURL":"b","adminURL":"c""#;
    let entry = |region: &str| format!(r#"{{"region":"{region}",{urls}}}"#);
    let body = |region: &str| {
        let services = format!(r#"[{{"type":"a","endpoints":[{}]}}]"#, entry(region));
        format!(
            r#"{{"access": {{"token": {{"id": "t1", "expires": "2026-11-22T20:00:00Z",
            "tenant": {{"id": "p1"}}}}, "serviceCatalog": {services}, "user": {{"id": "u1"}}}}}}"#
        )
    };
    body(&"r".repeat(limits::BODY - body("").len()))
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// 64 MiB of blanks in 64 KiB of gzip.
pub(crate) fn bomb() -> Vec<u8> {
    gzip(&[b' '; 1 << 20]).repeat(64)
}
