//! Clocks that jump, clocks that are wrong, and tokens that arrive expired (F19, F20, F21).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use auth_emulator::Emulator;
use auth_proto::{Action, Cloud, Failure, FailureKind, Session, Settings};
use fastrand::Rng;
use http::Request;
use time::UtcDateTime;

use crate::{
    callers::{AND_PLAIN_UREQ, ClientKind},
    capture,
    request::CallerRequest,
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, SYSTEM, TestScope, Testbed},
};

pub(crate) fn cases(full: bool) -> Vec<Case> {
    let clocks = if full { 200_000 } else { 10_000 };
    let mut cases = vec![Case::core(
        "F19",
        format!("{clocks} random clocks, with jumps of 1 s to 100 years, both ways, and pauses"),
        "no panic, no endless wait, at most one extra login per jump",
        move || random_clocks(clocks),
    )];
    for (text, skew, ahead) in [("2 h ahead", 2, true), ("2 h behind", 2, false)] {
        cases.extend(Case::each(
            "F20",
            format!("the server's clock is {text}, a token lives 1 h"),
            "the token is used until at most 3 s before its end, and never after it",
            &AND_PLAIN_UREQ,
            move |kind| skewed(kind, Duration::from_secs(skew * 3600), ahead),
        ));
    }
    cases.extend(Case::each(
        "F21",
        "tokens arrive expired, a caller a second",
        "at most 2 POSTs in 5 minutes",
        &AND_PLAIN_UREQ,
        expired_tokens,
    ));
    cases
}

/// Each clock has a new session; the server's clock is right.
fn random_clocks(clocks: u64) -> Tally {
    let mut tally = Tally::from(Counts { callers: 1, max_in_flight: 1, ..Counts::default() });
    for seed in 0..clocks {
        match catch_unwind(AssertUnwindSafe(|| one_clock(seed))) {
            Ok(Ok(logins)) => tally.logins += logins,
            Ok(Err(why)) => tally.broken.push(format!("clock {seed}: {why}")),
            Err(_) => tally.broken.push(format!("clock {seed}: a panic")),
        }
        if tally.broken.len() > 3 {
            break;
        }
    }
    tally
}

/// The number of logins with one clock, or the broken bound.
fn one_clock(seed: u64) -> Result<u64, String> {
    let mut random = Rng::with_seed(seed);
    let options = ClientOptions::default();
    let settings = Settings::default().with_seed(seed);
    let session = Session::new(Cloud::huawei(), options.credential(), settings);
    let mut session = session.map_err(|error| error.to_string())?;
    let (mut emulator, scope) = (Emulator::new(), TestScope::Project.scope());
    emulator.token_length(SYSTEM, 64);
    let (true_now, mut now) = (UtcDateTime::now(), UtcDateTime::now());
    let (mut jumps, mut waits, mut failures) = (0, 0, 0);
    for _ in 0..40 {
        let before = jumps;
        now = moved(&mut random, now, &mut jumps);
        if jumps > before {
            // After a jump backwards a wait starts over.
            waits = 0;
        }
        match session.poll(&scope, now) {
            Action::Send(pending, request) => {
                // Time passes or jumps while the request is pending.
                now = moved(&mut random, now, &mut jumps);
                if random.u8(..) < 32 {
                    let failure = Failure::new(FailureKind::Io, "reset");
                    session
                        .handle_failure(pending, failure, now)
                        .map_err(|error| error.to_string())?;
                    failures += 1;
                } else {
                    let (head, body) = request.into_parts();
                    let request = Request::from_parts(head, body.as_bytes());
                    let answer = emulator.handle(request, true_now);
                    session
                        .handle_response(pending, answer, now)
                        .map_err(|error| error.to_string())?;
                }
                waits = 0;
            }
            Action::Wait(until) => {
                let pause = until - now;
                if pause > LONGEST {
                    return Err(format!("a wait of {pause}"));
                }
                now = now.max(until);
                waits += 1;
                if waits > 3 {
                    return Err("endless waits".to_owned());
                }
            }
            Action::Fail(error) => {
                capture::search_error(&error);
                if error.retry_at().is_none_or(|at| at > now + LONGEST) {
                    return Err(format!("an error without a retry time: {error}"));
                }
                waits = 0;
            }
            Action::Ask(..) | Action::Take(..) | Action::Use(_) => waits = 0,
        }
    }
    let logins = emulator.logins(SYSTEM);
    match logins <= 1 + jumps + failures {
        true => Ok(logins),
        false => Err(format!("{logins} logins for {jumps} jumps and {failures} failures")),
    }
}

