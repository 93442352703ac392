//! The replies of a token endpoint to the grant `password` of a client with a secret.

use auth_proto::limits;
use testing::Reply;

use super::{Row, SLOW, client::ANSWER};
use crate::rows::{ENDLESS, LAST, bomb, filled, gzip};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("a good one", |_| ok(ANSWER), "1 token t1."),
    // The token.
    ("no fields", |_| ok("{}"), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Missing }"),
    ("an ID token instead", |_| ok(r#"{"id_token": "s3cret-unwanted"}"#), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Missing }"),
    ("an access token, for an ID token", |_| ok(r#"{"access_token": "s3cret-unwanted"}"#), "2 token response of PROVIDER: Field { field: \"id_token\", problem: Missing }"),
    ("both, for an ID token", |_| ok(r#"{"access_token": "s3cret-unwanted", "id_token": "s3cret-bearer"}"#), "1 token t1."),
    ("a token of null", |_| token("null"), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Missing }"),
    ("a token of a number", |_| token("7"), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Type }"),
    ("a token of truth", |_| token("true"), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Type }"),
    ("a list of tokens", |_| token(r#"["s3cret-bearer"]"#), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Type }"),
    ("a token of an object", |_| token(r#"{"value": "s3cret-bearer"}"#), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Type }"),
    ("an empty token", |_| token(r#""""#), "2 token response of PROVIDER: MissingToken { place: \"access_token\" }"),
    ("a token of a blank", |_| token(r#"" ""#), "2 token response of PROVIDER: MissingToken { place: \"access_token\" }"),
    ("a blank before the token", |_| token(r#"" s3cret-bearer""#), "1 token t1."),
    ("a token that goes on in the next header", |_| token(r#""s3cret-bearer\r\nX-Evil: 1""#), "2 token response of PROVIDER: TokenCharacters"),
    ("a token with a line feed at its end", |_| token(r#""s3cret-bearer\n""#), "1 token t1."),
    ("a token with a NUL", |_| token(r#""s3cret\u0000bearer""#), "2 token response of PROVIDER: TokenCharacters"),
    ("a token with a DEL", |_| token(r#""s3cret\u007fbearer""#), "2 token response of PROVIDER: TokenCharacters"),
    ("a token that steers a terminal", |_| token(r#""\u001b[2Js3cret-bearer""#), "2 token response of PROVIDER: TokenCharacters"),
    ("a token of letters beyond ASCII", |_| token(r#""토큰""#), "2 token response of PROVIDER: TokenCharacters"),
    ("half a letter", |_| token(r#""s3cret\ud800""#), "2 token response of PROVIDER: Json"),
    ("a token written in escapes", |_| token(r#""\u0073\u0033cret-bearer""#), "1 token t1."),
    ("a longer token than any", |_| token(&format!("\"{}\"", "s3cret-b".repeat(limits::TOKEN / 8 + 1))), "2 token response of PROVIDER: TooLarge { what: \"token\", limit: 32768 }"),
    ("a token of a mebibyte", |_| token(&format!("\"{}\"", "s3cret-b".repeat(1 << 17))), "2 token response of PROVIDER: TooLarge { what: \"token\""),
    ("two tokens", |_| ok(r#"{"access_token": "s3cret-bearer", "access_token": "s3cret-unwanted"}"#), "2 token response of PROVIDER: Json"),
    ("the same token twice", |_| ok(r#"{"access_token": "s3cret-bearer", "access_token": "s3cret-bearer"}"#), "2 token response of PROVIDER: Json"),
    ("two tokens, one in escapes", |_| ok(r#"{"access_token": "s3cret-bearer", "access\u005ftoken": "s3cret-unwanted"}"#), "2 token response of PROVIDER: Json"),
    ("a token in capitals", |_| ok(r#"{"ACCESS_TOKEN": "s3cret-unwanted"}"#), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Missing }"),
    ("a token within another object", |_| ok(r#"{"data": {"access_token": "s3cret-unwanted"}}"#), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Missing }"),
    ("a token of Keystone beside it", |_| Reply::new(200, "X-Subject-Token: s3cret-unwanted\r\n", ANSWER), "1 token t1."),
    ("a receipt of Keystone", |_| Reply::new(401, "Openstack-Auth-Receipt: s3cret-unwanted\r\n", r#"{"receipt": {"methods": ["password"]}, "required_auth_methods": [["totp"]]}"#), "1 refused 401 by PROVIDER (no reason given)"),
    ("a life past all numbers", |_| ok(r#"{"access_token": "s3cret-bearer", "expires_in": -1e999}"#), "1 token t1."),
    ("fields of odd types", |_| ok(r#"{"access_token": "s3cret-bearer", "expires_in": {}, "token_type": [], "scope": 7}"#), "1 token t1."),
    ("cookies", |_| Reply::new(200, "Set-Cookie: s3cret=1; Path=/; Domain=127.0.0.1\r\n", ANSWER), "1 token t1."),
    // Documents.
    ("a page of HTML", |_| Reply::new(200, "Content-Type: text/html\r\n", "<html>log in: s3cret"), "2 token response of PROVIDER: NotJson"),
    ("nothing", |_| ok(""), "2 token response of PROVIDER: Empty"),
    ("blanks", |_| ok(" \r\n\t"), "2 token response of PROVIDER: Empty"),
    ("cut within the token", |_| ok(r#"{"access_token": "s3cret-be"#), "2 token response of PROVIDER: Json { category: \"cut short\""),
    ("cut after the token", |_| ok(r#"{"access_token": "s3cret-bearer","#), "2 token response of PROVIDER: Json { category: \"cut short\""),
    ("more after the end", |_| ok(format!("{ANSWER}{ANSWER}")), "2 token response of PROVIDER: Json"),
    ("a list", |_| ok(format!("[{ANSWER}]")), "2 token response of PROVIDER: Field { field: \"document\", problem: Type }"),
    ("null", |_| ok("null"), "2 token response of PROVIDER: Field { field: \"document\""),
    ("a text", |_| ok("\"s3cret-bearer\""), "2 token response of PROVIDER: Field { field: \"document\", problem: Type }"),
    ("the token alone", |_| Reply::new(200, "Content-Type: text/plain\r\n", "s3cret-bearer"), "2 token response of PROVIDER: Json { category: \"syntax\""),
    ("a form", |_| Reply::new(200, "Content-Type: application/x-www-form-urlencoded\r\n", "access_token=s3cret-bearer&token_type=bearer"), "2 token response of PROVIDER: Json { category: \"syntax\""),
    ("a call of a script", |_| Reply::new(200, "Content-Type: text/javascript\r\n", format!("callback({ANSWER})")), "2 token response of PROVIDER: Json { category: \"syntax\""),
    ("another type, by the header", |_| Reply::new(200, "Content-Type: text/html; charset=utf-16\r\n", ANSWER), "1 token t1."),
    ("a byte order mark", |_| ok(format!("\u{feff}{ANSWER}")), "1 token t1."),
    ("no UTF-8", |_| ok(b"{\"access_token\": \"s3cret\xff\"}"), "2 token response of PROVIDER: NotUtf8"),
    ("UTF-16", |_| ok(ANSWER.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>()), "2 token response of PROVIDER: Json"),
    ("100,000 lists, one in another", |_| ok(format!("{{\"x\": {}", "[".repeat(100_000))), "2 token response of PROVIDER: Json"),
    ("100,000 lists that end, and a token", |_| ok(format!("{{\"x\": {}{}, \"access_token\": \"s3cret-bearer\"}}", "[".repeat(100_000), "]".repeat(100_000))), "1 token t1."),
    ("100,000 fields, and a token", |_| ok(format!("{{{}\"access_token\": \"s3cret-bearer\"}}", (0..100_000).map(|n| format!("\"x{n}\": {n},")).collect::<String>())), "1 token t1."),
    ("as large as the limit", |_| ok(filled(ANSWER, limits::BODY)), "1 token t1."),
    ("a byte larger", |_| ok(filled(ANSWER, limits::BODY + 1)), "2 token response of PROVIDER: TooLarge { what: \"body\", limit: 4194304 }"),
    ("a body without end", |_| Reply::status(200, "").body_to_end("{\"access_token\": \"").flood("s3cret", ENDLESS), "2 token response of PROVIDER: TooLarge { what: \"body\""),
    ("chunks without a last one", |_| Reply::status(200, "").chunks(&[ANSWER], ""), "3 Io of PROVIDER"),
    ("a token in a trailer", |_| Reply::status(200, "Trailer: access_token\r\n").chunks(&["{}"], "0\r\naccess_token: s3cret-unwanted\r\n\r\n"), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Missing }"),
    ("chunks", |_| Reply::status(200, "").chunks(&[&ANSWER[..9], &ANSWER[9..]], LAST), "1 token t1."),
    ("gzip", |_| Reply::new(200, "Content-Encoding: gzip\r\n", gzip(ANSWER.as_bytes())), "2 token response of PROVIDER: Encoded { encoding: \"gzip\" }"),
    ("gzip by name alone", |_| Reply::new(200, "Content-Encoding: gzip\r\n", ANSWER), "1 token t1."),
    ("64 MiB in gzip", |_| Reply::new(200, "Content-Encoding: gzip\r\n", bomb()), "2 token response of PROVIDER: Encoded { encoding: \"gzip\" }"),
    // Refusals.
    ("200 with an error", |_| ok(r#"{"error": "invalid_grant", "error_description": "s3cret-of-the-user is wrong"}"#), "1 GrantRefused 200 by PROVIDER (invalid_grant: [redacted] is wrong)"),
    ("200 with an error of no meaning", |_| ok(r#"{"error": "odd", "error_description": "s3cret-of-the-user"}"#), "2 token response of PROVIDER: Field { field: \"access_token\", problem: Missing }"),
    ("200 with an error and a token", |_| ok(r#"{"error": "invalid_grant", "access_token": "s3cret-bearer"}"#), "1 token t1."),
    ("400 with a token", |_| Reply::new(400, "", ANSWER), "1 refused 400 by PROVIDER (no reason given)"),
    ("400 with a token and an error", |_| Reply::new(400, "", r#"{"error": "invalid_scope", "access_token": "s3cret-bearer"}"#), "1 ScopeRefused 400 by PROVIDER (invalid_scope)"),
    ("an unknown client", |_| Reply::new(401, "WWW-Authenticate: Basic\r\n", r#"{"error": "invalid_client"}"#), "1 ClientRefused 401 by PROVIDER (invalid_client)"),
    ("a client without the grant", |_| refusal(r#""unauthorized_client""#), "1 ClientUnauthorized 400 by PROVIDER (unauthorized_client)"),
    ("an unknown grant", |_| refusal(r#""unsupported_grant_type""#), "1 GrantUnsupported 400 by PROVIDER (unsupported_grant_type)"),
    ("an error that will pass", |_| refusal(r#""temporarily_unavailable""#), "3 unavailable 400 by PROVIDER (temporarily_unavailable)"),
    ("an error of a number", |_| refusal("7"), "1 refused 400 by PROVIDER (no reason given)"),
    ("a list of errors", |_| refusal("[\"invalid_grant\"]"), "1 refused 400 by PROVIDER (no reason given)"),
    ("two errors", |_| refusal(r#""invalid_scope", "error": "invalid_grant""#), "1 GrantRefused 400 by PROVIDER (invalid_grant)"),
    ("an error as Keystone writes it", |_| refusal(r#"{"code": 401, "title": "Unauthorized", "message": "s3cret-of-the-user"}"#), "1 refused 400 by PROVIDER (401: Unauthorized: [redacted])"),
    ("an error that repeats both secrets", |_| described("s3cret-of-the-client s3cret-of-the-user"), "1 GrantRefused 400 by PROVIDER (invalid_grant: [redacted] [redacted])"),
    ("an error code that is the secret", |_| refusal("\"s3cret-of-the-client\""), "1 refused 400 by PROVIDER ([redacted])"),
    ("an error that repeats the header", |_| described("Basic cm9ib3Q6czNjcmV0LW9mLXRoZS1jbGllbnQ="), "1 GrantRefused 400 by PROVIDER (invalid_grant: Basic cm9ib3Q6[redacted]Q=)"),
    ("an error that repeats the form", |_| described("grant_type=password&username=jo&password=s3cret%2Dof%2Dthe%2Duser"), "1 GrantRefused 400 by PROVIDER (invalid_grant: grant_type=password&username=jo&password=[redacted])"),
    ("an error that steers a terminal", |_| described("\\u001b[2J\\u001b]0;s3cret-of-the-user\\u0007\\r\\n\\u202e"), "1 GrantRefused 400 by PROVIDER (invalid_grant: "),
    ("an error of 60 KiB", |_| described(&"s3cret-of-the-user ".repeat(3_000)), "1 GrantRefused 400 by PROVIDER (invalid_grant: [redacted] [redacted]"),
    ("an error of a mebibyte", |_| described(&"s3cret-of-the-user ".repeat(55_000)), "1 refused 400 by PROVIDER (no reason given)"),
    ("an error without end", |_| Reply::status(400, "").body_to_end("").flood("s3cret", ENDLESS), "1 refused 400 by PROVIDER (no reason given)"),
    ("an error that is deep", |_| Reply::new(400, "", "{\"error\":".repeat(100_000)), "1 refused 400 by PROVIDER (no reason given)"),
    ("401 in HTML", |_| Reply::new(401, "Content-Type: text/html\r\n", "<html>s3cret"), "1 refused 401 by PROVIDER (no reason given)"),
    ("a demand for another scheme", |_| Reply::new(401, "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Digest realm=\"s3cret-of-the-client\", nonce=1\r\n", ""), "1 refused 401 by PROVIDER (no reason given)"),
    ("a demand of Keystone", |_| Reply::new(401, "WWW-Authenticate: Keystone uri=\"s3cret\"\r\n", ""), "1 refused 401 by PROVIDER (no reason given)"),
    ("a demand of no letters", |_| Reply::new(401, "WWW-Authenticate: ÿ\r\nWWW-Authenticate:\r\n", ""), "1 refused 401 by PROVIDER (no reason given)"),
    ("403", |_| Reply::new(403, "", ""), "1 refused 403 by PROVIDER (no reason given)"),
    ("404 in HTML", |_| Reply::new(404, "", "<html>s3cret"), "1 refused 404 by PROVIDER (no reason given)"),
    ("405", |_| Reply::new(405, "Allow: GET\r\n", ""), "1 refused 405 by PROVIDER (no reason given)"),
    ("a demand of a proxy without a proxy", |_| Reply::new(407, "Proxy-Authenticate: Basic realm=\"x\"\r\n", ""), "1 refused 407 by PROVIDER (no reason given)"),
    ("429 and a pause below zero", |_| Reply::new(429, "Retry-After: -1\r\n", ""), "3 unavailable 429 by PROVIDER (no reason given)"),
    ("429 and a pause without end", |_| Reply::new(429, "Retry-After: 99999999999999999999\r\n", ""), "1 unavailable 429 by PROVIDER (no reason given)"),
    ("503 and a secret for a pause", |_| Reply::new(503, "Retry-After: s3cret-of-the-user\r\n", ""), "3 unavailable 503 by PROVIDER (no reason given)"),
    ("503 and a pause until the past", |_| Reply::new(503, "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n", ""), "3 unavailable 503 by PROVIDER (no reason given)"),
    ("503 and a wrong password", |_| Reply::new(503, "", r#"{"error": "invalid_grant"}"#), "3 unavailable 503 by PROVIDER (invalid_grant)"),
    ("500 with a token", |_| Reply::new(500, "", ANSWER), "3 unavailable 500 by PROVIDER (no reason given)"),
    // Other statuses.
    ("a redirect to itself", |place| redirect(307, &format!("{}/token", place.provider)), "1 token response of PROVIDER: Redirect { status: 307, location: \"PROVIDER\" }"),
    ("a redirect along the same host", |_| redirect(308, "/elsewhere"), "1 token response of PROVIDER: Redirect { status: 308, location: \"another path\" }"),
    ("a redirect to another origin", |place| redirect(307, &place.other), "1 token response of PROVIDER: Redirect { status: 307, location: \"OTHER\" }"),
    ("a redirect to another origin, by GET", |place| redirect(303, &place.other), "1 token response of PROVIDER: Redirect { status: 303, location: \"OTHER\" }"),
    ("a redirect with both secrets", |place| redirect(302, &format!("{}/?s3cret-of-the-user#s3cret-of-the-client", place.other)), "1 token response of PROVIDER: Redirect { status: 302"),
    ("a redirect to a host that is the secret", |_| redirect(302, "https://s3cret-of-the-user.example/"), "1 token response of PROVIDER: Redirect { status: 302"),
    ("a redirect to nowhere", |_| Reply::new(302, "", ANSWER), "1 token response of PROVIDER: Redirect { status: 302, location: \"an unknown location\" }"),
    ("several choices", |place| redirect(300, &place.other), "1 token response of PROVIDER: Redirect { status: 300, location: \"OTHER\" }"),
    ("201 with a token", |_| Reply::new(201, "", ANSWER), "1 token t1."),
    ("204 and a body", |_| Reply::status(204, "").body(ANSWER), "2 token response of PROVIDER: Empty"),
    ("another protocol", |_| Reply::status(101, "Upgrade: x\r\nConnection: upgrade\r\n").body_to_end(""), "1 token response of PROVIDER: Status { status: 101 }"),
    ("a status of no meaning", |_| Reply::new(999, "", ANSWER), "1 token response of PROVIDER: Status { status: 999 }"),
    ("hints, a mebibyte of them", |_| Reply::bytes("").flood("HTTP/1.1 103 Early Hints\r\nX-Hint: x\r\n\r\n", 1 << 20).hold(), "3 Io of PROVIDER | 3 Timeout of PROVIDER"),
    ("hints, and a good one", |_| Reply::bytes("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(3)).then(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ANSWER}", ANSWER.len())), "1 token t1."),
    ("a header of a mebibyte", |_| Reply::new(200, &format!("X-Long: {}\r\n", "x".repeat(1 << 20)), ANSWER), "3 Io of PROVIDER"),
    ("ten thousand headers", |_| Reply::new(200, &"X-More: x\r\n".repeat(10_000), ANSWER), "3 Io of PROVIDER"),
    ("a header without end", |_| Reply::status(200, "X-Long: ").flood("s3cret", ENDLESS), "3 Io of PROVIDER"),
    // Time.
    ("a byte every 20 ms", |_| ok(ANSWER).drip(SLOW), "3 Timeout of PROVIDER"),
    ("silence", |_| Reply::silence(), "3 Timeout of PROVIDER"),
    ("closed before a byte", |_| Reply::bytes(""), "3 Io of PROVIDER"),
    ("broken within the token", |_| Reply::status(200, "").body_of(ANSWER.len(), &ANSWER[..25]).reset(), "3 Io of PROVIDER"),
];

fn ok(body: impl AsRef<[u8]>) -> Reply {
    Reply::new(200, "Content-Type: application/json\r\n", body)
}

/// A token response with this JSON as the token.
fn token(json: &str) -> Reply {
    ok(format!("{{\"access_token\": {json}, \"token_type\": \"Bearer\"}}"))
}

/// 400 with this JSON as the error.
fn refusal(json: &str) -> Reply {
    Reply::new(400, "Content-Type: application/json\r\n", format!("{{\"error\": {json}}}"))
}

fn described(text: &str) -> Reply {
    refusal(&format!("\"invalid_grant\", \"error_description\": \"{text}\""))
}

fn redirect(status: u16, place: &str) -> Reply {
    Reply::new(status, &format!("Location: {place}\r\n"), "")
}
