//! Logins that the server refuses, and malformed requests.

use auth_proto::{Credential, DomainRef, Scope, UserRef};
use http::Method;
use serde_json::json;

use super::{
    factors::wrong,
    odd,
    reason::{NO, Reason, Why},
};
use crate::{
    case::{Case, Want},
    keystone::{Keystone, Of},
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Reason::cases("refusals", &[USERS, SCOPES, KEYS, CODES, TOKENS].concat());
    cases.extend(unsent());
    cases.extend(odd_requests());
    cases
}

const USERS: &[Reason] = &[
    Reason {
        want: NO,
        why: Why::Explained("Invalid username or password"),
        logins: &[
            ("a wrong password, user by id", |w| by(w, w.user("alice"), "wrong")),
            ("a wrong password, user by name", |w| by(w, w.named("alice"), "wrong")),
            ("a password with a blank at its end", |w| changed(w, |own| format!("{own} "))),
            ("a password in capitals", |w| changed(w, str::to_uppercase)),
            ("a password of 4,000 letters", |w| by(w, w.user("alice"), &"p".repeat(4_000))),
        ],
    },
    Reason {
        want: NO,
        why: Why::Explained("Could not find user"),
        logins: &[
            ("an unknown user id", |w| own(w, UserRef::id(UNKNOWN_ID), "alice")),
            ("a user id that is too long", |w| own(w, UserRef::id("f".repeat(300)), "alice")),
            ("an unknown user", |w| own(w, in_default("nobody"), "alice")),
            ("a user of another domain", |w| own(w, in_default("corp-alice"), "corp-alice")),
            ("a name of one NUL character", |w| own(w, in_default("\u{0}"), "alice")),
        ],
    },
    Reason {
        want: NO,
        why: Why::Explained("Could not find domain"),
        logins: &[
            ("an unknown domain", |w| own(w, in_domain(DomainRef::name("Nowhere")), "alice")),
            ("an unknown domain id", |w| own(w, in_domain(DomainRef::id("nowhere")), "alice")),
        ],
    },
    Reason {
        want: NO,
        why: Why::Disabled("user", |w| &w.users["disabled"].id),
        logins: &[("a disabled user", |w| own(w, w.user("disabled"), "disabled"))],
    },
    Reason {
        want: NO,
        why: Why::Disabled("domain", |w| &w.domains["dead"]),
        logins: &[
            ("a user of a disabled domain", |w| own(w, w.user("dead"), "dead")),
            ("a user of a disabled domain, by name", |w| own(w, w.named("dead"), "dead")),
        ],
    },
    Reason {
        want: Want::Refused(401, "The password is expired and needs to be changed"),
        why: Why::Explained("The password is expired"),
        logins: &[("a password that has ended", |w| own(w, w.user("expired"), "expired"))],
    },
];

const SCOPES: &[Reason] = &[
    Reason {
        want: NO,
        why: Why::Explained("has no access to"),
        logins: &[
            ("a project without a role", |w| to(w, "alice", w.project("corp-alpha"))),
            ("a project for who has no role at all", |w| to(w, "carol", w.project("alpha"))),
            ("a domain without a role", |w| to(w, "bob", w.domain("corp"))),
            ("the system without a role", |w| to(w, "bob", Scope::system())),
        ],
    },
    Reason {
        want: NO,
        why: Why::Explained("Could not find project"),
        logins: &[
            ("an unknown project id", |w| to(w, "alice", Scope::project_id(UNKNOWN_ID))),
            ("an unknown project", |w| {
                to(w, "alice", Scope::project_name_in("nowhere", DomainRef::id("default")))
            }),
            ("a domain's name as a project's id", |w| to(w, "alice", Scope::project_id("Corp"))),
        ],
    },
    Reason {
        want: NO,
        why: Why::Explained("Could not find domain"),
        logins: &[
            ("a project of an unknown domain", |w| {
                to(w, "alice", Scope::project_name_in("alpha", DomainRef::name("Nowhere")))
            }),
            ("an unknown domain to be for", |w| to(w, "alice", Scope::domain_name("Nowhere"))),
            ("an unknown domain id to be for", |w| to(w, "alice", Scope::domain_id("nowhere"))),
        ],
    },
    Reason {
        want: NO,
        why: Why::Disabled("project", |w| &w.projects["disabled"].id),
        logins: &[("a disabled project", |w| to(w, "alice", w.project("disabled")))],
    },
    Reason {
        want: NO,
        why: Why::Disabled("domain", |w| &w.domains["dead"]),
        logins: &[
            ("a project of a disabled domain", |w| to(w, "alice", w.project("dead"))),
            ("a disabled domain", |w| to(w, "alice", w.domain("dead"))),
        ],
    },
];

