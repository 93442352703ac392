//! Logins that the server refuses, and requests that are none.

use auth_proto::{Answer, Credential, DomainRef, Scope, UserRef};
use http::{Method, Request};
use serde_json::json;

use super::factors::wrong;
use crate::{
    case::{Case, Want, same, speaks},
    client::{Client, Wish},
    world::{Of, World},
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, wish, want) in users().into_iter().chain(scopes()).chain(other_ways()) {
        cases.push(Case::login("refusals", name, wish, want));
    }
    cases.extend(calls());
    cases
}

type Row = (&'static str, Of<Result<Wish, String>>, Want);

/// Keystone says no more than this of nearly everything, so that nobody learns who exists.
const NO: Want = Want::Refused(401, "check the user, the secret, their domain and the scope");

fn users() -> Vec<Row> {
    vec![
        ("a wrong password, user by id", |world| by(world, world.user("alice"), "wrong"), NO),
        ("a wrong password, user by name", |world| by(world, world.named("alice"), "wrong"), NO),
        (
            "a password with a blank at its end",
            |world| by(world, world.user("alice"), "alice-pw "),
            NO,
        ),
        ("a password in capitals", |world| by(world, world.user("alice"), "ALICE-PW"), NO),
        (
            "a password of 4,000 letters",
            |world| by(world, world.user("alice"), &"p".repeat(4_000)),
            NO,
        ),
        (
            "an unknown user id",
            |world| by(world, UserRef::id("f5073eaa26b64cffbee89411df94ce01"), "pw"),
            NO,
        ),
        ("a user id that is too long", |world| by(world, UserRef::id("f".repeat(300)), "pw"), NO),
        ("an unknown user", |world| by(world, in_default("nobody"), "pw"), NO),
        (
            "a user of another domain",
            |world| by(world, in_default("corp-alice"), "corp-alice-pw"),
            NO,
        ),
        (
            "a name of one character, which is none",
            |world| by(world, in_default("\u{0}"), "pw"),
            NO,
        ),
        (
            "an unknown domain",
            |world| by(world, UserRef::name_in("alice", DomainRef::name("Nowhere")), "alice-pw"),
            NO,
        ),
        (
            "an unknown domain id",
            |world| by(world, UserRef::name_in("alice", DomainRef::id("nowhere")), "alice-pw"),
            NO,
        ),
        ("a disabled user", |world| by(world, world.user("disabled"), "disabled-pw"), NO),
        ("a user of a disabled domain", |world| by(world, world.user("dead"), "dead-pw"), NO),
        (
            "a user of a disabled domain, by name",
            |world| by(world, world.named("dead"), "dead-pw"),
            NO,
        ),
        (
            "a password that has ended",
            |world| by(world, world.user("expired"), "expired-pw"),
            Want::Refused(401, "The password is expired and needs to be changed"),
        ),
        (
            "a name without a domain",
            |world| by(world, UserRef::name("alice"), "alice-pw"),
            Want::Config("user names are unique within a domain only"),
        ),
        ("an empty password", |world| by(world, world.user("alice"), ""), Want::Config("is empty")),
        // The server would hang up before it has read it.
        (
            "a name and a password that are too long together",
            |world| by(world, in_default(&"u".repeat(32_768)), &"p".repeat(32_768)),
            Want::Config("credential and scope together: is longer than"),
        ),
        (
            "a password that is too long to send",
            |world| by(world, world.user("alice"), &"p".repeat(40_000)),
            Want::Config("is longer than"),
        ),
    ]
}

fn scopes() -> Vec<Row> {
    vec![
        ("a project without a role", |world| alice(world, world.project("corp-alpha")), NO),
        (
            "a project for who has no role at all",
            |world| Ok(Wish::new(world.v3()?, world.password("carol"), world.project("alpha"))),
            NO,
        ),
        (
            "a domain without a role",
            |world| Ok(Wish::new(world.v3()?, world.password("bob"), world.domain("corp"))),
            NO,
        ),
        (
            "the system without a role",
            |world| Ok(Wish::new(world.v3()?, world.password("bob"), Scope::system())),
            NO,
        ),
        (
            "an unknown project id",
            |world| alice(world, Scope::project_id("f5073eaa26b64cffbee89411df94ce01")),
            NO,
        ),
        (
            "an unknown project",
            |world| alice(world, Scope::project_name_in("nowhere", DomainRef::id("default"))),
            NO,
        ),
        (
            "a project of an unknown domain",
            |world| alice(world, Scope::project_name_in("alpha", DomainRef::name("Nowhere"))),
            NO,
        ),
        ("a disabled project", |world| alice(world, world.project("disabled")), NO),
        ("a project of a disabled domain", |world| alice(world, world.project("dead")), NO),
        ("an unknown domain to be for", |world| alice(world, Scope::domain_name("Nowhere")), NO),
        ("an unknown domain id to be for", |world| alice(world, Scope::domain_id("nowhere")), NO),
        ("a disabled domain", |world| alice(world, world.domain("dead")), NO),
        ("a domain's name as a project's id", |world| alice(world, Scope::project_id("Corp")), NO),
        (
            "a project's name without a domain",
            |world| alice(world, Scope::project_name("alpha")),
            Want::Config("project names are unique within a domain only"),
        ),
        ("an empty project", |world| alice(world, Scope::project_id("")), Want::Config("is empty")),
    ]
}

fn other_ways() -> Vec<Row> {
    fn key(world: &World, credential: Credential) -> Result<Wish, String> {
        Ok(Wish::new(world.v3()?, credential, Scope::default()))
    }
    fn code(world: &World, user: &str, code: String) -> Result<Wish, String> {
        Ok(Wish::new(world.v3()?, Credential::totp(world.user(user), code), world.project("alpha")))
    }
    fn token(world: &World, token: &str) -> Result<Wish, String> {
        Ok(Wish::new(world.v3()?, Credential::token(token), world.project("alpha")))
    }
    let gone = Want::Refused(404, "the token has ended, was revoked, or must not be exchanged");
    let barred = Want::Refused(403, "or pass it on as it is");
    vec![
        (
            "an application credential's wrong secret",
            |world| {
                key(
                    world,
                    Credential::application_credential(
                        &world.application_credentials["plain"].id,
                        "wrong",
                    ),
                )
            },
            NO,
        ),
        (
            "an unknown application credential",
            |world| {
                key(
                    world,
                    Credential::application_credential("f5073eaa26b64cffbee89411df94ce01", "pw"),
                )
            },
            Want::Refused(404, "it does not exist"),
        ),
        (
            "an unknown application credential by name",
            |world| {
                key(
                    world,
                    Credential::application_credential_of(world.user("alice"), "nothing", "pw"),
                )
            },
            NO,
        ),
        (
            "somebody else's application credential",
            |world| {
                key(
                    world,
                    Credential::application_credential_of(
                        world.user("bob"),
                        "plain",
                        "secret of plain",
                    ),
                )
            },
            NO,
        ),
        ("an application credential that has ended", |world| key(world, world.key("ending")), NO),
        (
            "an application credential with a scope",
            |world| Ok(Wish::new(world.v3()?, world.key("plain"), world.project("alpha"))),
            Want::Config("an application credential fixes its own"),
        ),
        ("a wrong code", |world| code(world, "totp", wrong(&world.code("totp"))), NO),
        ("a code of somebody else", |world| code(world, "totp", world.code("mfa")), NO),
        ("a code that is none", |world| code(world, "totp", "code".to_owned()), NO),
        ("a code of a user who has none", |world| code(world, "alice", "123456".to_owned()), NO),
        (
            "a code with a blank",
            |world| code(world, "totp", "123 456".to_owned()),
            Want::Config("pass it trimmed"),
        ),
        ("a token that has ended", |world| token(world, world.expired_token()?), gone),
        ("a revoked token", |world| token(world, &world.revoked_token()?), gone),
        ("a token that is none", |world| token(world, "nothing"), gone),
        (
            "an application credential's token",
            |world| token(world, &world.fresh_by_key("plain")?),
            barred,
        ),
        ("a trust's token", |world| token(world, &super::tokens::by_trust(world, true)?), barred),
        (
            "a token for a project without a role",
            |world| {
                Ok(Wish::new(
                    world.v3()?,
                    Credential::token(world.fresh("bob", &json!("unscoped"))?),
                    world.project("beta"),
                ))
            },
            Want::Refused(401, "no role in this scope"),
        ),
    ]
}

fn by(world: &World, user: UserRef, password: &str) -> Result<Wish, String> {
    Ok(Wish::new(world.v3()?, Credential::password(user, password), world.project("alpha")))
}

fn alice(world: &World, scope: Scope) -> Result<Wish, String> {
    Ok(Wish::new(world.v3()?, world.password("alice"), scope))
}

fn in_default(name: &str) -> UserRef {
    UserRef::name_in(name, DomainRef::id("default"))
}

/// Requests that no login makes, sent as calls to a service; what comes back is read without
/// knowing the question.
fn calls() -> Vec<Case> {
    let two = r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}},
        "scope": {"project": {"id": "a"}, "domain": {"id": "b"}}}}"#;
    let unknown = r#"{"auth": {"identity": {"methods": ["handshake"], "handshake": {}}}}"#;
    let rows = [
        (
            "JSON that is cut off",
            Method::POST,
            "/v3/auth/tokens",
            JSON,
            r#"{"auth": "#.to_owned(),
            400,
            "valid JSON",
        ),
        ("an array", Method::POST, "/v3/auth/tokens", JSON, "[]".to_owned(), 400, ""),
        ("no login", Method::POST, "/v3/auth/tokens", JSON, "{}".to_owned(), 400, "auth"),
        ("no body", Method::POST, "/v3/auth/tokens", JSON, String::new(), 400, ""),
        (
            "a wrong content type",
            Method::POST,
            "/v3/auth/tokens",
            "text/plain",
            "{}".to_owned(),
            400,
            "Content-Type",
        ),
        ("two scopes at once", Method::POST, "/v3/auth/tokens", JSON, two.to_owned(), 400, ""),
        ("an unknown method", Method::POST, "/v3/auth/tokens", JSON, unknown.to_owned(), 401, ""),
        ("120,000 letters", Method::POST, "/v3/auth/tokens", JSON, "x".repeat(120_000), 413, ""),
        ("a path that is not there", Method::GET, "/v3/nowhere", JSON, String::new(), 404, ""),
        ("a verb that is not there", Method::PUT, "/v3/auth/tokens", JSON, String::new(), 405, ""),
        (
            "a user that is not there",
            Method::GET,
            "/v3/users/nobody",
            JSON,
            String::new(),
            403,
            "not authorized",
        ),
    ];
    rows.into_iter()
        .map(|(name, method, path, kind, body, status, says)| {
            Case::new("odd requests", name, move |world, through| {
                let client = Client::new(through, alice(world, world.project("alpha"))?);
                let client = client.map_err(|stop| stop.to_string())?;
                let request = Request::builder().method(method.clone());
                let request = request.uri(format!("{}{path}", world.url));
                let request = request.header("content-type", kind).body(body.clone().into_bytes());
                let answer = client.call(request.map_err(|error| error.to_string())?);
                let answer = answer.map_err(|stop| stop.to_string())?;
                match Answer::read(&answer, None) {
                    Ok(Answer::Fault(got, fault)) => {
                        same("status", got.as_u16(), status)?;
                        speaks(&fault.to_string(), says)
                    }
                    read => Err(format!("{read:?}")),
                }
            })
        })
        .collect()
}

const JSON: &str = "application/json";
