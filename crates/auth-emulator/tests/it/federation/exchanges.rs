//! Tokens of scopes for an unscoped token, and what ends them.

use auth_emulator::{Emulator, System, account};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use time::Duration;

use super::{person, root, text};
use crate::support::{ask, ask_at, json, now, post, token, token_url};

fn exchange(
    emulator: &mut Emulator,
    method: &str,
    root: &str,
    scope: Value,
    after: Duration,
) -> Response<Vec<u8>> {
    let identity = json!({ "methods": [method], method: { "id": root } });
    let mut auth = json!({ "identity": identity });
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    let body = json!({ "auth": auth }).to_string();
    ask_at(emulator, post(token_url(System::Keystone)), body, now() + after)
}

fn project(id: &str) -> Value {
    json!({ "project": { "id": id } })
}

fn alpha(emulator: &mut Emulator, root: &str) -> String {
    let answer =
        exchange(emulator, "token", root, project(account::KEYSTONE_PROJECT_ID), Duration::ZERO);
    assert_eq!(answer.status(), 201);
    token(&answer)
}

/// The status of a question about a token, or of its revocation, by itself.
fn about(emulator: &mut Emulator, method: Method, token: &str) -> u16 {
    let request = Request::builder()
        .method(method)
        .uri(token_url(System::Keystone))
        .header("X-Auth-Token", token)
        .header("X-Subject-Token", token);
    ask(emulator, request, "").status().as_u16()
}

#[test]
fn an_exchange_never_prolongs() {
    let mut emulator = Emulator::new();
    let tokens = person(&mut emulator, account::OIDC_USER);
    let answer = super::gate(&mut emulator, text(&tokens, "access_token"));
    let (unscoped, first) = (token(&answer), json(&answer)["token"].take());
    let later = Duration::minutes(20);
    for (method, methods) in [
        ("token", ["openid", "token"].as_slice()),
        ("mapped", &["mapped"]),
        ("openid", &["openid"]),
    ] {
        let scope = project(account::KEYSTONE_PROJECT_ID);
        let answer = exchange(&mut emulator, method, &unscoped, scope, later);
        assert_eq!(answer.status(), 201, "{method}");
        let scoped = json(&answer)["token"].take();
        assert_eq!(scoped["expires_at"], first["expires_at"]);
        assert_ne!(scoped["issued_at"], first["issued_at"]);
        assert_eq!(scoped["methods"], json!(methods));
        assert_eq!(scoped["project"]["id"], account::KEYSTONE_PROJECT_ID);
        assert_eq!(scoped["user"], first["user"]);
        assert!(scoped["catalog"].as_array().unwrap().len() > 5);
        assert_eq!(scoped["audit_ids"].as_array().unwrap().len(), 1, "a chain of its own");
        // A scoped token is exchanged as well, and lasts no longer either.
        let again = project(account::KEYSTONE_BETA_ID);
        let answer = exchange(&mut emulator, method, &token(&answer), again, 2 * later);
        assert_eq!(json(&answer)["token"]["expires_at"], first["expires_at"]);
    }
}

#[test]
fn scopes_without_a_role_are_refused() {
    let mut emulator = Emulator::new();
    let unscoped = root(&mut emulator, account::OIDC_USER);
    for (scope, status) in [
        (project(account::KEYSTONE_BETA_ID), 201),
        (json!({"project": {"name": "alpha", "domain": {"name": "Default"}}}), 201),
        (json!("unscoped"), 201),
        (Value::Null, 201),
        (project(account::KEYSTONE_OTHER_PROJECT_ID), 401),
        (project("unknown"), 401),
        (json!({"domain": {"id": "default"}}), 401),
        (json!({"system": {"all": true}}), 401),
    ] {
        let answer = exchange(&mut emulator, "token", &unscoped, scope.clone(), Duration::ZERO);
        assert_eq!(answer.status(), status, "{scope}");
        if status == 401 {
            let error = json!({
                "code": 401,
                "message": "The request you have made requires authentication.",
                "title": "Unauthorized",
            });
            assert_eq!(json(&answer)["error"], error, "{scope}");
        }
    }
    assert_eq!(about(&mut emulator, Method::GET, &unscoped), 200, "the root is still valid");
}

#[test]
fn the_methods_of_federation_need_its_tokens() {
    let mut emulator = Emulator::new();
    let own = crate::support::login(&mut emulator, System::Keystone);
    for (method, status) in [("token", 201), ("mapped", 400), ("openid", 400)] {
        let scope = project(account::KEYSTONE_BETA_ID);
        let answer = exchange(&mut emulator, method, &own, scope, Duration::ZERO);
        assert_eq!(answer.status(), status, "{method}");
    }
}

#[test]
fn a_revocation_ends_one_federated_token() {
    let mut emulator = Emulator::new();
    for (name, ended, left) in [("root", 0, [401, 200, 200]), ("scoped", 1, [200, 401, 200])] {
        let unscoped = root(&mut emulator, account::OIDC_USER);
        let (one, other) = (alpha(&mut emulator, &unscoped), alpha(&mut emulator, &unscoped));
        let chain = [unscoped, one, other];
        assert_eq!(about(&mut emulator, Method::DELETE, &chain[ended]), 204);
        // A revoked token cannot ask about itself.
        let seen = chain.each_ref().map(|token| about(&mut emulator, Method::GET, token));
        assert_eq!(seen, left, "{name}");
    }
}

#[test]
fn roots_and_scoped_tokens_end_apart() {
    let mut emulator = Emulator::new();
    for (name, revoke, left) in [
        (
            "roots",
            Emulator::revoke_unscoped as fn(&mut Emulator, System) -> &mut Emulator,
            [401, 200],
        ),
        ("scoped", Emulator::revoke_scoped, [200, 401]),
    ] {
        let unscoped = root(&mut emulator, account::OIDC_USER);
        let scoped = alpha(&mut emulator, &unscoped);
        revoke(&mut emulator, System::Huawei);
        let chain = [unscoped, scoped];
        let mut seen = || chain.each_ref().map(|token| about(&mut emulator, Method::GET, token));
        assert_eq!(seen(), [200, 200], "{name}: another system");
        revoke(&mut emulator, System::Keystone);
        let seen = chain.each_ref().map(|token| about(&mut emulator, Method::GET, token));
        assert_eq!(seen, left, "{name}");
    }
}

#[test]
fn a_dead_root_gives_nothing() {
    let mut emulator = Emulator::new();
    let unscoped = root(&mut emulator, account::OIDC_USER);
    emulator.revoke_unscoped(System::Keystone);
    let scope = project(account::KEYSTONE_PROJECT_ID);
    let answer = exchange(&mut emulator, "token", &unscoped, scope.clone(), Duration::ZERO);
    assert_eq!(answer.status(), 404);

    let unscoped = root(&mut emulator, account::OIDC_USER);
    let last = Duration::hours(1) - Duration::SECOND;
    for (after, status) in [(last, 201), (last + Duration::SECOND, 404)] {
        let answer = exchange(&mut emulator, "token", &unscoped, scope.clone(), after);
        assert_eq!(answer.status(), status);
    }
}
