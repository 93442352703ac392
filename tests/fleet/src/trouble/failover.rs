//! Redis fails over to a replica that is behind (S12).

use std::{ops::Range, thread, time::Duration};

use redis_server::Redis;
use rustix::process::Signal;

use super::{
    proxy::Proxy,
    trial::{call, count_calls, is_too_busy},
    world::Failed,
};
use crate::{
    harness::{Command, Event, Fleet, Job, Service, Sharing, random_key},
    scenario::{Case, Extent, Tally},
};

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn cases(extent: Extent) -> Vec<Case> {
    let processes = if extent.is_short { 8 } else { 50 };
    let bound = "at most 1 login more, no call fails, nothing newer is overwritten";
    let mut cases = Vec::new();
    for (is_async, store) in [(false, "Redis"), (true, "Redis, async")] {
        let name =
            format!("failover to a replica that lacks the last token, {processes} processes");
        let run = move |tally: &mut Tally| behind(processes, is_async, tally);
        cases.push(Case::new("S12", name, store, bound, run));
        let name = format!("failover during a login, {processes} processes");
        let run = move |tally: &mut Tally| meanwhile(processes, is_async, tally);
        cases.push(Case::new("S12", name, store, bound, run));
    }
    let name = "failover while the process that logs in is stopped; it goes on late";
    cases.push(Case::new("S12", name, "Redis", bound, late));
    cases
}

/// A primary, its replica, and the address that all processes have.
struct Pair {
    service: Service,
    primary: Redis,
    replica: Redis,
    /// Between the primary and the replica.
    link: Proxy,
    /// Between the processes and the server.
    front: Proxy,
    key: String,
}

impl Pair {
    fn new() -> Result<Self, Failed> {
        let primary = Redis::start(&["--repl-diskless-sync-delay", "0"])?;
        let link = Proxy::start(primary.port(), Duration::ZERO)?;
        let replica = Redis::start(&[])?;
        let front = Proxy::start(primary.port(), Duration::ZERO)?;
        replica.command(&["REPLICAOF", "127.0.0.1", &link.port().to_string()])?;
        let key = random_key();
        let pair = Self { service: Service::start()?, primary, replica, link, front, key };
        pair.wait_for("the replica is connected", |pair| {
            Ok(pair.replica.command(&["INFO", "replication"])?.contains("master_link_status:up"))
        })?;
        Ok(pair)
    }

    fn job(&self, is_async: bool) -> Job {
        let url = format!("redis://127.0.0.1:{}", self.front.port());
        self.service.job(Sharing::Redis { url, key: self.key.clone() }, is_async)
    }

