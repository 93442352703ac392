//! Federated logins that the provider, the gate or the identity service refuses.

use std::time::Duration;

use auth_proto::{Credential, Factor, Federation, OidcClient, Scope};

use super::{by_client, by_password, by_token, own_client, with_code};
use crate::{
    case::{Case, Want, speaks},
    cases::factors::wrong,
    keystone::{Keystone, Of},
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let tables = [PROVIDER, DOCUMENTS, IDENTITY, SCOPES, UNSENT];
    let mut cases: Vec<_> = tables.concat().into_iter().map(case).collect();
    cases.push(Case::new(GROUP, "the system, which this Keystone fails at", |world, through| {
        let wish = to(world, by_client(world, "provider", "service"), Scope::system())?;
        // It has no format of a federated token for the system, and answers 500 with a page. An
        // adapter would try it for its whole patience.
        let got = wish.client(through)?.token_within(Duration::from_secs(1));
        speaks(&got.err().ok_or("a token")?.to_string(), "500")
    }));
    cases
}

const GROUP: &str = "federated refusals";

type Row = (&'static str, Of<Result<Wish, String>>, Want);

fn case((name, wish, want): Row) -> Case {
    Case::login(GROUP, name, wish, want)
}

const CLIENT: Want = Want::Refused(401, "refused the client");
const LOGIN: Want = Want::Refused(400, "refused the login");
const SCOPE: Want = Want::Refused(400, "refused the scope");

/// What the provider refuses.
const PROVIDER: &[Row] = &[
    ("a wrong client secret", |w| alpha(w, secret(w, "service", "wrong")), CLIENT),
    (
        "a client secret in capitals",
        |w| alpha(w, secret(w, "service", "SECRET OF SERVICE")),
        CLIENT,
    ),
    ("another client's secret", |w| alpha(w, secret(w, "service", "secret of jwt")), CLIENT),
    ("a client without its secret", |w| alpha(w, public(w, "service")), CLIENT),
    ("an unknown client", |w| alpha(w, public(w, "nobody")), CLIENT),
    ("a wrong password", |w| alpha(w, person(w, "ada", "wrong")), LOGIN),
    ("a password with a blank at its end", |w| alpha(w, person(w, "ada", "ada-pw ")), LOGIN),
    ("an unknown account", |w| alpha(w, person(w, "nobody", "ada-pw")), LOGIN),
    ("an account by the name of a method", |w| alpha(w, person(w, "toString", "ada-pw")), LOGIN),
    ("an account without its code", |w| alpha(w, by_password(w, "service", "otto")), LOGIN),
    (
        "a wrong code",
        |w| {
            let code = Factor::totp(wrong(&w.code("otto")));
            alpha(w, Ok(with_code(w)?.and(code)))
        },
        LOGIN,
    ),
    (
        "a grant that the client lacks",
        |w| alpha(w, by_client(w, "provider", "narrow")),
        Want::Refused(400, "requested grant type is not allowed for this client"),
    ),
    ("a scope that the client lacks", |w| alpha(w, by_client(w, "provider", "limited")), SCOPE),
    ("the same by password", |w| alpha(w, by_password(w, "limited", "ada")), SCOPE),
];

/// Documents and endpoints that are something else.
const DOCUMENTS: &[Row] = &[
    (
        "a document without a token endpoint",
        |w| alpha(w, document(w, "/jwks")),
        Want::Document("discovery document"),
    ),
    (
        "a page as the document",
        |w| alpha(w, document(w, "/device")),
        Want::Document("discovery document"),
    ),
    (
        "a document that is not there",
        |w| alpha(w, document(w, "/nowhere")),
        Want::Refused(404, "discovery"),
    ),
    (
        "a token endpoint that is not there",
        |w| alpha(w, endpoint(w, "/nowhere")),
        Want::Refused(404, ""),
    ),
    (
        "no id_token without the scope openid",
        |w| {
            alpha(
                w,
                own_client(w.provider()?.client("service").with_id_token().with_scope("profile")),
            )
        },
        Want::Document("id_token"),
    ),
];

const UNKNOWN: Want = Want::Refused(404, "knows no such identity provider");
const NOT_MAPPED: Want = Want::Refused(401, "finds no user");
const FORBIDDEN: Want = Want::Refused(403, "finds no user");
const BEARER: Want = Want::Refused(401, "refused the token of the identity provider");

/// What the gate and the identity service refuse.
const IDENTITY: &[Row] = &[
    ("an unknown identity provider", |w| alpha(w, by_client(w, "nowhere", "service")), UNKNOWN),
    (
        "an identity provider in capitals",
        |w| alpha(w, by_client(w, "PROVIDER", "service")),
        UNKNOWN,
    ),
    (
        "a path as an identity provider",
        |w| alpha(w, by_client(w, "provider/protocols/openid", "service")),
        UNKNOWN,
    ),
    ("a protocol of another identity provider", |w| alpha(w, by_protocol(w, "mapped")), UNKNOWN),
    (
        "an unknown protocol",
        |w| alpha(w, by_protocol(w, "saml9")),
        Want::Refused(401, "has not enabled this protocol"),
    ),
    (
        "a client that no mapping matches",
        |w| alpha(w, by_client(w, "provider", "stranger")),
        NOT_MAPPED,
    ),
    (
        "an account that no mapping matches",
        |w| alpha(w, by_password(w, "service", "stranger")),
        NOT_MAPPED,
    ),
    ("no claims", |w| alpha(w, by_client(w, "bare", "service")), NOT_MAPPED),
    (
        "an identity provider of another issuer",
        |w| alpha(w, by_client(w, "foreign", "service")),
        FORBIDDEN,
    ),
    ("a disabled identity provider", |w| alpha(w, by_client(w, "disabled", "service")), FORBIDDEN),
    (
        "a path for browsers",
        |w| alpha(w, by_client(w, "browser", "service")),
        Want::Answer("takes no bearer token"),
    ),
    (
        "an access token where an id token is wanted",
        |w| alpha(w, by_client(w, "ovhcloud-emea", "service")),
        Want::Refused(401, "refused the token that the identity provider has just given"),
    ),
    ("a token that is none", |w| alpha(w, by_token("nothing".to_owned())), BEARER),
    (
        "a part of a token",
        |w| alpha(w, by_token(w.provider()?.bearer("service", "access_token")?[1..].to_owned())),
        BEARER,
    ),
    (
        "a token of the cloud",
        |w| alpha(w, by_token(w.fresh("alice", &w.in_project("alpha"))?)),
        BEARER,
    ),
    ("a token that has ended", |w| alpha(w, by_token(w.ended_bearer()?)), BEARER),
];

const NO_ROLE: Want = Want::Refused(401, "scope");

/// Scopes that the unscoped token is not exchanged for.
const SCOPES: &[Row] = &[
    (
        "a project without a role",
        |w| to(w, by_client(w, "provider", "service"), w.project("beta")),
        NO_ROLE,
    ),
    ("a user without any role", |w| alpha(w, by_client(w, "provider", "guest")), NO_ROLE),
    ("an account without any role", |w| alpha(w, by_password(w, "service", "guest")), NO_ROLE),
    (
        "a domain without a role",
        |w| to(w, by_client(w, "provider", "service"), w.domain("default")),
        NO_ROLE,
    ),
    (
        "an unknown project",
        |w| to(w, by_client(w, "provider", "service"), Scope::project_id("0".repeat(32))),
        NO_ROLE,
    ),
    (
        "an unknown domain",
        |w| to(w, by_client(w, "provider", "service"), Scope::domain_name("Nowhere")),
        NO_ROLE,
    ),
    (
        "a disabled project",
        |w| to(w, by_password(w, "service", "ada"), w.project("disabled")),
        NO_ROLE,
    ),
    ("a disabled domain", |w| to(w, by_password(w, "service", "ada"), w.domain("dead")), NO_ROLE),
];

/// Errors before any request.
const UNSENT: &[Row] = &[
    (
        "a token endpoint without TLS",
        |w| {
            alpha(
                w,
                own_client(
                    OidcClient::new("service", "http://provider.test/token").with_secret("x"),
                ),
            )
        },
        Want::Config("use https"),
    ),
    (
        "an empty client",
        |w| alpha(w, own_client(OidcClient::new("", &w.provider()?.token_endpoint))),
        Want::Config("empty"),
    ),
    ("an empty token", |w| alpha(w, by_token(String::new())), Want::Config("empty")),
    ("no identity provider", |w| alpha(w, by_client(w, "", "service")), Want::Config("empty")),
    ("a token of two lines", |w| alpha(w, by_token("a\nb".to_owned())), Want::Config("")),
    (
        "a further factor",
        |w| alpha(w, Ok(by_client(w, "provider", "service")?.and(Factor::totp("123456")))),
        Want::Config("no further factor"),
    ),
];

fn alpha(world: &Keystone, credential: Result<Credential, String>) -> Result<Wish, String> {
    to(world, credential, world.project("alpha"))
}

fn to(
    world: &Keystone,
    credential: Result<Credential, String>,
    scope: Scope,
) -> Result<Wish, String> {
    world.wish(credential?, scope)
}

/// A client with another secret.
fn secret(world: &Keystone, key: &str, secret: &str) -> Result<Credential, String> {
    own_client(world.provider()?.client(key).with_secret(secret))
}

/// A client of this id without a secret.
fn public(world: &Keystone, id: &str) -> Result<Credential, String> {
    own_client(OidcClient::new(id, &world.provider()?.token_endpoint))
}

fn person(world: &Keystone, account: &str, password: &str) -> Result<Credential, String> {
    let client = world.provider()?.client("service");
    let own = Federation::password("provider", "openid", client, account, password);
    Ok(Credential::federated(own))
}

fn by_protocol(world: &Keystone, protocol: &str) -> Result<Credential, String> {
    let client = world.provider()?.client("service");
    Ok(Credential::federated(Federation::client_credentials("provider", protocol, client)))
}

/// The client, with its discovery document at this path of the provider.
fn document(world: &Keystone, path: &str) -> Result<Credential, String> {
    let own = world.provider()?;
    let url = format!("{}{path}", own.issuer);
    own_client(OidcClient::discovered(own.id("service"), url).with_secret("secret of service"))
}

/// The client, with its token endpoint at this path of the provider.
fn endpoint(world: &Keystone, path: &str) -> Result<Credential, String> {
    let own = world.provider()?;
    own_client(own.client_at("service", &format!("{}{path}", own.issuer)))
}
