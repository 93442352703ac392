//! Requests that are dropped at every point (F40).

use std::{pin::pin, time::Duration};

use auth_emulator::Fault;
use auth_proto::{Action, Cloud, Session, Settings};

use crate::{
    callers::ClientKind,
    cancel::polled,
    clock::Clock,
    request::CallerRequest,
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, ScriptedReply, TestScope, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let bound = "no scope waits longer than one login";
    let (count, group) = (ROUNDS, "minutes");
    let core = Case::core(
        "F40",
        format!("{count} requests dropped without a word to the core"),
        bound,
        core,
    );
    let mut cases = vec![core];
    let scenario = format!("{count} callers dropped, at every await point in turn");
    cases.extend(Case::each("F40", scenario, bound, &[ClientKind::Reqwest], adapter));
    let scenario = format!("{count} callers whose patience ends, at every millisecond in turn");
    cases.extend(Case::each("F40", scenario, bound, &[ClientKind::Ureq], adapter));
    cases.into_iter().map(|case| case.beside(group)).collect()
}

const ROUNDS: usize = 1000;
/// The drops before a caller's wait is measured.
const DROPS: usize = 3;

/// After each drop the same scope is asked at the same moment.
fn core() -> Tally {
    let (clock, options) = (Clock::start(), ClientOptions::default());
    let mut tally = Tally::from(Counts { callers: 1, max_in_flight: 1, ..Counts::default() });
    let session = Session::new(Cloud::huawei(), options.credential(), Settings::default());
    let (mut session, scope) =
        (session.expect("a sound configuration"), TestScope::Project.scope());
    let mut longest = Duration::ZERO;
    for _ in 0..ROUNDS {
        match session.poll(&scope, clock.now()) {
            Action::Send(pending, _) => {
                tally.logins += 1;
                drop(pending);
            }
            Action::Wait(until) => {
                let wait = (until - clock.now()).try_into().unwrap_or_default();
                longest = longest.max(wait);
                clock.forward(wait);
            }
            other => tally.holds(format_args!("a request, not {other:?}"), false),
        }
    }
    tally.figure("ms of the longest wait", longest.as_millis() as u64);
    tally.exactly("seconds of the longest wait", longest.as_secs(), 0);
    tally
}

/// Three callers in a row are dropped after so many polls, or give up after so many milliseconds. The
/// next caller's wait is measured.
fn adapter(kind: ClientKind) -> Tally {
    const LOGIN: Duration = Duration::from_millis(5);
    let mut tally = Tally::from(Counts { callers: DROPS + 1, ..Counts::default() });
    let mut step = 0;
    for round in 0..ROUNDS.div_ceil(DROPS) {
        let testbed = Testbed::start();
        // A response in pieces has many await points.
        let piece = Duration::from_millis(1);
        testbed.script(move |_| ScriptedReply::Fault(Fault::new().delay(LOGIN).drip(2048, piece)));
        let callers = testbed.callers(kind, &ClientOptions::default());
        let mut done = false;
        for _ in 0..DROPS {
            done |= match callers.reqwest() {
                Some((client, runtime)) => runtime.block_on(async {
                    let leader = pin!(client.token());
                    polled(leader, step).await
                }),
                None => {
                    let patience = Duration::from_millis(step as u64);
                    callers.one(CallerRequest::token().within(patience)).result.is_good()
                }
            };
        }
        let next = callers.one(CallerRequest::token());
        tally.holds(
            format_args!("a token in round {round}, after step {step}"),
            next.result.is_good(),
        );
        tally.slowest = tally.slowest.max(next.took);
        tally.max_in_flight =
            tally.max_in_flight.max(testbed.server.traffic().most_logins_in_flight);
        tally.logins += testbed.count();
        step = if done { 0 } else { step + 1 };
    }
    tally.within("the longest wait for a token", tally.slowest, Duration::from_secs(1));
    tally
}
