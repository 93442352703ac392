//! The replies to an ID token that the caller has, at a cloud that exchanges it for a scoped token.

use testing::Reply;

use super::Row;
use crate::rows::{ENDLESS, GOOD, gzip};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("a good one", |_| scoped(GOOD), "1 token t1."),
    ("an unscoped token", |_| scoped(GOOD.replace("\"project\": {\"id\": \"p1\"}, ", "")), "1 ScopeMismatch { asked: \"project p1\", got: \"no scope\" }"),
    ("a token of another project", |_| scoped(GOOD.replace("\"p1\"", "\"p2\"")), "1 ScopeMismatch { asked: \"project p1\", got: \"project p2\" }"),
    ("no token", |_| Reply::new(201, "", GOOD), "2 MissingToken"),
    ("the ID token for a token", |_| Reply::new(201, "X-Subject-Token: s3cret-bearer\r\n", GOOD), "1 token s3cret-bearer."),
    ("a user with the ID token as the name", |_| scoped(GOOD.replace("alice", "s3cret-bearer")), "1 token t1."),
    ("a page of HTML", |_| scoped("<html>s3cret"), "2 NotJson"),
    ("an answer of a token endpoint", |_| Reply::new(200, "", super::client::ANSWER), "2 "),
    ("gzip", |_| Reply::new(201, "X-Subject-Token: t1\r\nContent-Encoding: gzip\r\n", gzip(GOOD.as_bytes())), "2 Encoded { encoding: \"gzip\" }"),
    ("a body without end", |_| Reply::status(201, "X-Subject-Token: t1\r\n").body_to_end("").flood(" ", ENDLESS), "2 TooLarge { what: \"body\""),
    ("a redirect to a third party", |place| Reply::new(307, &format!("Location: {}\r\n", place.other), ""), "1 BearerRedirect { origin: \"CLOUD\", status: 307 }"),
    ("a redirect along the same host", |_| Reply::new(308, "Location: /v3.0/OS-AUTH/id-token/tokens\r\n", ""), "1 BearerRedirect { origin: \"CLOUD\", status: 308 }"),
    ("401 that repeats the ID token", |_| Reply::new(401, "", r#"{"error": {"code": 401, "title": "Unauthorized", "message": "s3cret-bearer: no"}}"#), "1 TokenRefused 401 by CLOUD (401: Unauthorized: [redacted]: no)"),
    ("401 in HTML", |_| Reply::new(401, "WWW-Authenticate: Bearer\r\n", "<html>s3cret-bearer"), "1 TokenRefused 401 by CLOUD (no reason given)"),
    ("403", |_| Reply::new(403, "", r#"{"error_code": "IAM.0011", "error_msg": "s3cret-bearer"}"#), "1 refused 403 by CLOUD (IAM.0011: [redacted])"),
    ("404", |_| Reply::new(404, "", r#"{"error_msg": "API not found", "error_code": "APIGW.0101"}"#), "1 UnknownProvider 404 by CLOUD (APIGW.0101: API not found)"),
    ("400 that repeats the request", |_| Reply::new(400, "", r#"{"error": {"message": "{\"auth\": {\"id_token\": {\"id\": \"s3cret-bearer\"}}}", "code": 400}}"#), "1 refused 400 by CLOUD (400: {\"auth\": {\"id_token\": {\"id\": \"[redacted]\"}}})"),
    ("503 and a pause without end", |_| Reply::new(503, "Retry-After: 99999999999999999999\r\n", ""), "1 unavailable 503 by CLOUD (no reason given)"),
    ("a status of no meaning, and a token", |_| Reply::new(999, "X-Subject-Token: t1\r\n", GOOD), "1 Status { status: 999 }"),
    ("silence", |_| Reply::silence(), "3 Timeout of CLOUD"),
    ("broken before a byte", |_| Reply::bytes("").reset(), "3 Io of CLOUD"),
];

fn scoped(body: impl AsRef<[u8]>) -> Reply {
    Reply::new(201, "X-Subject-Token: t1\r\n", body)
}
