//! Identity URLs in every form, and proxies between the client and the server.

use auth_proto::{ApiVersion, Versions};

use crate::{
    case::{Case, On, Want, holds, same},
    client::{Client, Wish},
    keystone::{Keystone, Of, cloud},
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, url) in places() {
        let wish = move |world: &Keystone| {
            Ok(Wish::new(cloud(&url(world))?, world.password("alice"), world.project("alpha")))
        };
        let want = Want::Token("alice", On::Project("alpha"));
        cases.push(Case::login("discovery", format!("a login at {name}"), wish, want));
        cases.push(Case::new(
            "discovery",
            format!("the versions at {name}"),
            move |world, through| {
                let place = cloud(&url(world))?;
                // Discovery needs no login.
                let wish =
                    Wish::new(place.clone(), world.password("alice"), world.project("alpha"));
                let client = Client::new(through, wish)?;
                let versions = client.run(&Versions::new(&place))?;
                let v3 =
                    versions.iter().find(|version| version.api_version() == Some(ApiVersion::V3));
                let v3 = v3.ok_or("no v3")?;
                let base = url(world).trim_end_matches('/').trim_end_matches("/v3").to_owned();
                same("url", v3.url.clone(), Some(format!("{base}/v3")))?;
                holds(v3.id.starts_with("v3."), || v3.id.clone())
            },
        ));
    }
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
        Case::login("discovery", "a login at a wrong path without a version", undiscovered, gone),
    ]);
    cases
}

fn places() -> [(&'static str, Of<String>); 8] {
    [
        ("/", |world| format!("{}/", world.url)),
        ("the root without a slash", |world| world.url.clone()),
        ("/v3", |world| format!("{}/v3", world.url)),
        ("/v3/", |world| format!("{}/v3/", world.url)),
        ("a path prefix", |world| format!("{}{}", world.url, world.prefix)),
        ("a path prefix, /v3", |world| format!("{}{}/v3", world.url, world.prefix)),
        ("a wrong Host", |world| format!("{}{}", world.url, world.proxied)),
        ("a wrong Host, /v3", |world| format!("{}{}/v3", world.url, world.proxied)),
    ]
}
