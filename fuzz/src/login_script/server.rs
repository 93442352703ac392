//! Responses: a status, headers and a documented body, with changes.

use auth_emulator::documents;
use auth_proto::Body;
use http::{HeaderValue, Request, Response, StatusCode};

use super::{CODE, SECRETS};
use crate::choices::Input;

/// A response to this request; `None` at the end of the input.
pub(super) fn response(
    input: &mut Input<'_>,
    request: &Request<Body>,
) -> Option<Response<Vec<u8>>> {
    let status = match input.byte()? & 15 {
        15 => StatusCode::from_u16(100 + input.word()? % 900).ok()?,
        usual => STATUSES[usize::from(usual)],
    };
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    headers(input, &mut response)?;
    *response.body_mut() = body(input, request)?;
    Some(response)
}

const STATUSES: [StatusCode; 15] = [
    StatusCode::OK,
    StatusCode::CREATED,
    StatusCode::NO_CONTENT,
    StatusCode::MULTIPLE_CHOICES,
    StatusCode::FOUND,
    StatusCode::PERMANENT_REDIRECT,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::NOT_IMPLEMENTED,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// A bit for each header, and one for a header with any bytes.
fn headers(input: &mut Input<'_>, response: &mut Response<Vec<u8>>) -> Option<()> {
    let which = input.byte()?;
    for (bit, (name, value)) in HEADERS.into_iter().enumerate() {
        if which & (1 << bit) != 0 {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
    }
    if which & 128 != 0 {
        let (name, _) = input.one_of(&HEADERS)?;
        let length = input.byte()?;
        let value = HeaderValue::from_bytes(input.bytes(usize::from(length))).ok()?;
        response.headers_mut().append(name, value);
    }
    Some(())
}

const HEADERS: [(&str, &str); 7] = [
    ("x-subject-token", "gAAAAABfoo"),
    ("openstack-auth-receipt", "gAAAAABreceipt"),
    ("retry-after", "30"),
    ("date", "Sun, 22 Nov 2026 08:00:00 GMT"),
    ("location", "https://elsewhere.example/v3?q"),
    ("location", "https://the-token-of-alice/v3"),
    ("location", "/v3/auth/tokens/"),
];

/// A document, perhaps with a piece cut out or put in, and with what was sent repeated in it.
fn body(input: &mut Input<'_>, request: &Request<Body>) -> Option<Vec<u8>> {
    let which = input.byte()?;
    let document = DOCUMENTS[usize::from(which & 31) % DOCUMENTS.len()];
    let mut body = document.as_bytes().to_vec();
    if which & 32 != 0 {
        let (at, length) = (usize::from(input.word()?) % (body.len() + 1), input.byte()?);
        let end = body.len().min(at + usize::from(length));
        let put_in = input.byte()?;
        body.splice(at..end, input.bytes(usize::from(put_in)).iter().copied());
    }
    if which & 64 != 0 {
        let quotes: Vec<usize> = (0..body.len()).filter(|at| body[*at] == b'"').collect();
        let quote = usize::from(input.byte()?);
        let at = quotes.get(quote % quotes.len().max(1)).map_or(0, |at| at + 1);
        let repeated = match usize::from(input.byte()?) {
            which @ 0..128 => (*SECRETS.get(which & 3).unwrap_or(&CODE)).to_owned(),
            128.. => String::from_utf8_lossy(request.body().as_bytes()).into_owned(),
        };
        let escaped = serde_json::Value::from(repeated).to_string();
        body.splice(at..at, escaped[1..escaped.len() - 1].bytes());
    }
    Some(body)
}

/// Documented responses, and others of the same shape.
const DOCUMENTS: [&str; 20] = [
    "",
    "{}",
    "<html>",
    documents::NHN_IAAS_RESPONSE,
    documents::HUAWEI_PROJECT_RESPONSE,
    documents::HUAWEI_DOMAIN_RESPONSE,
    documents::HUAWEI_400,
    documents::HUAWEI_401,
    documents::KAKAO_PROJECTS_RESPONSE,
    r#"{"token": {"methods": ["password"], "issued_at": "2026-11-22T08:00:00.000000Z",
        "expires_at": "2026-11-22T20:00:00.000000Z", "user": {"id": "u1", "name": "alice"},
        "project": {"id": "p1", "name": "demo", "domain": {"id": "d1", "name": "Default"}}}}"#,
    r#"{"token": {"expires_at": "2026-11-22T20:00:00Z", "domain": {"id": "d1", "name": "Default"}}}"#,
    r#"{"token": {"expires_at": "2026-11-22T20:00:00Z", "system": {"all": true}}}"#,
    r#"{"token": {"expires_at": "2026-11-22T20:00:00Z", "OS-TRUST:trust": {"id": "t1"},
        "project": {"id": "p1"}}}"#,
    r#"{"token": {"expires_at": "2026-11-22T20:00:00Z"}}"#,
    r#"{"access": {"token": {"id": "gAAAAABv2", "expires": "2026-11-22T20:00:00Z",
        "tenant": {"id": "p1", "name": "demo", "enabled": true}}, "serviceCatalog": []}}"#,
    r#"{"receipt": {"methods": ["password"], "issued_at": "2026-11-22T08:00:00.000000Z",
        "expires_at": "2026-11-22T08:05:00.000000Z"},
        "required_auth_methods": [["password", "totp"], ["totp", "password"]]}"#,
    r#"{"catalog": [{"type": "compute", "endpoints": [{"interface": "public",
        "region": "R", "url": "https://compute.example/v2.1"}]}]}"#,
    r#"{"versions": {"values": [{"id": "v3.14", "status": "stable", "links": []},
        {"id": "v2.0", "status": "deprecated"}]}}"#,
    r#"{"version": {"id": "v2.0", "status": "CURRENT"}}"#,
    r#"{"error": {"code": 401, "title": "Unauthorized", "message": "no: "}}"#,
];
