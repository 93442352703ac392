//! Credentials, scopes and token responses that many tests use.

use auth_emulator::{Server, System, account};
use auth_proto::{Cloud, Credential, DomainRef, Scope, UserRef};

use crate::{Received, Reply};

/// The beginning of every token of [`logins_and`].
pub const TOKEN: &str = "t0ps3cret-token";
/// The password of [`credential`].
pub const PASSWORD: &str = "t0ps3cret-password";

/// A user, by id, with [`PASSWORD`].
pub fn credential() -> Credential {
    Credential::password(UserRef::id("u1"), PASSWORD)
}

/// The project of [`token`].
pub fn scope() -> Scope {
    Scope::project_id("p1")
}

/// The response to a good login, with a service of the type `thing` at this URL.
pub fn token(id: &str, service: &str) -> Reply {
    Reply::new(201, &format!("X-Subject-Token: {id}\r\n"), token_body(service))
}

/// The body of [`token`].
pub fn token_body(service: &str) -> String {
    r#"{"token": {
        "catalog": [{"type": "thing", "name": "thing", "endpoints": [
            {"interface": "public", "region": "r", "region_id": "r", "url": "SERVICE"}
        ]}],
        "expires_at": "2026-01-03T00:00:00.000000Z",
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "methods": ["password"],
        "project": {"id": "p1", "name": "p", "domain": {"id": "d1", "name": "d"}},
        "user": {"id": "u1", "name": "u", "domain": {"id": "d1", "name": "d"}}
    }}"#
    .replace("SERVICE", service)
}

/// A good token's body without a project. The token lives for a century.
pub const LONG_LIVED: &str = r#"{"token": {
    "catalog": [],
    "expires_at": "2126-01-03T00:00:00.000000Z", "issued_at": "2126-01-01T00:00:00.000000Z",
    "domain": {"id": "d1", "name": "d"},
    "user": {"id": "u1", "name": "u", "domain": {"id": "d1", "name": "d"}}
}}"#;

/// Gives every login a token, [`TOKEN`] with the request's number, and every other request the reply
/// that the test gives.
pub fn logins_and(
    reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
    move |request| match request.text.starts_with("POST /v3/auth/tokens ") {
        true => token(&format!("{TOKEN}-{}", request.number), "https://thing.example"),
        false => reply(request),
    }
}

/// The documented cloud, credential and scope of a system, at this server.
///
/// # Panics
///
/// For a system without a documented login.
pub fn documented(server: &Server, system: System) -> (Cloud, Credential, Scope) {
    let (cloud, credential, scope) = match system {
        System::NhnIaas | System::NhnCompute => (
            Cloud::nhn(),
            Credential::password(account::NHN_USER, account::NHN_PASSWORD),
            Scope::project_id(account::NHN_TENANT),
        ),
        System::Otc => (
            Cloud::otc("eu-de").unwrap(),
            Credential::password(
                UserRef::name_in(account::OTC_USER, DomainRef::name(account::OTC_DOMAIN)),
                account::OTC_PASSWORD,
            ),
            Scope::project_id(account::OTC_PROJECT),
        ),
        System::Kakao => (
            Cloud::kakao(),
            Credential::application_credential(account::KAKAO_KEY_ID, account::KAKAO_SECRET),
            Scope::default(),
        ),
        System::Huawei => (
            Cloud::huawei(),
            Credential::password(
                UserRef::name_in(account::HUAWEI_USER, DomainRef::name(account::HUAWEI_DOMAIN)),
                account::HUAWEI_PASSWORD,
            ),
            Scope::project_name(account::HUAWEI_PROJECT),
        ),
        System::Keystone => (
            Cloud::keystone(&server.url(system)).unwrap(),
            Credential::password(
                UserRef::name_in(account::KEYSTONE_USER, DomainRef::name(account::KEYSTONE_DOMAIN)),
                account::KEYSTONE_PASSWORD,
            ),
            Scope::project_id(account::KEYSTONE_PROJECT_ID),
        ),
        _ => panic!("a system without a test: {system}"),
    };
    (cloud.at(&server.url(system)).unwrap(), credential, scope)
}
