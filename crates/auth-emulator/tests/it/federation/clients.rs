//! How clients prove who they are, and what the provider shows to everybody.

use auth_emulator::{Emulator, account};
use http::{Method, Request};
use serde_json::json;

use super::{PROVIDER, SERVICE, confidential, error, person, post_form, public, text};
use crate::support::{ask, get, json, now, post};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[test]
fn clients_authenticate_in_one_way() {
    let mut emulator = Emulator::new();
    let basic = |text: &str| Some(format!("Basic {text}"));
    let id = ("client_id", account::OIDC_CLIENT);
    let secret = ("client_secret", account::OIDC_CLIENT_SECRET);
    let ok = (200, "");
    let client = (401, "invalid_client");
    let request = (400, "invalid_request");
    for (name, authorization, fields, expected) in [
        ("basic", basic("c2VydmljZTpzZXJ2aWNlLXNlY3JldA=="), vec![], ok),
        ("basic, encoded", basic("JTczZXJ2aWNlOnNlcnZpY2UlMkRzZWNyZXQ="), vec![], ok),
        ("basic, and its id", basic("c2VydmljZTpzZXJ2aWNlLXNlY3JldA=="), vec![id], ok),
        ("scheme", Some("bAsIc c2VydmljZTpzZXJ2aWNlLXNlY3JldA==".to_owned()), vec![], ok),
        ("form", None, vec![id, secret], ok),
        ("wrong secret", basic("c2VydmljZTp3cm9uZw=="), vec![], client),
        ("unknown client", basic("bm9ib2R5OnNlcnZpY2Utc2VjcmV0"), vec![], client),
        ("empty secret", basic("c2VydmljZTo="), vec![], client),
        ("no colon", basic("c2VydmljZQ=="), vec![], client),
        ("no base64", basic("?"), vec![], client),
        ("bearer", Some("Bearer c2VydmljZTpzZXJ2aWNlLXNlY3JldA==".to_owned()), vec![], client),
        ("nothing", None, vec![], client),
        ("no secret", None, vec![id], client),
        ("wrong secret in the form", None, vec![id, ("client_secret", "x")], client),
        ("both", basic("c2VydmljZTpzZXJ2aWNlLXNlY3JldA=="), vec![id, secret], request),
        (
            "another id",
            basic("c2VydmljZTpzZXJ2aWNlLXNlY3JldA=="),
            vec![("client_id", account::OIDC_PUBLIC_CLIENT)],
            request,
        ),
    ] {
        let fields = [vec![GRANT], fields].concat();
        let answer = post_form(&mut emulator, "/token", authorization.as_deref(), &fields, now());
        assert_eq!(error(&answer), (expected.0, expected.1.to_owned()), "{name}");
        let challenge = answer.headers().get("www-authenticate");
        assert_eq!(challenge.is_some(), expected == client, "{name}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{name}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{name}");
    }
}

#[test]
fn a_public_client_has_no_secret() {
    let mut emulator = Emulator::new();
    emulator.provider().client_secret(account::OIDC_PUBLIC_CLIENT, "x");
    let user = [("username", account::OIDC_USER), ("password", account::OIDC_PASSWORD)];
    let grant = [&[("grant_type", "password")][..], &user].concat();
    assert_eq!(public(&mut emulator, &grant, now()).status(), 200);
    let with_secret = [&grant[..], &[("client_secret", "x")]].concat();
    assert_eq!(error(&public(&mut emulator, &with_secret, now())).1, "invalid_client");
    // `cli:` and `cli:x`
    for (text, status) in [("Y2xpOg==", 200), ("Y2xpOng=", 401)] {
        let basic = format!("Basic {text}");
        let answer = post_form(&mut emulator, "/token", Some(&basic), &grant, now());
        assert_eq!(answer.status(), status, "{text}");
    }
    assert_eq!(error(&public(&mut emulator, &[GRANT], now())), refused("unauthorized_client"));
}

#[test]
fn a_secret_can_be_changed() {
    let mut emulator = Emulator::new();
    let before = json(&confidential(&mut emulator, &[GRANT]));
    emulator.provider().client_secret(account::OIDC_CLIENT, "p@ss w:rd");
    assert_eq!(error(&confidential(&mut emulator, &[GRANT])).1, "invalid_client");
    // `service:p%40ss+w%3Ard`
    let encoded = "Basic c2VydmljZTpwJTQwc3MrdyUzQXJk";
    let answer = post_form(&mut emulator, "/token", Some(encoded), &[GRANT], now());
    assert_eq!(answer.status(), 200);
    let bearer = format!("Bearer {}", text(&before, "access_token"));
    let answer = super::gate_at(&mut emulator, super::LOGIN, Some(&bearer), time::Duration::ZERO);
    assert_eq!(answer.status(), 201, "the earlier token is still valid");
}

