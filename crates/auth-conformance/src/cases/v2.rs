//! The v2.0 protocol: tenants, tokens in bodies, no domains.

use auth_proto::{
    Answer, Check, Cloud, Credential, Dialect, DomainRef, Domains, Exchange, Factor, FetchCatalog,
    Interface, Projects, Revoke, Scope, Select, SystemScopes, UserProjects, UserRef, Validate,
    Versions,
};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::{
    case::{Case, On, Want, holds, same, speaks},
    client::{Client, Stop, Through, Wish},
    world::{Of, World, cloud},
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = passwords();
    cases.extend(tokens());
    cases.extend(places());
    cases.extend(refusals());
    cases.extend(unknown());
    cases.extend(operations());
    cases.extend(calls());
    cases
}

const SCOPES: [(&str, Of<Scope>, On); 4] = [
    ("tenant by id", |world| world.project("alpha"), On::Project("alpha")),
    ("tenant by name", |_| Scope::project_name("alpha"), On::Project("alpha")),
    ("another tenant by name", |_| Scope::project_name("beta"), On::Project("beta")),
    ("no tenant", |_| Scope::default(), On::Nothing),
];

fn passwords() -> Vec<Case> {
    let users: [(_, Of<UserRef>); 2] =
        [("user by id", |world| world.user("alice")), ("user by name", |_| UserRef::name("alice"))];
    let mut cases = Vec::new();
    for (user_name, user) in users {
        for (scope_name, scope, on) in SCOPES {
            let wish = move |world: &World| by(world, user(world), "alice-pw", scope(world));
            let name = format!("{user_name}; {scope_name}");
            cases.push(Case::login("v2 password", name, wish, Want::Token("alice", on)));
        }
    }
    let rows: [(_, &str, Of<Scope>, _); 4] = [
        ("bob: a default project, which is for v3", "bob", |_| Scope::default(), On::Nothing),
        ("carol: no role at all", "carol", |_| Scope::default(), On::Nothing),
        ("zoe: letters and quotes", "zoe", |world| world.project("alpha"), On::Project("alpha")),
        ("zoe: letters, no tenant", "zoe", |_| Scope::default(), On::Nothing),
    ];
    for (name, user, scope, on) in rows {
        let wish = move |world: &World| {
            let named = &world.users[user];
            by(world, UserRef::name(&named.name), &named.password, scope(world))
        };
        cases.push(Case::login("v2 password", name, wish, Want::Token(user, on)));
    }
    let by_id =
        |world: &World| by(world, world.user("corp-alice"), "corp-alice-pw", Scope::default());
    let name = "corp-alice: of another domain, by id";
    let want = Want::Token("corp-alice", On::Nothing);
    cases.push(Case::login("v2 password", name, by_id, want));
    cases
}

fn tokens() -> Vec<Case> {
    let mut cases = Vec::new();
    for (from, source) in [("no tenant", On::Nothing), ("a tenant", On::Project("alpha"))] {
        for (name, scope, on) in SCOPES {
            let wish = move |world: &World| {
                Ok(Wish::new(world.v2()?, Credential::token(old(world, source)?), scope(world)))
            };
            let name = format!("from {from}: {name}");
            cases.push(Case::login("v2 token exchanged", name, wish, Want::Token("alice", on)));
        }
    }
    cases.push(Case::new("v2 token passed on", "a token", |world, through| {
        let token = world.fresh("alice", &world.in_project("alpha"))?;
        let credential = Credential::passed_on(token.as_str());
        let client = Client::new(through, Wish::new(world.v2()?, credential, Scope::default()));
        let got = client.and_then(|client| client.token()).map_err(text)?;
        // Nobody may ask about it but administrators.
        holds(!got.is_validated() && got.expose() == token, || format!("{got:?}"))
    }));
    let gone: [(_, Of<Result<String, String>>); 3] = [
        ("a token that has ended", |world| Ok(world.expired_token()?.to_owned())),
        ("a revoked token", World::revoked_token),
        ("no token", |_| Ok("nothing".to_owned())),
    ];
    for (name, token) in gone {
        let pass_on = move |world: &World| {
            Ok(Wish::new(world.v2()?, Credential::passed_on(token(world)?), Scope::default()))
        };
        let exchange = move |world: &World| {
            Ok(Wish::new(world.v2()?, Credential::token(token(world)?), world.project("alpha")))
        };
        let fresh = Want::Refused(401, "pass on a fresh one");
        let ended = Want::Refused(401, "the token has ended");
        cases.push(Case::login("v2 token passed on", name, pass_on, fresh));
        cases.push(Case::login("v2 token exchanged", name, exchange, ended));
    }
    cases
}

