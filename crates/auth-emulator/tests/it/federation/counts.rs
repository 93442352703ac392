//! Requests are counted by their kind.

use auth_emulator::{Emulator, RequestKind, System, account};
use http::{Method, Request};
use serde_json::json;

use super::{confidential, gate, person, text};
use crate::support::{ask, get, json, login, post, token, token_url};

#[test]
fn each_kind_has_a_count() {
    let mut emulator = Emulator::new();
    let keystone = System::Keystone;
    let kinds = [
        RequestKind::Login(keystone),
        RequestKind::Exchange(keystone),
        RequestKind::FederatedLogin(keystone),
        RequestKind::Question(keystone),
        RequestKind::Identity,
        RequestKind::ProviderLogin,
        RequestKind::Provider,
        RequestKind::Service,
    ];
    let counts = |emulator: &Emulator| kinds.map(|kind| emulator.count(kind));
    assert_eq!(counts(&emulator), [0; 8]);

    let tokens = person(&mut emulator, account::OIDC_USER);
    confidential(&mut emulator, &[]);
    assert_eq!(counts(&emulator), [0, 0, 0, 0, 0, 2, 0, 0], "refused ones count");
    for path in ["/jwks", "/token", "/none"] {
        ask(&mut emulator, get(format!("{}{path}", super::PROVIDER)), "");
    }
    assert_eq!(counts(&emulator), [0, 0, 0, 0, 0, 2, 3, 0]);

    let root = token(&gate(&mut emulator, text(&tokens, "access_token")));
    gate(&mut emulator, "bad");
    assert_eq!(counts(&emulator), [0, 0, 2, 0, 0, 2, 3, 0]);
    assert_eq!(emulator.logins(keystone), 0);

    login(&mut emulator, keystone);
    ask(&mut emulator, post(token_url(keystone)), "");
    for method in ["token", "mapped"] {
        let identity = json!({ "methods": [method], method: { "id": root } });
        let body = json!({ "auth": { "identity": identity } }).to_string();
        assert_eq!(ask(&mut emulator, post(token_url(keystone)), body).status(), 201);
    }
    assert_eq!(counts(&emulator), [2, 2, 2, 0, 0, 2, 3, 0]);
    assert_eq!(emulator.logins(keystone), 4, "an exchange is a login");

    for method in [Method::GET, Method::HEAD, Method::DELETE] {
        let request = Request::builder().method(method).uri(token_url(keystone));
        ask(&mut emulator, request, "");
    }
    assert_eq!(counts(&emulator), [2, 2, 2, 2, 1, 2, 3, 0]);
    ask(&mut emulator, get("https://nova.public.regionone.keystone.example/"), "");
    assert_eq!(counts(&emulator), [2, 2, 2, 2, 1, 2, 3, 1]);
    assert_eq!(emulator.requests(keystone), 10, "those to the provider are not Keystone's");

    let url = "https://iam.myhuaweicloud.com/v3.0/OS-AUTH/id-token/tokens";
    ask(&mut emulator, post(url), "");
    assert_eq!(emulator.count(RequestKind::FederatedLogin(System::Huawei)), 1);
    let agency = json!({ "auth": { "identity": { "methods": ["assume_role"] } } }).to_string();
    ask(&mut emulator, post(token_url(System::Huawei)), agency);
    assert_eq!(emulator.count(RequestKind::Exchange(System::Huawei)), 1);
    assert_eq!(json(&confidential(&mut emulator, &[]))["error"], "invalid_request");
    let debug = format!("{:?}", emulator.provider());
    assert_eq!(debug, "Provider { tokens: 3, .. }");
}
