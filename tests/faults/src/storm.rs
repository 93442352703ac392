//! A storm: tokens are voided again and again while both services fail (F32).

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use auth_emulator::Fault;
use fastrand::Rng;
use http::StatusCode;

use crate::{
    callers::{ClientKind, OURS},
    request::{CallResult, CallerRequest, Outcome},
    scenario::{Case, Counts, Tally},
    testbed::{ClientOptions, ScriptedReply, Testbed},
};

pub(crate) fn cases(_full: bool) -> Vec<Case> {
    OURS.into_iter().flat_map(duel).collect()
}

const SCENARIO: &str = "300 callers; all tokens voided every 0.2 to 2 s, 10 % resets, 15 % 503, \
                        20 % delays at both services for 30 s; then 15 s calm";
const BOUND: &str = "in the median of 3 pairs: good calls at least 0.90 of the naive client's, 401s at \
                     most 1.25 of its + 10, logins at most 1.1 of its + 2; in each: 0 failed calls \
                     from 1 s after the last fault on, no 401 without an event";
const README: &str = "300 callers; all tokens are voided every 0.2 to 2 s for 30 s, while both services \
                      fail; then 15 s calm";

/// An adapter and the naive client, each through the same three storms, at the same time.
fn duel(kind: ClientKind) -> [Case; 2] {
    let pairs: Arc<OnceLock<Vec<Pair>>> = Arc::default();
    let shared = Arc::clone(&pairs);
    let run = move |kind| judged(shared.get_or_init(|| all_pairs(kind)));
    let naive = move |_| shown(&median(pairs.get_or_init(|| all_pairs(kind))).naive);
    let ours = Case::each("F32", SCENARIO, BOUND, &[kind], run);
    let beside = Case::each("F32", SCENARIO, BOUND, &[kind.naive()], naive);
    // The storms of both adapters leave two processors half idle.
    let case = |mut cases: Vec<Case>| cases.remove(0).beside("storms").in_readme(README);
    [case(ours), case(beside)]
}

const CALLERS: usize = 300;
const STORM: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(15);
/// Between two calls of a caller.
const PAUSE: Duration = Duration::from_millis(400);
const SEEDS: [u64; 3] = [32, 320, 3200];

/// The figures of one client in one storm.
#[derive(Clone, Default)]
struct Weather {
    good: u64,
    /// Calls that ended with a 401.
    refused: u64,
    /// Of these, those that no event told of.
    untold: u64,
    /// Failed calls that started a second after the last fault, or later.
    failed_in_calm: u64,
    logins: u64,
    /// Good calls in each second.
    series: Vec<u64>,
    slowest: Duration,
}

/// The same storm for both.
#[derive(Clone, Default)]
struct Pair {
    ours: Weather,
    naive: Weather,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.ours.good as f64 / self.naive.good.max(1) as f64
    }
}

fn all_pairs(kind: ClientKind) -> Vec<Pair> {
    thread::scope(|threads| {
        let weather = |kind, seed| threads.spawn(move || weather(kind, seed));
        let running = SEEDS.map(|seed| (weather(kind, seed), weather(kind.naive(), seed)));
        let pairs = running.into_iter().map(|(ours, naive)| Pair {
            ours: ours.join().expect("a storm of the adapter"),
            naive: naive.join().expect("a storm of the naive client"),
        });
        pairs.collect()
    })
}

