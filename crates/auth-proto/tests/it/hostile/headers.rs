//! The status and headers of a login's response.

use auth_proto::limits;
use http::{HeaderName, HeaderValue, Response};

use super::{V3, check_rows, outcome, v3};

/// A status, headers, a body.
type Input = (u16, &'static [(&'static str, &'static [u8])], &'static str);

const TOKEN: &str = "x-subject-token";
const AGAIN: &str = "retry-after";

#[rustfmt::skip]
const ROWS: &[(&str, Input, &str)] = &[
    ("a good one", (201, &[(TOKEN, b"t1")], V3), "token t1."),
    ("no token", (201, &[], V3), "MissingToken { place: \"X-Subject-Token\" }"),
    ("two tokens", (201, &[(TOKEN, b"t1"), (TOKEN, b"t2")], V3), "AmbiguousToken { header: \"X-Subject-Token\" }"),
    ("two tokens and one again", (201, &[(TOKEN, b"t1"), (TOKEN, b"t1"), (TOKEN, b"t2")], V3), "AmbiguousToken"),
    ("a token and an empty one", (201, &[(TOKEN, b"t1"), (TOKEN, b"")], V3), "AmbiguousToken"),
    ("an empty token and one", (201, &[(TOKEN, b""), (TOKEN, b"t1")], V3), "AmbiguousToken"),
    ("the same token twice", (201, &[(TOKEN, b"t1"), (TOKEN, b"t1")], V3), "token t1."),
    ("the same token twice, once between blanks", (201, &[(TOKEN, b" t1 "), (TOKEN, b"t1")], V3), "token t1."),
    ("a list of two in one header", (201, &[(TOKEN, b"t1, t2")], V3), "TokenCharacters { place: \"X-Subject-Token\" }"),
    ("a secret with a blank", (201, &[(TOKEN, b"a s3cret")], V3), "TokenCharacters"),
    ("an empty token", (201, &[(TOKEN, b"")], V3), "MissingToken"),
    ("a token of blanks", (201, &[(TOKEN, b" \t ")], V3), "MissingToken"),
    ("a token between blanks", (201, &[(TOKEN, b" t1\t")], V3), "token t1."),
    ("a token with a byte above ASCII", (201, &[(TOKEN, b"t\x80")], V3), "TokenCharacters"),
    ("a token with the last byte", (201, &[(TOKEN, b"t\xff1")], V3), "TokenCharacters"),
    ("a token of letters beyond ASCII", (201, &[(TOKEN, "토큰".as_bytes())], V3), "TokenCharacters"),
    ("a token with a blank inside", (201, &[(TOKEN, b"t 1")], V3), "TokenCharacters"),
    ("a token with a tab inside", (201, &[(TOKEN, b"t\t1")], V3), "TokenCharacters"),
    ("a token with marks that end strings", (201, &[(TOKEN, b"\"';\\{}<>")], V3), "token \"';\\{}<>."),
    ("200 for 201", (200, &[(TOKEN, b"t1")], V3), "token t1."),
    ("203, by some proxy", (203, &[(TOKEN, b"t1")], V3), "token t1."),
    ("204 without anything", (204, &[], ""), "MissingToken"),
    ("204 with a token", (204, &[(TOKEN, b"t1")], ""), "Empty"),
    ("206, a part", (206, &[(TOKEN, b"t1")], "{\"token\": {"), "Json { category: \"cut short\""),
    ("101, another protocol", (101, &[(TOKEN, b"t1")], V3), "Status"),
    ("JSON that says it is HTML", (201, &[(TOKEN, b"t1"), ("content-type", b"text/html")], V3), "token t1."),
    ("HTML that says it is JSON", (200, &[(TOKEN, b"t1"), ("content-type", b"application/json")], "<html>s3cret"), "NotJson"),
    ("a portal's page", (200, &[("content-type", b"text/html")], "<!DOCTYPE html><p>Log in"), "MissingToken"),
    ("a receipt with a success", (201, &[(TOKEN, b"t1"), ("openstack-auth-receipt", b"r1")], V3), "token t1."),
    ("a receipt that says nothing", (401, &[("openstack-auth-receipt", b"r1")], "{}"), "Field { field: \"receipt\", problem: Missing }"),
    ("two receipts", (401, &[("openstack-auth-receipt", b"r1"), ("openstack-auth-receipt", b"r2")], "{}"), "AmbiguousToken"),
    ("a token with a refusal", (401, &[(TOKEN, b"t1")], V3), "refused 401"),
    // The error shows the target without path and query, which may repeat the request.
    ("a redirect to another host", (302, &[("location", b"https://evil.example/s3cret?s3cret=s3cret")], ""), "Redirect { status: 302, location: \"https://evil.example:443\" }"),
    ("a redirect along the same host", (308, &[("location", b"/v3/auth/tokens/")], ""), "Redirect { status: 308, location: \"another path\" }"),
    ("a redirect with a token and a body", (307, &[(TOKEN, b"t1"), ("location", b"https://iam.example/v3/auth/tokens/")], V3), "Redirect { status: 307, location: \"https://iam.example:443\" }"),
    ("a redirect down to plain http", (301, &[("location", b"http://iam.example/v3/auth/tokens")], ""), "Redirect { status: 301, location: \"http://iam.example:80\" }"),
    ("a redirect with user info", (303, &[("location", b"https://s3cret:s3cret@evil.example/")], ""), "Redirect { status: 303, location: \"another path\" }"),
    ("a redirect to a script", (302, &[("location", b"javascript:alert(1)")], ""), "Redirect { status: 302, location: \"another path\" }"),
    ("a redirect by control codes", (302, &[("location", b"https://\x9b2J.example/")], ""), "Redirect { status: 302, location: \"nowhere\" }"),
    ("a redirect to two places", (302, &[("location", b"https://one.example"), ("location", b"https://two.example")], ""), "Redirect { status: 302, location: \"https://one.example:443\" }"),
    ("a redirect to nowhere", (302, &[], ""), "Redirect { status: 302, location: \"nowhere\" }"),
    ("many choices", (300, &[], r#"{"choices": []}"#), "Redirect { status: 300"),
    ("not modified", (304, &[(TOKEN, b"t1")], ""), "Redirect { status: 304"),
    ("a proxy is used", (305, &[("location", b"https://proxy.example")], ""), "Redirect { status: 305"),
    // The longest pause is a day. Some quotas last that long. A server that lies can refuse logins for as
    // long as it likes anyway, and a valid token serves during the pause.
    ("more seconds than there are", (503, &[(AGAIN, b"99999999999999999999")], ""), "unavailable 503 (no reason given); try again later in 86400 s."),
    ("a year of 503", (503, &[(AGAIN, b"31536000")], ""), "unavailable 503 (no reason given); try again later in 86400 s."),
    ("a pause below zero", (503, &[(AGAIN, b"-1")], ""), "unavailable 503 (no reason given); try again later."),
    ("a pause with a sign", (503, &[(AGAIN, b"+5")], ""), "unavailable 503 (no reason given); try again later."),
    ("a pause by an exponent", (503, &[(AGAIN, b"1e3")], ""), "unavailable 503 (no reason given); try again later."),
    ("an empty pause", (503, &[(AGAIN, b"")], ""), "unavailable 503 (no reason given); try again later."),
    ("a pause that is no number", (503, &[(AGAIN, b"NaN")], ""), "unavailable 503 (no reason given); try again later."),
    ("a pause of other bytes", (503, &[(AGAIN, b"3\xff0")], ""), "unavailable 503 (no reason given); try again later."),
    ("a pause until the past", (429, &[(AGAIN, b"Sun, 22 Nov 2026 07:01:00 GMT")], ""), "unavailable 429 (no reason given); too many logins; keep tokens for as long as they live in 0 s."),
    ("a pause until the wrong weekday", (429, &[(AGAIN, b"Mon, 22 Nov 2026 08:01:00 GMT")], ""), "unavailable 429 (no reason given); too many logins; keep tokens for as long as they live."),
    ("pauses of both forms", (429, &[(AGAIN, b"30"), (AGAIN, b"Sun, 22 Nov 2026 08:01:00 GMT"), (AGAIN, b"x")], ""), "unavailable 429 (no reason given); too many logins; keep tokens for as long as they live in 60 s."),
    ("a pause by a date in 1970", (429, &[(AGAIN, b"60"), ("date", b"Thu, 01 Jan 1970 00:00:00 GMT")], ""), "unavailable 429 (no reason given); too many logins; keep tokens for as long as they live in 60 s."),
    ("a pause that comes with a refusal", (401, &[(AGAIN, b"60")], ""), "refused 401 (no reason given); check"),
];

#[test]
fn each_header_has_its_outcome() {
    check_rows(ROWS, |(status, headers, body)| {
        let mut response = Response::new(*body);
        *response.status_mut() = (*status).try_into().unwrap();
        for (name, value) in *headers {
            let value = HeaderValue::from_bytes(value).unwrap();
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
        outcome(v3(response))
    });
}

/// The length of a token.
#[rustfmt::skip]
const LENGTHS: &[(&str, usize, &str)] = &[
    ("the longest token", limits::TOKEN, "token of 32768."),
    ("a longer one", limits::TOKEN + 1, "TooLarge { what: \"token\", limit: 32768 }"),
    ("one as long as all headers", limits::HEADERS, "TooLarge { what: \"token\""),
    ("one of a mebibyte", 1 << 20, "TooLarge { what: \"token\""),
];

#[test]
fn each_token_length_has_its_outcome() {
    check_rows(LENGTHS, |length| {
        let response = Response::builder().status(201).header(TOKEN, "t".repeat(*length));
        outcome(v3(response.body(V3).unwrap()))
    });
}
