//! Identity API v2.0: tenants, tokens in bodies, no domains.

mod refusals;

use auth_proto::{
    Check, Cloud, Credential, Domains, EndpointQuery, FetchCatalog, IdentityRequest, Interface,
    Projects, Revoke, Scope, SystemScopes, UserProjects, UserRef, Validate,
};
use serde_json::{Value, json};

use super::{discovery, ways};
use crate::{
    case::{Case, On, Want, holds, same, speaks},
    keystone::{Keystone, Of, cloud},
    wish::Wish,
};
use testing::{Adapter, Client};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = passwords();
    cases.extend(tokens());
    cases.extend(trusts());
    cases.extend(places());
    cases.extend(refusals::cases());
    cases.extend(operations());
    cases
}

const SCOPES: [(&str, Of<Scope>, On); 4] = [
    ("tenant by id", |world| world.project("alpha"), On::Project("alpha")),
    ("tenant by name", |_| Scope::project_name("alpha"), On::Project("alpha")),
    ("another tenant by name", |_| Scope::project_name("beta"), On::Project("beta")),
    ("no tenant", |_| Scope::default(), On::Nothing),
];

fn passwords() -> Vec<Case> {
    let users: [(_, Of<UserRef>); 2] = [
        ("user by id", |world| world.user("alice")),
        ("user by name", |world| world.name("alice")),
    ];
    let mut cases = ways::every_form("v2 password", &users, &SCOPES);
    let rows: [(_, &str, Of<Scope>, _); 4] = [
        ("bob: a default project, which is for v3", "bob", |_| Scope::default(), On::Nothing),
        ("carol: no role at all", "carol", |_| Scope::default(), On::Nothing),
        ("zoe: letters and quotes", "zoe", |world| world.project("alpha"), On::Project("alpha")),
        ("zoe: letters, no tenant", "zoe", |_| Scope::default(), On::Nothing),
    ];
    for (name, user, scope, on) in rows {
        let wish = move |world: &Keystone| by(world, world.name(user), user, scope(world));
        cases.push(Case::login("v2 password", name, wish, Want::Token(user, on)));
    }
    let by_id =
        |world: &Keystone| by(world, world.user("corp-alice"), "corp-alice", Scope::default());
    let name = "corp-alice: of another domain, by id";
    let want = Want::Token("corp-alice", On::Nothing);
    cases.push(Case::login("v2 password", name, by_id, want));
    cases
}

fn tokens() -> Vec<Case> {
    let mut cases = Vec::new();
    for (from, source) in [("no tenant", On::Nothing), ("a tenant", On::Project("alpha"))] {
        for (name, scope, on) in SCOPES {
            let wish = move |world: &Keystone| {
                world.wish(Credential::token(old(world, source)?), scope(world))
            };
            let name = format!("from {from}: {name}");
            cases.push(Case::login("v2 token exchanged", name, wish, Want::Token("alice", on)));
        }
    }
    cases.push(Case::new("v2 token passed on", "a token", |world, through| {
        let token = world.fresh("alice", &world.in_project("alpha"))?;
        let credential = Credential::existing_token(token.as_str());
        let got = world.wish(credential, Scope::default())?.token(through)?;
        // Only administrators may validate it.
        holds(!got.is_validated() && got.expose() == token, || format!("{got:?}"))
    }));
    let gone: [(_, Of<Result<String, String>>); 3] = [
        ("a token that has ended", |world| Ok(world.expired_token()?.to_owned())),
        ("a revoked token", Keystone::revoked_token),
        ("no token", |_| Ok("nothing".to_owned())),
    ];
    for (name, token) in gone {
        let pass_on = move |world: &Keystone| {
            world.wish(Credential::existing_token(token(world)?), Scope::default())
        };
        let exchange = move |world: &Keystone| {
            world.wish(Credential::token(token(world)?), world.project("alpha"))
        };
        let fresh = Want::Refused(401, "the existing token has expired or was revoked");
        let ended = Want::Refused(401, "the token has expired");
        cases.push(Case::login("v2 token passed on", name, pass_on, fresh));
        cases.push(Case::login("v2 token exchanged", name, exchange, ended));
    }
    cases
}