const KEYS: &[Reason] = &[
    Reason {
        want: NO,
        why: Why::Explained("Invalid application credential ID or secret"),
        logins: &[
            ("an application credential's wrong secret", |w| {
                let id = &w.application_credentials["plain"].id;
                with(w, Credential::application_credential(id, "wrong"))
            }),
            ("an application credential that has ended", |w| with(w, w.key("ending"))),
        ],
    },
    Reason {
        want: Want::Refused(404, "not found"),
        why: Why::Explained("Could not find Application Credential"),
        logins: &[("an unknown application credential", |w| {
            with(w, Credential::application_credential(UNKNOWN_ID, "pw"))
        })],
    },
    Reason {
        want: NO,
        why: Why::Explained("Could not find application credential"),
        logins: &[
            ("an unknown application credential by name", |w| key_of(w, "alice", "nothing")),
            ("another user's application credential", |w| key_of(w, "bob", "plain")),
        ],
    },
];

const CODES: &[Reason] = &[Reason {
    want: NO,
    why: Why::Explained("Invalid username or TOTP passcode"),
    logins: &[
        ("a wrong code", |w| code(w, "totp", &wrong(&w.code("totp")))),
        ("another user's code", |w| code(w, "totp", &w.code("mfa"))),
        ("a code of letters", |w| code(w, "totp", "letters")),
        ("a code of a user who has none", |w| code(w, "alice", "123456")),
    ],
}];

const GONE: Want = Want::Refused(404, "the token has expired, was revoked or cannot be exchanged");

const TOKENS: &[Reason] = &[
    Reason {
        want: GONE,
        why: Why::Explained("Failed to validate token"),
        logins: &[
            ("a token that has ended", |w| token(w, w.expired_token()?)),
            ("a revoked token", |w| token(w, &w.revoked_token()?)),
        ],
    },
    Reason {
        want: GONE,
        why: Why::Explained("Could not recognize Fernet token"),
        logins: &[("an invalid token", |w| token(w, "nothing"))],
    },
    Reason {
        want: Want::Refused(403, "or use Credential::existing_token"),
        why: Why::Explained("to create another token"),
        logins: &[
            ("an application credential's token", |w| token(w, &w.fresh_by_key("plain")?)),
            ("a trust's token", |w| token(w, &super::tokens::by_trust(w, true)?)),
        ],
    },
    Reason {
        want: Want::Refused(401, "no role in this scope"),
        why: Why::Explained("has no access to project"),
        logins: &[("a token for a project without a role", |w| {
            let bob = w.fresh("bob", &json!("unscoped"))?;
            Ok(Wish { scope: w.project("beta"), ..token(w, &bob)? })
        })],
    },
];

/// Errors before any request.
fn unsent() -> Vec<Case> {
    let config: [(_, Of<_>, _); 8] = [
        (
            "a name without a domain",
            |w: &Keystone| own(w, w.name("alice"), "alice"),
            "a user name is unique only within its domain",
        ),
        ("an empty password", |w| by(w, w.user("alice"), ""), "empty; enter a value"),
        // The server would close the connection before it has read it.
        (
            "a name and a password that are too long together",
            |w| by(w, in_default(&"u".repeat(32_768)), &"p".repeat(32_768)),
            "credential and scope together: longer than",
        ),
        (
            "a password that is too long to send",
            |w| by(w, w.user("alice"), &"p".repeat(40_000)),
            "longer than 32768 bytes",
        ),
        (
            "a project's name without a domain",
            |w| to(w, "alice", Scope::project_name("alpha")),
            "a project name is unique only within its domain",
        ),
        ("an empty project", |w| to(w, "alice", Scope::project_id("")), "empty; enter a value"),
        (
            "an application credential with a scope",
            |w| Ok(Wish { scope: w.project("alpha"), ..with(w, w.key("plain"))? }),
            "an application credential has a fixed scope",
        ),
        ("a code with a blank", |w| code(w, "totp", "123 456"), "remove it"),
    ];
    let case = |(name, wish, says)| Case::login("refusals", name, wish, Want::Config(says));
    config.into_iter().map(case).collect()
}

