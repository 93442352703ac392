//! Logins with one factor: passwords, application credentials, one-time codes.

use auth_proto::{Credential, DomainRef, Scope, UserRef};

use crate::{
    case::{Case, On, Want},
    keystone::{Keystone, Of},
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = passwords();
    cases.extend(others());
    cases.extend(without_catalog());
    cases.extend(application_credentials());
    cases.extend(codes());
    cases
}

/// Every form of a user with every form of a scope.
fn passwords() -> Vec<Case> {
    let users: [(_, Of<UserRef>); 3] = [
        ("user by id", |world| world.user("alice")),
        ("user by name, domain by id", |world| world.named("alice")),
        ("user and domain by name", |_| UserRef::name_in("alice", DomainRef::name("Default"))),
    ];
    every_form("password", &users, &SCOPES)
}

/// Logins of alice by each of these users, for each of these scopes.
pub(super) fn every_form(
    group: &'static str,
    users: &[(&str, Of<UserRef>)],
    scopes: &[(&str, Of<Scope>, On)],
) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(user_name, user) in users {
        for &(scope_name, scope, on) in scopes {
            let wish = move |world: &Keystone| {
                let password = world.users["alice"].password.as_str();
                world.wish(Credential::password(user(world), password), scope(world))
            };
            let name = format!("{user_name}; {scope_name}");
            cases.push(Case::login(group, name, wish, Want::Token("alice", on)));
        }
    }
    cases
}

/// The scopes of alice.
pub(crate) const SCOPES: [(&str, Of<Scope>, On); 10] = [
    ("project by id", |world| world.project("alpha"), On::Project("alpha")),
    (
        "project by name, domain by id",
        |_| Scope::project_name_in("alpha", DomainRef::id("default")),
        On::Project("alpha"),
    ),
    (
        "project and domain by name",
        |_| Scope::project_name_in("beta", DomainRef::name("Default")),
        On::Project("beta"),
    ),
    ("domain by id", |world| world.domain("corp"), On::Domain("corp")),
    ("domain by name", |_| Scope::domain_name("Corp"), On::Domain("corp")),
    ("own domain by id", |world| world.domain("default"), On::Domain("default")),
    ("own domain by name", |_| Scope::domain_name("Default"), On::Domain("default")),
    ("system", |_| Scope::system(), On::System),
    ("no scope", |_| Scope::default(), On::Nothing),
    ("unscoped", |_| Scope::unscoped(), On::Nothing),
];

/// Users with unusual properties.
fn others() -> Vec<Case> {
    let rows: [(_, _, Of<Scope>, _); 9] = [
        ("a default project", "bob", |_| Scope::default(), On::Project("alpha")),
        ("a default project, unscoped", "bob", |_| Scope::unscoped(), On::Nothing),
        ("no role at all", "carol", |_| Scope::default(), On::Nothing),
        ("no role at all, unscoped", "carol", |_| Scope::unscoped(), On::Nothing),
        (
            "a name that is in two domains",
            "corp-alice",
            |_| Scope::project_name_in("alpha", DomainRef::name("Corp")),
            On::Project("corp-alpha"),
        ),
        ("255 letters", "long", |world| world.project("alpha"), On::Project("alpha")),
        ("letters and quotes", "zoe", |world| world.project("alpha"), On::Project("alpha")),
        ("letters, no scope", "zoe", |_| Scope::default(), On::Nothing),
        ("one with a code", "totp", |world| world.project("alpha"), On::Project("alpha")),
    ];
    let case = |(name, user, scope, on): (&str, &'static str, Of<Scope>, On)| {
        let wish = move |world: &Keystone| {
            let password = world.users[user].password.as_str();
            let credential = Credential::password(world.named(user), password);
            world.wish(credential, scope(world))
        };
        Case::login("password", format!("{user}: {name}"), wish, Want::Token(user, on))
    };
    rows.into_iter().map(case).collect()
}

fn without_catalog() -> Vec<Case> {
    let rows = [On::Project("alpha"), On::Domain("corp"), On::System, On::Nothing];
    let case = |on: On| {
        let wish = move |world: &Keystone| {
            let wish = world.wish(world.password("alice"), on.scope(world))?;
            Ok(Wish { catalog: false, ..wish })
        };
        Case::login("without catalog", format!("{on:?}"), wish, Want::Token("alice", on))
    };
    rows.into_iter().map(case).collect()
}

fn application_credentials() -> Vec<Case> {
    fn named(world: &Keystone, user: UserRef) -> Credential {
        let key = &world.application_credentials["plain"];
        Credential::application_credential_of(user, &key.name, key.secret.as_str())
    }
    let rows: [(_, Of<Credential>); 8] = [
        ("by id", |world| world.key("plain")),
        ("by name, user by id", |world| named(world, world.user("alice"))),
        ("by name, user by name, domain by id", |world| named(world, world.named("alice"))),
        ("by name, user and domain by name", |world| {
            named(world, UserRef::name_in("alice", DomainRef::name("Default")))
        }),
        ("unrestricted", |world| world.key("unrestricted")),
        ("with one role of two", |world| world.key("one-role")),
        ("with access rules", |world| world.key("rules")),
        ("with an end", |world| world.key("dated")),
    ];
    let case = |(name, credential): (&str, Of<Credential>)| {
        let wish = move |world: &Keystone| world.wish(credential(world), Scope::default());
        let want = Want::Token("alice", On::Project("alpha"));
        Case::login("application credential", name, wish, want)
    };
    rows.into_iter().map(case).collect()
}

fn codes() -> Vec<Case> {
    let users: [(_, Of<UserRef>); 2] =
        [("by id", |world| world.user("totp")), ("by name", |world| world.named("totp"))];
    let mut cases = Vec::new();
    for (name, user) in users {
        for on in [On::Project("alpha"), On::Nothing] {
            let wish = move |world: &Keystone| {
                let credential = Credential::totp(user(world), world.code("totp"));
                world.wish(credential, on.scope(world))
            };
            let name = format!("{name}; {on:?}");
            cases.push(Case::login("one-time code", name, wish, Want::Token("totp", on)));
        }
    }
    cases
}
