//! Identity requests beside logins: about tokens, and the lists of possible scopes.

use auth_proto::{
    Check, Cloud, Domains, FetchCatalog, IdentityRequest, Page, Project, Projects, Revoke, Scope,
    SystemScopes, UserProjects, Validate,
};
use http::Method;
use serde_json::{Value, json};

use crate::{
    case::{Case, On, holds, refused, same},
    client::{Client, Stop, Through, Wish},
    keystone::{Keystone, Of},
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, subject, access) in SUBJECTS {
        for (caller_name, caller) in [("an administrator", "admin"), ("the user", "alice")] {
            let name = |what: &str| format!("{what} {name}, by {caller_name}");
            cases.push(Case::new("validate", name("validate"), move |world, through| {
                validate(world, through, caller, &subject(world)?, access)
            }));
            cases.push(Case::new("check", name("check"), move |world, through| {
                check(world, through, caller, &subject(world)?, access)
            }));
            cases.push(Case::new("revoke", name("revoke"), move |world, through| {
                revoke(world, through, caller, &subject(world)?, access)
            }));
        }
    }
    cases.extend(lists());
    cases
}

/// The server's answer about a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// All of it, for the user and for administrators.
    All,
    /// All of it, for administrators only.
    AdministratorsOnly,
    /// Not found.
    NotFound,
    /// Not found, unless the caller enforces access rules.
    Withheld,
}

