//! Second factors, scopes and application credentials, at the emulated stock Keystone.

use auth_emulator::{Emulator, System, account, totp_code};
use auth_proto::{
    Credential, DomainRef, Domains, ErrorKind, Factor, Projects, Scope, SystemScopes, UserRef,
    Validate,
};
use http::Request;
use testing::{Client, fixtures::documented};
use time::UtcDateTime;

use super::{ADAPTER, support::client};
use crate::start;

/// A client with this login.
fn client_of(server: &auth_emulator::Server, credential: Credential, scope: Scope) -> Client {
    let (cloud, _, _) = documented(server, System::Keystone);
    ADAPTER.client(cloud, credential, scope).build().unwrap()
}

fn user(name: &str) -> UserRef {
    UserRef::name_in(name, DomainRef::name(account::KEYSTONE_DOMAIN))
}

fn alpha() -> Scope {
    Scope::project_id(account::KEYSTONE_PROJECT_ID)
}

fn code() -> Factor {
    Factor::totp(totp_code(UtcDateTime::now()))
}

/// A code that is not the current one.
fn wrong_code() -> Factor {
    let now = totp_code(UtcDateTime::now());
    Factor::totp(now.chars().map(|it| if it == '9' { '0' } else { '9' }).collect::<String>())
}

fn mfa() -> Credential {
    Credential::password(user(account::KEYSTONE_MFA_USER), account::KEYSTONE_MFA_PASSWORD)
}

/// The refusal's status.
fn refused(client: &Client) -> u16 {
    match client.token().unwrap_err().kind() {
        ErrorKind::Rejected(refusal) => refusal.status.as_u16(),
        other => panic!("another kind: {other}"),
    }
}

#[test]
fn the_missing_factor_follows_the_receipt() {
    let current = totp_code(UtcDateTime::now());
    let only_code = Credential::totp(user(account::KEYSTONE_MFA_USER), current);
    let password = Factor::password(account::KEYSTONE_MFA_PASSWORD);
    for (first, second, missing) in [(mfa(), code(), "totp"), (only_code, password, "password")] {
        for scope in [alpha(), Scope::unscoped()] {
            let server = start(Emulator::new());
            let client = client_of(&server, first.clone(), scope.clone());
            let error = client.token().unwrap_err();
            let challenge = error.challenge().unwrap();
            assert_eq!(challenge.missing().collect::<Vec<_>>(), [[missing]]);
            client.answer(second.clone()).unwrap();
            let token = client.token().unwrap();
            // A credential with a code has an unscoped root token, which is exchanged.
            let is_derived = missing == "password" && scope == alpha();
            let methods: &[_] = match is_derived {
                true => &["password", "token", "totp"],
                false => &["password", "totp"],
            };
            assert_eq!(token.methods(), methods);
            assert_eq!(token.user().id.as_deref(), Some(account::KEYSTONE_MFA_USER_ID));
            assert_eq!(token.project().is_some(), scope == alpha());
            let logins = server.emulator().logins(System::Keystone);
            assert_eq!(logins, 2 + u64::from(is_derived));
        }
    }
}

#[test]
fn both_factors_take_one_request() {
    let server = start(Emulator::new());
    let client = client_of(&server, mfa().and(code()), alpha());
    let root = client.scoped(Scope::unscoped());
    assert_eq!(root.token().unwrap().methods(), ["password", "totp"]);
    assert_eq!(server.emulator().logins(System::Keystone), 1);
    assert_eq!(client.token().unwrap().methods(), ["password", "token", "totp"]);
    assert_eq!(server.emulator().logins(System::Keystone), 2);
    // Without rules, one of the factors is enough.
    for credential in [
        Credential::totp(user("totp"), totp_code(UtcDateTime::now())),
        Credential::password(user("totp"), "totp-pw"),
    ] {
        assert!(client_of(&server, credential, alpha()).token().unwrap().project().is_some());
    }
}

#[test]
fn a_wrong_code_gets_another_chance() {
    let server = start(Emulator::new());
    let client = client_of(&server, mfa(), alpha());
    assert!(client.token().unwrap_err().challenge().is_some());
    client.answer(wrong_code()).unwrap();
    assert_eq!(refused(&client), 401);
    client.answer(code()).unwrap();
    client.token().unwrap();
    assert_eq!(server.emulator().logins(System::Keystone), 3);

    // The wrong password asks for no code.
    let wrong = Credential::password(user(account::KEYSTONE_MFA_USER), "wrong");
    assert_eq!(refused(&client_of(&server, wrong, alpha())), 401);
}

