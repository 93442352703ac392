//! The usual implementation, for comparison: a derived reader into owned strings, a linear search,
//! a request made with `json!`.

#![expect(missing_docs, reason = "the fields are those of the answer")]
#![expect(clippy::exhaustive_structs, reason = "not published")]

use serde::{
    Deserialize,
    de::{self, IgnoredAny},
};
use serde_json::json;

/// A v3 token response.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub token: NaiveToken,
}

/// The data of a token.
#[derive(Debug, Deserialize)]
pub struct NaiveToken {
    pub catalog: Vec<NaiveService>,
    pub expires_at: String,
    pub issued_at: Option<String>,
    pub methods: Vec<String>,
    pub project: Option<NaiveNamed>,
    pub user: NaiveNamed,
}

/// A user or a project.
#[derive(Debug, Deserialize)]
pub struct NaiveNamed {
    pub id: String,
    pub name: String,
}

/// A service.
#[derive(Debug, Deserialize)]
pub struct NaiveService {
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub endpoints: Vec<NaiveEndpoint>,
}

/// An endpoint of a service.
#[derive(Debug, Deserialize)]
pub struct NaiveEndpoint {
    pub id: Option<String>,
    pub interface: String,
    pub region: Option<String>,
    pub region_id: Option<String>,
    pub url: String,
}

/// The lower bound of any reader with serde_json: checks UTF-8 and parses to the end of the text.
///
/// # Errors
///
/// An error of serde_json.
pub fn floor(body: &[u8]) -> serde_json::Result<IgnoredAny> {
    let text = str::from_utf8(body).map_err(de::Error::custom)?;
    serde_json::from_str(text)
}

/// Reads a v3 token response.
///
/// # Errors
///
/// An error of serde_json.
pub fn read(body: &[u8]) -> serde_json::Result<Answer> {
    serde_json::from_slice(body)
}

/// The first matching endpoint. Never inlined, so that a profiler can count it.
#[inline(never)]
pub fn find<'a>(
    answer: &'a Answer,
    service: &str,
    interface: &str,
    region: &str,
) -> Option<&'a str> {
    let services = answer.token.catalog.iter().filter(|row| row.kind == service);
    let mut endpoints = services.flat_map(|row| &row.endpoints);
    let found = endpoints
        .find(|row| row.interface == interface && row.region.as_deref() == Some(region))?;
    Some(&found.url)
}

/// The request of a v3 login with a password.
///
/// # Errors
///
/// If the URL is invalid.
pub fn login(
    identity: &str,
    user: &str,
    domain: &str,
    password: &str,
    project: &str,
) -> http::Result<http::Request<Vec<u8>>> {
    let body = json!({ "auth": {
        "identity": {
            "methods": ["password"],
            "password": { "user": {
                "name": user, "domain": { "name": domain }, "password": password,
            } },
        },
        "scope": { "project": { "id": project } },
    } });
    http::Request::post(format!("{identity}/auth/tokens"))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(body.to_string().into_bytes())
}
