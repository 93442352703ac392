//! Refusals of a v2.0 server, and refusals before any request.

use auth_proto::{Credential, DomainRef, Factor, Scope, UserRef};

use super::{alice, bob, by};
use crate::{
    case::{Case, Want},
    cases::{
        odd,
        reason::{NO, Reason, Why},
        refusals::UNKNOWN_ID,
    },
    keystone::{Keystone, Of},
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Reason::cases("v2 refusals", REASONS);
    cases.extend(unknown());
    cases.extend(odd_requests());
    cases
}

const REASONS: &[Reason] = &[
    Reason {
        want: NO,
        why: Why::Explained("Invalid user / password"),
        logins: &[
            ("a wrong password", |w| wrong(w, w.name("alice"), w.project("alpha"))),
            ("a wrong password, by id", |w| wrong(w, w.user("alice"), w.project("alpha"))),
            // For an unknown id the server gives no other text.
            ("an unknown user id", |w| by(w, UserRef::id(UNKNOWN_ID), "alice", Scope::default())),
            ("a wrong password, no tenant", |w| wrong(w, w.name("alice"), Scope::default())),
        ],
    },
    Reason {
        want: NO,
        why: Why::Explained("Could not find user"),
        logins: &[
            ("an unknown user", |w| by(w, "nobody".into(), "alice", Scope::default())),
            ("a user of another domain", |w| {
                by(w, "corp-alice".into(), "corp-alice", Scope::default())
            }),
        ],
    },
    Reason {
        want: Want::Refused(401, "The account is disabled"),
        why: Why::Explained("The account is disabled"),
        logins: &[("a disabled user", |w| by(w, w.name("disabled"), "disabled", Scope::default()))],
    },
    Reason {
        want: NO,
        why: Why::Explained("Domain is disabled"),
        logins: &[("a user of a disabled domain", |w| {
            by(w, w.user("dead"), "dead", Scope::default())
        })],
    },
    Reason {
        want: NO,
        why: Why::Explained("Could not find project"),
        logins: &[("an unknown tenant", |w| alice(w, Scope::project_name("nowhere")))],
    },
    Reason {
        want: NO,
        why: Why::Explained("Project ID not found"),
        logins: &[("an unknown tenant id", |w| alice(w, Scope::project_id(UNKNOWN_ID)))],
    },
    Reason {
        want: NO,
        why: Why::Explained("has no access to project"),
        logins: &[("a tenant without a role", |w| {
            by(w, w.name("carol"), "carol", w.project("alpha"))
        })],
    },
    Reason {
        want: NO,
        why: Why::Explained("Project is disabled"),
        logins: &[("a disabled tenant", |w| alice(w, w.project("disabled")))],
    },
    Reason {
        want: Want::Refused(401, "The password is expired"),
        why: Why::Explained("The password is expired"),
        logins: &[("a password that has ended", |w| {
            by(w, w.name("expired"), "expired", Scope::default())
        })],
    },
    Reason {
        want: Want::Refused(400, "check the names"),
        why: Why::Explained("Request attribute username must be less"),
        logins: &[("a name of 255 letters", |w| by(w, w.name("long"), "long", Scope::default()))],
    },
];

fn wrong(world: &Keystone, user: UserRef, scope: Scope) -> Result<Wish, String> {
    world.wish(Credential::password(user, "wrong"), scope)
}

/// Credentials and scopes that v2.0 cannot express: refused before any request.
fn unknown() -> Vec<Case> {
    fn of(world: &Keystone, credential: Credential) -> Result<Wish, String> {
        world.wish(credential, Scope::default())
    }
    let rows: [(_, Of<_>, _); 8] = [
        (
            "a user's domain",
            |w: &Keystone| by(w, w.named("alice"), "alice", Scope::default()),
            "the v2.0 API has no domains",
        ),
        ("a code", |w| of(w, Credential::totp("alice", "123456")), "totp is not supported"),
        ("a second factor", |w| of(w, bob(w).and(Factor::totp("123456"))), "totp is not supported"),
        (
            "an application credential",
            |w| of(w, Credential::application_credential("a", "b")),
            "application_credential is not supported",
        ),
        (
            "a project's domain",
            |w| alice(w, Scope::project_name_in("alpha", DomainRef::id("default"))),
            "the v2.0 API has no domains",
        ),
        ("a domain", |w| alice(w, Scope::domain_id("default")), "domain scope is not supported"),
        ("the system", |w| alice(w, Scope::system()), "system scope is not supported"),
        ("no user name", |w| of(w, Credential::password("", "pw")), "empty; enter a value"),
    ];
    let case = |(name, wish, says)| Case::login("v2 without words", name, wish, Want::Config(says));
    rows.into_iter().map(case).collect()
}

fn odd_requests() -> Vec<Case> {
    const LOGIN: &str = "/v2.0/tokens";
    let rows = [
        ("JSON that is cut off", odd::post(LOGIN, r#"{"auth": "#), 400, "valid JSON"),
        ("no login", odd::post(LOGIN, "{}"), 400, "auth"),
        (
            "a login without a user",
            odd::post(LOGIN, r#"{"auth": {"tenantName": "alpha"}}"#),
            400,
            "auth",
        ),
        ("120,000 letters", odd::post(LOGIN, "x".repeat(120_000)), 413, "too large"),
        ("a path that is not there", odd::get("/v2.0/nowhere"), 404, "could not be found"),
    ];
    let wish = |world: &Keystone| alice(world, world.project("alpha"));
    rows.into_iter().map(|row| odd::case("v2 odd requests", wish, row)).collect()
}
