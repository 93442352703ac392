//! Users who need two factors: in one request, or one after the other by a receipt.

use std::{thread, time::Duration};

use auth_proto::{Cloud, Credential, ErrorKind, Factor, Misuse};

use crate::{
    case::{Case, On, Want, holds, refused, same},
    keystone::{Keystone, Of, cloud},
    wish::Wish,
};
use testing::{Adapter, Client};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = at_once();
    cases.extend(one_after_the_other());
    cases.extend([
        Case::new(GROUP, "a wrong second factor, then the right one", |world, through| {
            let client = challenged(world, through, world.v3()?, password(world))?;
            client.answer(Factor::totp(wrong(&world.code("mfa"))))?;
            refused(&client.token().err().ok_or("a token")?, 401, "check this factor")?;
            client.answer(code(world))?;
            Want::Token("mfa", On::Project("alpha")).judge(world, client.token().as_deref(), true)
        }),
        Case::new(GROUP, "a factor that is not asked for", |world, through| {
            let client = challenged(world, through, world.v3()?, password(world))?;
            let stop = client.answer(world.password_factor("mfa")).err().ok_or("taken")?;
            holds(stop.auth().is_some(), || stop.to_string())
        }),
        Case::new(GROUP, "a receipt that is spoilt on its way", |world, through| {
            let spoiling = cloud(&format!("{}{}/v3", world.url, world.spoiling))?;
            let client = challenged(world, through, spoiling, password(world))?;
            client.answer(code(world))?;
            refused(&client.token().err().ok_or("a token")?, 401, "check this factor")
        }),
        Case::new(GROUP, "a receipt that has ended", |world, through| {
            let client = challenged(world, through, cloud(&world.brief_url)?, password(world))?;
            thread::sleep(Duration::from_secs(7));
            late(world, &client, through)
        }),
        Case::new(GROUP, "the second factor of another user", |world, through| {
            let client = challenged(world, through, world.v3()?, password(world))?;
            client.answer(Factor::totp(world.code("totp")))?;
            refused(&client.token().err().ok_or("a token")?, 401, "check this factor")
        }),
    ]);
    cases
}

const GROUP: &str = "two factors";

fn at_once() -> Vec<Case> {
    let rows: [(_, Of<Credential>); 4] = [
        ("user by id, password first", |world| password(world).and(code(world))),
        ("user by id, code first", |world| only_code(world).and(world.password_factor("mfa"))),
        ("user by name, password first", |world| {
            let password = world.users["mfa"].password.as_str();
            Credential::password(world.named("mfa"), password).and(code(world))
        }),
        ("user by name, code first", |world| {
            let own = Credential::totp(world.named("mfa"), world.code("mfa"));
            own.and(world.password_factor("mfa"))
        }),
    ];
    let mut cases = Vec::new();
    for (name, credential) in rows {
        for on in [On::Project("alpha"), On::Nothing] {
            let wish = move |world: &Keystone| world.wish(credential(world), on.scope(world));
            let name = format!("at once; {name}; {on:?}");
            cases.push(Case::login(GROUP, name, wish, Want::Token("mfa", on)));
        }
    }
    cases
}

/// The second request repeats the scope and `nocatalog`.
fn one_after_the_other() -> Vec<Case> {
    let orders: [(_, Of<Credential>, Of<Factor>, _); 2] = [
        ("password, then code", password, code, "totp"),
        ("code, then password", only_code, |world| world.password_factor("mfa"), "password"),
    ];
    let mut cases = Vec::new();
    for (name, first, second, missing) in orders {
        for (on, catalog) in
            [(On::Project("alpha"), true), (On::Project("alpha"), false), (On::Nothing, true)]
        {
            let with = if catalog { "" } else { ", without catalog" };
            let run = move |world: &Keystone, through| {
                let wish = world.wish(first(world), on.scope(world))?;
                let client = Wish { catalog, ..wish }.client(through)?;
                wanted(&client, missing)?;
                client.answer(second(world))?;
                let token = client.token();
                Want::Token("mfa", on).judge(world, token.as_deref(), catalog)
            };
            cases.push(Case::new(GROUP, format!("{name}; {on:?}{with}"), run));
        }
    }
    cases
}

/// A client after the challenge for the code.
fn challenged(
    world: &Keystone,
    through: Adapter,
    cloud: Cloud,
    credential: Credential,
) -> Result<Client, String> {
    let client = Wish::new(cloud, credential, world.project("alpha")).client(through)?;
    wanted(&client, "totp")?;
    Ok(client)
}

/// The server requires this factor only.
fn wanted(client: &Client, missing: &str) -> Result<(), String> {
    match client.token() {
        Err(stop) => {
            let challenge = stop.challenge().ok_or_else(|| stop.to_string())?;
            let wanted: Vec<_> = challenge.missing().flatten().map(str::to_owned).collect();
            same("missing", wanted, vec![missing.to_owned()])
        }
        Ok(token) => Err(format!("a token at once: {token:?}")),
    }
}

/// The bare core sends an expired receipt. A session knows that it has expired, and logs in again.
fn late(world: &Keystone, client: &Client, through: Adapter) -> Result<(), String> {
    let answered = client.answer(code(world));
    if through == Adapter::Core {
        answered?;
        return refused(&client.token().err().ok_or("a token")?, 401, "check this factor");
    }
    let late = answered.err().ok_or("taken")?;
    same("a late code", late.kind(), &ErrorKind::Misuse(Misuse::NoQuestion))?;
    wanted(client, "totp")?;
    client.answer(code(world))?;
    Want::Token("mfa", On::Project("alpha")).judge(world, client.token().as_deref(), true)
}

fn password(world: &Keystone) -> Credential {
    world.password("mfa")
}

fn only_code(world: &Keystone) -> Credential {
    Credential::totp(world.user("mfa"), world.code("mfa"))
}

fn code(world: &Keystone) -> Factor {
    Factor::totp(world.code("mfa"))
}

/// A wrong code.
pub(crate) fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}
