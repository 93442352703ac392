use auth_emulator::{Emulator, System, totp_code};
use http::Response;
use serde_json::{Value, json};
use time::Duration;

use super::{alpha, code, log_in, message, password, post_at, project};
use crate::support::{json, now};

/// The receipt of a refused login.
#[track_caller]
fn receipt(answer: &Response<Vec<u8>>) -> String {
    assert_eq!(answer.status(), 401);
    assert!(!answer.headers().contains_key("www-authenticate"));
    answer.headers()["openstack-auth-receipt"].to_str().unwrap().to_owned()
}

/// Both factors of a user in one request.
fn both(user: &str, code: &str) -> Value {
    let mut identity = password(user);
    identity["totp"] = self::code(user, code)["totp"].take();
    identity
}

/// A code that is not the current one.
fn wrong() -> String {
    totp_code(now()).chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

#[test]
fn the_second_factor_comes_with_the_receipt() {
    let now_code = totp_code(now());
    for (first, second) in
        [(password("mfa"), code("mfa", &now_code)), (code("mfa", &now_code), password("mfa"))]
    {
        let mut emulator = Emulator::new();
        let asked = log_in(&mut emulator, &first, alpha());
        let receipt = receipt(&asked);
        assert_eq!(receipt.len(), 119);
        let body = json(&asked);
        assert_eq!(body["required_auth_methods"], json!([["password", "totp"]]));
        let method = first.as_object().unwrap().keys().next().unwrap();
        assert_eq!(body["receipt"]["methods"], json!([method]));
        assert_eq!(body["receipt"]["user"]["name"], "mfa");
        assert_eq!(body["receipt"]["issued_at"], "2026-03-01T12:00:00.000000Z");
        assert_eq!(body["receipt"]["expires_at"], "2026-03-01T12:05:00.000000Z");

        let answer = post_at(&mut emulator, &second, alpha(), &receipt, now());
        assert_eq!(answer.status(), 201, "{}", json(&answer));
        let token = &json(&answer)["token"];
        assert_eq!(token["methods"], json!(["password", "totp"]));
        assert_eq!(token["project"]["name"], "alpha");
        assert_eq!(emulator.logins(System::Keystone), 2);
    }
}

#[test]
fn a_receipt_is_of_one_user_for_five_minutes() {
    let mut emulator = Emulator::new();
    let receipt = receipt(&log_in(&mut emulator, &password("mfa"), alpha()));
    let late = now() + Duration::minutes(5);
    let early = late - Duration::seconds(1);
    for (identity, given, at) in [
        (code("mfa", &totp_code(now())), "spoilt", now()),
        (code("totp", &totp_code(now())), receipt.as_str(), now()),
        (password("alice"), receipt.as_str(), now()),
        (code("mfa", &totp_code(late)), receipt.as_str(), late),
    ] {
        let answer = post_at(&mut emulator, &identity, alpha(), given, at);
        assert_eq!(answer.status(), 401, "{identity}");
        assert_eq!(message(&answer), format!("Could not find auth receipt: {given}."));
    }
    // A wrong code, and the same factor again.
    let answer = post_at(&mut emulator, &code("mfa", &wrong()), alpha(), &receipt, now());
    assert_eq!(message(&answer), super::REQUIRES);
    let again = self::receipt(&post_at(&mut emulator, &password("mfa"), alpha(), &receipt, now()));
    assert_ne!(again, receipt);
    // Revoked tokens leave the receipt.
    emulator.revoke_all();
    let answer = post_at(&mut emulator, &code("mfa", &totp_code(early)), None, &receipt, early);
    assert_eq!(answer.status(), 201);
}

#[test]
fn codes_are_taken_for_a_minute() {
    let mut emulator = Emulator::new();
    for (seconds, status) in [(0, 201), (-30, 201), (-60, 401), (30, 401)] {
        let shown = totp_code(now() + Duration::seconds(seconds));
        for _ in 0..2 {
            let answer = log_in(&mut emulator, &code("totp", &shown), alpha());
            assert_eq!(answer.status(), status, "{seconds}");
        }
    }
    for (identity, status) in [
        (password("totp"), 201),
        (both("totp", &totp_code(now())), 201),
        (both("totp", &wrong()), 401),
        (code("alice", &totp_code(now())), 401),
        (code("totp", &format!(" {}", totp_code(now()))), 401),
        (json!({"totp": {"user": {"name": "totp", "domain": {"id": "default"}}}}), 401),
        (json!({"totp": {"user": {}}}), 400),
    ] {
        assert_eq!(log_in(&mut emulator, &identity, alpha()).status(), status, "{identity}");
    }
}

#[test]
fn both_factors_go_in_one_request() {
    let mut emulator = Emulator::new();
    let now_code = totp_code(now());
    let answer = log_in(&mut emulator, &both("mfa", &now_code), alpha());
    assert_eq!(json(&answer)["token"]["methods"], json!(["password", "totp"]));
    let mut two_users = password("mfa");
    two_users["totp"] = code("totp", &now_code)["totp"].take();
    for identity in [both("mfa", &wrong()), two_users] {
        let answer = log_in(&mut emulator, &identity, alpha());
        assert_eq!(answer.status(), 401);
        assert!(!answer.headers().contains_key("openstack-auth-receipt"), "{identity}");
    }
    // The factors are asked for before the roles, and after the scope.
    let beta = Some(project(auth_emulator::account::KEYSTONE_BETA_ID));
    receipt(&log_in(&mut emulator, &password("mfa"), beta));
    let unknown = log_in(&mut emulator, &password("mfa"), Some(project("unknown")));
    assert!(!unknown.headers().contains_key("openstack-auth-receipt"));
}
