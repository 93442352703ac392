//! The time of a call through an adapter beside the same HTTP client alone ("bare").
//!
//! Each round times three calls in random order: adapter, bare, and bare again. The value is the
//! median of the ratios. Bare beside bare is the control: if it is not near 1, the machine is too
//! busy.

use std::{ops::RangeInclusive, time::Instant};

use http::{HeaderValue, Request};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};
use ureq::Agent;

use crate::{
    row::CostRow,
    server::{CheapServer, TOKEN},
};

/// The rows of all times. With `gate` no time turns a row red; without it a bound gets up to three
/// tries, because the machine may be busy.
pub(crate) fn rows(only_reported: bool, progress: fn(&str)) -> Vec<CostRow> {
    let mut rows = Vec::new();
    for (name, ratios) in [
        ("adapter / bare, a call, auth-ureq", ureq as fn() -> Result<Ratios, String>),
        ("adapter / bare, a call, auth-reqwest", reqwest),
        ("adapter / bare, 1,000 calls at once, auth-reqwest", reqwest_at_once),
    ] {
        progress(name);
        let tried = tried(if only_reported { 1 } else { 3 }, ratios);
        let row = CostRow::tried(GOAL, name, tried.as_ref().map(|tried| tried.ours));
        let is_reported = tried.as_ref().is_ok_and(|tried| only_reported || tried.too_busy());
        let control = tried.map_or(f64::NAN, |tried| tried.control);
        rows.push(row.unless(is_reported));
        rows.push(CostRow::reported(format!("{name}: the control, bare / bare"), control));
    }
    rows
}

/// The allowed ratio of adapter to bare.
const GOAL: f64 = 1.05;

/// The first try that is not red, or the last.
fn tried(
    tries: usize,
    mut ratios: impl FnMut() -> Result<Ratios, String>,
) -> Result<Ratios, String> {
    let mut tried = ratios()?;
    for _ in 1..tries {
        if tried.ours <= GOAL || tried.too_busy() {
            break;
        }
        tried = ratios()?;
    }
    Ok(tried)
}

/// The range of a valid control.
const CONTROL: RangeInclusive<f64> = 0.97..=1.03;

/// Medians: adapter to bare, and bare to bare.
struct Ratios {
    ours: f64,
    control: f64,
}

impl Ratios {
    fn too_busy(&self) -> bool {
        !CONTROL.contains(&self.control)
    }
}

/// Servers with new connections, because the speed of one connection depends on its processor.
const CONNECTIONS: usize = 40;

fn ureq() -> Result<Ratios, String> {
    let mut times = Times::default();
    for _ in 0..CONNECTIONS {
        let server = CheapServer::start().map_err(said)?;
        let url = server.service();
        let (cloud, credential, scope) = server.login();
        let http = || Agent::config_builder().proxy(None);
        let client = auth_ureq::Client::builder(cloud, credential, scope).http(http()).build();
        let client = client.map_err(said)?;
        let agents = [http().build().new_agent(), http().build().new_agent()];
        let token = HeaderValue::from_static(TOKEN);

        let ours = || {
            let request = Request::get(&url).body("").map_err(said)?;
            client.call(request).map(drop).map_err(said)
        };
        let bare = |agent: &Agent| {
            agent.get(&url).header("x-auth-token", token.clone()).call().map(drop).map_err(said)
        };
        times.take(500, [&ours, &|| bare(&agents[0]), &|| bare(&agents[1])])?;
        kept(&server, 3)?;
    }
    Ok(times.ratios())
}

fn reqwest() -> Result<Ratios, String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(said)?;
    let mut times = Times::default();
    for _ in 0..CONNECTIONS {
        let server = CheapServer::start().map_err(said)?;
        let clients = Clients::of(&server)?;
        times.take(
            500,
            [&|| runtime.block_on(clients.ours()), &|| runtime.block_on(clients.bare(0)), &|| {
                runtime.block_on(clients.bare(1))
            }],
        )?;
        // The identity service has a separate connection.
        kept(&server, 4)?;
    }
    Ok(times.ratios())
}

