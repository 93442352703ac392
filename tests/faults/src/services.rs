//! Services that refuse tokens: after revocations, in an outage of the identity service, and for no
//! reason (F33, F36, F37).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use auth_emulator::{Arrival, Fault};
use http::StatusCode;

use crate::{
    callers::{AND_NAIVE_UREQ, ClientKind},
    request::{CallResult, CallerRequest, Outcome},
    scenario::{Case, Tally},
    testbed::{ClientOptions, OTHER_SERVICE, ScriptedReply, Testbed},
};

/// Rows that wait for seconds and look at times.
pub(crate) fn revocations(_full: bool) -> Vec<Case> {
    let cases = Case::each(
        "F33",
        "all tokens voided after 2, 4, 6, 8 and 10 s, everything healthy, 200 callers",
        "5 logins, 0 callers see a 401",
        &AND_NAIVE_UREQ,
        five_revocations,
    );
    let readme = "all tokens are voided 5 times in 10 s, everything else is healthy; 200 callers";
    cases.into_iter().map(|case| case.beside("seconds").in_readme(readme)).collect()
}

/// Rows that wait for minutes.
pub(crate) fn refusals(_full: bool) -> Vec<Case> {
    let mut cases = Case::each(
        "F36",
        "identity down for 60 s, one service refuses the token, another accepts it",
        "0 failed calls to the one that accepts",
        &AND_NAIVE_UREQ,
        refused_in_an_outage,
    );
    cases.extend(Case::each(
        "F37",
        "for 100 s a service refuses every token, another accepts them, 100 callers each",
        "at most 3 logins, the good service never sees a fresh token refused, 0 of its calls fail, no \
         401 without an event",
        &AND_NAIVE_UREQ,
        at_odds,
    ));
    let lines = [
        (
            "F36",
            "the identity service is down for 60 s, and one service of two refuses a good token",
        ),
        ("F37", "one service of two refuses every token for 100 s; 100 callers each"),
    ];
    let line = |id| lines.iter().find(|(of, _)| *of == id).map(|(_, line)| *line);
    cases.into_iter().map(|case| Case { readme: line(case.id), ..case.beside("minutes") }).collect()
}

fn five_revocations(kind: ClientKind) -> Tally {
    const CALLERS: u32 = 200;
    const PAUSE: Duration = Duration::from_millis(200);
    let testbed = Testbed::start();
    let callers = testbed.callers(kind, &ClientOptions::default());
    let mut tally = Tally::default();
    tally.holds("a first login", callers.one(CallerRequest::token()).result.is_good());
    testbed.server.reset_traffic();

    let over = Arc::new(AtomicBool::new(false));
    let ask = CallerRequest::call(testbed.request()).repeated(&over, PAUSE);
    let asks = (0..CALLERS).map(|number| ask.clone().after(PAUSE * number / CALLERS)).collect();
    let outcomes = callers.all_while(asks, || {
        for _ in 0..5 {
            thread::sleep(Duration::from_secs(2));
            testbed.server.emulator().revoke_all();
        }
        thread::sleep(Duration::from_secs(2));
        over.store(true, SeqCst);
    });

    tally.callers(&outcomes, &testbed.logins());
    tally.callers = CALLERS as usize;
    tally.traffic(&testbed.server.traffic());
    tally.exactly("logins", tally.logins, 5);
    let refused = failures(&outcomes, |result| result == CallResult::UNAUTHORIZED);
    tally.figure("401s to callers", refused);
    tally.exactly("401s to callers", refused, 0);
    tally.exactly("failed calls", failures(&outcomes, |_| true), 0);
    tally
}

/// Two services at two origins, and the calls to each.
struct TwoServices {
    testbed: Testbed,
    over: Arc<AtomicBool>,
    /// Responses of the other service, which refuses.
    refused: Arc<AtomicU64>,
}

impl TwoServices {
    fn start() -> Self {
        let (testbed, over) = (Testbed::start(), Arc::default());
        Self { testbed, over, refused: Arc::default() }
    }

    /// From now on the other service refuses every token, and the identity service answers so.
    fn refuse(&self, identity: Option<StatusCode>) {
        let refused = Arc::clone(&self.refused);
        self.testbed.script(move |arrival| {
            let status = match service_of(arrival) {
                Service::Good => return ScriptedReply::Good(Duration::ZERO),
                Service::Identity => match identity {
                    None => return ScriptedReply::Good(Duration::ZERO),
                    Some(status) => status,
                },
                Service::Other => {
                    refused.fetch_add(1, SeqCst);
                    StatusCode::UNAUTHORIZED
                }
            };
            ScriptedReply::Fault(Fault::new().status(status))
        });
    }