/// A well-formed id of no user, project or credential.
pub(crate) const UNKNOWN_ID: &str = "f5073eaa26b64cffbee89411df94ce01";

fn by(world: &Keystone, user: UserRef, password: &str) -> Result<Wish, String> {
    world.wish(Credential::password(user, password), world.project("alpha"))
}

/// A login with this user's password.
fn own(world: &Keystone, user: UserRef, key: &str) -> Result<Wish, String> {
    by(world, user, secret(world, key))
}

/// A login of alice with another password than this.
fn changed(world: &Keystone, change: fn(&str) -> String) -> Result<Wish, String> {
    by(world, world.user("alice"), &change(secret(world, "alice")))
}

fn in_domain(domain: DomainRef) -> UserRef {
    UserRef::name_in("alice", domain)
}

fn secret<'a>(world: &'a Keystone, key: &str) -> &'a str {
    &world.users[key].password
}

fn to(world: &Keystone, user: &str, scope: Scope) -> Result<Wish, String> {
    world.wish(world.password(user), scope)
}

fn with(world: &Keystone, credential: Credential) -> Result<Wish, String> {
    world.wish(credential, Scope::default())
}

/// An application credential by its name and this user, with the secret of alice's.
fn key_of(world: &Keystone, user: &str, name: &str) -> Result<Wish, String> {
    let secret = world.application_credentials["plain"].secret.as_str();
    with(world, Credential::application_credential_of(world.user(user), name, secret))
}

fn code(world: &Keystone, user: &str, code: &str) -> Result<Wish, String> {
    world.wish(Credential::totp(world.user(user), code), world.project("alpha"))
}

fn token(world: &Keystone, token: &str) -> Result<Wish, String> {
    world.wish(Credential::token(token), world.project("alpha"))
}

fn in_default(name: &str) -> UserRef {
    UserRef::name_in(name, DomainRef::id("default"))
}

fn odd_requests() -> Vec<Case> {
    const LOGIN: &str = "/v3/auth/tokens";
    let two = r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}},
        "scope": {"project": {"id": "a"}, "domain": {"id": "b"}}}}"#;
    let unknown = r#"{"auth": {"identity": {"methods": ["handshake"], "handshake": {}}}}"#;
    let long = "x".repeat(120_000);
    let rows = [
        ("JSON that is cut off", odd::post(LOGIN, r#"{"auth": "#), 400, "valid JSON"),
        ("an array", odd::post(LOGIN, "[]"), 400, "valid JSON"),
        ("no login", odd::post(LOGIN, "{}"), 400, "auth"),
        ("no body", odd::post(LOGIN, ""), 400, "auth"),
        ("a wrong content type", odd::post(LOGIN, "{}").of_type("text/plain"), 400, "Content-Type"),
        ("two scopes at once", odd::post(LOGIN, two), 400, "in scope"),
        ("an unknown method", odd::post(LOGIN, unknown), 401, "unsupported method"),
        ("120,000 letters", odd::post(LOGIN, &long), 413, "too large"),
        ("a path that is not there", odd::get("/v3/nowhere"), 404, "not found"),
        ("a verb that is not there", odd::bare(Method::PUT, LOGIN), 405, "not allowed"),
        ("a missing user", odd::get("/v3/users/nobody"), 403, "not authorized"),
    ];
    let wish = |world: &Keystone| to(world, "alice", world.project("alpha"));
    rows.into_iter().map(|row| odd::case("odd requests", wish, row)).collect()
}
