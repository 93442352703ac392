//! What happens in one schedule of the stress test: all of it drawn from its seed.

use std::{
    collections::HashMap,
    future::poll_fn,
    panic,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use auth_proto::{Body, Credential, ErrorKind, Failure, FailureKind, Scope, UserRef};
use http::{Request, Response};
use time::UtcDateTime;
use tokio::time::sleep;

use super::{Answered, Carry};
use crate::error::Error;

/// A stream of numbers from a seed (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % end
    }

    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

/// What one caller does, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Close,
    /// The clock is set, by so many seconds.
    Clock(i64),
    Replace,
    Token(Duration),
    /// The token that they got last is refused by a service.
    Unauthorized,
    Yield,
}

/// Everything that is decided before a schedule begins.
#[derive(Debug)]
pub(super) struct Plan {
    /// Nothing goes wrong.
    pub(super) calm: bool,
    /// Futures are dropped while they wait.
    pub(super) cancels: bool,
    /// Which reading of the clock panics.
    pub(super) clock_panics_at: Option<usize>,
    /// Who is woken is polled before `wake` returns, as if by another thread.
    pub(super) at_once: bool,
    /// The scope that somebody renews in the background.
    pub(super) renewal: Option<usize>,
    /// For each caller their scope and what they do.
    pub(super) callers: Vec<(usize, Vec<Deed>)>,
}

/// Nobody waits so long, unless they are forgotten.
pub(super) const LONG: Duration = Duration::from_secs(3600);

impl Plan {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let calm = dice.one_in(4);
        let scopes = 1 + dice.below(2);
        let caller = |dice: &mut Dice| {
            let deeds = (0..1 + dice.below(2)).map(|_| deed(dice, calm)).collect();
            (dice.below(scopes), deeds)
        };
        Self {
            calm,
            cancels: !calm && dice.one_in(3),
            clock_panics_at: (!calm && dice.one_in(8)).then(|| dice.below(8)),
            at_once: dice.one_in(2),
            renewal: dice.one_in(4).then(|| dice.below(scopes)),
            callers: (0..dice.pick(&[2, 2, 3, 3, 3, 4, 5])).map(|_| caller(dice)).collect(),
        }
    }

    /// One where nothing goes wrong.
    pub(super) fn calm(dice: &mut Dice) -> Self {
        let plans = std::iter::repeat_with(|| Self::draw(dice));
        plans.into_iter().find(|plan| plan.calm).unwrap()
    }

    /// The scopes that somebody wants a token for.
    pub(super) fn wanted(&self) -> impl Iterator<Item = usize> {
        let asks = |deeds: &[Deed]| deeds.iter().any(|deed| matches!(deed, Deed::Token(_)));
        (0..2).filter(move |scope| {
            let wants = |(its, deeds): &(usize, Vec<Deed>)| its == scope && asks(deeds);
            self.renewal == Some(*scope) || self.callers.iter().any(wants)
        })
    }

    fn has(&self, what: fn(&Deed) -> bool) -> bool {
        self.callers.iter().any(|(_, deeds)| deeds.iter().any(what))
    }

    pub(super) fn sets_clock(&self) -> bool {
        self.has(|deed| matches!(deed, Deed::Clock(_)))
    }

    /// Whether the clock is set so far that requests are presumed lost.
    pub(super) fn loses_flights(&self) -> bool {
        self.has(|deed| matches!(deed, Deed::Clock(by) if *by > 3600))
    }

    pub(super) fn closes(&self) -> bool {
        self.has(|deed| matches!(deed, Deed::Close))
    }

    /// Whether a caller with so much patience may be told this.
    pub(super) fn allows(&self, error: &Error, patience: Duration) -> bool {
        match error {
            Error::Deadline { .. } => patience < LONG,
            Error::Auth(error) => match error.kind() {
                ErrorKind::Closed => self.closes(),
                ErrorKind::Rejected(_) | ErrorKind::Transport(_) | ErrorKind::Unavailable(_) => {
                    !self.calm
                }
                _ => false,
            },
            _ => false,
        }
    }
}

fn deed(dice: &mut Dice, calm: bool) -> Deed {
    let hurry = Duration::from_millis(1 << dice.below(11));
    match dice.below(24) {
        0 | 1 if !calm => Deed::Token(hurry),
        2 | 3 if !calm => Deed::Unauthorized,
        4 if !calm => Deed::Replace,
        5 if !calm && dice.one_in(2) => Deed::Close,
        6 if !calm => Deed::Clock(dice.pick(&[-7200, -1, 30, 7200])),
        7..=10 => Deed::Yield,
        _ => Deed::Token(LONG),
    }
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Busy,
    Good,
    Panic,
    Refused,
    Unreachable,
    Untrusted,
}

/// An identity service by script, and its book.
pub(super) struct Service(Mutex<Book>);

struct Book {
    dice: Dice,
    healthy: bool,
    /// Whether answers come at once.
    in_haste: bool,
    loses_flights: bool,
    refused: bool,
    /// For each scope and password, how many requests are in the air.
    in_air: HashMap<(usize, String), usize>,
    requests: [usize; 2],
    /// For each scope, how often something happened after which another request has to be sent.
    causes: [usize; 2],
    wrong: Option<&'static str>,
}

