//! Federated logins: the chain of requests, its errors, and where each secret goes.

mod chains;
mod config;
mod discovery;
mod random;
mod refusals;
mod session;

use auth_proto::{Body, Cloud, Credential, Federation, Login, OidcClient, Scope, Step, timestamp};
use http::{Request, Response, header};
use serde_json::json;
use time::{Duration, UtcDateTime};

use crate::support::{NOW, response};

const TOKEN_ENDPOINT: &str = "https://idp.example/realms/corp/token";
const DISCOVERY: &str = "https://idp.example/realms/corp/.well-known/openid-configuration";
const CLIENT_SECRET: &str = "cl1ent+secret";
const PASSWORD: &str = "wünsch dir=was&";
const BEARER: &str = "bearer.of.the-provider";
const UNSCOPED: &str = "gAAAA-unscoped";
const SCOPED: &str = "gAAAA-scoped";

/// A Keystone whose URL has a path, which every request must keep.
fn keystone() -> Cloud {
    Cloud::keystone("https://keystone.example/identity/v3").unwrap()
}

fn client() -> OidcClient {
    OidcClient::new("robot", TOKEN_ENDPOINT).with_secret(CLIENT_SECRET)
}

fn discovered() -> OidcClient {
    OidcClient::discovered("robot", DISCOVERY).with_secret(CLIENT_SECRET)
}

fn robot() -> Federation {
    Federation::client_credentials("corp", "openid", client())
}

fn person() -> Federation {
    Federation::password("corp", "openid", client(), "jo", PASSWORD)
}

fn holder() -> Federation {
    Federation::access_token("corp", "openid", BEARER)
}

fn project() -> Scope {
    Scope::project_id("p")
}

fn login_of(federation: Federation, scope: Scope) -> Login {
    Login::new(&keystone(), Credential::federated(federation), scope).unwrap()
}

/// The provider's token.
fn bearer() -> Response<Vec<u8>> {
    let body = json!({"access_token": BEARER, "token_type": "Bearer", "expires_in": 300});
    response(200, None, &body.to_string())
}

/// Keystone's answer to the bearer, as Keystone 30 writes it: without scope, roles and catalog.
fn unscoped() -> Response<Vec<u8>> {
    unscoped_at(NOW, Duration::hours(1))
}

fn unscoped_at(now: UtcDateTime, life: Duration) -> Response<Vec<u8>> {
    let body = json!({"token": {
        "methods": ["openid"],
        "expires_at": timestamp::format(now + life),
        "issued_at": timestamp::format(now),
        "user": {
            "id": "u", "name": "jo", "domain": {"id": "corp", "name": "corp"},
            "OS-FEDERATION": {
                "groups": [{"id": "g"}],
                "identity_provider": {"id": "corp"},
                "protocol": {"id": "openid"},
            },
        },
    }});
    response(201, Some(UNSCOPED), &body.to_string())
}

fn scoped() -> Response<Vec<u8>> {
    let body = json!({"token": {
        "methods": ["openid", "token"],
        "expires_at": timestamp::format(NOW + Duration::hours(1)),
        "issued_at": timestamp::format(NOW),
        "project": {"id": "p"},
        "catalog": [],
    }});
    response(201, Some(SCOPED), &body.to_string())
}

fn document(token_endpoint: &str) -> Response<Vec<u8>> {
    let body = json!({
        "issuer": "https://idp.example/realms/corp",
        "token_endpoint": token_endpoint,
        "grant_types_supported": ["authorization_code", "client_credentials", "password"],
    });
    response(200, None, &body.to_string())
}

/// Hands in these responses, and returns the requests.
#[track_caller]
fn run(login: &mut Login, responses: Vec<Response<Vec<u8>>>) -> Vec<Request<Body>> {
    let mut requests = Vec::new();
    for response in responses {
        let Ok(Step::Send(request)) = login.poll() else {
            panic!("expected a request, got {:?}", login.poll())
        };
        requests.push(request);
        login.handle_response(response, NOW);
    }
    requests
}

/// `POST https://…`
fn line(request: &Request<Body>) -> String {
    format!("{} {}", request.method(), request.uri())
}

fn authorization(request: &Request<Body>) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    assert!(value.is_sensitive());
    Some(value.to_str().unwrap())
}

fn body(request: &Request<Body>) -> &str {
    std::str::from_utf8(request.body().as_bytes()).unwrap()
}