type Row = (&'static str, Of<Result<String, String>>, Access);
const SUBJECTS: [Row; 11] = [
    (
        "a token for a project",
        |world| world.fresh("alice", &world.in_project("alpha")),
        Access::All,
    ),
    ("a token for a domain", |world| world.fresh("alice", &world.in_domain("corp")), Access::All),
    (
        "a token for the system",
        |world| world.fresh("alice", &json!({"system": {"all": true}})),
        Access::All,
    ),
    ("an unscoped token", |world| world.fresh("alice", &json!("unscoped")), Access::All),
    ("an application credential's token", |world| world.fresh_by_key("plain"), Access::All),
    (
        "another user's token",
        |world| world.fresh("bob", &world.in_project("alpha")),
        Access::AdministratorsOnly,
    ),
    ("a token with access rules", |world| world.fresh_by_key("rules"), Access::Withheld),
    ("a token that has ended", |world| Ok(world.expired_token()?.to_owned()), Access::NotFound),
    ("a revoked token", Keystone::revoked_token, Access::NotFound),
    ("no token at all", |_| Ok("nothing".to_owned()), Access::NotFound),
    ("what looks like a token", |_| Ok(FORGED.to_owned()), Access::NotFound),
];

/// A well-formed token that the server never issued.
pub(crate) const FORGED: &str =
    "gAAAAABqAcmJ0m1ZlNqkC9Xv2d5kqP0uZ3vHnYJrW8sTfE7bLxQoR4iUy6cMgAeKtDp1hNwVzXjBfSs3";

fn validate(
    world: &Keystone,
    through: Through,
    caller: &str,
    subject: &str,
    access: Access,
) -> Result<(), String> {
    let cloud = world.v3()?;
    for catalog in [true, false] {
        let validate = Validate::new(&cloud, subject);
        let validate = if catalog { validate } else { validate.without_catalog() };
        let got = client(world, through, caller)?.run(&validate);
        match judged(access, caller, got)? {
            None => {}
            Some(got) if access == Access::NotFound || access == Access::Withheld => {
                holds(got.is_none(), || "a token".to_owned())?;
            }
            Some(got) => {
                let token = got.ok_or("no token")?;
                world.agrees(&token, auth_proto::ApiVersion::V3, catalog)?;
            }
        }
    }
    Ok(())
}

fn check(
    world: &Keystone,
    through: Through,
    caller: &str,
    subject: &str,
    access: Access,
) -> Result<(), String> {
    let got = client(world, through, caller)?.run(&Check::new(&world.v3()?, subject));
    let Some(is_good) = judged(access, caller, got)? else { return Ok(()) };
    same("is good", is_good, access != Access::NotFound && access != Access::Withheld)
}

/// The second revocation changes nothing.
fn revoke(
    world: &Keystone,
    through: Through,
    caller: &str,
    subject: &str,
    access: Access,
) -> Result<(), String> {
    let client = client(world, through, caller)?;
    for _ in 0..2 {
        let got = client.run(&Revoke::new(&world.v3()?, subject));
        if judged(access, caller, got)?.is_none() {
            return Ok(());
        }
    }
    // Keystone cannot revoke a token with access rules and answers 404.
    same("lives", world.validated(subject)?.is_some(), access == Access::Withheld)
}

/// The result if the caller has access; otherwise the server refused.
fn judged<T>(access: Access, caller: &str, got: Result<T, Stop>) -> Result<Option<T>, String> {
    if access == Access::AdministratorsOnly && caller != "admin" {
        let stop = got.err().ok_or("a result for a caller without access")?;
        return refused(&stop, 403, "the user has no access").map(|()| None);
    }
    Ok(Some(got?))
}

pub(crate) fn client(world: &Keystone, through: Through, caller: &str) -> Result<Client, String> {
    let scope = match caller {
        "admin" => Scope::project_name_in("admin", auth_proto::DomainRef::id("default")),
        _ => world.project("alpha"),
    };
    let wish = Wish::new(world.v3()?, world.password(caller), scope);
    Ok(Client::new(through, wish)?)
}

/// Every list, for every kind of token, compared with a plain request.
fn lists() -> Vec<Case> {
    let callers = [
        ("alice", On::Project("alpha")),
        ("alice", On::Domain("corp")),
        ("alice", On::System),
        ("alice", On::Nothing),
        ("bob", On::Project("alpha")),
        ("carol", On::Nothing),
    ];
    let mut cases = Vec::new();
    for (user, on) in callers {
        let mut case = |group, run: fn(&Keystone, &Client, &str) -> Result<(), String>| {
            let run = move |world: &Keystone, through| {
                let wish = Wish::new(world.v3()?, world.password(user), on.scope(world));
                let client = Client::new(through, wish)?;
                run(world, &client, user)
            };
            cases.push(Case::new(group, format!("for {user}, {on:?}"), run));
        };
        case("projects", |world, client, _| {
            listed(world, client, "/auth/projects", "projects", Projects::new, projects)
        });
        case("domains", |world, client, _| {
            listed(world, client, "/auth/domains", "domains", Domains::new, |page| {
                page.items.into_iter().filter_map(|domain| domain.id).collect()
            })
        });
        case("system scopes", |world, client, _| {
            listed(world, client, "/auth/system", "system", SystemScopes::new, |scopes| {
                scopes.iter().map(ToString::to_string).collect()
            })
        });
        case("catalog", |world, client, _| {
            listed(world, client, "/auth/catalog", "catalog", FetchCatalog::new, |catalog| {
                catalog.services().map(|service| service.service_type().to_owned()).collect()
            })
        });
        case("projects of a user", |world, client, user| {
            for other in [user, "alice"] {
                let id = &world.users[other].id;
                let path = format!("/users/{id}/projects");
                let own = |cloud: &_| UserProjects::new(cloud, id);
                listed(world, client, &path, "projects", own, projects)?;
            }
            Ok(())
        });
    }
    cases
}

fn projects<N>(page: Page<Project, N>) -> Vec<String> {
    page.items.into_iter().filter_map(|project| project.id).collect()
}

/// Checks that a client reads the same list as a plain request with the same token, refusals
/// included.
fn listed<E: IdentityRequest>(
    world: &Keystone,
    client: &Client,
    path: &str,
    key: &str,
    exchange: impl Fn(&Cloud) -> E,
    read: impl Fn(E::Output) -> Vec<String>,
) -> Result<(), String> {
    let token = client.token()?;
    let raw = world.ask(Method::GET, path, token.expose(), "", &Value::Null)?;
    match client.run(&exchange(&world.v3()?)) {
        Ok(list) => {
            same("status", raw.status.as_u16(), 200)?;
            let entries = raw.body[key].as_array().ok_or("no list")?;
            let text = |entry: &Value| match entry {
                entry if entry["id"].is_string() && key != "catalog" => entry["id"].clone(),
                entry if entry["all"] == true => json!("system scope"),
                entry => entry["type"].clone(),
            };
            let mut wanted: Vec<_> = entries.iter().map(text).collect();
            let mut got: Vec<Value> = read(list).into_iter().map(Value::String).collect();
            wanted.sort_by_key(Value::to_string);
            got.sort_by_key(Value::to_string);
            same("list", got, wanted)
        }
        Err(stop) => refused(&stop, raw.status.as_u16(), ""),
    }
}
