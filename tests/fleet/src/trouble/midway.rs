//! Trouble that begins while a process logs in, so that its lease is of no use (S7).

use std::{fs, time::Duration};

use rustix::process::Signal;

use super::{
    trial::{COST, call, count_calls},
    world::{Address, Failed, Kind, World},
};
use crate::{
    harness::{Command, Event, Fleet, Job, Sharing},
    scenario::{Case, Tally},
};

type Begin = fn(&mut World) -> Result<(), Failed>;

const LOGIN: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) fn cases() -> Vec<Case> {
    let rows: [(Kind, &str, Begin); 7] = [
        (Kind::Files, "the directory is removed", |world| {
            Ok(fs::remove_dir_all(world.directory())?)
        }),
        (Kind::Files, "a file takes the place of the directory", |world| {
            fs::remove_dir_all(world.directory())?;
            Ok(fs::write(world.directory(), "")?)
        }),
        (Kind::Files, "another process locks the lock", |world| {
            let lock = fs::File::open(world.file("lock")?)?;
            lock.try_lock()?;
            world.kept.push(Box::new(lock));
            Ok(())
        }),
        (Kind::Redis, "everything is removed", |world| world.redis()?.flush().map_err(Into::into)),
        (Kind::Redis, "the server is killed", kill),
        (Kind::Redis, "the server is stopped", stop),
        (Kind::RedisAsync, "the server is stopped", stop),
    ];
    let case = |(kind, name, begin): (Kind, &str, Begin)| {
        let name = format!("{name} during a login");
        let bound = "no call fails; 350 ms in 30 s and process";
        Case::new("S7", name, kind.name(), bound, move |tally| run(kind, begin, tally))
            .beside("midway")
    };
    rows.into_iter().map(case).collect()
}

fn kill(world: &mut World) -> Result<(), Failed> {
    world.redis.as_mut().ok_or("no Redis")?.kill();
    Ok(())
}

fn stop(world: &mut World) -> Result<(), Failed> {
    world.redis()?.signal(Signal::STOP);
    Ok(())
}

/// A process without a store and one with it log in, twice: the trouble begins in the middle of the
/// first login. A third process waits for that, and has to go on by itself.
fn run(kind: Kind, begin: Begin, tally: &mut Tally) -> Result<(), Failed> {
    let (mut world, mut fleet) = (World::new(kind)?, Fleet::new()?);
    world.service.slow_logins(LOGIN);
    let job = world.job(kind, Address::Proxy)?;
    fleet.start_all(1, &Job { sharing: Sharing::Nothing, ..job.clone() })?;
    fleet.start_all(2, &job)?;
    let mut alone = call(&mut fleet, 0)?;
    fleet.send(1, Command::Call);
    world.service.wait_for_login(2, PATIENCE).ok_or("no login")?;
    fleet.send(2, Command::Call);
    begin(&mut world)?;
    let called = |event: &Event| matches!(event, Event::Called { .. });
    let all = |count| {
        fleet.wait(PATIENCE, |seen| seen.iter().filter(|seen| called(&seen.event)).count() >= count)
    };
    tally.holds("all processes come back", all(3));
    world.service.revoke();
    alone += call(&mut fleet, 0)?;
    // In this order: after a wipe, both have logged in, and the store has the later token.
    call(&mut fleet, 2)?;
    call(&mut fleet, 1)?;
    let spent = fleet.seen().into_iter().filter(|seen| seen.process == 1);
    let spent: u64 =
        spent.map(|seen| if let Event::Called { ms, .. } = seen.event { ms } else { 0 }).sum();
    let cost = Duration::from_millis(spent).saturating_sub(alone);
    tally.figure("ms for the one who logs in", cost.as_millis() as u64);
    tally.within("lost by the one who logs in", cost, COST);
    count_calls(tally, &fleet);
    tally.logins = world.service.logins().len() - 2;
    tally.at_most("logins", tally.logins, 4);
    Ok(())
}