fn weather(kind: ClientKind, seed: u64) -> Weather {
    let testbed = Testbed::start();
    let callers = testbed.callers(kind, &ClientOptions::default());
    let (mut random, over) = (Rng::with_seed(seed), Arc::new(AtomicBool::new(false)));
    // Each service has its own faults, so that a login fares as the login of the same number in the
    // other client's storm.
    let (mut at_identity, mut at_service) = (random.fork(), random.fork());
    testbed.script(move |arrival| {
        let faults = if arrival.login.is_some() { &mut at_identity } else { &mut at_service };
        let (fault, delay) = (faults.u8(..100), Duration::from_millis(faults.u64(10..=500)));
        match fault {
            0..10 => ScriptedReply::Fault(Fault::new().reset()),
            10..25 => ScriptedReply::Fault(Fault::new().status(StatusCode::SERVICE_UNAVAILABLE)),
            25..45 => ScriptedReply::Good(delay),
            _ => ScriptedReply::Good(Duration::ZERO),
        }
    });
    let ask = CallerRequest::call(testbed.request()).repeated(&over, PAUSE);
    // Callers begin one after another, as they would go on.
    let asks = (0..CALLERS).map(|_| ask.clone().after(PAUSE.mul_f64(random.f64()))).collect();

    let (mut began, mut calm) = (Duration::ZERO, Duration::ZERO);
    let outcomes = callers.all_while(asks, || {
        began = testbed.clock.elapsed();
        let mut next = began;
        loop {
            next += Duration::from_millis(random.u64(200..=2000));
            if next > began + STORM {
                break;
            }
            thread::sleep(next.saturating_sub(testbed.clock.elapsed()));
            testbed.server.emulator().revoke_all();
        }
        thread::sleep((began + STORM).saturating_sub(testbed.clock.elapsed()));
        testbed.script(|_| ScriptedReply::Good(Duration::ZERO));
        calm = testbed.clock.elapsed();
        thread::sleep(CALM);
        over.store(true, SeqCst);
    });

    let mut weather = Weather { logins: testbed.count(), ..Weather::default() };
    weather.series = vec![0; (STORM + CALM).as_secs() as usize];
    for outcome in &outcomes {
        weather.add(outcome, began, calm);
    }
    let told = callers.events.refusals_delivered.load(SeqCst);
    weather.untold = weather.refused.saturating_sub(told);
    weather
}

impl Weather {
    fn add(&mut self, outcome: &Outcome, began: Duration, calm: Duration) {
        self.slowest = self.slowest.max(outcome.took);
        if outcome.result.is_good() {
            self.good += 1;
            let second = outcome.ended.saturating_sub(began).as_secs() as usize;
            if let Some(count) = self.series.get_mut(second) {
                *count += 1;
            }
            return;
        }
        self.refused += u64::from(outcome.result == CallResult::UNAUTHORIZED);
        let is_calm = outcome.started > calm + Duration::from_secs(1);
        self.failed_in_calm += u64::from(is_calm);
    }
}

/// The pair in the middle, by good calls.
fn median(pairs: &[Pair]) -> Pair {
    let mut pairs = pairs.to_vec();
    pairs.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    pairs.swap_remove(pairs.len() / 2)
}

fn judged(pairs: &[Pair]) -> Tally {
    let mut tally = shown(&median(pairs).ours);
    let numbers = |of: fn(&Weather) -> u64| {
        let shown: Vec<_> =
            pairs.iter().map(|pair| format!("{} to {}", of(&pair.ours), of(&pair.naive))).collect();
        shown.join(", ")
    };
    // The median of three holds if two of three do.
    let mut most = |what, of: fn(&Weather) -> u64, holds: fn(f64, f64) -> bool| {
        let held = pairs.iter().filter(|pair| holds(of(&pair.ours) as f64, of(&pair.naive) as f64));
        let what = format!("{what}, ours to the naive client's: {}", numbers(of));
        eprintln!("F32: {what}");
        tally.holds(what, held.count() > pairs.len() / 2);
    };
    most("good calls", |weather| weather.good, |ours, naive| ours >= 0.90 * naive);
    most("401s delivered", |weather| weather.refused, |ours, naive| ours <= 1.25 * naive + 10.0);
    most("logins", |weather| weather.logins, |ours, naive| ours <= 1.1 * naive + 2.0);
    for pair in pairs {
        tally.exactly("failed calls in the calm", pair.ours.failed_in_calm, 0);
        tally.exactly("401s without an event", pair.ours.untold, 0);
    }
    tally
}

fn shown(weather: &Weather) -> Tally {
    let mut tally = Tally::from(Counts {
        callers: CALLERS,
        logins: weather.logins,
        auth_errors: weather.refused as usize,
        slowest: weather.slowest,
        series: weather.series.clone(),
        ..Counts::default()
    });
    tally.figure("good calls", weather.good);
    tally.figure("401s to callers", weather.refused);
    tally.figure("failed calls in the calm", weather.failed_in_calm);
    tally
}
