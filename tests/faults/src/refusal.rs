//! A wrong password, for a moment and for a day (F5).

use std::time::Duration;

use auth_proto::Settings;

use crate::{
    callers::{AND_BARE_UREQ, Ask, Callers, Kind, OURS},
    frame::{Case, Tally},
    world::{Options, Place, WRONG_PASSWORD, World},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for callers in [50, 1000] {
        cases.extend(Case::each(
            "F5",
            format!("wrong password, {callers} callers, then a try a second for 24 h, 3 scopes"),
            "1 POST in 30 minutes, at most 7 in 24 h, all told within login + 100 ms",
            &AND_BARE_UREQ,
            move |kind| wrong_password(kind, callers, true),
        ));
    }
    cases.extend(Case::each(
        "F5",
        "the same with probes off, 50 callers",
        "exactly 1 POST in 24 h, all told within login + 100 ms",
        &OURS,
        |kind| wrong_password(kind, 50, false),
    ));
    cases
}

fn wrong_password(kind: Kind, count: usize, probes: bool) -> Tally {
    const LOGIN: Duration = Duration::from_millis(200);
    let world = World::start();
    world.slow_logins(LOGIN);
    let settings = Settings::default().with_lockout_retry(probes);
    let options = Options { password: WRONG_PASSWORD, settings, ..Options::default() };
    let callers = world.callers(kind, &options);
    let asks = Place::ALL.into_iter().cycle().take(count).map(Ask::token_for).collect();
    let outcomes = callers.all(asks);

    let mut tally = Tally::default();
    tally.callers(&outcomes, &world.logins());
    let told = outcomes.iter().filter(|outcome| outcome.got.is_auth_error()).count();
    tally.exactly("told of the refusal", told, count);
    tally.within("slowest", tally.slowest, LOGIN + Duration::from_millis(100));

    // What comes now is counted, not timed.
    let slowest = tally.slowest;
    world.slow_logins(Duration::ZERO);
    every_second(&world, &callers, Duration::from_secs(30 * 60), &mut tally);
    tally.exactly("POSTs in 30 minutes", world.count(), 1);
    if tally.broken.is_empty() {
        every_second(&world, &callers, Duration::from_secs(24 * 3600), &mut tally);
    }
    tally.slowest = slowest;
    tally.traffic(&world.server.traffic());
    tally.at_most("POSTs in 24 h", tally.logins, if probes { 7 } else { 1 });
    tally
}

/// One try a second up to this point of the clock, for one scope after the other.
fn every_second(world: &World, callers: &Callers, end: Duration, tally: &mut Tally) {
    let second = Duration::from_secs(1);
    for place in Place::ALL.into_iter().cycle() {
        let next = world.clock.elapsed() + second;
        if next >= end {
            return;
        }
        world.clock.forward(second);
        let outcome = callers.one(Ask::token_for(place));
        tally.holds("a wrong password gives no token", !outcome.got.is_good());
        tally.callers(&[outcome], &world.logins());
        if !tally.broken.is_empty() {
            return;
        }
    }
}
