use auth_emulator::{Emulator, System, documents};
use http::{Method, Request, Response, request::Builder};
use serde_json::Value;
use time::{Duration, UtcDateTime};

/// 2026-03-01T12:00:00.123456789Z, with more digits than any vendor writes.
pub(crate) fn now() -> UtcDateTime {
    UtcDateTime::from_unix_timestamp_nanos(1_772_366_400_123_456_789).unwrap()
}

/// A `POST` with a JSON content type.
pub(crate) fn post(url: impl AsRef<str>) -> Builder {
    Request::post(url.as_ref()).header("Content-Type", "application/json")
}

pub(crate) fn get(url: impl AsRef<str>) -> Builder {
    Request::get(url.as_ref())
}

/// The token URL on a system's documented host.
pub(crate) fn token_url(system: System) -> String {
    let path = match system {
        System::NhnIaas | System::NhnCompute => "/tokens",
        _ => "/auth/tokens",
    };
    format!("{}{path}", system.identity_url())
}

/// The documented request of a system; the project request if there are two.
pub(crate) fn login_body(system: System) -> &'static str {
    match system {
        System::NhnIaas => documents::NHN_IAAS_REQUEST,
        System::NhnCompute => documents::NHN_COMPUTE_REQUEST,
        System::Otc => documents::OTC_PROJECT_REQUEST,
        System::Kakao => documents::KAKAO_ID_REQUEST,
        System::Huawei => documents::HUAWEI_PROJECT_REQUEST,
        System::Keystone => KEYSTONE_REQUEST,
        _ => panic!("{system} has no documented request"),
    }
}

/// A login of alice for her project, which no document shows.
pub(crate) const KEYSTONE_REQUEST: &str = r#"{"auth": {
    "identity": {
        "methods": ["password"],
        "password": {"user": {
            "name": "alice", "domain": {"name": "Default"}, "password": "alice-pw"
        }}
    },
    "scope": {"project": {"name": "alpha", "domain": {"name": "Default"}}}
}}"#;

/// Logs in as documented and returns the token's text.
pub(crate) fn login(emulator: &mut Emulator, system: System) -> String {
    // Document 001 names the host of document 000, so its system is reached by path only.
    let url = match system {
        System::NhnCompute => "http://localhost/nhn-compute/v2.0/tokens".to_owned(),
        _ => token_url(system),
    };
    let answer = ask(emulator, post(url), login_body(system));
    assert!(answer.status().is_success(), "{system}: {}", answer.status());
    token(&answer)
}

/// The token of a response, from the header or the body.
pub(crate) fn token(answer: &Response<Vec<u8>>) -> String {
    match answer.headers().get("x-subject-token") {
        Some(token) => token.to_str().unwrap().to_owned(),
        None => json(answer)["access"]["token"]["id"].as_str().unwrap().to_owned(),
    }
}

pub(crate) fn ask(
    emulator: &mut Emulator,
    request: Builder,
    body: impl AsRef<[u8]>,
) -> Response<Vec<u8>> {
    ask_at(emulator, request, body, now())
}

pub(crate) fn ask_at(
    emulator: &mut Emulator,
    request: Builder,
    body: impl AsRef<[u8]>,
    now: UtcDateTime,
) -> Response<Vec<u8>> {
    emulator.handle(request.body(body.as_ref()).unwrap(), now)
}

/// Calls a service with a token.
pub(crate) fn call(emulator: &mut Emulator, url: &str, token: &str, after: Duration) -> u16 {
    let request = Request::builder().method(Method::PUT).uri(url).header("X-Auth-Token", token);
    ask_at(emulator, request, "", now() + after).status().as_u16()
}

#[track_caller]
pub(crate) fn json(answer: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(answer.body()).expect("the body is JSON")
}

pub(crate) fn parsed(document: &str) -> Value {
    serde_json::from_str(document).unwrap()
}

/// The document with one value replaced, or removed if the replacement is `None`.
pub(crate) fn edited(document: &str, pointer: &str, replacement: Option<Value>) -> String {
    let mut body = parsed(document);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match replacement {
        Some(value) => parent.insert(key.to_owned(), value),
        None => parent.remove(key),
    };
    body.to_string()
}

/// Every URL of a catalog, v2.0 or v3.
pub(crate) fn urls(catalog: &Value) -> Vec<String> {
    let services = catalog.as_array().unwrap().iter();
    services
        .flat_map(|service| service["endpoints"].as_array().unwrap())
        .map(|endpoint| endpoint.get("url").unwrap_or(&endpoint["publicURL"]))
        .map(|url| url.as_str().unwrap().to_owned())
        .collect()
}
