//! Identity URLs in every form, and proxies between the client and the server.

use auth_proto::{ApiVersion, Credential, UserRef, Versions};

use crate::{
    case::{Case, On, Want, holds, same},
    keystone::{Keystone, Of, cloud},
    wish::Wish,
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = at_places("discovery", PLACES, |world| world.user("alice"));
    let wrong_path = |world: &Keystone| {
        let place = cloud(&format!("{}/nowhere/v3", world.url))?;
        Ok(Wish::new(place, world.password("alice"), world.project("alpha")))
    };
    let undiscovered = |world: &Keystone| {
        let place = cloud(&format!("{}/nowhere", world.url))?;
        Ok(Wish::new(place, world.password("alice"), world.project("alpha")))
    };
    let gone = Want::Refused(404, "check the ids and the identity URL");
    cases.extend([
        Case::login("discovery", "a login at a wrong path", wrong_path, gone),
        Case::login(
            "discovery",
            "a login at a wrong path without a version",
            undiscovered,
            Want::Answer("answered 404 Not Found without a list of versions"),
        ),
    ]);
    cases
}

const PLACES: [(&str, Of<String>); 8] = [
    ("/", |world| format!("{}/", world.url)),
    ("the root without a slash", |world| world.url.clone()),
    ("/v3", |world| format!("{}/v3", world.url)),
    ("/v3/", |world| format!("{}/v3/", world.url)),
    ("a path prefix", |world| format!("{}{}", world.url, world.prefix)),
    ("a path prefix, /v3", |world| format!("{}{}/v3", world.url, world.prefix)),
    ("a wrong Host", |world| format!("{}{}", world.url, world.proxied)),
    ("a wrong Host, /v3", |world| format!("{}{}/v3", world.url, world.proxied)),
];

/// A login of alice, and the list of versions, at each of these URLs.
pub(super) fn at_places<const N: usize>(
    group: &'static str,
    places: [(&str, Of<String>); N],
    alice: Of<UserRef>,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, url) in places {
        let wish = move |world: &Keystone| {
            let password = world.users["alice"].password.as_str();
            let credential = Credential::password(alice(world), password);
            Ok(Wish::new(cloud(&url(world))?, credential, world.project("alpha")))
        };
        let want = Want::Token("alice", On::Project("alpha"));
        cases.push(Case::login(group, format!("a login at {name}"), wish, want));
        let name = format!("the versions at {name}");
        cases.push(Case::new(group, name, move |world, through| {
            let place = cloud(&url(world))?;
            // Discovery needs no login.
            let versions = wish(world)?.client(through)?.run(&Versions::new(&place))?;
            let found = |version, path: &str| {
                let mut all = versions.iter();
                let found = all.find(|one| one.api_version() == Some(version)).ok_or("none")?;
                let base = url(world).trim_end_matches('/').trim_end_matches(path).to_owned();
                Ok::<_, String>((found, format!("{base}{path}")))
            };
            let (v3, at) = found(ApiVersion::V3, "/v3")?;
            holds(v3.id.starts_with("v3."), || v3.id.clone())?;
            if !world.is_v2() {
                return same("url", v3.url.clone(), Some(at));
            }
            let (v2, at) = found(ApiVersion::V2, "/v2.0")?;
            same("url", v2.url.clone(), Some(at))
        }));
    }
    cases
}