    /// The outcomes of calls to the good service, and to the other one, for so long.
    fn run(
        &self,
        kind: ClientKind,
        (good, other): (usize, usize),
        pause: Duration,
        length: Duration,
        identity: Option<StatusCode>,
    ) -> Run {
        let testbed = &self.testbed;
        let callers = testbed.callers(kind, &ClientOptions::default());
        // Both services have accepted the token.
        if identity.is_some() {
            for request in [testbed.request(), testbed.other_request()] {
                let outcome = callers.one(CallerRequest::call(request));
                assert!(outcome.result.is_good(), "before the outage");
            }
        }
        self.refuse(identity);
        let count = good + other;
        let request = |number| match number < good {
            true => testbed.request(),
            false => testbed.other_request(),
        };
        let ask = |number| {
            let ask = CallerRequest::call(request(number)).repeated(&self.over, pause);
            ask.after(pause.mul_f64(number as f64 / count as f64))
        };
        let mut outcomes = callers.grouped_while((0..count).map(ask).collect(), || {
            thread::sleep(length);
            self.over.store(true, SeqCst);
        });
        let other = outcomes.split_off(good).into_iter().flatten().collect();
        let told = callers.events.refusals_delivered.load(SeqCst);
        Run { good: outcomes.into_iter().flatten().collect(), other, told }
    }
}

/// The outcomes at either service, and the events that told of a delivered 401.
struct Run {
    good: Vec<Outcome>,
    other: Vec<Outcome>,
    told: u64,
}

enum Service {
    Good,
    Identity,
    Other,
}

fn service_of(arrival: &Arrival<'_>) -> Service {
    match arrival.path.strip_prefix("/service/") {
        None => Service::Identity,
        Some(path) if path.contains(OTHER_SERVICE) => Service::Other,
        Some(_) => Service::Good,
    }
}

fn refused_in_an_outage(kind: ClientKind) -> Tally {
    let services = TwoServices::start();
    let (pause, minute) = (Duration::from_millis(500), Duration::from_secs(60));
    let down = Some(StatusCode::SERVICE_UNAVAILABLE);
    let Run { good, other, .. } = services.run(kind, (20, 10), pause, minute, down);

    let mut tally = Tally::default();
    tally.callers(&good, &services.testbed.logins());
    tally.traffic(&services.testbed.server.traffic());
    tally.callers = 30;
    let failed = failures(&good, |_| true);
    tally.figure("failed calls to the good service", failed);
    tally.exactly("failed calls to the service that accepts", failed, 0);
    tally.holds("many calls to it", good.len() > 20 * 60);
    tally.holds("the other one refused the token", services.refused.load(SeqCst) > 0);
    tally.holds("none of its calls succeeded", other.iter().all(|seen| !seen.result.is_good()));
    tally
}

fn at_odds(kind: ClientKind) -> Tally {
    let services = TwoServices::start();
    let (pause, length) = (Duration::from_secs(1), Duration::from_secs(100));
    let Run { good, other, told } = services.run(kind, (100, 100), pause, length, None);

    let traffic = services.testbed.server.traffic();
    let mut tally = Tally::default();
    tally.callers(&good, &services.testbed.logins());
    tally.traffic(&traffic);
    tally.callers = 200;
    tally.at_most("logins", tally.logins, 3);
    let at_good = traffic.unauthorized - services.refused.load(SeqCst);
    tally.exactly("tokens that the good service saw and refused", at_good, 0);
    let failed = failures(&good, |_| true);
    tally.figure("failed calls to the good service", failed);
    tally.exactly("failed calls to the good service", failed, 0);
    tally.holds("many calls to it", good.len() > 100 * 80);
    let delivered = failures(&other, |result| result == CallResult::UNAUTHORIZED);
    tally.exactly("401s without an event", delivered.saturating_sub(told), 0);
    tally
}

fn failures(outcomes: &[Outcome], counts: impl Fn(CallResult) -> bool) -> u64 {
    let failed = |seen: &&Outcome| !seen.result.is_good() && counts(seen.result);
    outcomes.iter().filter(failed).count() as u64
}
