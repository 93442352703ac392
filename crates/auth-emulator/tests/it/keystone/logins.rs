use auth_emulator::{Emulator, System, account};
use http::{Method, Response};
use serde_json::{Value, json};

use super::{
    REQUIRES, alpha, exchange, fresh, key, log_in, message, password, plain, project, system, to,
};
use crate::support::{ask, json, post, token_url};

#[test]
fn users_of_two_domains_have_one_name() {
    let mut emulator = Emulator::new();
    for (domain, secret, id) in [
        (json!({"name": "Default"}), "alice-pw", Some(account::KEYSTONE_USER_ID)),
        (json!({"id": "default"}), "alice-pw", Some(account::KEYSTONE_USER_ID)),
        (json!({"name": "Corp"}), "corp-alice-pw", None),
        (json!({"id": account::KEYSTONE_OTHER_DOMAIN_ID}), "corp-alice-pw", None),
    ] {
        let user = json!({"name": "alice", "domain": domain, "password": secret});
        let answer = log_in(&mut emulator, &json!({"password": {"user": user}}), None);
        assert_eq!(answer.status(), 201, "{domain}");
        let user = &json(&answer)["token"]["user"];
        assert_eq!(user["id"] == account::KEYSTONE_USER_ID, id.is_some(), "{user}");
    }
    // The password of the other user of the name.
    let user = json!({"name": "alice", "domain": {"name": "Corp"}, "password": "alice-pw"});
    assert_eq!(log_in(&mut emulator, &json!({"password": {"user": user}}), None).status(), 401);
}

#[test]
fn every_refused_user_gets_the_same_words() {
    let mut emulator = Emulator::new();
    let user = |fields: Value| json!({"password": {"user": fields}});
    for identity in [
        user(json!({"id": account::KEYSTONE_USER_ID, "password": "wrong"})),
        user(json!({"id": account::KEYSTONE_USER_ID})),
        user(json!({"id": "unknown", "password": "x"})),
        user(json!({"name": "nobody", "domain": {"id": "default"}, "password": "x"})),
        user(json!({"name": "alice", "domain": {"name": "Nowhere"}, "password": "alice-pw"})),
        password("disabled"),
        json!({}),
    ] {
        let answer = log_in(&mut emulator, &identity, None);
        assert_eq!(answer.status(), 401, "{identity}");
        assert_eq!(
            json(&answer)["error"],
            json!({"code": 401, "message": REQUIRES, "title": "Unauthorized"})
        );
        let challenge = &answer.headers()["www-authenticate"];
        assert_eq!(challenge, "Keystone uri=\"https://identity.keystone.example/v3\"");
    }
}

