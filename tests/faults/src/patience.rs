//! Callers with less patience than a login takes (F34, F35).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use crate::{
    callers::{AND_NAIVE_UREQ, ClientKind, OURS},
    request::{CallerRequest, Outcome},
    scenario::{Case, Tally},
    testbed::{ClientOptions, Testbed, WRONG_PASSWORD},
};

/// Rows that wait for seconds and look at times.
pub(crate) fn right(_full: bool) -> Vec<Case> {
    let cases = each(
        "F34",
        "cold, then one revocation",
        "1 login each; calls that start after its answer succeed; nothing fails later than login + \
         300 ms after the revocation",
        impatient,
    );
    cases.map(|case| case.beside("seconds")).collect()
}

/// Rows that wait for up to a minute and look at counts.
pub(crate) fn wrong(_full: bool) -> Vec<Case> {
    let scenario = "wrong password, half an hour on the clock";
    let cases = each("F35", scenario, "1 login in half an hour", impatient_and_wrong);
    cases.map(|case| case.beside("minutes")).collect()
}

/// Patience and the time of a login, in milliseconds.
const TIMES: [(u64, u64); 3] = [(1000, 1500), (300, 500), (40, 150)];

fn each(
    id: &'static str,
    scenario: &str,
    bound: &'static str,
    run: fn(ClientKind, Duration, Duration, bool) -> Tally,
) -> impl Iterator<Item = Case> {
    let mut cases = Vec::new();
    for (patience, login) in TIMES {
        for (background, renewal) in [(false, ""), (true, " with background renewal,")] {
            let scenario =
                format!("patience {patience} ms, a login takes {login} ms,{renewal} {scenario}");
            let (patience, login) = (Duration::from_millis(patience), Duration::from_millis(login));
            let run = move |kind| run(kind, patience, login, background);
            // The naive client has no renewal in the background.
            let kinds: &[_] = if background { &OURS } else { &AND_NAIVE_UREQ };
            let mut rows = Case::each(id, scenario, bound, kinds, run);
            if patience == Duration::from_secs(1) && !background {
                let line = match id {
                    "F34" => "callers wait at most 1 s, a login takes 1.5 s; then one revocation",
                    _ => "the same with a wrong password, for half an hour",
                };
                rows = rows.into_iter().map(|case| case.in_readme(line)).collect();
            }
            cases.extend(rows);
        }
    }
    cases.into_iter()
}

fn impatient(kind: ClientKind, patience: Duration, login: Duration, background: bool) -> Tally {
    const CALLERS: usize = 20;
    const PAUSE: Duration = Duration::from_millis(50);
    // A response's way to its caller, on a busy machine.
    const WAY: Duration = Duration::from_millis(100);
    let testbed = Testbed::start();
    testbed.slow_logins(login);
    let callers = testbed.callers(kind, &ClientOptions::default());
    if background {
        callers.renew_in_background();
    }
    let over = Arc::new(AtomicBool::new(false));
    let ask = CallerRequest::call_within(testbed.request(), patience).repeated(&over, PAUSE);
    let (mut cold, mut revoked) = (0, Duration::ZERO);
    let outcomes = callers.all_while(vec![ask; CALLERS], || {
        thread::sleep(2 * login + Duration::from_secs(2));
        cold = testbed.count();
        revoked = testbed.clock.elapsed();
        testbed.server.emulator().revoke_all();
        thread::sleep(2 * login + Duration::from_secs(2));
        over.store(true, SeqCst);
    });

    let mut tally = Tally::default();
    tally.callers(&outcomes, &testbed.logins());
    tally.callers = CALLERS;
    tally.traffic(&testbed.server.traffic());
    tally.exactly("logins while cold", cold, 1);
    tally.exactly("logins after the revocation", testbed.count() - cold, 1);
    let failed = |counts: &dyn Fn(&Outcome) -> bool| {
        let failed = outcomes.iter().filter(|seen| !seen.result.is_good() && counts(seen));
        failed.count() as u64
    };
    let granted = testbed.logins().first().and_then(|login| login.granted);
    let answered = granted.unwrap_or_default() + WAY;
    let early = failed(&|seen| seen.started > answered && seen.ended < revoked);
    let late = failed(&|seen| seen.ended > revoked + login + Duration::from_millis(300));
    tally.figure("failed calls", failed(&|_| true));
    tally.figure("of them after the login's answer", early + late);
    for (what, count) in [
        ("failed calls after the first login's answer", early),
        ("failed calls later than login + 300 ms after the revocation", late),
    ] {
        if count > 0 {
            tally.late.push(format!("{what}: {count} of {}", outcomes.len()));
        }
    }
    tally
}

/// One call a second. While a login is under way, time passes by itself.
fn impatient_and_wrong(
    kind: ClientKind,
    patience: Duration,
    login: Duration,
    background: bool,
) -> Tally {
    const SECOND: Duration = Duration::from_secs(1);
    const MANY: u64 = 20;
    let testbed = Testbed::start();
    testbed.slow_logins(login);
    let options = ClientOptions { password: WRONG_PASSWORD, ..ClientOptions::default() };
    let callers = testbed.callers(kind, &options);
    if background {
        callers.renew_in_background();
    }
    let mut tally = Tally::default();
    while testbed.clock.elapsed() < Duration::from_secs(30 * 60) && testbed.count() < MANY {
        let before = testbed.clock.elapsed();
        let ask = CallerRequest::call_within(testbed.request(), patience);
        let outcome = callers.one(ask);
        tally.holds("a wrong password gives no token", !outcome.result.is_good());
        tally.callers(&[outcome], &testbed.logins());
        if testbed.server.traffic().logins_in_flight > 0 {
            thread::sleep(login);
        }
        testbed.clock.forward_to(before + SECOND);
    }
    tally.traffic(&testbed.server.traffic());
    tally.stopped = tally.logins >= MANY;
    tally.exactly("logins in half an hour", tally.logins, 1);
    tally
}
