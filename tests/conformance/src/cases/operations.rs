//! Identity requests beside logins: about tokens, and the lists of possible scopes.

use auth_proto::{
    ApiVersion, Check, Cloud, Domains, FetchCatalog, IdentityRequest, Page, Project, Projects,
    Revoke, Scope, SystemScopes, UserProjects, Validate,
};
use http::Method;
use serde_json::{Value, json};

use crate::{
    case::{Case, On, holds, refused, same},
    keystone::{Keystone, Of},
};
use testing::{Adapter, Client, Error};

pub(crate) fn cases() -> Vec<Case> {
    type Operation = fn(&Inquiry<'_>) -> Result<(), String>;
    let operations: [(_, Operation); 3] = [
        ("validate", |inquiry| inquiry.validate()),
        ("check", |inquiry| inquiry.check()),
        ("revoke", |inquiry| inquiry.revoke()),
    ];
    let mut cases = Vec::new();
    for (name, subject, access) in SUBJECTS {
        for (caller_name, caller) in [("an administrator", "admin"), ("the user", "alice")] {
            for (group, run) in operations {
                let name = format!("{group} {name}, by {caller_name}");
                cases.push(Case::new(group, name, move |world, through| {
                    let (subject, client) = (subject(world)?, client(world, through, caller)?);
                    run(&Inquiry { world, client, caller, subject, access })
                }));
            }
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

type SubjectRow = (&'static str, Of<Result<String, String>>, Access);
const SUBJECTS: [SubjectRow; 11] = [
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

/// A caller's requests about a token.
struct Inquiry<'a> {
    world: &'a Keystone,
    client: Client,
    caller: &'a str,
    subject: String,
    access: Access,
}

impl Inquiry<'_> {
    fn validate(&self) -> Result<(), String> {
        let cloud = self.world.v3()?;
        for catalog in [true, false] {
            let validate = Validate::new(&cloud, &*self.subject);
            let validate = if catalog { validate } else { validate.without_catalog() };
            match self.judged(self.client.run(&validate))? {
                None => {}
                Some(got) if !self.is_found() => holds(got.is_none(), || "a token".to_owned())?,
                Some(got) => {
                    self.world.agrees(&got.ok_or("no token")?, ApiVersion::V3, catalog)?;
                }
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let got = self.client.run(&Check::new(&self.world.v3()?, &*self.subject));
        let Some(is_good) = self.judged(got)? else { return Ok(()) };
        same("is good", is_good, self.is_found())
    }

    /// The second revocation changes nothing.
    fn revoke(&self) -> Result<(), String> {
        for _ in 0..2 {
            let got = self.client.run(&Revoke::new(&self.world.v3()?, &*self.subject));
            if self.judged(got)?.is_none() {
                return Ok(());
            }
        }
        // Keystone cannot revoke a token with access rules and answers 404.
        let lives = self.world.validated(&self.subject)?.is_some();
        same("lives", lives, self.access == Access::Withheld)
    }

    fn is_found(&self) -> bool {
        matches!(self.access, Access::All | Access::AdministratorsOnly)
    }

    /// The result if the caller has access; otherwise the server refused.
    fn judged<T>(&self, got: Result<T, Error>) -> Result<Option<T>, String> {
        if self.access == Access::AdministratorsOnly && self.caller != "admin" {
            let stop = got.err().ok_or("a result for a caller without access")?;
            return refused(&stop, 403, "the user has no access").map(|()| None);
        }
        Ok(Some(got?))
    }
}

pub(crate) fn client(world: &Keystone, through: Adapter, caller: &str) -> Result<Client, String> {
    let scope = match caller {
        "admin" => Scope::project_name_in("admin", auth_proto::DomainRef::id("default")),
        _ => world.project("alpha"),
    };
    let wish = world.wish(world.password(caller), scope)?;
    Ok(wish.client(through)?)
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
                let wish = world.wish(world.password(user), on.scope(world))?;
                let client = wish.client(through)?;
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
