//! An identity service that is down, busy or silent (F6 to F9).

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};

use auth_emulator::Fault;
use http::{HeaderValue, StatusCode, header};
use time::UtcDateTime;

use crate::{
    callers::{AND_PLAIN_REQWEST, AND_PLAIN_UREQ, ClientKind},
    request::CallerRequest,
    scenario::{Case, Tally},
    testbed::{ClientOptions, HookPoint, ScriptedReply, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    let mut cases = Case::each(
        "F6",
        "503 for 10 minutes while the token lives, 8 callers a second",
        "0 failed calls, at most 12 logins, recovery within one pause of 300 s",
        &AND_PLAIN_UREQ,
        outage_with_token,
    );
    for kind in AND_PLAIN_REQWEST {
        cases.extend(no_service(kind));
    }
    for (name, pause) in [
        ("Retry-After: 30", Pause::Seconds(30)),
        ("Retry-After: an HTTP date in 45 s", Pause::Date(45)),
        ("Retry-After: 86400", Pause::Seconds(86_400)),
    ] {
        cases.extend(Case::each(
            "F8",
            format!("429 with {name}, then 20 callers"),
            "no POST early, then one",
            &AND_PLAIN_UREQ,
            move |kind| retry_after(kind, pause),
        ));
    }
    cases.extend(Case::each(
        "F9",
        "a server that never answers, 256 callers with a deadline of 2 s",
        "each returns in 2.0 to 2.3 s, 1 login in flight",
        &AND_PLAIN_REQWEST,
        silence,
    ));
    cases
}

/// The outage begins when all clients are due for renewal, with a tenth of the token's lifetime left.
fn outage_with_token(kind: ClientKind) -> Tally {
    const CALLERS: usize = 8;
    let (second, life) = (Duration::from_secs(1), Duration::from_secs(24 * 3600));
    let testbed = Testbed::start();
    let callers = testbed.callers(kind, &ClientOptions::default());
    let mut tally = Tally::default();
    tally.holds("a first login", callers.one(CallerRequest::token()).result.is_good());
    testbed.clock.forward_to(life * 9 / 10);
    testbed.server.reset_traffic();

    logins_answered_with(&testbed, || Fault::new().status(StatusCode::SERVICE_UNAVAILABLE));
    let mut failed = 0;
    let mut ask_all = |tally: &mut Tally| {
        let outcomes = callers.all(vec![CallerRequest::call(testbed.request()); CALLERS]);
        failed += outcomes.iter().filter(|outcome| !outcome.result.is_good()).count();
        tally.callers(&outcomes, &testbed.logins());
        testbed.clock.forward(second);
    };
    let end = testbed.clock.elapsed() + Duration::from_secs(600);
    while testbed.clock.elapsed() < end {
        ask_all(&mut tally);
    }
    let away = testbed.count();

    testbed.script(|_| ScriptedReply::Good(Duration::ZERO));
    let over = testbed.clock.elapsed();
    let recovered = || testbed.logins().iter().rfind(|login| login.granted >= Some(over)).copied();
    while recovered().is_none() && testbed.clock.elapsed() < over + Duration::from_secs(900) {
        ask_all(&mut tally);
    }

    tally.traffic(&testbed.server.traffic());
    tally.exactly("failed calls", failed, 0);
    tally.holds("renewals were tried", away > 0);
    tally.at_most("logins during the outage", away, 12);
    let recovery = recovered().map_or(Duration::MAX, |login| login.started - over);
    tally.at_most("seconds to recover", recovery.as_secs(), 300);
    tally
}

/// Both kinds of outage. Those of both adapters run side by side, because they wait in real time.
fn no_service(kind: ClientKind) -> impl Iterator<Item = Case> {
    let bound = "at most 10 POSTs, 1 at a time, each caller gets its error within 30 s, with the time of the next attempt";
    let away = Case::each("F7", "503 and no token, 1000 callers", bound, &[kind], no_token);
    let refused =
        "connection refused and no token, 1000 callers; attempts counted below the client";
    let refused = Case::each("F7", refused, bound, &[kind], no_connection);
    let group = if kind.subject().is_ours() { "adapters" } else { "control" };
    away.into_iter().chain(refused).map(move |case| case.beside(group))
}

fn no_token(kind: ClientKind) -> Tally {
    let testbed = Testbed::start();
    logins_answered_with(&testbed, || Fault::new().status(StatusCode::SERVICE_UNAVAILABLE));
    let mut tally = all_fail_in_time(&testbed, kind, &ClientOptions::default());
    tally.traffic(&testbed.server.traffic());
    tally.at_most("logins in flight", tally.max_in_flight, 1);
    tally.at_most("POSTs", tally.logins, 10);
    tally
}

/// No server can count here: ureq's middleware and reqwest's resolver do.
fn no_connection(kind: ClientKind) -> Tally {
    let testbed = Testbed::start();
    let attempts = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&attempts);
    let count = move |moment| {
        if moment == HookPoint::Before {
            counted.fetch_add(1, SeqCst);
        }
    };
    let options = ClientOptions {
        port: Some(closed_port()),
        at_wire: Some(Arc::new(count)),
        ..ClientOptions::default()
    };
    let mut tally = all_fail_in_time(&testbed, kind, &options);
    tally.logins = attempts.load(SeqCst);
    tally.at_most("attempts", tally.logins, 10);
    tally
}