#[test]
fn malformed_logins_are_named() {
    let mut emulator = Emulator::new();
    let user = |fields: Value| json!({"password": {"user": fields}});
    for (identity, said) in [
        (user(json!({"name": "alice", "password": "x"})), "Expecting to find domain in user."),
        (user(json!({"password": "x"})), "identity/password/user: id or name must be present."),
        (user(json!({"name": "alice", "domain": {}, "password": "x"})), "user/domain: id or name"),
        (json!({"password": {}}), "Expecting to find user in None."),
        (json!({"password": 5}), "Invalid input for field 'identity/password'"),
        (key(json!({"name": "plain", "secret": "x"})), "find user in application credential."),
        (key(json!({"secret": "x"})), "Expecting to find name or ID in application credential."),
        (json!({"token": {}}), "Invalid input for field 'identity/token'"),
    ] {
        let answer = log_in(&mut emulator, &identity, None);
        assert_eq!(answer.status(), 400, "{identity}");
        assert!(message(&answer).contains(said), "{identity}: {}", message(&answer));
    }
    for (body, said) in [
        ("", "Expecting to find auth in request body."),
        ("{}", "Expecting to find auth in request body."),
        ("[]", "Expecting to find valid JSON in request body."),
        (r#"{"auth": {"identity": {"methods": ["totp"]}}}"#, "Expecting to find totp in identity."),
    ] {
        let answer = ask(&mut emulator, post(token_url(System::Keystone)), body);
        assert_eq!(answer.status(), 400, "{body}");
        assert!(message(&answer).starts_with(said), "{body}: {}", message(&answer));
    }
    let foreign = json!({"oauth1": {}});
    let answer = log_in(&mut emulator, &foreign, None);
    assert_eq!(answer.status(), 401);
    assert_eq!(message(&answer), "Attempted to authenticate with an unsupported method.");
    assert_eq!(json(&answer)["error"]["identity"]["methods"].as_array().unwrap().len(), 6);
}

#[test]
fn application_credentials_by_id_and_by_name() {
    let mut emulator = Emulator::new();
    let by_name = |user: Value| {
        key(json!({"name": "plain", "secret": account::KEYSTONE_SECRET, "user": user}))
    };
    for identity in [
        plain(),
        by_name(json!({"id": account::KEYSTONE_USER_ID})),
        by_name(json!({"name": "alice", "domain": {"name": "Default"}})),
    ] {
        let answer = log_in(&mut emulator, &identity, None);
        assert_eq!(answer.status(), 201, "{identity}");
        let token = &json(&answer)["token"];
        assert_eq!(token["methods"], json!(["application_credential"]));
        assert_eq!(token["project"]["id"], account::KEYSTONE_PROJECT_ID);
        let own = json!({"id": account::KEYSTONE_KEY_ID, "name": "plain", "restricted": true});
        assert_eq!(token["application_credential"], own);
    }
    let id = json!({"id": account::KEYSTONE_KEY_ID, "secret": "wrong"});
    for (identity, status) in [
        (key(id), 401),
        (key(json!({"id": "unknown", "secret": "x"})), 404),
        (by_name(json!({"name": "bob", "domain": {"id": "default"}})), 401),
        (by_name(json!({"id": "unknown"})), 401),
        (by_name(json!({"name": "alice"})), 400),
    ] {
        assert_eq!(log_in(&mut emulator, &identity, None).status(), status, "{identity}");
    }
    let answer = log_in(&mut emulator, &plain(), alpha());
    assert_eq!(answer.status(), 401);
    assert!(message(&answer).ends_with("Application credentials cannot request a scope."));
}

#[test]
fn an_application_credentials_token_is_final() {
    let mut emulator = Emulator::new();
    let unrestricted = key(
        json!({"name": "unrestricted", "secret": "secret of unrestricted", "user": {"id": account::KEYSTONE_USER_ID}}),
    );
    for identity in [plain(), unrestricted] {
        let own = fresh(&mut emulator, &identity, None);
        for scope in
            [None, alpha(), Some(project(account::KEYSTONE_BETA_ID)), Some(json!("unscoped"))]
        {
            let answer = log_in(&mut emulator, &exchange(&own), scope);
            assert_eq!(answer.status(), 403);
            assert!(message(&answer).contains("Using a delegated token"), "{}", message(&answer));
        }
    }
}

/// The status of a request about a token.
fn about(emulator: &mut Emulator, method: Method, own: &str, subject: &str) -> Response<Vec<u8>> {
    ask(emulator, to(method, "/auth/tokens?nocatalog", own).header("X-Subject-Token", subject), "")
}

#[test]
fn a_token_belongs_to_its_user() {
    let mut emulator = Emulator::new();
    let alice = fresh(&mut emulator, &password("alice"), alpha());
    let operator = fresh(&mut emulator, &password("alice"), system());
    let bob = fresh(&mut emulator, &password("bob"), None);
    for (method, own, subject, status) in [
        (Method::GET, &bob, &bob, 200),
        (Method::HEAD, &bob, &alice, 403),
        (Method::GET, &alice, &bob, 403),
        (Method::GET, &operator, &bob, 200),
        (Method::DELETE, &operator, &bob, 403),
        (Method::DELETE, &alice, &bob, 403),
        (Method::DELETE, &alice, &operator, 204),
    ] {
        let answer = about(&mut emulator, method.clone(), own, subject);
        assert_eq!(answer.status(), status, "{method} {own} {subject}");
    }
    assert_eq!(about(&mut emulator, Method::GET, &alice, &operator).status(), 404);
    let answer = about(&mut emulator, Method::GET, &alice, "none");
    assert_eq!(message(&answer), "Could not recognize Fernet token");
}

#[test]
fn revoking_a_token_ends_those_made_of_it() {
    let mut emulator = Emulator::new();
    let mut chain = || {
        let first = fresh(&mut emulator, &password("alice"), None);
        let second = fresh(&mut emulator, &exchange(&first), alpha());
        let third =
            fresh(&mut emulator, &exchange(&second), Some(project(account::KEYSTONE_BETA_ID)));
        [first, second, third]
    };
    let (one, other) = (chain(), chain());
    let operator = fresh(&mut emulator, &password("alice"), system());
    for (tokens, revoked, left) in [(one, 0, [404, 404, 404]), (other, 1, [200, 404, 200])] {
        let subject = &tokens[revoked];
        assert_eq!(about(&mut emulator, Method::DELETE, subject, subject).status(), 204);
        let seen = tokens
            .map(|token| about(&mut emulator, Method::GET, &operator, &token).status().as_u16());
        assert_eq!(seen, left);
    }
}
