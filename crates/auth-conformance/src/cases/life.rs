//! Life on a real server: tokens that end after seconds, a server that goes away for a while, and
//! one that locks users out.

use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use auth_proto::Credential;
use http::Request;

use crate::{
    case::{Case, holds, refused, same},
    client::{Client, RUNTIME, Stop, Through, Wish},
    world::{World, cloud},
};

pub(crate) fn cases() -> Vec<Case> {
    let group = "life";
    let cases = [
        Case::new(group, "tokens of 8 s under load", |world, through| {
            nothing_is_lost(world, through, |_| Ok(()))
        }),
        Case::new(group, "the server stops under load, and starts again", |world, through| {
            nothing_is_lost(world, through, |world| {
                // Twice, so that it falls on the renewal at least once.
                for pause in [5, 8] {
                    thread::sleep(Duration::from_secs(pause));
                    interrupt(world)?;
                }
                Ok(())
            })
        }),
        Case::new(group, "a wrong password from 50 threads locks nobody out", one_try_for_all),
    ];
    cases.into_iter().map(Case::adapters_alone).collect()
}

/// The same at a server of the v2.0 protocol.
pub(crate) fn v2_cases() -> Vec<Case> {
    let case = Case::new("v2 life", "tokens of 8 s under load", |world, through| {
        nothing_is_lost(world, through, |_| Ok(()))
    });
    vec![case.adapters_alone()]
}

const LOAD: Duration = Duration::from_secs(20);
const CALLERS: usize = 16;

/// Callers with tokens of a server whose tokens end after 8 s, at services of another one, for as
/// long as a few of them live.
fn nothing_is_lost(
    world: &World,
    through: Through,
    meanwhile: impl Fn(&World) -> Result<(), String>,
) -> Result<(), String> {
    let (credential, path, service) = match world.is_v2() {
        true => (Credential::password("alice", "alice-pw"), "/v2.0", "/v2.0/tenants"),
        false => (world.password("alice"), "/v3", "/v3/auth/projects"),
    };
    let identity = cloud(&format!("{}{path}", world.brief_url))?;
    let identity = identity.allow_origin(&world.url).map_err(|error| error.to_string())?;
    let adapter = Adapter::new(through, Wish::new(identity, credential, world.project("alpha")))?;
    let url = format!("{}{service}", world.url);
    let (calls, started) = (AtomicUsize::new(0), Instant::now());
    let first = adapter.token()?;
    thread::scope(|threads| {
        let caller = || {
            while started.elapsed() < LOAD {
                let status = adapter.call(&url)?;
                same("status", status, 200)?;
                calls.fetch_add(1, Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| threads.spawn(caller)).collect();
        let meanwhile = meanwhile(world);
        let told: Result<(), String> = callers
            .into_iter()
            .try_for_each(|caller| caller.join().unwrap_or_else(|_| Err("a panic".to_owned())));
        meanwhile.and(told)
    })?;
    holds(adapter.token()? != first, || "the token of the start is still there".to_owned())?;
    let calls = calls.into_inner();
    holds(calls > CALLERS * 10, || format!("{calls} calls alone"))
}

/// The server that gives brief tokens goes away for 3 s.
fn interrupt(world: &World) -> Result<(), String> {
    let status = Command::new("kill").args(["-USR1", &world.brief_pid.to_string()]).status();
    let status = status.map_err(|error| error.to_string())?;
    holds(status.success(), || format!("no signal to the server: {status}"))
}

/// A server that locks a user out for 5 s after 3 failures.
fn one_try_for_all(world: &World, through: Through) -> Result<(), String> {
    let strict = cloud(&format!("{}/v3", world.strict_url))?;
    let login = |credential| Wish::new(strict.clone(), credential, world.project("alpha"));
    let wrong = || Credential::password(world.user("alice"), "wrong");
    let adapter = Adapter::new(through, login(wrong()))?;
    thread::scope(|threads| {
        let callers: Vec<_> = (0..50).map(|_| threads.spawn(|| adapter.token())).collect();
        callers.into_iter().try_for_each(|caller| match caller.join() {
            Ok(Err(_)) => Ok(()),
            Ok(Ok(_)) => Err("a token for a wrong password".to_owned()),
            Err(_) => Err("a panic".to_owned()),
        })
    })?;
    let right = || Client::new(through, login(world.password("alice")));
    let right = || right().and_then(|client| client.token());
    right().map_err(|stop| format!("locked out: {stop}"))?;

    // That is no server that never locks anybody out.
    for _ in 0..3 {
        let client = Client::new(Through::Core, login(wrong())).map_err(text)?;
        refused(&client.token().err().ok_or("a token")?, 401, "check the user")?;
    }
    let locked = right().err().ok_or("nobody is ever locked out")?;
    refused(&locked, 401, "check the user")?;
    thread::sleep(Duration::from_secs(6));
    right().map(drop).map_err(text)
}

/// An adapter that threads can share.
enum Adapter {
    Reqwest(auth_reqwest::Client),
    Ureq(auth_ureq::Client),
}

impl Adapter {
    fn new(through: Through, wish: Wish) -> Result<Self, String> {
        match Client::new(through, wish).map_err(text)? {
            Client::Core(..) => Err("the bare core has no account".to_owned()),
            Client::Reqwest(client) => Ok(Self::Reqwest(client)),
            Client::Ureq(client) => Ok(Self::Ureq(client)),
        }
    }

    /// A token's text.
    fn token(&self) -> Result<String, String> {
        let token = match self {
            Self::Reqwest(client) => RUNTIME.block_on(client.token()).map_err(Stop::from),
            Self::Ureq(client) => client.token().map_err(Stop::from),
        };
        token.map(|token| token.expose().to_owned()).map_err(text)
    }

    /// Calls a service: the status.
    fn call(&self, url: &str) -> Result<u16, String> {
        let request = Request::get(url).body("").map_err(|error| error.to_string())?;
        let status = match self {
            Self::Reqwest(client) => RUNTIME
                .block_on(client.call(request))
                .map(|answer| answer.status())
                .map_err(Stop::from),
            Self::Ureq(client) => {
                client.call(request).map(|answer| answer.status()).map_err(Stop::from)
            }
        };
        status.map(|status| status.as_u16()).map_err(text)
    }
}

fn text(stop: Stop) -> String {
    stop.to_string()
}