fn trusts() -> Vec<Case> {
    type Rows = [(&'static str, Of<Result<Credential, String>>); 2];
    let credentials: Rows = [
        ("by password", |world| Ok(bob(world))),
        ("by token", |world| Ok(Credential::token(world.fresh("bob", &json!("unscoped"))?))),
    ];
    let mut cases = Vec::new();
    for (name, credential) in credentials {
        for (impersonation, user) in [(true, "alice"), (false, "bob")] {
            let wish = move |world: &Keystone| {
                let trust = world.trust(impersonation, None)?;
                let trust = Scope::trust_in(trust, &world.projects["alpha"].id);
                world.wish(credential(world)?, trust)
            };
            let want = Want::Token(user, On::Project("alpha"));
            cases.push(Case::login("v2 trust", format!("{name}, as {user}"), wish, want));
        }
    }
    let gone = |world: &Keystone| {
        let trust = Scope::trust_in("nothing", &world.projects["alpha"].id);
        world.wish(bob(world), trust)
    };
    cases.push(Case::login(
        "v2 trust",
        "unknown",
        gone,
        Want::Refused(404, "the trust: its trustee"),
    ));
    let alone = |world: &Keystone| world.wish(bob(world), Scope::trust("f5073eaa26b64cff"));
    let needs = Want::Config("also needs the trust's project");
    cases.push(Case::login("v2 trust", "without its project", alone, needs));
    cases
}

/// Discovery of the server.
fn places() -> Vec<Case> {
    let rows: [(_, Of<String>); 4] = [
        ("/v2.0", |world| format!("{}/v2.0", world.url)),
        ("/v2.0/", |world| format!("{}/v2.0/", world.url)),
        ("a path prefix", |world| format!("{}{}/v2.0", world.url, world.prefix)),
        ("a wrong Host", |world| format!("{}{}/v2.0", world.url, world.proxied)),
    ];
    let mut cases = discovery::at_places("v2 discovery", rows, |world| world.name("alice"));
    let newest = |world: &Keystone| {
        Ok(Wish::new(cloud(&world.url)?, world.password("alice"), world.project("alpha")))
    };
    let oldest = |world: &Keystone| {
        let place = cloud(&format!("{}{}", world.url, world.old))?;
        Ok(Wish { cloud: place, ..alice(world, world.project("alpha"))? })
    };
    let want = Want::Token("alice", On::Project("alpha"));
    cases.extend([
        Case::login("v2 discovery", "a login without a version", newest, want),
        Case::login("v2 discovery", "a login without a version, at v2.0 alone", oldest, want),
    ]);
    cases
}

/// Requests that v2.0 does not have, and the endpoints of its services.
fn operations() -> Vec<Case> {
    fn refused<E: IdentityRequest>(
        world: &Keystone,
        through: Adapter,
        exchange: fn(&Cloud) -> E,
    ) -> Result<(), String> {
        let client = alice(world, Scope::default())?.client(through)?;
        let stop = client.run(&exchange(&world.v2()?)).err().ok_or("an answer")?;
        speaks(&stop.to_string(), "use a v3 URL")
    }
    let none = |name, run: fn(&Keystone, Adapter) -> Result<(), String>| {
        Case::new("v2 operations", name, run)
    };
    let mut cases = vec![
        none("catalog", |world, through| refused(world, through, FetchCatalog::new)),
        none("check", |world, through| refused(world, through, |cloud| Check::new(cloud, "x"))),
        none("domains", |world, through| refused(world, through, Domains::new)),
        none("projects", |world, through| refused(world, through, Projects::new)),
        none("projects of a user", |world, through| {
            refused(world, through, |cloud| UserProjects::new(cloud, "x"))
        }),
        none("revoke", |world, through| refused(world, through, |cloud| Revoke::new(cloud, "x"))),
        none("system scopes", |world, through| refused(world, through, SystemScopes::new)),
        none("validate", |world, through| {
            refused(world, through, |cloud| Validate::new(cloud, "x"))
        }),
    ];
    for service in ["compute", "image", "object-store", "network", "identity"] {
        cases.push(Case::new("v2 endpoints", service, move |world, through| {
            let client = alice(world, world.project("alpha"))?.client(through)?;
            endpoints(world, &client, service)
        }));
    }
    cases
}

fn endpoints(world: &Keystone, client: &Client, service: &str) -> Result<(), String> {
    let token = client.token()?;
    let raw = world.validated(token.expose())?.ok_or("no token")?;
    let entries = raw["catalog"].as_array().into_iter().flatten();
    let entries = entries.filter(|entry| entry["type"] == service);
    let mut count = 0;
    for endpoint in entries.flat_map(|entry| entry["endpoints"].as_array().into_iter().flatten()) {
        let part = |key: &str| endpoint[key].as_str().unwrap_or_default();
        let interface: Interface = part("interface").parse().map_err(|_| "an odd interface")?;
        let select = EndpointQuery::new(service).region(part("region_id")).interfaces(&[interface]);
        same("url", client.endpoint(&select)?.as_str(), part("url"))?;
        count += 1;
    }
    holds(count > 0, || "no endpoints".to_owned())
}

/// A login with this user's password.
fn by(world: &Keystone, user: UserRef, key: &str, scope: Scope) -> Result<Wish, String> {
    let password = world.users[key].password.as_str();
    world.wish(Credential::password(user, password), scope)
}

fn alice(world: &Keystone, scope: Scope) -> Result<Wish, String> {
    by(world, world.name("alice"), "alice", scope)
}

fn bob(world: &Keystone) -> Credential {
    Credential::password(world.name("bob"), world.users["bob"].password.as_str())
}

fn old(world: &Keystone, on: On) -> Result<String, String> {
    match on {
        On::Project(key) => world.fresh("alice", &world.in_project(key)),
        _ => world.fresh("alice", &Value::Null),
    }
}
