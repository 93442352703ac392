//! A token that is revoked under many processes (S6).

use std::{error::Error, time::Duration};

use crate::{
    harness::{Command, Event, Fleet, Service, StoreKind, TestStore, token_results},
    scenario::{Case, Extent, Tally, count_fleet},
};

const PROCESSES: usize = 50;
/// Late 401s of each process: 1,000 in all.
const LATE: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn cases(_extent: Extent) -> Vec<Case> {
    Case::each(
        "S6",
        format!("a token is revoked under {PROCESSES} processes, with 1,000 late 401s"),
        "1 login more, no caller sees a 401, the newer generation stays",
        &StoreKind::ALL,
        revoked,
    )
}

fn revoked(kind: StoreKind, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let (store, service, mut fleet) = (TestStore::start(kind)?, Service::start()?, Fleet::new()?);
    service.slow_logins(Duration::from_millis(500));
    let job = service.job(store.sharing(), kind.is_async());
    fleet.start_all(PROCESSES, &job)?;
    fleet.send_all(Command::Token(0));
    fleet.wait_for_tokens(PROCESSES, PATIENCE);
    // Every process has seen the service accept the token.
    fleet.send_all(Command::Call);
    tally.exactly("calls before", calls(&fleet, PROCESSES), PROCESSES);
    let before = store.look(&job)?.ok_or("no entry before")?;
    tally.exactly("logins before", service.logins().len(), 1);

    let mut newer = None;
    service.revoke();
    // The first half learns it at once. The second half still has the old token when the new one is in
    // the store, so its 401s are late ones for the whole fleet.
    let half = PROCESSES / 2;
    for process in 0..PROCESSES {
        if process == half {
            let served = calls(&fleet, PROCESSES + half);
            tally.exactly("calls of the first half without a 401", served, PROCESSES + half);
            newer = store.look(&job)?;
        }
        fleet.send(process, Command::Refused(LATE / 2));
        fleet.send(process, Command::Call);
    }
    tally.exactly("calls without a 401", calls(&fleet, 2 * PROCESSES), 2 * PROCESSES);
    let newer = newer.ok_or("no entry after the revocation")?;
    // Each process has the new token, and hears of the old one.
    fleet.send_all(Command::Refused(LATE / 2));
    fleet.send_all(Command::Token(0));
    fleet.wait_for_tokens(2 * PROCESSES, PATIENCE);
    let after = store.look(&job)?;
    tally.holds("the generation grows", newer.generation > before.generation);
    tally.holds("the newer generation stays", after.as_ref() == Some(&newer));

    let is_new = |print: &&String| **print == newer.print;
    let seen = fleet.seen();
    let new = token_results(&seen).filter_map(|(.., result)| result.as_ref().ok()).filter(is_new);
    tally.exactly("processes with the new token", new.count(), PROCESSES);
    let tokens = count_fleet(tally, &fleet, 2 * PROCESSES);
    tally.exactly("different tokens", tokens.len(), 2);
    tally.logins = service.logins().len();
    tally.exactly("logins with the first one", tally.logins, 2);
    let retries = seen.iter().map(|seen| match seen.event {
        Event::Reported { retries } => retries,
        _ => 0,
    });
    tally.figure("retries of late 401s", retries.sum::<usize>() as u64);
    Ok(())
}

/// Waits for this many calls, and returns how many of them have succeeded.
fn calls(fleet: &Fleet, count: usize) -> usize {
    let called = |event: &Event| matches!(event, Event::Called { .. });
    fleet.wait(PATIENCE, |seen| seen.iter().filter(|seen| called(&seen.event)).count() >= count);
    let is_good = |event: &Event| matches!(event, Event::Called { result: Ok(200), .. });
    fleet.seen().iter().filter(|seen| is_good(&seen.event)).count()
}
