//! The replies of a gate, and of the identity service behind it, to the bearer of a provider.

use testing::Reply;

use super::Row;
use crate::rows::{ENDLESS, GOOD, bomb, gzip};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("a good one", |_| unscoped(""), "1 token t1."),
    // Redirects: a gate that expects a browser.
    ("a redirect to itself", |place| redirect(302, &format!("{}/v3/OS-FEDERATION/identity_providers/idp/protocols/openid/auth", place.cloud)), "1 BearerRedirect { origin: \"CLOUD\", status: 302 }"),
    ("a redirect to a page of a third party", |place| redirect(302, &place.other), "1 BearerRedirect { origin: \"CLOUD\", status: 302 }"),
    ("a redirect that keeps the method", |place| redirect(307, &place.other), "1 BearerRedirect { origin: \"CLOUD\", status: 307 }"),
    ("a redirect for good", |place| redirect(308, &place.other), "1 BearerRedirect { origin: \"CLOUD\", status: 308 }"),
    ("a redirect to a script", |_| redirect(302, "javascript:alert(document.cookie)"), "1 BearerRedirect { origin: \"CLOUD\", status: 302 }"),
    ("a redirect with the bearer", |place| redirect(303, &format!("{}/?access_token=s3cret-bearer", place.other)), "1 BearerRedirect { origin: \"CLOUD\", status: 303 }"),
    ("a redirect to nowhere", |_| Reply::new(302, "", ""), "1 BearerRedirect { origin: \"CLOUD\", status: 302 }"),
    ("a redirect with a token", |place| Reply::new(302, &format!("Location: {}\r\nX-Subject-Token: s3cret-root\r\n", place.other), UNSCOPED), "1 BearerRedirect { origin: \"CLOUD\", status: 302 }"),
    ("several choices", |place| redirect(300, &place.other), "1 BearerRedirect { origin: \"CLOUD\", status: 300 }"),
    ("not modified", |_| Reply::status(304, "\r\n"), "1 BearerRedirect { origin: \"CLOUD\", status: 304 }"),
    // Successes.
    ("a page to log in", |_| Reply::new(200, "Content-Type: text/html\r\n", "<html><form>s3cret"), "2 MissingToken { place: \"X-Subject-Token\" }"),
    ("a page to log in, and a token", |_| Reply::new(200, "X-Subject-Token: s3cret-root\r\n", "<html><form>s3cret"), "2 NotJson"),
    ("200 for 201", |_| Reply::new(200, "X-Subject-Token: s3cret-root\r\n", UNSCOPED), "1 token t1."),
    ("no token", |_| Reply::new(201, "", UNSCOPED), "2 MissingToken"),
    ("an empty token", |_| Reply::new(201, "X-Subject-Token: \r\n", UNSCOPED), "2 MissingToken"),
    ("two tokens", |_| unscoped("X-Subject-Token: s3cret-unwanted\r\n"), "2 AmbiguousToken"),
    ("a token of letters beyond ASCII", |_| Reply::new(201, "X-Subject-Token: 토큰\r\n", UNSCOPED), "2 TokenCharacters"),
    ("the token in the body alone", |_| Reply::new(201, "", r#"{"token": {"id": "s3cret-root", "expires_at": "2026-11-22T20:00:00.000000Z"}}"#), "2 MissingToken"),
    ("no body", |_| Reply::new(201, "X-Subject-Token: s3cret-root\r\n", ""), "2 Empty"),
    ("a token that has ended", |_| Reply::new(201, ROOT, UNSCOPED.replace("20:00", "07:00")), "2 Expired"),
    ("a token of the project", |_| Reply::new(201, ROOT, GOOD), "1 ScopeMismatch { asked: \"explicit absence of a scope\", got: \"project p1\" }"),
    ("a token of another project", |_| Reply::new(201, ROOT, GOOD.replace("\"p1\"", "\"p2\"")), "1 ScopeMismatch { asked: \"explicit absence of a scope\", got: \"project p2\" }"),
    ("a token of the domain", |_| Reply::new(201, ROOT, UNSCOPED.replace("\"user\"", "\"domain\": {\"id\": \"d1\"}, \"user\"")), "1 ScopeMismatch { asked: \"explicit absence of a scope\", got: \"domain d1\" }"),
    ("a user with the bearer as the name", |_| Reply::new(201, ROOT, UNSCOPED.replace("alice", "s3cret-bearer")), "1 token t1."),
    ("two documents of a token", |_| Reply::new(201, ROOT, UNSCOPED.replace("\"user\"", "\"user\": {\"id\": \"u2\"}, \"user\"")), "2 Json"),
    ("a login without an end, in a list", |_| Reply::new(201, ROOT, format!("[{UNSCOPED}]")), "2 Field { field: \"document\""),
    ("100,000 groups", |_| Reply::new(201, ROOT, UNSCOPED.replace("[{\"id\": \"g1\"}]", &format!("[{}{{}}]", "{\"id\": \"g\"},".repeat(100_000)))), "1 token t1."),
    ("objects without end, one in another", |_| Reply::new(201, ROOT, "{\"token\":".repeat(100_000)), "2 Json"),
    ("gzip", |_| Reply::new(201, "X-Subject-Token: s3cret-root\r\nContent-Encoding: gzip\r\n", gzip(UNSCOPED.as_bytes())), "2 Encoded { encoding: \"gzip\" }"),
    ("64 MiB in gzip", |_| Reply::new(201, "X-Subject-Token: s3cret-root\r\nContent-Encoding: gzip\r\n", bomb()), "2 Encoded { encoding: \"gzip\" }"),
    ("a body without end", |_| Reply::status(201, ROOT).body_to_end("").flood(" ", ENDLESS), "2 TooLarge { what: \"body\""),
    ("cookies of a session", |_| unscoped("Set-Cookie: mod_auth_openidc_session=s3cret; Path=/\r\n"), "1 token t1."),
    // Refusals.
    ("401 of the gate", |_| Reply::new(401, BEARER_REFUSED, "<html>s3cret"), "1 BearerRefused 401 by CLOUD (no reason given)"),
    ("401 of the gate, a mebibyte", |_| Reply::new(401, BEARER_REFUSED, "<p>s3cret-bearer</p>".repeat(50_000)), "1 BearerRefused 401 by CLOUD (no reason given)"),
    ("401 of the gate without end", |_| Reply::status(401, BEARER_REFUSED).body_to_end("").flood("<p>no</p>", ENDLESS), "1 BearerRefused 401 by CLOUD (no reason given)"),
    ("401 of the gate in JSON", |_| Reply::new(401, BEARER_REFUSED, r#"{"error": {"code": 401, "message": "s3cret-bearer"}}"#), "1 BearerRefused 401 by CLOUD (401: [redacted])"),
    ("401 that repeats the bearer", |_| Reply::new(401, "WWW-Authenticate: Bearer error_description=\"s3cret-bearer\"\r\nX-Error: s3cret-bearer\r\n", r#"{"error": "invalid_token", "error_description": "s3cret-bearer, czNjcmV0LWJlYXJlcg== and s3cret-bearer"}"#), "1 BearerRefused 401 by CLOUD (invalid_token: [redacted], [redacted]g== and [redacted])"),
    ("401 that repeats the client's secret", |_| Reply::new(401, "", r#"{"error": {"code": 401, "message": "s3cret-of-the-client"}}"#), "1 NotMapped 401 by CLOUD (401: [redacted])"),
    ("401 of nobody", |_| Reply::new(401, "", ""), "1 BearerRefused 401 by CLOUD (no reason given)"),
    ("401 of Keystone in HTML", |_| Reply::new(401, "WWW-Authenticate: Keystone uri=\"x\"\r\n", "<html>"), "1 NotMapped 401 by CLOUD (no reason given)"),
    ("401 of both", |_| Reply::new(401, "WWW-Authenticate: Keystone uri=\"x\"\r\nWWW-Authenticate: Bearer\r\n", ""), "1 NotMapped 401 by CLOUD (no reason given)"),
    ("401 with a list of methods", |_| Reply::new(401, "", r#"{"error": {"code": 401, "identity": {"methods": ["password", "s3cret-bearer"]}}}"#), "1 ProtocolDisabled 401 by CLOUD (401)"),
    ("401 with a receipt", |_| Reply::new(401, "Openstack-Auth-Receipt: s3cret-unwanted\r\n", r#"{"receipt": {"methods": ["openid"], "expires_at": "2026-11-22T08:05:00.000000Z"}, "required_auth_methods": [["openid", "totp"]]}"#), "1 BearerRefused 401 by CLOUD (no reason given)"),
    ("401 with a token", |_| Reply::new(401, ROOT, UNSCOPED), "1 BearerRefused 401 by CLOUD"),
    ("403", |_| Reply::new(403, "", "<html>s3cret"), "1 NotMapped 403 by CLOUD (no reason given)"),
    ("404 in HTML", |_| Reply::new(404, "", "<html>s3cret"), "1 UnknownProvider 404 by CLOUD (no reason given)"),
    ("400 that steers a terminal", |_| Reply::new(400, "", r#"{"error": {"code": 400, "message": "\u001b[2J s3cret-bearer \u0007"}}"#), "1 refused 400 by CLOUD (400: "),
    ("405", |_| Reply::new(405, "Allow: GET\r\n", ""), "1 refused 405 by CLOUD (no reason given)"),
    ("429 and a pause of a thousand years", |_| Reply::new(429, "Retry-After: 31536000000\r\n", ""), "1 unavailable 429 by CLOUD (no reason given)"),
    ("503 and a pause below zero", |_| Reply::new(503, "Retry-After: -5\r\n", "<html>s3cret"), "3 unavailable 503 by CLOUD (no reason given)"),
    ("500 that repeats the bearer", |_| Reply::new(500, "", r#"{"error": {"code": 500, "message": "Bearer s3cret-bearer"}}"#), "3 unavailable 500 by CLOUD (500: Bearer [redacted])"),
    ("another protocol", |_| Reply::status(101, "Upgrade: x\r\nConnection: upgrade\r\n").body_to_end(""), "1 Status { status: 101 }"),
    ("a status of no meaning, and a token", |_| Reply::new(999, ROOT, UNSCOPED), "1 Status { status: 999 }"),
    ("go on, a mebibyte of it", |_| Reply::bytes("").flood("HTTP/1.1 100 Continue\r\n\r\n", 1 << 20).hold(), "3 Io of CLOUD | 3 Timeout of CLOUD"),
    ("a header of a mebibyte", |_| unscoped(&format!("X-Long: {}\r\n", "x".repeat(1 << 20))), "3 Io of CLOUD"),
    ("silence", |_| Reply::silence(), "3 Timeout of CLOUD"),
    ("broken after the headers", |_| Reply::status(201, ROOT).body_of(100, "{").reset(), "3 Io of CLOUD"),
];

const ROOT: &str = "X-Subject-Token: s3cret-root\r\n";
const BEARER_REFUSED: &str =
    "Content-Type: text/html\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n";

const UNSCOPED: &str = r#"{"token": {"expires_at": "2026-11-22T20:00:00.000000Z",
    "issued_at": "2026-11-22T08:00:00.000000Z", "methods": ["openid"],
    "user": {"id": "u1", "name": "alice", "OS-FEDERATION": {"groups": [{"id": "g1"}],
    "identity_provider": {"id": "idp"}, "protocol": {"id": "openid"}}}}}"#;

/// A good unscoped token, and these headers after it.
pub(crate) fn unscoped(headers: &str) -> Reply {
    Reply::new(201, &format!("{ROOT}{headers}"), UNSCOPED)
}

fn redirect(status: u16, place: &str) -> Reply {
    Reply::new(status, &format!("Location: {place}\r\n"), "")
}