/// How the server is found.
fn places() -> Vec<Case> {
    let rows: [(_, Of<String>); 4] = [
        ("/v2.0", |world| format!("{}/v2.0", world.url)),
        ("/v2.0/", |world| format!("{}/v2.0/", world.url)),
        ("a path prefix", |world| format!("{}{}/v2.0", world.url, world.prefix)),
        ("a wrong Host", |world| format!("{}{}/v2.0", world.url, world.proxied)),
    ];
    let mut cases = Vec::new();
    for (name, url) in rows {
        let wish = move |world: &World| {
            let credential = Credential::password("alice", "alice-pw");
            Ok(Wish::new(cloud(&url(world))?, credential, world.project("alpha")))
        };
        let want = Want::Token("alice", On::Project("alpha"));
        cases.push(Case::login("v2 discovery", format!("a login at {name}"), wish, want));
        cases.push(Case::new(
            "v2 discovery",
            format!("the versions at {name}"),
            move |world, through| {
                let place = cloud(&url(world))?;
                let wish = Wish::new(place.clone(), bob(world)?, Scope::default());
                let client = Client::new(through, wish).map_err(text)?;
                let versions = client.run(&Versions::new(&place)).map_err(text)?;
                let found =
                    |dialect| versions.iter().find(|version| version.dialect() == Some(dialect));
                let v2 = found(Dialect::V2).ok_or("no v2.0")?;
                same("url", v2.url.as_deref(), Some(url(world).trim_end_matches('/')))?;
                found(Dialect::V3).map(drop).ok_or_else(|| "no v3".to_owned())
            },
        ));
    }
    let newest = |world: &World| {
        Ok(Wish::new(cloud(&world.url)?, world.password("alice"), world.project("alpha")))
    };
    let want = Want::Token("alice", On::Project("alpha"));
    cases.push(Case::login("v2 discovery", "a login without a version", newest, want));
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

/// None of these requests is in v2.0; and where its services are.
fn operations() -> Vec<Case> {
    fn refused<E: Exchange>(
        world: &World,
        through: Through,
        exchange: fn(&Cloud) -> E,
    ) -> Result<(), String> {
        let client = Client::new(through, by(world, "alice".into(), "alice-pw", Scope::default())?);
        match client.map_err(text)?.run(&exchange(&world.v2()?)) {
            Err(Stop::Auth(error)) => speaks(&error.to_string(), "it needs a v3 service"),
            Err(stop) => Err(stop.to_string()),
            Ok(_) => Err("an answer".to_owned()),
        }
    }
    let none = |name, run: fn(&World, Through) -> Result<(), String>| {
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
            let client = Client::new(
                through,
                by(world, "alice".into(), "alice-pw", world.project("alpha"))?,
            );
            endpoints(world, &client.map_err(text)?, service)
        }));
    }
    cases
}

fn endpoints(world: &World, client: &Client, service: &str) -> Result<(), String> {
    let token = client.token().map_err(text)?;
    let raw = world.validated(token.expose())?.ok_or("no token")?;
    let entries = raw["catalog"].as_array().into_iter().flatten();
    let entries = entries.filter(|entry| entry["type"] == service);
    let mut count = 0;
    for endpoint in entries.flat_map(|entry| entry["endpoints"].as_array().into_iter().flatten()) {
        let part = |key: &str| endpoint[key].as_str().unwrap_or_default();
        let interface: Interface = part("interface").parse().map_err(|_| "an odd interface")?;
        let select = Select::new(service).region(part("region_id")).interfaces(&[interface]);
        same("url", client.endpoint(&select).map_err(text)?.as_str(), part("url"))?;
        count += 1;
    }
    holds(count > 0, || "no endpoints".to_owned())
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

fn by(world: &World, user: UserRef, password: &str, scope: Scope) -> Result<Wish, String> {
    Ok(Wish::new(world.v2()?, Credential::password(user, password), scope))
}

fn bob(_: &World) -> Result<Credential, String> {
    Ok(Credential::password("bob", "bob-pw"))
}

fn old(world: &World, on: On) -> Result<String, String> {
    match on {
        On::Project(key) => world.fresh("alice", &world.in_project(key)),
        _ => world.fresh("alice", &Value::Null),
    }
}

fn text(stop: Stop) -> String {
    stop.to_string()
}