#[test]
fn each_scope_gets_its_token() {
    let server = start(Emulator::new());
    let owner = client(&server, System::Keystone);
    let default = DomainRef::name(account::KEYSTONE_DOMAIN);
    let corp = account::KEYSTONE_OTHER_DOMAIN_ID;
    for (scope, project, domain, is_system) in [
        (alpha(), Some(account::KEYSTONE_PROJECT_ID), None, false),
        (Scope::project_name_in("beta", default), Some(account::KEYSTONE_BETA_ID), None, false),
        (Scope::domain_id(corp), None, Some(corp), false),
        (Scope::domain_name(account::KEYSTONE_OTHER_DOMAIN), None, Some(corp), false),
        (Scope::system(), None, None, true),
        (Scope::unscoped(), None, None, false),
    ] {
        let token = owner.scoped(scope.clone()).token().unwrap();
        assert_eq!(token.project().and_then(|it| it.id.as_deref()), project, "{scope}");
        assert_eq!(token.domain().and_then(|it| it.id.as_deref()), domain, "{scope}");
        assert_eq!(token.is_system(), is_system, "{scope}");
        let is_scoped = project.is_some() || domain.is_some() || is_system;
        assert_eq!(token.catalog().is_some(), is_scoped, "{scope}");
    }
    // Without a scope, a user has the default project.
    let bob = client_of(&server, Credential::password(user("bob"), "bob-pw"), Scope::default());
    assert!(bob.token().unwrap().project().is_some());
    let bob = Credential::password(user("bob"), "bob-pw");
    assert_eq!(refused(&client_of(&server, bob, Scope::system())), 401);
}

#[test]
fn an_application_credential_fixes_its_project() {
    let server = start(Emulator::new());
    let secret = account::KEYSTONE_SECRET;
    for credential in [
        Credential::application_credential(account::KEYSTONE_KEY_ID, secret),
        Credential::application_credential_of(
            UserRef::id(account::KEYSTONE_USER_ID),
            account::KEYSTONE_KEY_NAME,
            secret,
        ),
        Credential::application_credential_of(
            user(account::KEYSTONE_USER),
            account::KEYSTONE_KEY_NAME,
            secret,
        ),
    ] {
        let client = client_of(&server, credential, Scope::default());
        let token = client.token().unwrap();
        let project = token.project().and_then(|project| project.id.as_deref());
        assert_eq!(project, Some(account::KEYSTONE_PROJECT_ID));
        let call = Request::get("/servers").body("").unwrap();
        let answer = client.service("compute").call(call).unwrap();
        let text = String::from_utf8(answer.into_body()).unwrap();
        assert!(text.contains(account::KEYSTONE_PROJECT_ID), "{text}");
        // Its token cannot be exchanged.
        let exchange = client_of(&server, Credential::token(token.expose()), alpha());
        assert_eq!(refused(&exchange), 403);
    }
    let wrong = Credential::application_credential(account::KEYSTONE_KEY_ID, "wrong");
    assert_eq!(refused(&client_of(&server, wrong, Scope::default())), 401);
    let unknown = Credential::application_credential("unknown", secret);
    assert_eq!(refused(&client_of(&server, unknown, Scope::default())), 404);
}

#[test]
fn a_token_is_exchanged_within_its_reach() {
    let server = start(Emulator::new());
    let owner = client(&server, System::Keystone);
    let unscoped = owner.scoped(Scope::unscoped()).token().unwrap();
    let project = client_of(&server, Credential::token(unscoped.expose()), alpha());
    let token = project.token().unwrap();
    assert_eq!(token.expires_at(), unscoped.expires_at());
    assert_eq!(token.methods(), ["password", "token"]);

    let system = owner.scoped(Scope::system()).token().unwrap();
    let below = client_of(&server, Credential::token(system.expose()), alpha());
    assert_eq!(refused(&below), 403);
}

#[test]
fn only_an_operator_sees_other_users_tokens() {
    let server = start(Emulator::new());
    let owner = client(&server, System::Keystone);
    let cloud = owner.cloud();
    let bob = client_of(&server, Credential::password(user("bob"), "bob-pw"), Scope::default());
    let seen = Validate::new(&cloud, bob.token().unwrap().expose());
    assert!(matches!(
        owner.run(&seen).unwrap_err().kind(),
        ErrorKind::Rejected(refusal) if refusal.status == 403
    ));
    assert!(owner.scoped(Scope::system()).run(&seen).unwrap().is_some());

    assert_eq!(owner.run(&Projects::new(&cloud)).unwrap().items.len(), 4);
    assert_eq!(owner.run(&Domains::new(&cloud)).unwrap().items.len(), 3);
    assert_eq!(owner.run(&SystemScopes::new(&cloud)).unwrap().len(), 1);
    assert_eq!(bob.run(&SystemScopes::new(&cloud)).unwrap().len(), 0);
}
