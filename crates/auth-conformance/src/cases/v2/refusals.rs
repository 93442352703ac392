//! What a v2.0 server refuses, and what is refused before it is asked.

use auth_proto::{Answer, Credential, DomainRef, Factor, Scope, UserRef};
use http::{Method, Request};
use serde_json::json;

use super::{bob, by, text};
use crate::{
    case::{Case, Want, same},
    client::{Client, Wish},
    world::{Of, World},
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = refusals();
    cases.extend(unknown());
    cases.extend(calls());
    cases
}

fn refusals() -> Vec<Case> {
    type Row = (&'static str, Of<Result<Wish, String>>, Want);
    let no = Want::Refused(401, "check the user, the secret, their domain and the scope");
    let rows: [Row; 14] = [
        (
            "a wrong password",
            |world| by(world, "alice".into(), "wrong", world.project("alpha")),
            no,
        ),
        (
            "a wrong password, by id",
            |world| by(world, world.user("alice"), "wrong", world.project("alpha")),
            no,
        ),
        (
            "a wrong password, no tenant",
            |world| by(world, "alice".into(), "wrong", Scope::default()),
            no,
        ),
        ("an unknown user", |world| by(world, "nobody".into(), "pw", Scope::default()), no),
        (
            "an unknown user id",
            |world| {
                by(world, UserRef::id("f5073eaa26b64cffbee89411df94ce01"), "pw", Scope::default())
            },
            no,
        ),
        (
            "a user of another domain",
            |world| by(world, "corp-alice".into(), "corp-alice-pw", Scope::default()),
            no,
        ),
        (
            "a disabled user",
            |world| by(world, "disabled".into(), "disabled-pw", Scope::default()),
            no,
        ),
        (
            "a user of a disabled domain",
            |world| by(world, world.user("dead"), "dead-pw", Scope::default()),
            no,
        ),
        (
            "an unknown tenant",
            |world| by(world, "alice".into(), "alice-pw", Scope::project_name("nowhere")),
            no,
        ),
        (
            "an unknown tenant id",
            |world| {
                by(
                    world,
                    "alice".into(),
                    "alice-pw",
                    Scope::project_id("f5073eaa26b64cffbee89411df94ce01"),
                )
            },
            no,
        ),
        (
            "a tenant without a role",
            |world| by(world, "carol".into(), "carol-pw", world.project("alpha")),
            no,
        ),
        (
            "a disabled tenant",
            |world| by(world, "alice".into(), "alice-pw", world.project("disabled")),
            no,
        ),
        (
            "a password that has ended",
            |world| by(world, "expired".into(), "expired-pw", Scope::default()),
            no,
        ),
        (
            "a name of 255 letters",
            |world| by(world, "l".repeat(255).into(), "long-pw", Scope::default()),
            Want::Refused(400, "check the names"),
        ),
    ];
    let case = |(name, wish, want)| Case::login("v2 refusals", name, wish, want);
    rows.into_iter().map(case).collect()
}

/// What v2.0 has no words for, told before anything is sent.
fn unknown() -> Vec<Case> {
    type Row = (&'static str, Of<Result<Wish, String>>, Want);
    fn of(world: &World, credential: Credential) -> Result<Wish, String> {
        Ok(Wish::new(world.v2()?, credential, Scope::default()))
    }
    fn to(world: &World, scope: Scope) -> Result<Wish, String> {
        by(world, "alice".into(), "alice-pw", scope)
    }
    let rows: [Row; 8] = [
        (
            "a user's domain",
            |world| of(world, Credential::password(world.named("alice"), "pw")),
            Want::Config("knows no domains"),
        ),
        (
            "a code",
            |world| of(world, Credential::totp("alice", "123456")),
            Want::Config("takes no totp"),
        ),
        (
            "a second factor",
            |world| of(world, bob(world)?.and(Factor::totp("123456"))),
            Want::Config("takes no second factor"),
        ),
        (
            "an application credential",
            |world| of(world, Credential::application_credential("a", "b")),
            Want::Config("takes no application_credential"),
        ),
        (
            "a project's domain",
            |world| to(world, Scope::project_name_in("alpha", DomainRef::id("default"))),
            Want::Config("knows no domains"),
        ),
        (
            "a domain",
            |world| to(world, Scope::domain_id("default")),
            Want::Config("takes no domain scope"),
        ),
        ("the system", |world| to(world, Scope::system()), Want::Config("takes no system scope")),
        ("nobody", |world| of(world, Credential::password("", "pw")), Want::Config("is empty")),
    ];
    let case = |(name, wish, want)| Case::login("v2 without words", name, wish, want);
    rows.into_iter().map(case).collect()
}

fn calls() -> Vec<Case> {
    let two = json!({"auth": {"tenantName": "alpha"}}).to_string();
    let rows = [
        ("JSON that is cut off", Method::POST, "/v2.0/tokens", r#"{"auth": "#.to_owned(), 400),
        ("no login", Method::POST, "/v2.0/tokens", "{}".to_owned(), 400),
        ("a login of nobody's", Method::POST, "/v2.0/tokens", two, 400),
        ("120,000 letters", Method::POST, "/v2.0/tokens", "x".repeat(120_000), 413),
        ("a path that is not there", Method::GET, "/v2.0/nowhere", String::new(), 404),
    ];
    let case = |(name, method, path, body, status): (_, Method, _, String, u16)| {
        Case::new("v2 odd requests", name, move |world, through| {
            let client = Client::new(
                through,
                by(world, "alice".into(), "alice-pw", world.project("alpha"))?,
            );
            let request = Request::builder().method(method.clone());
            let request = request.uri(format!("{}{path}", world.url));
            let request = request.header("content-type", "application/json");
            let request =
                request.body(body.clone().into_bytes()).map_err(|error| error.to_string())?;
            let answer = client.map_err(text)?.call(request).map_err(text)?;
            match Answer::read(&answer, None) {
                Ok(Answer::Fault(got, _)) => same("status", got.as_u16(), status),
                read => Err(format!("{read:?}")),
            }
        })
    };
    rows.into_iter().map(case).collect()
}
