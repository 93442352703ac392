//! A wrong password, for a moment and for a day (F5).

use std::time::Duration;

use auth_proto::Settings;

use crate::{
    callers::{AND_PLAIN_UREQ, Callers, ClientKind, OURS},
    request::CallerRequest,
    scenario::{Case, Tally},
    testbed::{ClientOptions, TestScope, Testbed, WRONG_PASSWORD},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for callers in [50, 1000] {
        cases.extend(Case::each(
            "F5",
            format!("wrong password, {callers} callers, then a try a second for 24 h, 3 scopes"),
            "1 POST in 30 minutes, at most 7 in 24 h, all callers fail within login + 100 ms",
            &AND_PLAIN_UREQ,
            move |kind| wrong_password(kind, callers, true),
        ));
    }
    cases.extend(Case::each(
        "F5",
        "the same without lockout retries, 50 callers",
        "exactly 1 POST in 24 h, all callers fail within login + 100 ms",
        &OURS,
        |kind| wrong_password(kind, 50, false),
    ));
    cases
}

fn wrong_password(kind: ClientKind, count: usize, lockout_retry: bool) -> Tally {
    const LOGIN: Duration = Duration::from_millis(200);
    let testbed = Testbed::start();
    testbed.slow_logins(LOGIN);
    let settings = Settings::default().with_lockout_retry(lockout_retry);
    let options = ClientOptions { password: WRONG_PASSWORD, settings, ..ClientOptions::default() };
    let callers = testbed.callers(kind, &options);
    let asks =
        TestScope::ALL.into_iter().cycle().take(count).map(CallerRequest::token_for).collect();
    let outcomes = callers.all(asks);

    let mut tally = Tally::default();
    tally.callers(&outcomes, &testbed.logins());
    let refused = outcomes.iter().filter(|outcome| outcome.result.is_auth_error()).count();
    tally.exactly("callers with the refusal", refused, count);
    tally.within("slowest", tally.slowest, LOGIN + Duration::from_millis(100));

    // From here on logins are counted, not timed.
    let slowest = tally.slowest;
    testbed.slow_logins(Duration::ZERO);
    every_second(&testbed, &callers, Duration::from_secs(30 * 60), &mut tally);
    tally.exactly("POSTs in 30 minutes", testbed.count(), 1);
    if tally.broken.is_empty() {
        every_second(&testbed, &callers, Duration::from_secs(24 * 3600), &mut tally);
    }
    tally.slowest = slowest;
    tally.traffic(&testbed.server.traffic());
    tally.at_most("POSTs in 24 h", tally.logins, if lockout_retry { 7 } else { 1 });
    tally
}

/// One request a second up to this time of the clock, with each scope in turn.
fn every_second(testbed: &Testbed, callers: &Callers, end: Duration, tally: &mut Tally) {
    let second = Duration::from_secs(1);
    for place in TestScope::ALL.into_iter().cycle() {
        let next = testbed.clock.elapsed() + second;
        if next >= end {
            return;
        }
        testbed.clock.forward(second);
        let outcome = callers.one(CallerRequest::token_for(place));
        tally.holds("a wrong password gives no token", !outcome.result.is_good());
        tally.callers(&[outcome], &testbed.logins());
        if !tally.broken.is_empty() {
            return;
        }
    }
}
