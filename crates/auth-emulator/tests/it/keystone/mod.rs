//! The stock Keystone. `tests/conformance` compares it with a real one.

mod factors;
mod logins;
mod scopes;

use auth_emulator::{Emulator, System, account};
use http::{Method, Request, Response, request::Builder};
use serde_json::{Value, json};
use time::UtcDateTime;

use crate::support::{ask_at, json, now, post, token, token_url};

/// A body with these methods and this scope.
fn body(identity: &Value, scope: Option<Value>) -> String {
    let methods: Vec<_> = identity.as_object().unwrap().keys().collect();
    let mut auth = json!({ "identity": identity });
    auth["identity"]["methods"] = json!(methods);
    if let Some(scope) = scope {
        auth["scope"] = scope;
    }
    json!({ "auth": auth }).to_string()
}

fn post_at(
    emulator: &mut Emulator,
    identity: &Value,
    scope: Option<Value>,
    receipt: &str,
    at: UtcDateTime,
) -> Response<Vec<u8>> {
    let request = match receipt {
        "" => post(token_url(System::Keystone)),
        receipt => post(token_url(System::Keystone)).header("Openstack-Auth-Receipt", receipt),
    };
    ask_at(emulator, request, body(identity, scope), at)
}

fn log_in(emulator: &mut Emulator, identity: &Value, scope: Option<Value>) -> Response<Vec<u8>> {
    post_at(emulator, identity, scope, "", now())
}

/// A token of this login.
fn fresh(emulator: &mut Emulator, identity: &Value, scope: Option<Value>) -> String {
    let answer = log_in(emulator, identity, scope);
    assert_eq!(answer.status(), 201, "{}", json(&answer));
    token(&answer)
}

/// The password of a user of the domain `Default`.
fn password(user: &str) -> Value {
    let domain = json!({"id": "default"});
    let user = json!({"name": user, "domain": domain, "password": format!("{user}-pw")});
    json!({"password": {"user": user}})
}

fn code(user: &str, code: &str) -> Value {
    let user = json!({"name": user, "domain": {"id": "default"}, "passcode": code});
    json!({"totp": {"user": user}})
}

fn key(fields: Value) -> Value {
    json!({ "application_credential": fields })
}

fn plain() -> Value {
    key(json!({"id": account::KEYSTONE_KEY_ID, "secret": account::KEYSTONE_SECRET}))
}

fn exchange(token: &str) -> Value {
    json!({"token": {"id": token}})
}

fn project(id: &str) -> Value {
    json!({"project": {"id": id}})
}

fn alpha() -> Option<Value> {
    Some(project(account::KEYSTONE_PROJECT_ID))
}

fn system() -> Option<Value> {
    Some(json!({"system": {"all": true}}))
}

/// A request below `/v3` with a token.
fn to(method: Method, path: &str, token: &str) -> Builder {
    let url = format!("{}{path}", System::Keystone.identity_url());
    Request::builder().method(method).uri(url).header("X-Auth-Token", token)
}

fn message(answer: &Response<Vec<u8>>) -> String {
    json(answer)["error"]["message"].as_str().unwrap_or_default().to_owned()
}

const REQUIRES: &str = "The request you have made requires authentication.";
