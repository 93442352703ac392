//! The session is closed while many callers wait (F25).

use std::{fs, thread, time::Duration};

use auth_emulator::Fault;

use crate::{
    callers::{ClientKind, OURS},
    request::{CallResult, CallerRequest},
    scenario::{Case, Tally},
    testbed::{ClientOptions, ScriptedReply, Testbed, wait_until},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    Case::each(
        "F25",
        "close with 1000 waiting callers; the server does not answer the login",
        "all callers return within 50 ms, a blocking login at its timeout; no task or thread is left",
        &OURS,
        close,
    )
}

fn close(kind: ClientKind) -> Tally {
    const CALLERS: usize = 1000;
    const TIMEOUT: Duration = Duration::from_secs(2);
    let testbed = Testbed::start();
    testbed.script(|_| ScriptedReply::Fault(Fault::new().silence()));
    let callers = testbed
        .callers(kind, &ClientOptions { identity_timeout: TIMEOUT, ..ClientOptions::default() });
    let threads = threads();
    let mut closed = Duration::ZERO;
    let outcomes = callers.all_while(vec![CallerRequest::token(); CALLERS], || {
        testbed.wait_for_logins(1);
        // Time for all others to begin their wait.
        thread::sleep(Duration::from_millis(300));
        closed = testbed.clock.elapsed();
        callers.close();
    });

    let mut tally = Tally::default();
    tally.callers(&outcomes, &testbed.logins());
    tally.traffic(&testbed.server.traffic());
    let stopped = outcomes.iter().filter(|outcome| outcome.result == CallResult::Closed).count();
    tally.exactly("callers with the error Closed", stopped, CALLERS);
    let mut waited: Vec<_> =
        outcomes.iter().map(|seen| seen.ended.saturating_sub(closed)).collect();
    waited.sort_unstable();
    let leader = waited.pop().unwrap_or_default();
    let leaders = if kind.is_async() { Duration::from_millis(50) } else { TIMEOUT };
    tally.within("the leader", leader, leaders);
    tally.slowest = waited.pop().unwrap_or_default();
    tally.within("slowest waiter", tally.slowest, Duration::from_millis(50));
    let rest = || callers.reqwest().map_or(0, |(_, runtime)| runtime.metrics().num_alive_tasks());
    tally.holds("no task is left", wait_until(|| rest() == 0));
    tally.holds("no thread is left", wait_until(|| self::threads() <= threads));
    tally
}

/// The number of threads of this process, on Linux.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
