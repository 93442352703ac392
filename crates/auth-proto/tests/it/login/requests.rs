//! The request of each method and scope.

use auth_proto::{Cloud, Credential, DomainRef, Factor, Login, Scope, UserRef};
use serde_json::{Value, json};

use super::{PASSWORD, keystone, password};
use crate::support::{alice, first_request, json as read, request_of};

fn auth(cloud: &Cloud, credential: Credential, scope: Scope) -> Value {
    read(first_request(cloud, credential, scope).body())["auth"].clone()
}

#[test]
fn each_v3_method_has_its_form() {
    let user = json!({"name": "alice", "domain": {"name": "Default"}});
    let with = |key: &str, value: &str| {
        let mut user = user.clone();
        user[key] = json!(value);
        json!({"user": user})
    };
    for (credential, expect) in [
        (password(), json!({"methods": ["password"], "password": with("password", PASSWORD)})),
        (
            Credential::password(UserRef::id("u1"), "pw"),
            json!({"methods": ["password"], "password": {"user": {"id": "u1", "password": "pw"}}}),
        ),
        (
            Credential::totp(alice(), "123456"),
            json!({"methods": ["totp"], "totp": with("passcode", "123456")}),
        ),
        (
            password().and(Factor::totp("123456")),
            json!({
                "methods": ["password", "totp"],
                "password": with("password", PASSWORD),
                "totp": with("passcode", "123456"),
            }),
        ),
        (Credential::token("abc"), json!({"methods": ["token"], "token": {"id": "abc"}})),
        (
            Credential::application_credential("key", "sesame"),
            json!({
                "methods": ["application_credential"],
                "application_credential": {"id": "key", "secret": "sesame"},
            }),
        ),
        (
            Credential::application_credential_of(alice(), "key", "sesame"),
            json!({
                "methods": ["application_credential"],
                "application_credential": {"name": "key", "secret": "sesame", "user": user},
            }),
        ),
    ] {
        assert_eq!(auth(&keystone(), credential, Scope::default()), json!({"identity": expect}));
    }
}

#[test]
fn each_v3_scope_has_its_form() {
    for (scope, expect) in [
        (Scope::project_id("p"), json!({"project": {"id": "p"}})),
        (
            Scope::project_name_in("p", DomainRef::id("d")),
            json!({"project": {"name": "p", "domain": {"id": "d"}}}),
        ),
        (Scope::domain_id("d"), json!({"domain": {"id": "d"}})),
        (Scope::domain_name("d"), json!({"domain": {"name": "d"}})),
        (Scope::system(), json!({"system": {"all": true}})),
        (Scope::trust("t"), json!({"OS-TRUST:trust": {"id": "t"}})),
        (Scope::unscoped(), json!("unscoped")),
    ] {
        assert_eq!(auth(&keystone(), password(), scope)["scope"], expect);
    }
    assert!(auth(&keystone(), password(), Scope::default()).get("scope").is_none());
}

#[test]
fn each_v2_login_has_its_form() {
    let cloud = Cloud::keystone("https://keystone.example:5000/v2.0/").unwrap();
    let by_name = || Credential::password("alice", "pw");
    let name = json!({"username": "alice", "password": "pw"});
    for (credential, scope, expect) in [
        (by_name(), Scope::default(), json!({"passwordCredentials": name})),
        (by_name(), Scope::unscoped(), json!({"passwordCredentials": name})),
        (by_name(), Scope::project_id("p"), json!({"passwordCredentials": name, "tenantId": "p"})),
        (
            by_name(),
            Scope::project_name("p"),
            json!({"passwordCredentials": name, "tenantName": "p"}),
        ),
        (
            by_name(),
            Scope::trust_in("t", "p"),
            json!({"passwordCredentials": name, "tenantId": "p", "trust_id": "t"}),
        ),
        (
            Credential::password(UserRef::id("u"), "pw"),
            Scope::default(),
            json!({"passwordCredentials": {"userId": "u", "password": "pw"}}),
        ),
        (
            Credential::token("abc"),
            Scope::project_id("p"),
            json!({"token": {"id": "abc"}, "tenantId": "p"}),
        ),
    ] {
        let request = first_request(&cloud, credential, scope);
        assert_eq!(request.uri(), "https://keystone.example:5000/v2.0/tokens");
        assert_eq!(read(request.body())["auth"], expect);
    }
}

#[test]
fn a_token_to_exchange_is_sent_in_a_header_too() {
    let request = first_request(&keystone(), Credential::token("abc"), Scope::project_id("p"));
    assert_eq!(request.headers()["x-auth-token"], "abc");
    assert!(request.headers()["x-auth-token"].is_sensitive());
    let request = first_request(&keystone(), password(), Scope::project_id("p"));
    assert!(!request.headers().contains_key("x-auth-token"));
}

#[test]
fn polling_again_gives_the_same_request() {
    let login = Login::new(&keystone(), password(), Scope::default()).unwrap();
    let (first, second) = (request_of(&login), request_of(&login));
    assert_eq!(first.uri(), second.uri());
    assert_eq!(first.headers(), second.headers());
    assert_eq!(first.body(), second.body());
}
