//! Processes that log in for all, and are killed (S3) or stopped (S4) meanwhile.

use std::{
    error::Error,
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use rustix::process::Signal;

use crate::{
    harness::{Command, Event, Fleet, Service, StoreKind, TestStore, token_results},
    scenario::{Case, Extent, Tally, count_fleet},
};

const FOLLOWERS: usize = 50;
/// What a scenario waits for before it is red.
const PATIENCE: Duration = Duration::from_secs(60);
const LOGIN: Duration = Duration::from_secs(3);

pub(crate) fn cases(extent: Extent) -> Vec<Case> {
    let runs = if extent.is_short { 1 } else { 8 };
    (0..runs).flat_map(|run| round(run, extent.seed ^ run)).collect()
}

/// One of each, with its own random moments. Those of one group mostly wait, so they run side by side.
fn round(run: u64, seed: u64) -> Vec<Case> {
    let killed_once = Case::each(
        "S3",
        format!("a leader is killed during a login of 3 s, {FOLLOWERS} followers"),
        "2 logins; after the kill at most a login and 1 s (files) or 11 s (Redis)",
        &StoreKind::ALL,
        move |kind, tally| killed(kind, 1, seed, tally),
    );
    let killed_twice = Case::each(
        "S3",
        format!("two leaders in a row are killed, {FOLLOWERS} followers"),
        "3 logins; 30 s in all",
        &StoreKind::BLOCKING,
        move |kind, tally| killed(kind, 2, seed, tally),
    );
    let never_killed = Case::each(
        "S3",
        format!("a login takes 12 s, nobody is killed, {FOLLOWERS} followers"),
        "1 login; at most 1 s after it",
        &StoreKind::BLOCKING,
        slow,
    );
    let stopped_once = Case::each(
        "S4",
        format!("a leader is stopped during a login of 3 s, and goes on; {FOLLOWERS} followers"),
        "at most 2 logins; the newer entry stays",
        &StoreKind::ALL,
        move |kind, tally| stopped(kind, StopAt::Moment(seed), tally),
    );
    let stopped_late = Case::each(
        "S4",
        format!("a leader is stopped before it writes, and goes on; {FOLLOWERS} followers"),
        "2 logins; the late write is refused",
        &StoreKind::BLOCKING,
        |kind, tally| stopped(kind, StopAt::Put, tally),
    );
    let groups = [
        ("killed", killed_once),
        ("patient", killed_twice.into_iter().chain(never_killed).collect()),
        ("stopped", stopped_once.into_iter().chain(stopped_late).collect()),
    ];
    let named = |(name, cases): (&'static str, Vec<Case>)| {
        cases.into_iter().map(move |case| case.beside(format!("{name} {run}")))
    };
    groups.into_iter().flat_map(named).collect()
}

/// Leaders are killed one after the other, each at some moment of its login.
fn killed(
    kind: StoreKind,
    deaths: usize,
    seed: u64,
    tally: &mut Tally,
) -> Result<(), Box<dyn Error>> {
    let mut random = Rng::with_seed(seed);
    let (store, service, mut fleet) = (TestStore::start(kind)?, Service::start()?, Fleet::new()?);
    service.slow_logins(LOGIN);
    fleet.start_all(FOLLOWERS + deaths, &service.job(store.sharing(), kind.is_async()))?;
    let started = Instant::now();
    fleet.send_all(Command::Token(0));
    let mut killed_at = started;
    for death in 1..=deaths {
        let login = service.wait_for_login(death, PATIENCE).ok_or("no login")?;
        let moment = moment(&mut random);
        tally.figure(format!("ms until kill {death}"), moment.as_millis() as u64);
        thread::sleep(moment.saturating_sub(login.at.elapsed()));
        fleet.signal(login.process.ok_or("a login of nobody")?, Signal::KILL);
        killed_at = Instant::now();
    }
    fleet.wait_for_tokens(FOLLOWERS, PATIENCE);
    let tokens = count_fleet(tally, &fleet, FOLLOWERS);
    tally.exactly("different tokens", tokens.len(), 1);
    tally.logins = service.logins().len();
    tally.exactly("logins", tally.logins, deaths + 1);
    let last = token_results(&fleet.seen()).map(|(seen, ..)| seen.at).max().unwrap_or(started);
    if deaths == 1 {
        tally.slowest = last - killed_at;
        let lease = if kind.is_redis() { 11 } else { 1 };
        tally.within("after the kill", tally.slowest, LOGIN + Duration::from_secs(lease));
    } else {
        tally.slowest = last - started;
        tally.within("in all", tally.slowest, Duration::from_secs(30));
    }
    Ok(())
}

/// Some moment of a login.
fn moment(random: &mut Rng) -> Duration {
    Duration::from_millis(random.u64(0..LOGIN.as_millis() as u64 - 100))
}

/// A login that takes longer than a lease.
fn slow(kind: StoreKind, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let login = Duration::from_secs(12);
    let (store, service, mut fleet) = (TestStore::start(kind)?, Service::start()?, Fleet::new()?);
    service.slow_logins(login);
    fleet.start_all(FOLLOWERS + 1, &service.job(store.sharing(), kind.is_async()))?;
    fleet.send_all(Command::Token(0));
    fleet.wait_for_tokens(FOLLOWERS + 1, PATIENCE);
    let tokens = count_fleet(tally, &fleet, FOLLOWERS + 1);
    tally.exactly("different tokens", tokens.len(), 1);
    tally.logins = service.logins().len();
    tally.exactly("logins", tally.logins, 1);
    tally.within("in all", tally.slowest, login + Duration::from_secs(1));
    Ok(())
}

/// When a leader is stopped.
#[derive(Clone, Copy)]
enum StopAt {
    /// At a moment of its login that comes of this seed.
    Moment(u64),
    /// When it has the token, and is about to tell the store.
    Put,
}

/// The leader goes on when another process has logged in.
fn stopped(kind: StoreKind, at: StopAt, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let (store, service, mut fleet) = (TestStore::start(kind)?, Service::start()?, Fleet::new()?);
    service.slow_logins(LOGIN);
    let mut job = service.job(store.sharing(), kind.is_async());
    job.stops_at_put = matches!(at, StopAt::Put);
    fleet.start_all(1, &job)?;
    job.stops_at_put = false;
    fleet.start_all(FOLLOWERS, &job)?;
    let leader = 0;
    fleet.send(leader, Command::Token(0));
    let login = service.wait_for_login(1, PATIENCE).ok_or("no login")?;
    (1..=FOLLOWERS).for_each(|follower| fleet.send(follower, Command::Token(0)));
    if let StopAt::Moment(seed) = at {
        let moment = moment(&mut Rng::with_seed(seed));
        tally.figure("ms until the stop", moment.as_millis() as u64);
        thread::sleep(moment.saturating_sub(login.at.elapsed()));
        fleet.signal(leader, Signal::STOP);
    }
    tally.holds("the followers get tokens", fleet.wait_for_tokens(FOLLOWERS, PATIENCE));
    let newer = store.look(&job)?.ok_or("no entry in the store")?;
    fleet.signal(leader, Signal::CONT);
    tally.holds("the leader goes on", fleet.wait_for_tokens(FOLLOWERS + 1, PATIENCE));
    // At its end it has told the store.
    fleet.end(leader);
    tally.holds("the newer entry stays", store.look(&job)?.as_ref() == Some(&newer));
    let later = fleet.start(&[], &job)?;
    fleet.send(later, Command::Token(0));
    fleet.wait_for_tokens(FOLLOWERS + 2, PATIENCE);
    let all_but_the_leader = token_results(&fleet.seen())
        .filter(|(seen, ..)| seen.process != leader)
        .all(|(_, _, result)| result.as_ref() == Ok(&newer.print));
    tally.holds("all others have the token of that entry", all_but_the_leader);
    count_fleet(tally, &fleet, FOLLOWERS + 2);
    tally.logins = service.logins().len();
    tally.at_most("logins", tally.logins, 2);
    let is_late = |event: &Event| matches!(event, Event::Store { kind, .. } if kind == "LeaseOver");
    let late = fleet.seen().iter().filter(|seen| is_late(&seen.event)).count();
    tally.figure("late writes refused", late as u64);
    if let StopAt::Put = at {
        tally.exactly("late writes refused", late, 1);
    }
    Ok(())
}
