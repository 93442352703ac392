//! What the grants give, and when they are refused.

use auth_emulator::{Emulator, account, totp_code};
use http::StatusCode;
use serde_json::Value;
use time::Duration;

use super::{confidential, error, gate, person, post_form, public, text};
use crate::support::{json, now};

fn invalid(error: &str) -> (u16, String) {
    (400, error.to_owned())
}

#[test]
fn a_client_logs_in_for_itself() {
    let mut emulator = Emulator::new();
    let grant = ("grant_type", "client_credentials");
    let tokens = json(&confidential(&mut emulator, &[grant]));
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&"Bearer".into(), &300.into()));
    for absent in ["refresh_token", "id_token"] {
        assert!(tokens.get(absent).is_none(), "{absent}");
    }
    let with_scope = json(&confidential(&mut emulator, &[grant, ("scope", "profile openid")]));
    assert_eq!(with_scope["scope"], "profile openid");
    assert_ne!(with_scope["access_token"], tokens["access_token"]);
    let parts: Vec<_> = text(&with_scope, "id_token").split('.').collect();
    assert_eq!((parts.len(), parts[0]), (3, "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"));
    let answer = gate(&mut emulator, text(&tokens, "access_token"));
    assert_eq!(json(&answer)["token"]["user"]["name"], account::OIDC_CLIENT);
}

