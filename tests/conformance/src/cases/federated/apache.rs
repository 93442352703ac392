//! Federated logins at Debian's mod_auth_openidc, in front of the same Keystone in mod_wsgi.

use auth_proto::{Credential, Factor, Scope};

use super::{ALPHA, SERVICE, WAYS, by_client, by_password, by_token, own_client, with_code};
use crate::{
    case::{Case, On, Want},
    keystone::{Keystone, Of, cloud},
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let gated = WAYS.iter().filter(|way| !ELSEWHERE.contains(&way.name));
    let ways = gated.map(|way| {
        let credential = way.credential;
        let wish =
            move |world: &Keystone| at_apache(world, credential(world), world.project("alpha"));
        Case::login(GROUP, way.name, wish, Want::Token(way.user, ALPHA))
    });
    ways.chain(ROWS.iter().map(|&(name, wish, want)| Case::login(GROUP, name, wish, want)))
        .collect()
}

const GROUP: &str = "federated, Apache";

/// Bearers that introspection does not know, and a path without a gate.
const ELSEWHERE: [&str; 4] = [
    "client, id token",
    "client, JWT",
    "client, identity provider with an odd name",
    "id token as access token",
];

type Row = (&'static str, Of<Result<Wish, String>>, Want);

const BEARER: Want = Want::Refused(401, "refused the token of the identity provider");
const GIVEN: Want =
    Want::Refused(401, "refused the token that the identity provider has just given");
const NOT_MAPPED: Want = Want::Refused(401, "finds no user");

const ROWS: &[Row] = &[
    (
        "no scope",
        |w| at_apache(w, service(w, "provider"), Scope::default()),
        Want::Token(SERVICE, On::Nothing),
    ),
    (
        "a domain",
        |w| at_apache(w, service(w, "provider"), w.domain("corp")),
        Want::Token(SERVICE, On::Domain("corp")),
    ),
    (
        "password and code",
        |w| alpha(w, Ok(with_code(w)?.and(Factor::totp(w.code("otto"))))),
        Want::Token("otto", ALPHA),
    ),
    (
        "a path that takes browsers, too",
        |w| alpha(w, (WAYS[8].credential)(w)),
        Want::Token(WAYS[8].user, ALPHA),
    ),
    (
        "a path for browsers",
        |w| alpha(w, service(w, "browser")),
        Want::Answer("takes no bearer token"),
    ),
    ("a path without a gate", |w| alpha(w, service(w, "bare")), NOT_MAPPED),
    (
        "an unknown identity provider",
        |w| alpha(w, service(w, "nowhere")),
        Want::Refused(404, "knows no such identity provider"),
    ),
    (
        "a client that no mapping matches",
        |w| alpha(w, by_client(w, "provider", "stranger")),
        NOT_MAPPED,
    ),
    (
        "a user without any role",
        |w| alpha(w, by_password(w, "service", "guest")),
        Want::Refused(401, "scope"),
    ),
    (
        "an id token",
        |w| alpha(w, own_client(w.provider()?.client("service").with_id_token())),
        GIVEN,
    ),
    ("a JWT", |w| alpha(w, by_client(w, "provider", "jwt")), GIVEN),
    ("a token that is none", |w| alpha(w, by_token("nothing".to_owned())), BEARER),
    ("a token that has ended", |w| alpha(w, by_token(w.ended_bearer()?)), BEARER),
];

fn service(world: &Keystone, identity_provider: &str) -> Result<Credential, String> {
    by_client(world, identity_provider, "service")
}

fn alpha(world: &Keystone, credential: Result<Credential, String>) -> Result<Wish, String> {
    at_apache(world, credential, world.project("alpha"))
}

fn at_apache(
    world: &Keystone,
    credential: Result<Credential, String>,
    scope: Scope,
) -> Result<Wish, String> {
    let url = world.apache().ok_or("no Apache")?;
    Ok(Wish::new(cloud(&format!("{url}/v3"))?, credential?, scope))
}
