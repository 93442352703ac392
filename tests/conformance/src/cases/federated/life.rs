//! Sessions of federated logins: one login of the provider for all callers and all scopes.

use std::{fmt, thread, time::Duration};

use auth_proto::{Credential, Projects, Scope};
use http::Method;
use serde_json::json;
use testing::{Adapter, Client};

use super::{ALPHA, SERVICE, by_client, by_password, own_client};
use crate::{
    case::{Case, On, Want, holds, same},
    cases::life::{brief_cloud, renewed},
    keystone::Keystone,
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        Case::new(GROUP, "tokens of 8 s under load", |world, through| {
            let own = by_client(world, "provider", "service")?;
            let wish = Wish::new(brief_cloud(world, "/v3")?, own, world.project("alpha"));
            renewed(world, &wish.client(through)?)
        }),
        Case::new(GROUP, "50 callers cold", |world, through| {
            let client = client(world, through, by_client(world, "provider", "service")?)?;
            asked(world, "service", 1, || all(50, |_| client.token().map(drop)))
        }),
        Case::new(GROUP, "a wrong secret from 50 callers", |world, through| {
            let own = own_client(world.provider()?.client("jwt").with_secret("wrong"))?;
            let client = client(world, through, own)?;
            let refused = |_| match client.token() {
                Ok(token) => Err(format!("a token: {token:?}")),
                Err(_) => Ok(()),
            };
            asked(world, "jwt", 1, || all(50, refused))
        }),
        Case::new(GROUP, "four scopes cold", |world, through| {
            let clients = four(world, through)?;
            asked(world, "public", 1, || {
                all(CALLERS, |caller| clients[caller % 4].token().map(drop))
            })
        }),
        Case::new(GROUP, "four scopes, all revoked", |world, through| {
            let clients = four(world, through)?;
            let old = tokens(&clients)?;
            revoke_all(world, "ada")?;
            asked(world, "public", 1, || all(CALLERS, |caller| call(world, &clients[caller % 4])))?;
            let new = tokens(&clients)?;
            holds(old.iter().all(|old| !new.contains(old)), || "an old token".to_owned())
        }),
        Case::new(GROUP, "one of four scopes, revoked", |world, through| {
            let clients = four(world, through)?;
            let old = tokens(&clients)?;
            world.revoke(&old[0])?;
            asked(world, "public", 0, || call(world, &clients[0]))?;
            same("others", tokens(&clients)?[1..].to_vec(), old[1..].to_vec())
        }),
        Case::new(GROUP, "a role missing in one of four scopes", |world, through| {
            let client = client(world, through, by_client(world, "provider", "service")?)?;
            let refused = client.scoped(world.project("beta"));
            let served = [
                client.clone(),
                client.scoped(world.domain("corp")),
                client.scoped(Scope::unscoped()),
            ];
            asked(world, "service", 1, || {
                all(CALLERS, |caller| match caller % 4 {
                    3 => match refused.token() {
                        Ok(token) => Err(format!("a token: {token:?}")),
                        Err(_) => Ok(()),
                    },
                    served_by => served[served_by].token().map(drop).map_err(String::from),
                })
            })
        }),
        Case::new(GROUP, "a root that was revoked", |world, through| {
            let client = client(world, through, by_password(world, "public", "ada")?)?;
            client.token()?;
            revoke_all(world, "ada")?;
            // The exchange for a new scope shows it.
            let other = client.scoped(world.domain("corp"));
            asked(world, "public", 1, || Ok(other.token().map(drop)?))?;
            Want::Token("ada", On::Domain("corp")).judge(world, other.token().as_deref(), true)
        }),
        Case::new(GROUP, "a scope added later", |world, through| {
            let client = client(world, through, by_client(world, "provider", "service")?)?;
            client.token()?;
            let other = client.scoped(world.domain("corp"));
            asked(world, "service", 0, || Ok(other.token().map(drop)?))?;
            Want::Token(SERVICE, On::Domain("corp")).judge(world, other.token().as_deref(), true)
        }),
        Case::new(GROUP, "a bearer that ends after the login", |world, through| {
            let client = client(world, through, by_client(world, "provider", "brief")?)?;
            client.token()?;
            world.ended_bearer()?;
            let other = client.scoped(Scope::unscoped());
            asked(world, "brief", 0, || Ok(other.token().map(drop)?))
        }),
    ];
    cases.into_iter().map(Case::adapters_alone).collect()
}

const GROUP: &str = "federated life";

/// As many as the servers can answer at once on a busy machine.
const CALLERS: usize = 16;

fn client(world: &Keystone, through: Adapter, own: Credential) -> Result<Client, String> {
    Ok(world.wish(own, ALPHA.scope(world))?.client(through)?)
}

/// Clients of one session, each with a scope of its own.
fn four(world: &Keystone, through: Adapter) -> Result<[Client; 4], String> {
    let first = client(world, through, by_password(world, "public", "ada")?)?;
    let [second, third, fourth] = [world.project("beta"), world.domain("corp"), Scope::unscoped()]
        .map(|scope| first.scoped(scope));
    Ok([first, second, third, fourth])
}

fn tokens(clients: &[Client]) -> Result<Vec<String>, String> {
    clients.iter().map(|client| Ok(client.token()?.expose().to_owned())).collect()
}

fn call(world: &Keystone, client: &Client) -> Result<(), String> {
    client.run(&Projects::new(&world.v3()?))?;
    Ok(())
}

/// Runs the work in this many threads at once.
fn all<E: fmt::Display + Send>(
    callers: usize,
    work: impl Fn(usize) -> Result<(), E> + Sync,
) -> Result<(), String> {
    thread::scope(|threads| {
        let work = &work;
        let callers: Vec<_> =
            (0..callers).map(|caller| threads.spawn(move || work(caller))).collect();
        callers.into_iter().try_for_each(|caller| match caller.join() {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err("a panic".to_owned()),
        })
    })
}

/// Checks how often the provider is asked meanwhile.
fn asked(
    world: &Keystone,
    client: &str,
    times: u64,
    work: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let before = world.provider()?.logins(client)?;
    work()?;
    same("logins", world.provider()?.logins(client)? - before, times)
}

/// Revokes all tokens of a user. The server does so when the user is disabled.
fn revoke_all(world: &Keystone, user: &str) -> Result<(), String> {
    let path = format!("/users/{}", world.users[user].id);
    for enabled in [false, true] {
        let body = json!({"user": {"enabled": enabled}});
        let raw = world.ask(Method::PATCH, &path, world.admin_token()?, "", &body)?;
        holds(raw.status.is_success(), || format!("{path}: {} {}", raw.status, raw.body))?;
    }
    // It counts in seconds: a token of the same second is revoked, too.
    thread::sleep(Duration::from_secs(2));
    Ok(())
}
