//! The gate in front of Keystone, and Keystone's own refusals behind it.

use auth_emulator::{Emulator, Gate, System, account};
use http::{Method, Request};
use serde_json::json;
use time::Duration;

use super::{LOGIN, gate, gate_at, person, text};
use crate::support::{ask, json};

fn bearer(emulator: &mut Emulator, user: &str, field: &str) -> String {
    let tokens = person(emulator, user);
    format!("Bearer {}", text(&tokens, field))
}

#[test]
fn a_federated_login_is_unscoped() {
    let mut emulator = Emulator::new();
    let tokens = person(&mut emulator, account::OIDC_USER);
    let answer = gate(&mut emulator, text(&tokens, "access_token"));
    assert_eq!(answer.status(), 201);
    assert!(answer.headers().contains_key("x-subject-token"));
    let body = json(&answer);
    let token = &body["token"];
    assert_eq!(token["methods"], json!(["openid"]));
    for absent in ["catalog", "project", "domain", "system", "roles", "is_domain"] {
        assert!(token.get(absent).is_none(), "{absent}");
    }
    let user = &token["user"];
    assert_eq!(user["name"], account::OIDC_USER);
    assert_eq!(user["id"].as_str().unwrap().len(), 64);
    assert_eq!(user["domain"]["id"], user["domain"]["name"]);
    assert!(user.get("password_expires_at").is_none());
    let federation = &user["OS-FEDERATION"];
    assert_eq!(federation["identity_provider"], json!({ "id": "idp1" }));
    assert_eq!(federation["protocol"], json!({ "id": "openid" }));
    assert_eq!(federation["groups"].as_array().unwrap().len(), 1);
}

#[test]
fn get_and_post_are_the_same() {
    let mut emulator = Emulator::new();
    let bearer = bearer(&mut emulator, account::OIDC_USER, "access_token");
    let root = System::Keystone.identity_url();
    for (method, query, body, status) in [
        (Method::GET, "", "", 201),
        (Method::POST, "", "", 201),
        (Method::POST, "?nocatalog", r#"{"auth": {"scope": {"project": {"id": "x"}}}}"#, 201),
        (Method::POST, "", "no JSON", 201),
        (Method::HEAD, "", "", 201),
        (Method::PUT, "", "", 405),
    ] {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{root}/OS-FEDERATION{LOGIN}{query}"))
            .header("Authorization", &bearer);
        let answer = ask(&mut emulator, request, body);
        assert_eq!(answer.status(), status, "{method} {query} {body}");
    }
}

#[test]
fn refusals_are_those_of_gate_or_keystone() {
    let mut emulator = Emulator::new();
    let mut of = |user| Some(bearer(&mut emulator, user, "access_token"));
    let good = of(account::OIDC_USER);
    let (stranger, bare) = (of(account::OIDC_UNMAPPED_USER), of(account::OIDC_BARE_USER));
    let id_token = Some(bearer(&mut emulator, account::OIDC_USER, "id_token"));
    let refresh_token = Some(bearer(&mut emulator, account::OIDC_USER, "refresh_token"));
    let scheme = good.as_ref().map(|bearer| bearer.replace("Bearer", "bearer"));
    let basic = good.as_ref().map(|bearer| bearer.replace("Bearer", "Basic"));
    let cut = good.as_ref().map(|bearer| bearer[..bearer.len() - 1].to_owned());
    let unknown = "/identity_providers/nope/protocols/openid/auth";
    let disabled = "/identity_providers/idp1/protocols/saml9/auth";
    let both = "/identity_providers/nope/protocols/saml9/auth";
    let unmapped = "/identity_providers/idp1/protocols/mapped/auth";
    let gate = "Bearer error=\"invalid_token\"";
    let keystone = "Keystone uri=\"https://identity.keystone.example/v3\"";
    for (name, path, authorization, status, challenge) in [
        ("good", LOGIN, &good, 201, ""),
        ("another case", LOGIN, &scheme, 201, ""),
        ("unknown bearer", LOGIN, &Some("Bearer bad".to_owned()), 401, gate),
        ("cut bearer", LOGIN, &cut, 401, gate),
        ("another scheme", LOGIN, &basic, 401, gate),
        ("no scheme", LOGIN, &Some("bad".to_owned()), 401, gate),
        ("an ID token", LOGIN, &id_token, 401, gate),
        ("a refresh token", LOGIN, &refresh_token, 401, gate),
        ("no bearer", LOGIN, &None, 302, ""),
        ("no mapping", LOGIN, &stranger, 401, keystone),
        ("no claims", LOGIN, &bare, 401, keystone),
        ("unknown provider", unknown, &good, 404, ""),
        ("unknown provider, bad bearer", unknown, &Some("Bearer bad".to_owned()), 401, gate),
        ("unknown provider, no bearer", unknown, &None, 302, ""),
        ("disabled protocol", disabled, &good, 401, keystone),
        ("no such protocol", unmapped, &good, 404, ""),
        ("disabled protocol, unknown provider", both, &good, 401, keystone),
        ("disabled protocol, no bearer", disabled, &None, 401, keystone),
    ] {
        let answer = gate_at(&mut emulator, path, authorization.as_deref(), Duration::ZERO);
        assert_eq!(answer.status(), status, "{name}");
        let shown = answer.headers().get("www-authenticate").map_or("", |it| it.to_str().unwrap());
        assert_eq!(shown, challenge, "{name}");
        match (status, challenge == gate) {
            (302, _) => {
                let location = answer.headers()["location"].to_str().unwrap();
                assert!(location.starts_with("https://login.keystone.example/authorize?"));
                assert!(answer.body().is_empty());
            }
            (401, true) => {
                assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
                assert!(answer.body().starts_with(b"<!doctype html>"));
            }
            (401 | 404, _) => {
                let error = &json(&answer)["error"];
                assert_eq!(error["code"], status, "{name}");
                let is_listed = error["identity"]["methods"].is_array();
                assert_eq!(is_listed, path == disabled || path == both, "{name}");
            }
            _ => {}
        }
    }
    let answer = gate_at(&mut emulator, unknown, good.as_deref(), Duration::ZERO);
    assert_eq!(json(&answer)["error"]["message"], "Could not find Identity Provider: nope.");
}

#[test]
fn other_paths_are_no_login() {
    let mut emulator = Emulator::new();
    let bearer = bearer(&mut emulator, account::OIDC_USER, "access_token");
    for path in [
        "/identity_providers/idp1/protocols/openid",
        "/identity_providers/idp1/protocols/openid/auth/",
        "/identity_providers//protocols/openid/auth",
        "/identity_providers/idp1/protocols//auth",
        "/identity_providers/idp1/x/protocols/openid/auth",
        "/identity_providers/idp1/protocols/openid/x/auth",
    ] {
        let answer = gate_at(&mut emulator, path, Some(&bearer), Duration::ZERO);
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[test]
fn the_gate_takes_what_its_operator_says() {
    let mut emulator = Emulator::new();
    let of = |emulator: &mut Emulator, field| bearer(emulator, account::OIDC_USER, field);
    for (setting, access, id) in
        [(Gate::AccessToken, 201, 401), (Gate::IdToken, 401, 201), (Gate::Browser, 302, 302)]
    {
        emulator.gate(setting);
        for (field, status) in [("access_token", access), ("id_token", id)] {
            let bearer = of(&mut emulator, field);
            let answer = gate_at(&mut emulator, LOGIN, Some(&bearer), Duration::ZERO);
            assert_eq!(answer.status(), status, "{setting:?} {field}");
        }
    }
}
