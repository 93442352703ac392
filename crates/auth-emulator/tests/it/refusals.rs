//! Requests that every system refuses.

use auth_emulator::{Emulator, System};
use http::{Method, Request};
use serde_json::json;

use crate::support::{ask, edited, json, login_body, post, token_url};

const SYSTEMS: [System; 4] = [System::NhnIaas, System::Otc, System::Kakao, System::Huawei];

#[test]
fn wrong_content_types_are_refused() {
    let charset = ["application/json;charset=utf8", "application/json; charset=UTF-8"];
    let never = ["text/plain", "application/jsonx", "application/json;charset=latin1", "", "json"];
    for system in SYSTEMS {
        let mut emulator = Emulator::new();
        let mut status = |content_type: &[&str]| {
            let mut request = Request::post(token_url(system));
            for value in content_type {
                request = request.header("Content-Type", *value);
            }
            ask(&mut emulator, request, login_body(system)).status().as_u16()
        };
        let success = if system == System::NhnIaas { 200 } else { 201 };
        assert_eq!(status(&["application/json"]), success);
        for accepted in charset {
            let expected = if system == System::Kakao { 400 } else { success };
            assert_eq!(status(&[accepted]), expected, "{system}: {accepted}");
        }
        for refused in never {
            assert_eq!(status(&[refused]), 400, "{system}: {refused:?}");
        }
        assert_eq!(status(&[]), 400, "{system}: no header");
        assert_eq!(status(&["application/json", "application/json"]), 400, "{system}: two");
    }
}

#[test]
fn wrong_methods_and_paths_are_refused() {
    for system in SYSTEMS {
        let mut emulator = Emulator::new();
        let url = token_url(system);
        let answer = ask(&mut emulator, Request::put(&url), login_body(system));
        assert_eq!(answer.status(), 405, "{system}");
        assert!(answer.headers()["allow"].to_str().unwrap().contains("POST"));
        let root = system.identity_url();
        for path in [format!("{url}/"), format!("{root}/auth"), format!("{root}/nothing")] {
            assert_eq!(ask(&mut emulator, post(&path), login_body(system)).status(), 404, "{path}");
        }
        assert_eq!(emulator.logins(system), 0);
    }
    let mut emulator = Emulator::new();
    let without_prefix = "https://iam.kakaocloud.com/v3/auth/tokens";
    let answer = ask(&mut emulator, post(without_prefix), login_body(System::Kakao));
    assert_eq!(answer.status(), 404);
}

#[test]
fn bodies_without_a_login_are_refused() {
    for system in SYSTEMS {
        let mut emulator = Emulator::new();
        let nested = "[".repeat(100_000);
        for body in ["", "{", "null", "[]", "{}", r#"{"auth":null}"#, "\u{feff}{}", &nested] {
            let answer = ask(&mut emulator, post(token_url(system)), body);
            assert_eq!(answer.status(), 400, "{system}");
            let error = &json(&answer)["error"];
            assert_eq!((&error["code"], &error["title"]), (&json!(400), &json!("Bad Request")));
        }
        assert_eq!(ask(&mut emulator, post(token_url(system)), [0xff, 0xfe]).status(), 400);
        assert_eq!(emulator.logins(system), 9);
    }
}

#[test]
fn too_large_bodies_are_refused() {
    for system in SYSTEMS {
        let mut emulator = Emulator::new();
        let mut body = login_body(system).to_owned();
        body.push_str(&" ".repeat(114_688 - body.len()));
        assert!(ask(&mut emulator, post(token_url(system)), &body).status().is_success());
        body.push(' ');
        let answer = ask(&mut emulator, post(token_url(system)), &body);
        assert_eq!(answer.status(), 413);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert_eq!(answer.headers()["connection"], "close");
    }
}

#[test]
fn methods_must_match_the_objects() {
    for (system, method) in [
        (System::Otc, "password"),
        (System::Huawei, "password"),
        (System::Kakao, "application_credential"),
    ] {
        for (methods, status) in [
            (json!([method]), 201),
            (json!([]), 401),
            (json!(["token"]), 400),
            (json!([method, "totp"]), 401),
            (json!(method), 400),
            (json!([1]), 400),
            (json!(null), 400),
        ] {
            let pointer = "/auth/identity/methods";
            let body = edited(login_body(system), pointer, Some(methods.clone()));
            let answer = ask(&mut Emulator::new(), post(token_url(system)), body);
            assert_eq!(answer.status(), status, "{system}: {methods}");
        }
        let without = edited(login_body(system), &format!("/auth/identity/{method}"), None);
        let stray = edited(login_body(system), "/auth/identity/totp", Some(json!({})));
        for body in [without, stray] {
            let answer = ask(&mut Emulator::new(), post(token_url(system)), body);
            assert_eq!(answer.status(), 400);
        }
    }
}

#[test]
fn a_401_names_keystone_and_the_service() {
    let mut emulator = Emulator::new();
    for (url, identity) in [
        (
            "https://iam.eu-nl.otc.t-systems.com/v3/auth/tokens",
            "https://iam.eu-nl.otc.t-systems.com/v3",
        ),
        (
            "http://localhost:1/kakao/identity/v3/auth/tokens",
            "http://localhost:1/kakao/identity/v3",
        ),
    ] {
        let request = Request::builder().method(Method::DELETE).uri(url);
        let answer = ask(&mut emulator, request, "");
        assert_eq!(answer.status(), 401);
        let challenge = format!("Keystone uri=\"{identity}\"");
        assert_eq!(answer.headers()["www-authenticate"], challenge);
    }
}
