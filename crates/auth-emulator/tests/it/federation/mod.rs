//! The identity provider, and the logins with its tokens.

mod clients;
mod counts;
mod devices;
mod exchanges;
mod gate;
mod grants;
mod id_tokens;
mod origins;
mod projects;

use auth_emulator::{Emulator, System, account};
use http::{Request, Response};
use serde_json::Value;
use time::{Duration, UtcDateTime};

use crate::support::{ask_at, json, now, token};

/// A form, whose values need no encoding but that of spaces and slashes.
fn form(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", value.replace(' ', "+"));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// A `POST` of a form to a path of the provider.
fn post_form(
    emulator: &mut Emulator,
    path: &str,
    authorization: Option<&str>,
    fields: &[(&str, &str)],
    at: UtcDateTime,
) -> Response<Vec<u8>> {
    let mut request = Request::post(format!("{PROVIDER}{path}"))
        .header("Content-Type", "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    ask_at(emulator, request, form(fields), at)
}

/// A request of the public client to the token endpoint.
fn public(emulator: &mut Emulator, fields: &[(&str, &str)], at: UtcDateTime) -> Response<Vec<u8>> {
    let fields = [&[("client_id", account::OIDC_PUBLIC_CLIENT)], fields].concat();
    post_form(emulator, "/token", None, &fields, at)
}

/// A request of the client with a secret to the token endpoint.
fn confidential(emulator: &mut Emulator, fields: &[(&str, &str)]) -> Response<Vec<u8>> {
    post_form(emulator, "/token", Some(SERVICE), fields, now())
}

/// The tokens of a person.
fn person(emulator: &mut Emulator, user: &str) -> Value {
    let password = format!("{user}-pw");
    let fields = [
        ("grant_type", "password"),
        ("username", user),
        ("password", &password),
        ("scope", "openid"),
    ];
    let answer = public(emulator, &fields, now());
    assert_eq!(answer.status(), 200, "{}", json(&answer));
    json(&answer)
}

fn text<'a>(tokens: &'a Value, field: &str) -> &'a str {
    tokens[field].as_str().unwrap()
}

/// A federated login at this path below `/OS-FEDERATION`, after this time.
fn gate_at(
    emulator: &mut Emulator,
    path: &str,
    authorization: Option<&str>,
    after: Duration,
) -> Response<Vec<u8>> {
    let url = format!("{}/OS-FEDERATION{path}", System::Keystone.identity_url());
    let mut request = Request::post(url);
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    ask_at(emulator, request, "", now() + after)
}

/// A federated login with this bearer.
fn gate(emulator: &mut Emulator, bearer: &str) -> Response<Vec<u8>> {
    gate_at(emulator, LOGIN, Some(&format!("Bearer {bearer}")), Duration::ZERO)
}

/// A new unscoped token of this person.
fn root(emulator: &mut Emulator, user: &str) -> String {
    let tokens = person(emulator, user);
    let answer = gate(emulator, text(&tokens, "access_token"));
    assert_eq!(answer.status(), 201, "{user}");
    token(&answer)
}

/// The error of an answer of the provider.
fn error(answer: &Response<Vec<u8>>) -> (u16, String) {
    let name = json(answer)["error"].as_str().unwrap_or_default().to_owned();
    (answer.status().as_u16(), name)
}

const PROVIDER: &str = "https://login.keystone.example";
const LOGIN: &str = "/identity_providers/idp1/protocols/openid/auth";
/// `service:service-secret`.
const SERVICE: &str = "Basic c2VydmljZTpzZXJ2aWNlLXNlY3JldA==";
