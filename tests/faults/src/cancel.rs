//! Callers that give up or panic (F11, F12, F13).

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
    time::Duration,
};

use auth_emulator::Fault;

use crate::{
    callers::{AND_PLAIN_UREQ, Callers, ClientKind, OURS},
    capture::PLANNED,
    request::{CallResult, CallerRequest, Outcome},
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, Hook, HookPoint, ScriptedReply, Testbed},
};

pub(crate) fn cases(full: bool) -> Vec<Case> {
    let bound = "20 of 20 waiting callers get a token, at most 2 POSTs each time";
    let mut cases = Case::each(
        "F11",
        "the first caller's timeout ends at 0 to 60 ms, or it panics in the HTTP client; 20 others wait",
        bound,
        &[ClientKind::Ureq, ClientKind::PlainUreq],
        first_caller_times_out,
    );
    let scenario = "the first caller is dropped at every await point; 20 others wait";
    let dropped = Case::each("F11", scenario, bound, &[ClientKind::Reqwest], first_caller_dropped);
    cases.splice(1..1, dropped);

    let leaders = if full { 200 } else { 100 };
    cases.extend(Case::each(
        "F12",
        format!("{leaders} callers give up after 15 ms one after another, then 10 more call"),
        "1 POST, which outlives its caller; the last 10 get its token",
        &AND_PLAIN_UREQ,
        move |kind| leaders_give_up(kind, leaders),
    ));

    let bound = "all others get a token, the next call works, at most 2 POSTs each time";
    let scenario = "a panic in the user's clock, at each of its first 8 readings, 20 callers";
    cases.extend(Case::each("F13", scenario, bound, &OURS, clock_panics));
    let scenario = "a panic in ureq's middleware or reqwest's resolver, 20 callers";
    cases.extend(Case::each("F13", scenario, bound, &AND_PLAIN_UREQ, wire_panics));
    cases
}

const WAITERS: usize = 20;
const LOGIN: Duration = Duration::from_millis(40);
const PIECE: Duration = Duration::from_millis(2);
const LONG: Duration = Duration::from_secs(30);

/// A blocking caller cannot be dropped: its timeout ends, or it panics.
fn first_caller_times_out(kind: ClientKind) -> Tally {
    let mut tally = Tally::from(Counts { callers: WAITERS + 1, ..Counts::default() });
    let quick = (0..=60).step_by(5).map(|patience| (Duration::from_millis(patience), None));
    let panics = [HookPoint::Before, HookPoint::After].map(|moment| (LONG, Some(moment)));
    for (patience, panics_at) in quick.chain(panics) {
        let testbed = Testbed::start();
        testbed.slow_logins(LOGIN);
        let at_wire = panics_at.map(|moment| panicking_hook(moment, 0).0);
        let callers = testbed.callers(kind, &ClientOptions { at_wire, ..ClientOptions::default() });
        let mut asks = vec![CallerRequest::token().after(Duration::from_millis(3)); WAITERS + 1];
        asks[0] = CallerRequest::token().within(patience);
        let mut outcomes = callers.all(asks);
        // On a busy machine another caller may send the request.
        let gone =
            outcomes.iter().position(|outcome| outcome.result == CallResult::Panicked).unwrap_or(0);
        outcomes.remove(gone);
        check(&mut tally, &testbed, &outcomes, format_args!("after {patience:?}"));
    }
    tally
}

/// Polled once more in each round, and dropped while twenty others wait.
fn first_caller_dropped(kind: ClientKind) -> Tally {
    let mut tally = Tally::from(Counts { callers: WAITERS + 1, ..Counts::default() });
    for polls in 0..200 {
        let testbed = Testbed::start();
        // A response in pieces takes its time.
        testbed.script(|_| ScriptedReply::Fault(Fault::new().delay(LOGIN).drip(256, PIECE)));
        let callers = testbed.callers(kind, &ClientOptions::default());
        let (client, runtime) = callers.reqwest().expect("only reqwest has futures to drop");
        let mut leader = Box::pin(client.token());
        let done = runtime.block_on(polled(leader.as_mut(), polls));
        let outcomes = callers.all_while(vec![CallerRequest::token(); WAITERS], || {
            thread::sleep(Duration::from_millis(5));
            drop(leader);
        });
        check(&mut tally, &testbed, &outcomes, format_args!("after {polls} polls"));
        if done {
            // The login has a task of its own, so its caller waits for one wake-up.
            tally.holds("the first caller was dropped before its end", polls > 0);
            return tally;
        }
    }
    tally.holds("the first caller finishes", false);
    tally
}