fn all_fail_in_time(testbed: &Testbed, kind: ClientKind, options: &ClientOptions) -> Tally {
    const CALLERS: usize = 1000;
    let callers = testbed.callers(kind, options);
    let outcomes = callers.all(vec![CallerRequest::token(); CALLERS]);
    let mut tally = Tally::default();
    tally.callers(&outcomes, &testbed.logins());
    tally.exactly("callers with an error", tally.auth_errors, CALLERS);
    let told = outcomes.iter().filter(|outcome| outcome.result.has_retry_time()).count();
    tally.exactly("callers with a retry time", told, CALLERS);
    tally.within("slowest", tally.slowest, Duration::from_secs(30));
    tally
}

/// A port that was free a moment ago, so that a connection is refused.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
    listener.local_addr().expect("a bound port").port()
}

#[derive(Clone, Copy)]
enum Pause {
    /// An HTTP date this number of seconds after the server's time.
    Date(u64),
    Seconds(u64),
}

impl Pause {
    fn seconds(self) -> u64 {
        match self {
            Self::Date(seconds) | Self::Seconds(seconds) => seconds,
        }
    }

    fn header(self, now: UtcDateTime) -> HeaderValue {
        match self {
            Self::Date(seconds) => {
                let at = SystemTime::from(now) + Duration::from_secs(seconds);
                httpdate::fmt_http_date(at).parse().expect("a date is text")
            }
            Self::Seconds(seconds) => seconds.into(),
        }
    }
}

fn retry_after(kind: ClientKind, pause: Pause) -> Tally {
    let testbed = Testbed::start();
    let clock = testbed.clock.clone();
    let busy = move || {
        let header = pause.header(clock.now());
        Fault::new().status(StatusCode::TOO_MANY_REQUESTS).header(header::RETRY_AFTER, header)
    };
    logins_answered_with(&testbed, busy);
    let callers = testbed.callers(kind, &ClientOptions::default());
    let mut outcomes = vec![callers.one(CallerRequest::token().within(ANSWERED))];
    testbed.script(|_| ScriptedReply::Good(Duration::ZERO));

    // Up to the last second of the pause, in at most two hundred steps.
    let pause = Duration::from_secs(pause.seconds());
    let early = pause - Duration::from_secs(1);
    let step = Duration::from_secs(1).max(early / 200);
    while testbed.clock.elapsed() < early {
        outcomes.push(callers.one(CallerRequest::token().within(SHORT)));
        testbed.clock.forward_to(early.min(testbed.clock.elapsed() + step));
    }
    outcomes.push(callers.one(CallerRequest::token().within(SHORT)));
    let too_early = testbed.count() - 1;
    testbed.clock.forward_to(pause + Duration::from_secs(1));
    let then = callers.all(vec![CallerRequest::token(); 20]);

    let mut tally = Tally::default();
    tally.callers(&outcomes, &testbed.logins());
    tally.callers(&then, &testbed.logins());
    tally.callers = then.len();
    tally.traffic(&testbed.server.traffic());
    tally.exactly("POSTs early", too_early, 0);
    tally.exactly("POSTs in all", tally.logins, 2);
    tally.holds("all have a token afterwards", then.iter().all(|outcome| outcome.result.is_good()));
    tally
}

/// Long enough for a response on a busy machine.
const ANSWERED: Duration = Duration::from_secs(1);
/// The timeout of a caller that only waits.
const SHORT: Duration = Duration::from_millis(20);

fn silence(kind: ClientKind) -> Tally {
    const DEADLINE: Duration = Duration::from_secs(2);
    let testbed = Testbed::start();
    logins_answered_with(&testbed, || Fault::new().silence());
    let callers = testbed.callers(kind, &ClientOptions::default());
    let outcomes = callers.all(vec![CallerRequest::token().within(DEADLINE); 256]);

    let mut tally = Tally::default();
    tally.callers(&outcomes, &testbed.logins());
    tally.traffic(&testbed.server.traffic());
    tally.exactly("callers with an error", tally.auth_errors, 256);
    tally.exactly("logins in flight", tally.max_in_flight, 1);
    let fastest = outcomes.iter().map(|outcome| outcome.took).min().unwrap_or_default();
    tally.within("2 s less the fastest", DEADLINE.saturating_sub(fastest), Duration::ZERO);
    tally.within("slowest", tally.slowest, DEADLINE + Duration::from_millis(300));
    tally
}

/// Answers logins with a fault, and all other requests normally.
fn logins_answered_with(testbed: &Testbed, fault: impl Fn() -> Fault + Send + 'static) {
    testbed.script(move |arrival| match arrival.login {
        Some(_) => ScriptedReply::Fault(fault()),
        None => ScriptedReply::Good(Duration::ZERO),
    });
}