/// The longest pause of the core: after a password that got no status.
const LONGEST: Duration = Duration::from_secs(450);

/// The clock stops, goes on for a moment, or jumps either way.
fn moved(random: &mut Rng, now: UtcDateTime, jumps: &mut u64) -> UtcDateTime {
    const CENTURY: f64 = 100.0 * 365.25 * 86_400.0;
    let seconds = match random.u8(..) {
        0..64 => return now,
        64..192 => return now + Duration::from_millis(random.u64(0..1000)),
        // Log-uniform: as many jumps of minutes as of years.
        _ => Duration::from_secs_f64(CENTURY.powf(random.f64()).max(1.0)),
    };
    *jumps += 1;
    let leapt = match random.bool() {
        true => now.checked_add(seconds.try_into().unwrap_or_default()),
        false => now.checked_sub(seconds.try_into().unwrap_or_default()),
    };
    leapt.unwrap_or(now)
}

/// Callers with a timeout of zero find the token's end: they get a token only while it is valid.
fn skewed(kind: ClientKind, skew: Duration, ahead: bool) -> Tally {
    const LIFE: Duration = Duration::from_secs(3600);
    let life = time::Duration::try_from(LIFE).expect("an hour");
    let turn = |emulator: &mut Emulator| {
        emulator.token_lifetime(SYSTEM, life);
    };
    let testbed = Testbed::start_with(turn, skew, ahead);
    let callers = testbed.callers(kind, &ClientOptions::default());
    let mut tally = Tally::from(Counts { callers: 1, ..Counts::default() });
    tally.holds("a first login", callers.one(CallerRequest::token()).result.is_good());
    let granted = testbed.logins().first().and_then(|login| login.granted).unwrap_or_default();

    // Steps of a quarter of a second. No request is sent here.
    let mut lived = Duration::ZERO;
    for step in 0..120 {
        let age = LIFE - Duration::from_secs(15) + Duration::from_millis(250) * step;
        testbed.clock.forward_to(granted + age);
        if callers.one(CallerRequest::token().within(Duration::ZERO)).result.is_good() {
            lived = age;
        }
    }
    tally.traffic(&testbed.server.traffic());
    tally.slowest = Duration::ZERO;
    tally.at_most("seconds of use after its end", lived.saturating_sub(LIFE).as_secs_f64(), 0.0);
    let unused = LIFE.saturating_sub(lived).as_secs_f64();
    tally.at_most("seconds without use before its end", unused, 3.0);
    tally
}

fn expired_tokens(kind: ClientKind) -> Tally {
    let turn = |emulator: &mut Emulator| {
        emulator.token_lifetime(SYSTEM, time::Duration::hours(-1));
    };
    let testbed = Testbed::start_with(turn, Duration::ZERO, true);
    let callers = testbed.callers(kind, &ClientOptions::default());
    let mut tally = Tally::default();
    while testbed.clock.elapsed() < Duration::from_secs(300) {
        let outcome = callers.one(CallerRequest::token().within(Duration::from_millis(500)));
        tally.callers(&[outcome], &[]);
        testbed.clock.forward(Duration::from_secs(1));
    }
    tally.traffic(&testbed.server.traffic());
    tally.holds("a login was sent", tally.logins > 0);
    tally.at_most("POSTs in 5 minutes", tally.logins, 2);
    tally
}