/// Polls a future this number of times, each time it is woken. Returns whether it finished.
pub(crate) async fn polled<F: Future>(mut future: Pin<&mut F>, times: usize) -> bool {
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn check(tally: &mut Tally, testbed: &Testbed, waiters: &[Outcome], when: impl std::fmt::Display) {
    let callers = tally.callers;
    tally.callers(waiters, &testbed.logins());
    let traffic = testbed.server.traffic();
    // The maximum of all rounds.
    tally.logins = tally.logins.max(traffic.logins);
    tally.max_in_flight = tally.max_in_flight.max(traffic.most_logins_in_flight);
    tally.callers = callers;
    let good = waiters.iter().filter(|outcome| outcome.result.is_good()).count();
    tally.exactly(format_args!("answered {when}"), good, waiters.len());
    tally.at_most(format_args!("POSTs {when}"), traffic.logins, 2);
}

fn leaders_give_up(kind: ClientKind, leaders: usize) -> Tally {
    const GIVES_UP: Duration = Duration::from_millis(15);
    let testbed = Testbed::start();
    testbed.slow_logins(Duration::from_millis(500));
    let callers = testbed.callers(kind, &ClientOptions::default());
    for _ in 0..leaders {
        give_up(&callers, GIVES_UP);
    }
    let rest = callers.all(vec![CallerRequest::token().within(Duration::from_millis(100)); 10]);

    let mut tally = Tally::default();
    tally.callers(&rest, &testbed.logins());
    tally.callers = leaders + rest.len();
    tally.traffic(&testbed.server.traffic());
    tally.exactly("POSTs", tally.logins, 1);
    let served = rest.iter().filter(|outcome| outcome.result.is_good()).count();
    tally.exactly("callers with a token", served, rest.len());
    tally
}

/// Drops the future of an async caller; ends the timeout of a blocking one.
fn give_up(callers: &Callers, after: Duration) {
    match callers.reqwest() {
        None => drop(callers.one(CallerRequest::token().within(after))),
        Some((client, runtime)) => {
            let asked = async { tokio::time::timeout(after, client.token()).await };
            // A caller that gives up has no result.
            let _ = runtime.block_on(asked);
        }
    }
}

fn clock_panics(kind: ClientKind) -> Tally {
    let mut tally = Tally::default();
    for reading in 0..8 {
        let (hook, has_panicked) = panicking_hook(HookPoint::Before, reading);
        let options = ClientOptions { at_clock: Some(hook), ..ClientOptions::default() };
        one_panics(&mut tally, kind, &options, &has_panicked);
    }
    tally
}

fn wire_panics(kind: ClientKind) -> Tally {
    let mut tally = Tally::default();
    for moment in [HookPoint::Before, HookPoint::After] {
        let (hook, has_panicked) = panicking_hook(moment, 0);
        let options = ClientOptions { at_wire: Some(hook), ..ClientOptions::default() };
        one_panics(&mut tally, kind, &options, &has_panicked);
    }
    tally
}

fn one_panics(
    tally: &mut Tally,
    kind: ClientKind,
    options: &ClientOptions,
    has_panicked: &AtomicBool,
) {
    let testbed = Testbed::start();
    testbed.slow_logins(LOGIN);
    let callers = testbed.callers(kind, options);
    let outcomes = callers.all(vec![CallerRequest::token(); WAITERS]);
    let next = callers.one(CallerRequest::token());

    let (panicked, others): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|outcome| outcome.result == CallResult::Panicked);
    tally.holds("the hook panicked", has_panicked.load(SeqCst));
    tally.at_most("callers in a panic", panicked.len(), 1);
    tally.callers = WAITERS;
    check(tally, &testbed, &others, "beside the one in a panic");
    tally.holds("the next call works", next.result.is_good());
}

/// A hook that panics once, at its call with this number at this point; and whether it has.
fn panicking_hook(at: HookPoint, number: usize) -> (Hook, Arc<AtomicBool>) {
    let (calls, has_panicked) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let panicked = Arc::clone(&has_panicked);
    let hook = move |moment: HookPoint| {
        if moment == at && calls.fetch_add(1, SeqCst) == number {
            panicked.store(true, SeqCst);
            panic!("{PLANNED}in a user's hook");
        }
    };
    (Arc::new(hook), has_panicked)
}
