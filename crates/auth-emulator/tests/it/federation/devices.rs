//! Device authorization: the device, and the person who approves it.

use auth_emulator::{Emulator, account};
use http::Response;
use serde_json::Value;
use time::{Duration, UtcDateTime};

use super::{PROVIDER, SERVICE, confidential, error, gate, post_form, public, text};
use crate::support::{ask, get, json, now};

const DEVICE: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");

fn begin(emulator: &mut Emulator) -> Value {
    let fields = [("client_id", account::OIDC_PUBLIC_CLIENT), ("scope", "openid")];
    let answer = post_form(emulator, "/device", None, &fields, now());
    assert_eq!(answer.status(), 200);
    json(&answer)
}

fn poll(emulator: &mut Emulator, device: &Value, seconds: i64) -> Response<Vec<u8>> {
    let fields = [DEVICE, ("device_code", text(device, "device_code"))];
    public(emulator, &fields, now() + Duration::seconds(seconds))
}

/// The errors of polls at these seconds; empty for tokens.
fn polls(emulator: &mut Emulator, device: &Value, seconds: &[i64]) -> Vec<String> {
    seconds.iter().map(|at| error(&poll(emulator, device, *at)).1).collect()
}

const PENDING: &str = "authorization_pending";

#[test]
fn a_device_waits_for_its_person() {
    let mut emulator = Emulator::new();
    let device = begin(&mut emulator);
    assert_eq!((&device["interval"], &device["expires_in"]), (&5.into(), &600.into()));
    let code = text(&device, "user_code");
    assert_eq!((code.len(), &code[4..5]), (9, "-"));
    assert_eq!(device["verification_uri"], format!("{PROVIDER}/device"));
    let page = ask(&mut emulator, get(text(&device, "verification_uri_complete")), "");
    assert!(String::from_utf8_lossy(page.body()).contains(code));

    assert_eq!(polls(&mut emulator, &device, &[0, 5]), [PENDING, PENDING]);
    let typed = code.replace('-', "").to_ascii_lowercase();
    assert!(emulator.provider().approve(&typed, account::OIDC_USER));
    assert!(!emulator.provider().approve(&typed, account::OIDC_USER), "it waits no more");
    let tokens = json(&poll(&mut emulator, &device, 10));
    assert_eq!(tokens["scope"], "openid");
    assert!(tokens.get("refresh_token").is_some() && tokens.get("id_token").is_some());
    let answer = gate(&mut emulator, text(&tokens, "access_token"));
    assert_eq!(json(&answer)["token"]["user"]["name"], account::OIDC_USER);
    assert_eq!(polls(&mut emulator, &device, &[15]), ["invalid_grant"], "one token a device");
}

#[test]
fn an_early_poll_makes_the_pause_longer() {
    let mut emulator = Emulator::new();
    let device = begin(&mut emulator);
    for (at, expected) in [
        (0, PENDING),
        (4, "slow_down"),
        // The pause is 10 seconds from here on, counted from the last question.
        (13, "slow_down"),
        // 15 seconds.
        (28, PENDING),
        (42, "slow_down"),
        // 20 seconds.
        (62, PENDING),
    ] {
        assert_eq!(polls(&mut emulator, &device, &[at]), [expected], "{at}");
    }
    // Another device has its own pause.
    let other = begin(&mut emulator);
    assert_eq!(polls(&mut emulator, &other, &[63, 68]), [PENDING, PENDING]);

    emulator.provider().interval(Duration::SECOND);
    let quick = begin(&mut emulator);
    assert_eq!(quick["interval"], 1);
    assert_eq!(polls(&mut emulator, &quick, &[70, 71, 72]), [PENDING; 3]);
}

#[test]
fn an_approval_does_not_excuse_haste() {
    let mut emulator = Emulator::new();
    let device = begin(&mut emulator);
    assert_eq!(polls(&mut emulator, &device, &[0]), [PENDING]);
    assert!(emulator.provider().approve(text(&device, "user_code"), account::OIDC_USER));
    assert_eq!(polls(&mut emulator, &device, &[4, 14]), ["slow_down", ""]);
}

#[test]
fn a_device_is_denied_or_forgotten() {
    let mut emulator = Emulator::new();
    let denied = begin(&mut emulator);
    assert!(emulator.provider().deny(text(&denied, "user_code")));
    assert_eq!(polls(&mut emulator, &denied, &[0, 5]), ["access_denied", "access_denied"]);

    emulator.provider().device_lifetime(Duration::MINUTE);
    let late = begin(&mut emulator);
    assert_eq!(late["expires_in"], 60);
    assert_eq!(polls(&mut emulator, &late, &[59, 60]), [PENDING, "expired_token"]);
}

#[test]
fn a_device_code_belongs_to_its_client() {
    let mut emulator = Emulator::new();
    let device = begin(&mut emulator);
    assert!(emulator.provider().approve(text(&device, "user_code"), account::OIDC_USER));
    let code = ("device_code", text(&device, "device_code"));
    assert_eq!(error(&confidential(&mut emulator, &[DEVICE, code])).1, "invalid_grant");
    assert_eq!(error(&confidential(&mut emulator, &[DEVICE])).1, "invalid_request");
    let unknown = [DEVICE, ("device_code", "x")];
    assert_eq!(error(&public(&mut emulator, &unknown, now())).1, "invalid_grant");
    // A client with a secret may have devices, too, and proves its secret at each step.
    let answer = post_form(&mut emulator, "/device", Some(SERVICE), &[], now());
    assert_eq!(answer.status(), 200);
    let fields = [("client_id", account::OIDC_CLIENT)];
    let answer = post_form(&mut emulator, "/device", None, &fields, now());
    assert_eq!(error(&answer), (401, "invalid_client".to_owned()));
    let scope = [("client_id", account::OIDC_PUBLIC_CLIENT), ("scope", "root")];
    let answer = post_form(&mut emulator, "/device", None, &scope, now());
    assert_eq!(error(&answer).1, "invalid_scope");
}

#[test]
fn the_page_takes_a_decision() {
    let mut emulator = Emulator::new();
    let (one, other) = (begin(&mut emulator), begin(&mut emulator));
    let mut decide = |fields: &[(&str, &str)]| {
        post_form(&mut emulator, "/device/decision", None, fields, UtcDateTime::UNIX_EPOCH)
    };
    let (code, denied) = (text(&one, "user_code"), text(&other, "user_code"));
    let user = |code| [("user_code", code), ("username", "fred"), ("password", "fred-pw")];
    let with = |code, decision| [&user(code)[..], &[("decision", decision)]].concat();
    for (fields, expected) in [
        (user(code).to_vec(), "invalid_request"),
        (with(code, "maybe"), "invalid_request"),
        (with("BBBB-BBBB", "approve"), "invalid_grant"),
        (vec![("user_code", code), ("username", "fred"), ("password", "x")], "invalid_grant"),
    ] {
        assert_eq!(error(&decide(&fields)).1, expected, "{fields:?}");
    }
    assert_eq!(decide(&with(denied, "deny")).status(), 200);
    assert_eq!(decide(&with(code, "approve")).status(), 200);
    assert_eq!(polls(&mut emulator, &one, &[0]), [""]);
    assert_eq!(polls(&mut emulator, &other, &[0]), ["access_denied"]);
}
