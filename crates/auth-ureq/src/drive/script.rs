//! What happens in one schedule of the stress test: all of it drawn from its seed.

use std::{
    collections::HashMap,
    panic,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use auth_proto::{Body, Credential, ErrorKind, Failure, FailureKind, Scope, UserRef};
use http::{Request, Response};
use time::UtcDateTime;

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
    /// Nobody has patience, so that a pause after a failure holds nobody up. Else nothing happens
    /// after which callers pause.
    hurried: bool,
    /// Which reading of the clock panics.
    pub(super) clock_panics_at: Option<usize>,
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
        let hurried = !calm && dice.one_in(2);
        let scopes = 1 + dice.below(2);
        let caller = |dice: &mut Dice| {
            let deeds = (0..1 + dice.below(2)).map(|_| deed(dice, calm, hurried)).collect();
            (dice.below(scopes), deeds)
        };
        Self {
            calm,
            hurried,
            clock_panics_at: (!calm && dice.one_in(8)).then(|| dice.below(8)),
            renewal: dice.one_in(4).then(|| dice.below(scopes)),
            callers: (0..dice.pick(&[2, 2, 3, 3, 3, 4, 5])).map(|_| caller(dice)).collect(),
        }
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

fn deed(dice: &mut Dice, calm: bool, hurried: bool) -> Deed {
    let patience = match hurried {
        true => Duration::from_micros(16 << dice.below(8)),
        false => LONG,
    };
    match dice.below(24) {
        0 | 1 if !calm => Deed::Unauthorized,
        2 if !calm => Deed::Replace,
        3 if !calm && dice.one_in(2) => Deed::Close,
        4 if hurried => Deed::Clock(dice.pick(&[-7200, 7200])),
        5 if !calm => Deed::Clock(dice.pick(&[-7200, -1, 30])),
        6..=9 => Deed::Yield,
        _ => Deed::Token(patience),
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
    loses_flights: bool,
    refused: bool,
    /// How often a request may still be abandoned: callers pause after the second time.
    panics_left: usize,
    /// Whether callers may pause.
    hurried: bool,
    /// For each scope and password, how many requests are in the air.
    in_air: HashMap<(usize, String), usize>,
    requests: [usize; 2],
    /// For each scope, how often something happened after which another request has to be sent.
    causes: [usize; 2],
    wrong: Option<&'static str>,
}

impl Service {
    pub(super) fn new(seed: u64, plan: &Plan) -> Self {
        Self(Mutex::new(Book {
            dice: Dice::new(!seed),
            healthy: plan.calm,
            loses_flights: plan.loses_flights(),
            refused: false,
            panics_left: match (plan.hurried, plan.clock_panics_at) {
                (true, _) => usize::MAX,
                (false, Some(_)) => 0,
                (false, None) => 1,
            },
            hurried: plan.hurried,
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
        let outcome = book.outcome();
        book.refused |= outcome == Outcome::Refused;
        let time = Duration::from_micros(book.dice.pick(&[0, 0, 0, 20, 100, 400]));
        let yields = book.dice.below(4);
        Flying { service: self, trip, outcome, time, yields, good: false }
    }
}

impl Book {
    fn outcome(&mut self) -> Outcome {
        if self.healthy || !self.dice.one_in(3) {
            return Outcome::Good;
        }
        match self.dice.below(5) {
            0 => Outcome::Busy,
            1 => Outcome::Refused,
            2 if self.hurried => Outcome::Unreachable,
            3 if self.panics_left > 0 => {
                self.panics_left -= 1;
                Outcome::Panic
            }
            _ => Outcome::Untrusted,
        }
    }
}

/// A request in the air.
struct Flying<'a> {
    service: &'a Service,
    trip: (usize, String),
    outcome: Outcome,
    time: Duration,
    yields: usize,
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
    fn carry(&self, request: Request<Body>, left: Duration) -> Option<Answered> {
        let flying = self.depart(&request);
        (0..flying.yields).for_each(|_| thread::yield_now());
        if flying.time > Duration::ZERO {
            thread::sleep(flying.time.min(left));
        }
        (flying.time < left).then(|| flying.land())
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