impl Service {
    pub(super) fn new(seed: u64, plan: &Plan, in_haste: bool) -> Self {
        Self(Mutex::new(Book {
            dice: Dice::new(!seed),
            healthy: plan.calm,
            in_haste,
            loses_flights: plan.loses_flights(),
            refused: false,
            in_air: HashMap::new(),
            requests: [0; 2],
            causes: [0; 2],
            wrong: None,
        }))
    }

    pub(super) fn heal(&self) {
        self.0.lock().unwrap().healthy = true;
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.0.lock().unwrap().healthy
    }

    /// Whether anything is in the air.
    pub(super) fn is_busy(&self) -> bool {
        self.0.lock().unwrap().in_air.values().any(|count| *count > 0)
    }

    pub(super) fn has_refused(&self) -> bool {
        self.0.lock().unwrap().refused
    }

    pub(super) fn requests(&self, scope: usize) -> usize {
        self.0.lock().unwrap().requests[scope]
    }

    /// Something has happened after which another request may be sent for each scope.
    pub(super) fn excuse(&self) {
        self.0.lock().unwrap().causes.iter_mut().for_each(|causes| *causes += 1);
    }

    /// What the book says against those who sent the requests.
    pub(super) fn check(&self) {
        assert!(!self.is_busy(), "still in the air");
        let book = self.0.lock().unwrap();
        assert_eq!(book.wrong, None);
        for (requests, causes) in book.requests.iter().zip(book.causes) {
            assert!(*requests <= 1 + causes, "{requests} requests for {causes} reasons");
        }
    }

    fn depart(&self, request: &Request<Body>) -> Flying<'_> {
        let body = std::str::from_utf8(request.body().as_bytes()).unwrap();
        let scope = usize::from(body.contains(r#""p1""#));
        let password = body.split_once("pw-").unwrap().1.split_once('"').unwrap().0;
        let trip = (scope, password.to_owned());
        let mut book = self.0.lock().unwrap();
        book.requests[scope] += 1;
        let count = book.in_air.entry(trip.clone()).or_default();
        *count += 1;
        if *count > 1 && !book.loses_flights {
            book.wrong = Some("two requests in the air for one scope");
        }
        let faulty = !book.healthy && book.dice.one_in(3);
        let outcome = match faulty {
            true => book.dice.pick(&[
                Outcome::Busy,
                Outcome::Panic,
                Outcome::Refused,
                Outcome::Unreachable,
                Outcome::Untrusted,
            ]),
            false => Outcome::Good,
        };
        book.refused |= outcome == Outcome::Refused;
        let yields = book.dice.below(4);
        let sleep = if book.in_haste { 0 } else { book.dice.below(3) };
        Flying { service: self, trip, outcome, yields, sleep, good: false }
    }
}

/// A request in the air.
struct Flying<'a> {
    service: &'a Service,
    trip: (usize, String),
    outcome: Outcome,
    yields: usize,
    sleep: usize,
    good: bool,
}

impl Flying<'_> {
    fn land(mut self) -> Answered {
        let (scope, number) = (self.trip.0, self.service.requests(self.trip.0));
        let answer = |status: u16, body: String| {
            let response = Response::builder().status(status);
            let response = response.header("X-Subject-Token", format!("t-{scope}-{number}"));
            let response = response.header("Retry-After", "200");
            Ok(response.body(Body::new(body.into_bytes().into())).unwrap())
        };
        match self.outcome {
            Outcome::Good => {
                self.good = true;
                let expires = r#""1970-01-02T00:00:00Z","issued_at":"1970-01-01T00:00:00Z""#;
                let project = format!(r#"{{"id":"p{scope}"}}"#);
                let body = format!(r#"{{"token":{{"expires_at":{expires},"project":{project}}}}}"#);
                answer(201, body)
            }
            Outcome::Busy => answer(503, String::new()),
            Outcome::Refused => answer(401, String::new()),
            Outcome::Panic => on_purpose(),
            Outcome::Unreachable => Err(Failure::new(FailureKind::Connect, "refused")),
            Outcome::Untrusted => Err(Failure::new(FailureKind::Tls, "unknown issuer")),
        }
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        let mut book = self.service.0.lock().unwrap();
        *book.in_air.get_mut(&self.trip).unwrap() -= 1;
        book.causes[self.trip.0] += usize::from(!self.good);
    }
}

impl Carry for Arc<Service> {
    async fn carry(&self, request: Request<Body>) -> Answered {
        let flying = self.depart(&request);
        pause(flying.yields).await;
        match flying.sleep {
            0 => {}
            1 => sleep(Duration::from_millis(20)).await,
            _ => sleep(Duration::from_secs(2)).await,
        }
        flying.land()
    }
}

/// Waits for so many further polls.
pub(super) async fn pause(polls: usize) {
    for _ in 0..polls {
        let mut polled = false;
        poll_fn(|context| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

pub(super) struct OnPurpose;

/// A panic that no hook sees.
pub(super) fn on_purpose() -> ! {
    panic::resume_unwind(Box::new(OnPurpose))
}

pub(super) fn scope(number: usize) -> Scope {
    Scope::project_id(format!("p{number}"))
}

pub(super) fn credential(generation: usize) -> Credential {
    Credential::password(UserRef::id("u1"), format!("pw-{generation}"))
}

pub(super) const START: UtcDateTime = UtcDateTime::UNIX_EPOCH;