    fn wait_for(
        &self,
        what: &str,
        is_so: impl Fn(&Self) -> Result<bool, Failed>,
    ) -> Result<(), Failed> {
        for _ in 0..1000 {
            if is_so(self)? {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(format!("not so after 10 s: {what}").into())
    }

    /// The generation of the entry at a server; 0 without one.
    fn generation(server: &Redis) -> Result<u64, Failed> {
        let key = server.command(&["KEYS", "*"])?;
        Ok(server.command(&["HGET", &key, "generation"])?.parse().unwrap_or_default())
    }

    /// The replica has all that the primary has.
    fn catch_up(&self) -> Result<(), Failed> {
        self.wait_for("the replica has the entry", |pair| {
            let generation = Self::generation(&pair.primary)?;
            Ok(generation > 0 && generation == Self::generation(&pair.replica)?)
        })
    }

    /// From now on, the replica hears nothing.
    fn fall_behind(&self) {
        self.link.delay(Duration::from_secs(3600));
    }

    /// The replica takes the primary's place, and the address leads to it at once: while there is no
    /// server, each process that asks logs in by itself (S7).
    fn fail_over(&mut self) -> Result<(), Failed> {
        self.replica.command(&["REPLICAOF", "NO", "ONE"])?;
        self.front.switch(self.replica.port());
        self.primary.kill();
        Ok(())
    }
}

/// Half of the processes have a token that the replica never heard of.
fn behind(processes: usize, is_async: bool, tally: &mut Tally) -> Result<(), Failed> {
    let (mut pair, mut fleet) = (Pair::new()?, Fleet::new()?);
    let job = pair.job(is_async);
    fleet.start_all(processes, &job)?;
    let half = processes / 2;
    calls(&mut fleet, 0..half)?;
    pair.catch_up()?;
    pair.fall_behind();
    pair.service.revoke();
    calls(&mut fleet, 0..half)?;
    (0..half).for_each(|process| fleet.send(process, Command::Token(0)));
    fleet.wait_for_tokens(half, PATIENCE);
    let lost = Pair::generation(&pair.primary)?;
    let older = Pair::generation(&pair.replica)?;
    tally.holds("the replica is behind", 0 < older && older < lost);
    tally.exactly("logins before", pair.service.logins().len(), 2);

    pair.fail_over()?;
    calls(&mut fleet, 0..processes)?;
    let newer = Pair::generation(&pair.replica)?;
    tally.holds("the generation grows", newer > lost);
    tally.at_most("logins after the failover", pair.service.logins().len() - 2, 1);
    // A late 401 of the lost token removes nothing.
    (0..half).for_each(|process| fleet.send(process, Command::Refused(5)));
    calls(&mut fleet, 0..processes)?;
    tally.holds("nothing newer is overwritten", Pair::generation(&pair.replica)? >= newer);
    finish(&pair, &fleet, 3, tally);
    Ok(())
}

/// The lease is lost with the primary.
fn meanwhile(processes: usize, is_async: bool, tally: &mut Tally) -> Result<(), Failed> {
    let (mut pair, mut fleet) = (Pair::new()?, Fleet::new()?);
    pair.service.slow_logins(Duration::from_secs(2));
    fleet.start_all(processes, &pair.job(is_async))?;
    pair.fall_behind();
    fleet.send_all(Command::Call);
    pair.service.wait_for_login(1, PATIENCE).ok_or("no login")?;
    thread::sleep(Duration::from_millis(500));
    pair.fail_over()?;
    wait_for_calls(&fleet, processes)?;
    calls(&mut fleet, 0..processes)?;
    finish(&pair, &fleet, 2, tally);
    Ok(())
}

/// A process is stopped during its login, and tells the new server of it late.
fn late(tally: &mut Tally) -> Result<(), Failed> {
    let (mut pair, mut fleet) = (Pair::new()?, Fleet::new()?);
    pair.service.slow_logins(Duration::from_secs(1));
    fleet.start_all(3, &pair.job(false))?;
    pair.fall_behind();
    fleet.send(0, Command::Call);
    pair.service.wait_for_login(1, PATIENCE).ok_or("no login")?;
    fleet.signal(0, Signal::STOP);
    pair.fail_over()?;
    calls(&mut fleet, 1..3)?;
    let newer = Pair::generation(&pair.replica)?;
    fleet.signal(0, Signal::CONT);
    wait_for_calls(&fleet, 3)?;
    // At its end it has told the store.
    fleet.end(0);
    tally.exactly("the generation that stays", Pair::generation(&pair.replica)?, newer);
    let is_late = |event: &Event| matches!(event, Event::Store { kind, .. } if kind == "LeaseOver");
    let late = fleet.seen().iter().filter(|seen| is_late(&seen.event)).count();
    tally.figure("late writes refused", late as u64);
    calls(&mut fleet, 1..3)?;
    finish(&pair, &fleet, 2, tally);
    Ok(())
}

/// These processes call the service, one after the other.
fn calls(fleet: &mut Fleet, processes: Range<usize>) -> Result<(), Failed> {
    for process in processes {
        call(fleet, process)?;
    }
    Ok(())
}

fn wait_for_calls(fleet: &Fleet, count: usize) -> Result<(), Failed> {
    let called = |event: &Event| matches!(event, Event::Called { .. });
    match fleet
        .wait(PATIENCE, |seen| seen.iter().filter(|seen| called(&seen.event)).count() >= count)
    {
        true => Ok(()),
        false => Err("a process does not come back".into()),
    }
}

fn finish(pair: &Pair, fleet: &Fleet, most: usize, tally: &mut Tally) {
    count_calls(tally, fleet);
    tally.logins = pair.service.logins().len();
    if !is_too_busy(tally, fleet) {
        tally.at_most("logins in all", tally.logins, most);
    }
}
