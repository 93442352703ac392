//! Token exchanges, existing tokens, and trusts.

use auth_proto::{Credential, Scope};
use serde_json::{Value, json};

use crate::{
    case::{Case, On, Want, holds, same},
    keystone::{Keystone, Of},
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = exchanged();
    cases.extend(existing_token());
    cases.extend(trusts());
    cases
}

/// Every scope, exchanged for every other.
fn exchanged() -> Vec<Case> {
    let sources = [On::Nothing, On::Project("alpha"), On::Domain("corp"), On::System];
    let mut cases = Vec::new();
    for from in sources {
        for (name, scope, on) in super::ways::SCOPES {
            let run = move |world: &Keystone, through| {
                let old = world.fresh("alice", &written(world, from))?;
                let end = world.validated(&old)?.map(|token| token["expires_at"].to_string());
                let wish = world.wish(Credential::token(old), scope(world))?;
                let token = wish.token(through);
                if matches!((from, on), (On::System, On::Domain(_) | On::Project(_))) {
                    // The one exchange that Keystone refuses.
                    let want = Want::Refused(403, "cannot be exchanged");
                    return want.judge(world, token.as_deref(), true);
                }
                Want::Token("alice", on).judge(world, token.as_deref(), true)?;
                // The new token expires with the old one.
                let new = token?;
                let new = world.validated(new.expose())?;
                same("end", new.map(|token| token["expires_at"].to_string()), end)
            };
            cases.push(Case::new("token exchanged", format!("{from:?}; {name}"), run));
        }
    }
    cases
}

fn existing_token() -> Vec<Case> {
    let mut cases = Vec::new();
    for on in [On::Nothing, On::Project("alpha"), On::Domain("corp"), On::System] {
        for catalog in [true, false] {
            let run = move |world: &Keystone, through| {
                let token = world.fresh("alice", &written(world, on))?;
                let credential = Credential::existing_token(token.as_str());
                let wish = world.wish(credential, Scope::default())?;
                let got = Wish { catalog, ..wish }.token(through);
                Want::Token("alice", on).judge(world, got.as_deref(), catalog)?;
                let got = got?;
                holds(got.is_validated(), || "not validated".to_owned())?;
                holds(got.expose() == token, || "another token".to_owned())
            };
            let with = if catalog { "" } else { ", without catalog" };
            cases.push(Case::new("token passed on", format!("{on:?}{with}"), run));
        }
    }
    cases.push(Case::new("token passed on", "of a trust that impersonates", |world, through| {
        // The token may not list its own scopes.
        let wish =
            world.wish(Credential::existing_token(by_trust(world, true)?), Scope::default())?;
        let token = wish.token(through);
        let token = token?;
        holds(!token.is_validated(), || "validated".to_owned())?;
        holds(token.catalog().is_some(), || "no catalog".to_owned())
    }));
    let rows: [(_, Of<Result<String, String>>, _); 8] = [
        ("of an application credential", |world| world.fresh_by_key("plain"), ALPHA),
        ("of a trust", |world| by_trust(world, false), Want::Token("bob", On::Project("alpha"))),
        ("ended", |world| Ok(world.expired_token()?.to_owned()), GONE),
        ("revoked", Keystone::revoked_token, GONE),
        ("never issued", |_| Ok("gAAAAABnothing".to_owned()), GONE),
        ("a part of one", |world| half(&world.fresh("alice", &Value::Null)?), GONE),
        ("of another scope than was asked", |world| world.fresh("alice", &Value::Null), OTHER),
        (
            "of an application credential with access rules",
            |world| world.fresh_by_key("rules"),
            ALPHA,
        ),
    ];
    for (name, token, want) in rows {
        let wish = move |world: &Keystone| {
            let scope = match name.contains("another scope") {
                true => world.project("alpha"),
                false => Scope::default(),
            };
            world.wish(Credential::existing_token(token(world)?), scope)
        };
        cases.push(Case::login("token passed on", name, wish, want));
    }
    cases
}

const ALPHA: Want = Want::Token("alice", On::Project("alpha"));
const GONE: Want = Want::Refused(401, "the existing token has expired or was revoked");
const OTHER: Want = Want::Answer("requested scope project");

fn trusts() -> Vec<Case> {
    let case = |name, wish: Of<Result<Wish, String>>, want| Case::login("trust", name, wish, want);
    let mut cases = vec![
        case("impersonating", |world| as_bob(world, world.trust(true, None)?), ALPHA),
        case(
            "not impersonating",
            |world| as_bob(world, world.trust(false, None)?),
            Want::Token("bob", On::Project("alpha")),
        ),
        case("twice", |world| as_bob(world, world.trust(true, Some(2))?), ALPHA),
        case(
            "by a token",
            |world| {
                let own = Credential::token(world.fresh("bob", &json!("unscoped"))?);
                world.wish(own, Scope::trust(world.trust(true, None)?))
            },
            ALPHA,
        ),
        case(
            "by another user",
            |world| {
                let trust = Scope::trust(world.trust(true, None)?);
                world.wish(world.password("alice"), trust)
            },
            Want::Refused(403, "the trust: its trustee"),
        ),
        case(
            "with an unknown id",
            |world| as_bob(world, "f5073eaa26b64cffbee89411df94ce01".to_owned()),
            Want::Refused(401, "the trust: its trustee"),
        ),
    ];
    cases.push(Case::new("trust", "used up", |world, through| {
        let trust = world.trust(true, Some(1))?;
        let log_in = |trust| {
            let client = as_bob(world, trust)?.client(through);
            Ok::<_, String>(client.and_then(|client| client.token()))
        };
        // Keystone issues a token for the last use, but does not find it afterwards.
        log_in(trust.clone())??;
        Want::Refused(401, "the trust: its trustee").judge(world, log_in(trust)?.as_deref(), true)
    }));
    cases
}

fn as_bob(world: &Keystone, trust: String) -> Result<Wish, String> {
    world.wish(world.password("bob"), Scope::trust(trust))
}

pub(crate) fn by_trust(world: &Keystone, impersonation: bool) -> Result<String, String> {
    let scope = json!({"OS-TRUST:trust": {"id": world.trust(impersonation, None)?}});
    world.fresh("bob", &scope)
}

/// The scope in the request's JSON.
fn written(world: &Keystone, on: On) -> Value {
    match on {
        On::Domain(key) => world.in_domain(key),
        On::Nothing => json!("unscoped"),
        On::Project(key) => world.in_project(key),
        On::System => json!({"system": {"all": true}}),
    }
}

fn half(token: &str) -> Result<String, String> {
    Ok(token[..token.len() / 2].to_owned())
}