/// The time until the last of a thousand tasks, which start together, has ended.
fn reqwest_at_once() -> Result<Ratios, String> {
    // A thousand connections for each of three clients, with both ends in this process.
    let (needed, allowed) = (7_000, rlimit::increase_nofile_limit(20_000).map_err(said)?);
    if allowed < needed {
        return Err(format!("open files: {needed} are needed, RLIMIT_NOFILE allows {allowed}"));
    }
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(said)?;
    let server = CheapServer::start().map_err(said)?;
    let clients = Clients::of(&server)?;
    let mut times = Times::default();
    let calls: [&dyn Fn() -> _; 3] = [
        &|| all(&runtime, || clients.clone().ours_owned()),
        &|| all(&runtime, || clients.clone().bare_owned(0)),
        &|| all(&runtime, || clients.clone().bare_owned(1)),
    ];
    // The error of a call only says that the server is unreachable.
    times.take(150, calls).map_err(|why| server.last_error().unwrap_or(why))?;
    Ok(times.ratios())
}

fn all<F>(runtime: &Runtime, call: impl Fn() -> F) -> Result<(), String>
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    runtime.block_on(async {
        let mut calls: JoinSet<_> = (0..1_000).map(|_| call()).collect();
        while let Some(called) = calls.join_next().await {
            called.map_err(said)??;
        }
        Ok(())
    })
}

/// Clients of one server by reqwest.
#[derive(Clone)]
struct Clients {
    url: String,
    ours: auth_reqwest::Client,
    bare: [reqwest::Client; 2],
    token: HeaderValue,
}

impl Clients {
    fn of(server: &CheapServer) -> Result<Self, String> {
        let (cloud, credential, scope) = server.login();
        let http = || reqwest::Client::builder().no_proxy();
        let ours = auth_reqwest::Client::builder(cloud, credential, scope).http(http).build();
        let bare = || http().build().map_err(said);
        let token = HeaderValue::from_static(TOKEN);
        let (ours, bare) = (ours.map_err(said)?, [bare()?, bare()?]);
        Ok(Self { url: server.service(), ours, bare, token })
    }

    async fn ours(&self) -> Result<(), String> {
        let request = Request::get(&self.url).body("").map_err(said)?;
        self.ours.call(request).await.map(drop).map_err(said)
    }

    async fn bare(&self, number: usize) -> Result<(), String> {
        let call = self.bare[number].get(&self.url).header("x-auth-token", self.token.clone());
        call.send().await.map(drop).map_err(said)
    }

    async fn ours_owned(self) -> Result<(), String> {
        self.ours().await
    }

    async fn bare_owned(self, number: usize) -> Result<(), String> {
        self.bare(number).await
    }
}

/// The times of each round: adapter, bare, and bare again.
#[derive(Default)]
struct Times(Vec<[f64; 3]>);

impl Times {
    /// Runs this number of rounds, after some uncounted ones that open connections.
    fn take(
        &mut self,
        rounds: usize,
        calls: [&dyn Fn() -> Result<(), String>; 3],
    ) -> Result<(), String> {
        const ORDERS: [[usize; 3]; 6] =
            [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]];
        let warm_up = rounds / 10;
        for round in 0..warm_up + rounds {
            let mut times = [0.0; 3];
            for which in ORDERS[round % ORDERS.len()] {
                let started = Instant::now();
                calls[which]()?;
                times[which] = started.elapsed().as_secs_f64();
            }
            if round >= warm_up {
                self.0.push(times);
            }
        }
        Ok(())
    }

    fn ratios(&self) -> Ratios {
        let ratio = |over: usize| median(self.0.iter().map(|times| times[over] / times[1]));
        Ratios { ours: ratio(0), control: ratio(2) }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Fails if a client opened more than one connection, whose time would count.
fn kept(server: &CheapServer, clients: usize) -> Result<(), String> {
    match server.connections() {
        made if made == clients => Ok(()),
        made => Err(format!("{made} connections for {clients} clients")),
    }
}

fn said(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of tries, and the last result.
    fn tries(all: [(f64, f64); 3]) -> (usize, f64) {
        let mut left = all.into_iter();
        let mut next = || left.next().map(|(ours, control)| Ratios { ours, control });
        let tried = tried(3, || next().ok_or_else(|| "a fourth try".to_owned()));
        let ours = tried.unwrap().ours;
        (3 - left.len(), ours)
    }

    #[test]
    fn a_red_time_gets_three_tries() {
        assert_eq!(tries([(1.04, 1.0), (1.2, 1.0), (1.2, 1.0)]), (1, 1.04));
        assert_eq!(tries([(1.2, 1.0), (1.01, 1.0), (1.2, 1.0)]), (2, 1.01));
        assert_eq!(tries([(1.2, 1.0), (1.3, 1.1), (1.0, 1.0)]), (2, 1.3));
        assert_eq!(tries([(1.2, 1.0), (1.3, 1.0), (1.4, 1.0)]), (3, 1.4));
    }
}
