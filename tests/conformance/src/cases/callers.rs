//! Callers whose token is refused, for each identity request.

use auth_proto::{
    Check, Cloud, Credential, Domains, FetchCatalog, Projects, Revoke, Scope, SystemScopes,
    UserProjects, Validate,
};
use http::HeaderValue;
use testing::{Adapter, Client, Error};

use super::operations::{FORGED, client};
use crate::{
    case::{Case, On, Want, holds, refused},
    keystone::{Keystone, Of},
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = dead();
    cases.extend(revoked());
    cases.extend(foreign());
    cases.extend([
        Case::new(GROUP, "whose token is revoked under them log in again", |world, through| {
            let client = client(world, through, "alice")?;
            let old = client.token()?;
            world.revoke(old.expose())?;
            let projects = client.run(&Projects::new(&world.v3()?))?;
            holds(!projects.items.is_empty(), || "no projects".to_owned())?;
            let new = client.token();
            let new = new.as_deref();
            holds(new.is_ok_and(|new| new.expose() != old.expose()), || {
                "the old token".to_owned()
            })?;
            Want::Token("alice", On::Project("alpha")).judge(world, new, true)
        })
        .adapters_alone(),
        Case::new(GROUP, "who revoke their own token", |world, through| {
            let client = client(world, through, "alice")?;
            let token = client.token()?;
            client.run(&Revoke::new(&world.v3()?, token.expose()))?;
            holds(world.validated(token.expose())?.is_none(), || "not revoked".to_owned())
        }),
    ]);
    cases
}

const GROUP: &str = "callers";

/// An identity request and its subject.
#[derive(Clone, Copy)]
struct Ask {
    name: &'static str,
    run: fn(&Client, &About) -> Result<(), Error>,
}

/// A valid token of alice, and her id.
struct About {
    cloud: Cloud,
    token: String,
    user: String,
}

impl About {
    fn new(world: &Keystone) -> Result<Self, String> {
        let token = world.fresh("alice", &world.in_project("alpha"))?;
        Ok(Self { cloud: world.v3()?, token, user: world.users["alice"].id.clone() })
    }
}

const ASKS: [Ask; 8] = [
    Ask {
        name: "validate",
        run: |client, about| client.run(&Validate::new(&about.cloud, &*about.token)).map(drop),
    },
    Ask {
        name: "check",
        run: |client, about| client.run(&Check::new(&about.cloud, &*about.token)).map(drop),
    },
    Ask {
        name: "revoke",
        run: |client, about| client.run(&Revoke::new(&about.cloud, &*about.token)),
    },
    Ask {
        name: "projects of a user",
        run: |client, about| client.run(&UserProjects::new(&about.cloud, &*about.user)).map(drop),
    },
    Ask {
        name: "catalog",
        run: |client, about| client.run(&FetchCatalog::new(&about.cloud)).map(drop),
    },
    Ask {
        name: "projects",
        run: |client, about| client.run(&Projects::new(&about.cloud)).map(drop),
    },
    Ask { name: "domains", run: |client, about| client.run(&Domains::new(&about.cloud)).map(drop) },
    Ask {
        name: "system scopes",
        run: |client, about| client.run(&SystemScopes::new(&about.cloud)).map(drop),
    },
];

/// The expected text: of the two tokens in the request, the caller's is refused.
const OWN: &str = "own token";
const PASSED_ON: &str = "passed on";

impl Ask {
    /// Sends the request and expects a refusal.
    fn refused(
        self,
        world: &Keystone,
        client: &Client,
        status: u16,
        says: &str,
    ) -> Result<(), String> {
        let about = About::new(world)?;
        let stop = (self.run)(client, &about).err().ok_or("an answer")?;
        refused(&stop, status, says)?;
        holds(world.validated(&about.token)?.is_some(), || {
            "what was asked about is gone".to_owned()
        })
    }
}

impl Ask {
    /// Sends the request, and expects an answer, or that this user may not ask.
    fn served(self, world: &Keystone, client: &Client) -> Result<(), String> {
        let about = About::new(world)?;
        match (self.run)(client, &about) {
            Ok(()) => Ok(()),
            Err(stop) => refused(&stop, 403, "the user has no access"),
        }
    }
}

/// Invalid tokens. The bare core sends them; an adapter validates an existing token before it
/// sends it.
fn dead() -> Vec<Case> {
    let tokens: [(_, Of<Result<String, String>>); 2] = [
        ("a token that has ended", |world| Ok(world.expired_token()?.to_owned())),
        ("what looks like a token", |_| Ok(FORGED.to_owned())),
    ];
    let mut cases = Vec::new();
    for (name, token) in tokens {
        for ask in ASKS {
            let run = move |world: &Keystone, through| match through {
                Adapter::Core => ask.refused(world, &showing(world, &token(world)?)?, 401, OWN),
                _ => {
                    let credential = Credential::existing_token(token(world)?);
                    let wish = world.wish(credential, Scope::default())?;
                    ask.refused(
                        world,
                        &wish.client(through)?,
                        401,
                        "the existing token has expired or was revoked",
                    )
                }
            };
            cases.push(Case::new(GROUP, format!("{}, with {name}", ask.name), run));
        }
    }
    cases
}

/// Tokens that are revoked while the client cannot log in again. A session has exchanged the root
/// token that it got by a code, and exchanges it again.
fn revoked() -> Vec<Case> {
    let credentials: [(_, Of<Result<Credential, String>>); 2] = [
        (PASSED_ON, |world| {
            Ok(Credential::existing_token(world.fresh("alice", &world.in_project("alpha"))?))
        }),
        ("got by a code", |world| Ok(Credential::totp(world.user("totp"), world.code("totp")))),
    ];
    let mut cases = Vec::new();
    for (name, credential) in credentials {
        for ask in ASKS {
            let run = move |world: &Keystone, through| {
                let wish = world.wish(credential(world)?, Scope::default())?;
                let client = wish.client(through)?;
                world.revoke(client.token()?.expose())?;
                match through == Adapter::Core || name == PASSED_ON {
                    true => ask.refused(world, &client, 401, OWN),
                    false => ask.served(world, &client),
                }
            };
            let name = format!("{}, with a token {name} and revoked under them", ask.name);
            cases.push(Case::new(GROUP, name, run));
        }
    }
    cases
}

/// Requests about other users: the caller's token is valid but has no access.
fn foreign() -> Vec<Case> {
    let about_users = ASKS.into_iter().take(4);
    let case = |ask: Ask| {
        let run = move |world: &Keystone, through| {
            let client = client(world, through, "bob")?;
            ask.refused(world, &client, 403, "the user has no access")
        };
        Case::new(GROUP, format!("{}, of another user", ask.name), run)
    };
    about_users.map(case).collect()
}

/// The bare core with this token, as if a login had returned it.
fn showing(world: &Keystone, token: &str) -> Result<Client, String> {
    let wish = world.wish(world.password("alice"), world.project("alpha"))?;
    let client = wish.client(Adapter::Core)?;
    let token: HeaderValue = token.parse().map_err(|_| "no token of that form")?;
    client.core().log_in(|response| {
        response.headers_mut().insert("x-subject-token", token.clone());
    })?;
    Ok(client)
}
