//! Federated logins: every way to a bearer with every form of a scope, at a gate of our own.

mod apache;
mod life;
mod refusals;

use auth_proto::{Credential, DomainRef, Factor, Federation, OidcClient, Scope};

use super::factors::wrong;
use crate::{
    case::{Case, On, Want, refused, same},
    keystone::{Keystone, Of},
    provider::Provider,
    wish::Wish,
};

pub(crate) fn cases(world: &Keystone) -> Vec<Case> {
    let Some(_) = &world.federation else { return Vec::new() };
    let mut cases = ways();
    cases.extend(without_catalog());
    cases.extend(codes());
    cases.extend(refusals::cases());
    cases.extend(life::cases());
    cases.extend(world.apache().into_iter().flat_map(|_| apache::cases()));
    cases
}

const GROUP: &str = "federated";

/// A way to a bearer, and the user that it becomes.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    user: &'static str,
    credential: Of<Result<Credential, String>>,
}

const fn way(
    name: &'static str,
    user: &'static str,
    credential: Of<Result<Credential, String>>,
) -> Way {
    Way { name, user, credential }
}

const WAYS: [Way; 15] = [
    way("client, discovered", SERVICE, |w| by_client(w, "provider", "service")),
    way("client, token endpoint", SERVICE, |w| {
        let own = w.provider()?;
        own_client(own.client_at("service", &own.token_endpoint))
    }),
    way("client, token endpoint, and a document that is not there", SERVICE, |w| {
        let own = w.provider()?;
        let client = OidcClient::discovered(own.id("service"), format!("{}/nowhere", own.issuer));
        let client = client.with_token_endpoint(&own.token_endpoint);
        own_client(client.with_secret("secret of service"))
    }),
    way("client, id token", "client service at ovhcloud-emea", |w| {
        let own = w.provider()?.client("service").with_id_token();
        Ok(Credential::federated(Federation::client_credentials("ovhcloud-emea", "openid", own)))
    }),
    way("client, JWT", "client jwt", |w| by_client(w, "provider", "jwt")),
    way("client whose id and secret need escapes", "client odd", |w| {
        by_client(w, "provider", "odd")
    }),
    way("client, one scope", "client limited", |w| {
        own_client(w.provider()?.client("limited").with_scope("openid"))
    }),
    way("client, identity provider with an odd name", "client service at o d+d ü%2F", |w| {
        by_client(w, "o d+d ü%2F", "service")
    }),
    way("client, another protocol", "client service at either", |w| {
        let own = w.provider()?.client("service");
        Ok(Credential::federated(Federation::client_credentials("either", "mapped", own)))
    }),
    way("password", "ada", |w| by_password(w, "service", "ada")),
    way("password, public client", "ada", |w| by_password(w, "public", "ada")),
    way("password, client without other grants", "ada", |w| by_password(w, "narrow", "ada")),
    way("password of letters and signs", "grace", |w| by_password(w, "service", "grace")),
    way("access token", SERVICE, |w| by_token(w.provider()?.bearer("service", "access_token")?)),
    way("id token as access token", SERVICE, |w| {
        by_token(w.provider()?.bearer("service", "id_token")?)
    }),
];

const SERVICE: &str = "client service";

fn own_client(client: OidcClient) -> Result<Credential, String> {
    Ok(Credential::federated(Federation::client_credentials("provider", "openid", client)))
}

fn by_client(world: &Keystone, identity_provider: &str, key: &str) -> Result<Credential, String> {
    let client = world.provider()?.client(key);
    Ok(Credential::federated(Federation::client_credentials(identity_provider, "openid", client)))
}

fn by_password(world: &Keystone, client: &str, account: &str) -> Result<Credential, String> {
    Ok(Credential::federated(password(world.provider()?, client, account)))
}

fn password(provider: &Provider, client: &str, account: &str) -> Federation {
    let password = provider.accounts[account].password.as_str();
    Federation::password("provider", "openid", provider.client(client), account, password)
}

fn by_token(token: String) -> Result<Credential, String> {
    Ok(Credential::federated(Federation::access_token("provider", "openid", token)))
}

/// The scopes of everybody in the groups `engineers` and `services`.
const SCOPES: [(&str, Of<Scope>, On); 6] = [
    ("project by id", |w| w.project("alpha"), ALPHA),
    (
        "project by name, domain by id",
        |_| Scope::project_name_in("alpha", DomainRef::id("default")),
        ALPHA,
    ),
    (
        "project and domain by name",
        |_| Scope::project_name_in("alpha", DomainRef::name("Default")),
        ALPHA,
    ),
    ("domain by id", |w| w.domain("corp"), On::Domain("corp")),
    ("domain by name", |_| Scope::domain_name("Corp"), On::Domain("corp")),
    ("no scope", |_| Scope::default(), On::Nothing),
];

const ALPHA: On = On::Project("alpha");

fn ways() -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, Way { name, user, credential }) in WAYS.into_iter().enumerate() {
        // Every form of a scope for a few ways, and the first of each kind for the others.
        let is_full = FULL.contains(&index);
        for (scope_name, scope, on) in SCOPES.into_iter().step_by(if is_full { 1 } else { 5 }) {
            let wish = move |world: &Keystone| world.wish(credential(world)?, scope(world));
            let name = format!("{name}; {scope_name}");
            cases.push(Case::login(GROUP, name, wish, Want::Token(user, on)));
        }
    }
    cases
}

/// A client, a password, and a token: the places in [`WAYS`].
const FULL: [usize; 3] = [0, 9, 13];

fn without_catalog() -> Vec<Case> {
    let case = |Way { name, user, credential }| {
        let wish = move |world: &Keystone| {
            let wish = world.wish(credential(world)?, world.project("alpha"))?;
            Ok(Wish { catalog: false, ..wish })
        };
        Case::login(GROUP, format!("{name}; without catalog"), wish, Want::Token(user, ALPHA))
    };
    FULL.into_iter().map(|index| case(WAYS[index])).collect()
}

/// An account that needs a one-time code on top of the password.
fn codes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (scope_name, scope, on) in SCOPES {
        let wish = move |world: &Keystone| {
            let own = with_code(world)?.and(Factor::totp(world.code("otto")));
            world.wish(own, scope(world))
        };
        let name = format!("password and code; {scope_name}");
        cases.push(Case::login(GROUP, name, wish, Want::Token("otto", on)));
    }
    cases.extend([
        Case::new(GROUP, "password, then a code that is asked for", |world, through| {
            let client = world.wish(with_code(world)?, world.project("alpha"))?.client(through)?;
            let asked = client.token().err().ok_or("a token without a code")?;
            let missing = asked.challenge().ok_or_else(|| asked.to_string())?;
            same("asked", missing.missing().flatten().collect::<Vec<_>>(), vec!["totp"])?;
            client.answer(Factor::totp(world.code("otto")))?;
            Want::Token("otto", ALPHA).judge(world, client.token().as_deref(), true)
        }),
        Case::new(GROUP, "password, then a wrong code", |world, through| {
            let client = world.wish(with_code(world)?, world.project("alpha"))?.client(through)?;
            client.token().err().ok_or("a token without a code")?;
            client.answer(Factor::totp(wrong(&world.code("otto"))))?;
            refused(&client.token().err().ok_or("a token")?, 400, "code")
        }),
    ]);
    cases
}

fn with_code(world: &Keystone) -> Result<Credential, String> {
    let own = password(world.provider()?, "service", "otto").with_code_field("totp");
    Ok(Credential::federated(own))
}