#[test]
fn discovery_names_the_endpoints() {
    let mut emulator = Emulator::new();
    for root in [PROVIDER, "http://localhost:81/provider"] {
        let answer =
            ask(&mut emulator, get(format!("{root}/.well-known/openid-configuration")), "");
        assert_eq!(answer.status(), 200);
        let document = json(&answer);
        assert_eq!(document["issuer"], root);
        for (field, path) in [
            ("token_endpoint", "/token"),
            ("device_authorization_endpoint", "/device"),
            ("introspection_endpoint", "/introspect"),
            ("jwks_uri", "/jwks"),
            ("authorization_endpoint", "/authorize"),
        ] {
            assert_eq!(document[field], format!("{root}{path}"));
        }
        assert_eq!(document["grant_types_supported"].as_array().unwrap().len(), 4);
    }
    emulator.provider().disable_grant("client_credentials");
    let url = format!("{PROVIDER}/.well-known/openid-configuration");
    let document = json(&ask(&mut emulator, get(url), ""));
    assert!(!document["grant_types_supported"].to_string().contains("client_credentials"));
    let answer = confidential(&mut emulator, &[GRANT]);
    assert_eq!(error(&answer), refused("unsupported_grant_type"));
}

#[test]
fn each_path_has_its_methods() {
    let mut emulator = Emulator::new();
    for (path, methods) in [
        ("/.well-known/openid-configuration", "GET, HEAD"),
        ("/jwks", "GET, HEAD"),
        ("/authorize", "GET, HEAD"),
        ("/token", "POST"),
        ("/introspect", "POST"),
        ("/device/decision", "POST"),
        ("/device", "GET, HEAD, POST"),
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
            let allowed = methods.split(", ").any(|own| own == method.as_str());
            let request =
                Request::builder().method(method.clone()).uri(format!("{PROVIDER}{path}"));
            let answer = ask(&mut emulator, request, "");
            assert_eq!(answer.status() == 405, !allowed, "{method} {path}");
            if !allowed {
                assert_eq!(answer.headers()["allow"], methods, "{method} {path}");
            }
        }
    }
    for path in ["", "/", "/tokens", "/token/", "/.well-known"] {
        let answer = ask(&mut emulator, get(format!("{PROVIDER}{path}")), "");
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[test]
fn introspection_is_for_clients_with_a_secret() {
    let mut emulator = Emulator::new();
    let tokens = person(&mut emulator, account::OIDC_USER);
    let mut about = |authorization: Option<&str>, fields: &[(&str, &str)]| {
        post_form(&mut emulator, "/introspect", authorization, fields, now())
    };
    for field in ["access_token", "refresh_token", "id_token"] {
        let answer = json(&about(Some(SERVICE), &[("token", text(&tokens, field))]));
        assert_eq!(answer["active"], true, "{field}");
        assert_eq!(answer["sub"], account::OIDC_USER);
        assert_eq!(answer["client_id"], account::OIDC_PUBLIC_CLIENT);
        assert_eq!(answer["iss"], PROVIDER);
        assert!(answer["exp"].as_i64() > answer["iat"].as_i64());
        assert_eq!(answer.get("token_type").is_some(), field == "access_token");
    }
    let unknown = about(Some(SERVICE), &[("token", "unknown")]);
    assert_eq!(json(&unknown), json!({ "active": false }));
    assert_eq!(error(&about(Some(SERVICE), &[])), refused("invalid_request"));
    let token = ("token", text(&tokens, "access_token"));
    let public = about(None, &[("client_id", account::OIDC_PUBLIC_CLIENT), token]);
    assert_eq!(error(&public).1, "invalid_client");
}

#[test]
fn pages_are_for_people() {
    let mut emulator = Emulator::new();
    for path in ["/authorize?x=1", "/device", "/device?user_code=%22%3E%3Cscript%3E"] {
        let answer = ask(&mut emulator, get(format!("{PROVIDER}{path}")), "");
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        let page = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(!page.contains("%22") && !page.contains("<script"), "{page}");
    }
    let answer = ask(&mut emulator, get(format!("{PROVIDER}/jwks")), "");
    assert_eq!(json(&answer), json!({ "keys": [] }));
}

#[test]
fn a_body_is_a_form() {
    let mut emulator = Emulator::new();
    let url = format!("{PROVIDER}/token");
    for (request, body) in [
        (post(&url), "{}"),
        (Request::post(&url), "grant_type=client_credentials"),
        (Request::post(&url).header("Content-Type", FORM), "grant_type=a&grant_type=b"),
        (Request::post(&url).header("Content-Type", FORM), "scope=openid"),
        (Request::post(&url).header("Content-Type", FORM), "grant_type="),
        (Request::post(&url).header("Content-Type", FORM), ""),
    ] {
        let answer = ask(&mut emulator, request.header("Authorization", SERVICE), body);
        assert_eq!(error(&answer), refused("invalid_request"), "{body}");
    }
    let with_charset = Request::post(&url).header("Content-Type", format!("{FORM};charset=UTF-8"));
    let body = "%67rant_type=client%5Fcredentials&a&=b&&";
    let answer = ask(&mut emulator, with_charset.header("Authorization", SERVICE), body);
    assert_eq!(answer.status(), 200);
    let large = Request::post(&url).header("Content-Type", FORM);
    assert_eq!(ask(&mut emulator, large, vec![b'a'; 200_000]).status(), 413);
}

const FORM: &str = "application/x-www-form-urlencoded";

fn refused(error: &str) -> (u16, String) {
    (400, error.to_owned())
}