#[test]
fn a_scope_must_be_known() {
    let mut emulator = Emulator::new();
    for (scope, expected) in [
        ("openid profile email publicCloudProject/all", 200),
        ("openid email profile eduperson_entitlement", 200),
        ("", 200),
        ("  openid  ", 200),
        ("openid root", 400),
        ("OpenID", 400),
    ] {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        let answer = confidential(&mut emulator, &fields);
        assert_eq!(answer.status(), expected, "{scope}");
        if expected == 400 {
            assert_eq!(error(&answer).1, "invalid_scope");
        }
    }
    let other = [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")];
    assert_eq!(error(&confidential(&mut emulator, &other)), invalid("unsupported_grant_type"));
}

#[test]
fn a_person_logs_in_by_password() {
    let mut emulator = Emulator::new();
    let code = totp_code(now());
    let before = totp_code(now() - Duration::seconds(30));
    let old = totp_code(now() - Duration::seconds(60));
    let mut log_in = |fields: &[(&str, &str)]| {
        let fields = [&[("grant_type", "password")], fields].concat();
        public(&mut emulator, &fields, now())
    };
    let user = |name| ("username", name);
    let password = |password| ("password", password);
    for (name, fields, expected) in [
        ("right", vec![user("fred"), password("fred-pw")], None),
        ("a code too many", vec![user("fred"), password("fred-pw"), ("totp", "1")], None),
        ("with a code", vec![user("otto"), password("otto-pw"), ("totp", &code)], None),
        ("the code before", vec![user("otto"), password("otto-pw"), ("totp", &before)], None),
        ("an old code", vec![user("otto"), password("otto-pw"), ("totp", &old)], INVALID),
        ("a wrong code", vec![user("otto"), password("otto-pw"), ("totp", "000000")], INVALID),
        ("no code", vec![user("otto"), password("otto-pw")], INVALID),
        ("another field", vec![user("otto"), password("otto-pw"), ("otp", &code)], INVALID),
        ("wrong password", vec![user("fred"), password("otto-pw")], INVALID),
        ("unknown user", vec![user("alice"), password("alice-pw")], INVALID),
        ("a client", vec![user("service"), password("service-secret")], INVALID),
        ("no password", vec![user("fred")], Some("invalid_request")),
        ("no user", vec![password("fred-pw")], Some("invalid_request")),
    ] {
        let answer = log_in(&fields);
        match expected {
            None => assert!(json(&answer).get("refresh_token").is_some(), "{name}"),
            Some(expected) => assert_eq!(error(&answer), invalid(expected), "{name}"),
        }
    }
    emulator.provider().code_field("otp").password(account::OIDC_CODE_USER, "changed");
    let fields =
        [("grant_type", "password"), user("otto"), password("changed"), ("otp", code.as_str())];
    assert_eq!(public(&mut emulator, &fields, now()).status(), 200);
}

const INVALID: Option<&str> = Some("invalid_grant");

/// A refresh by the public client.
fn refresh(emulator: &mut Emulator, tokens: &Value, after: Duration) -> http::Response<Vec<u8>> {
    let token = text(tokens, "refresh_token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    public(emulator, &fields, now() + after)
}

#[test]
fn a_refresh_token_is_valid_once() {
    let mut emulator = Emulator::new();
    let other = person(&mut emulator, account::OIDC_USER);
    let first = person(&mut emulator, account::OIDC_USER);
    let second = json(&refresh(&mut emulator, &first, Duration::ZERO));
    assert_eq!(second["scope"], "openid");
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    for tokens in [&first, &second] {
        assert_eq!(gate(&mut emulator, text(tokens, "access_token")).status(), 201);
    }
    let again = refresh(&mut emulator, &first, Duration::ZERO);
    assert_eq!(error(&again), invalid("invalid_grant"));
    for tokens in [&first, &second] {
        assert_eq!(gate(&mut emulator, text(tokens, "access_token")).status(), 401);
    }
    let last = refresh(&mut emulator, &second, Duration::ZERO);
    assert_eq!(error(&last), invalid("invalid_grant"), "the family is revoked");
    assert_eq!(refresh(&mut emulator, &other, Duration::ZERO).status(), 200, "another login");
}

#[test]
fn a_refresh_token_belongs_to_its_client() {
    let mut emulator = Emulator::new();
    let tokens = person(&mut emulator, account::OIDC_USER);
    let mut refresh = |fields: &[(&str, &str)]| {
        let fields = [&[("grant_type", "refresh_token")], fields].concat();
        confidential(&mut emulator, &fields)
    };
    for token in [text(&tokens, "refresh_token"), text(&tokens, "access_token"), "x"] {
        assert_eq!(error(&refresh(&[("refresh_token", token)])), invalid("invalid_grant"));
    }
    assert_eq!(error(&refresh(&[])), invalid("invalid_request"));
    let token = text(&tokens, "refresh_token");
    let mut narrow = |scope| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        public(&mut emulator, &fields, now())
    };
    assert_eq!(error(&narrow("openid profile")), invalid("invalid_scope"));
    let answer = narrow("openid");
    assert_eq!(answer.status(), 200, "the refused refresh has not used the token");
    assert_eq!(json(&answer)["scope"], "openid");
}

#[test]
fn provider_tokens_end() {
    let mut emulator = Emulator::new();
    let minute = Duration::MINUTE;
    emulator.provider().access_lifetime(minute).refresh_lifetime(2 * minute);
    let tokens = person(&mut emulator, account::OIDC_USER);
    assert_eq!(tokens["expires_in"], 60);
    let bearer = format!("Bearer {}", text(&tokens, "access_token"));
    let mut at =
        |after| super::gate_at(&mut emulator, super::LOGIN, Some(&bearer), after).status().as_u16();
    assert_eq!((at(minute - Duration::NANOSECOND), at(minute)), (201, 401));
    let late = refresh(&mut emulator, &tokens, 2 * minute);
    assert_eq!(error(&late), invalid("invalid_grant"));

    emulator.provider().access_lifetime(-minute);
    let tokens = person(&mut emulator, account::OIDC_USER);
    assert_eq!(gate(&mut emulator, text(&tokens, "access_token")).status(), 401);
    emulator.provider().access_lifetime(minute);
    let tokens = person(&mut emulator, account::OIDC_USER);
    emulator.provider().revoke_all();
    assert_eq!(gate(&mut emulator, text(&tokens, "access_token")).status(), 401);
    assert_eq!(refresh(&mut emulator, &tokens, Duration::ZERO).status(), 400);
}

#[test]
fn the_provider_fails_as_told() {
    let mut emulator = Emulator::new();
    for (status, expected) in [
        (503, "temporarily_unavailable"),
        (502, "temporarily_unavailable"),
        (429, "temporarily_unavailable"),
        (500, "server_error"),
        (401, "invalid_client"),
        (400, "invalid_request"),
    ] {
        emulator.provider().fail_next(StatusCode::from_u16(status).unwrap());
        let answer = confidential(&mut emulator, &[("grant_type", "client_credentials")]);
        assert_eq!(error(&answer), (status, expected.to_owned()));
    }
    let answer = post_form(&mut emulator, "/device", Some(super::SERVICE), &[], now());
    assert_eq!(answer.status(), 200);
}
