//! How much a store that lies can cost one process, in the time of a clock that the test moves: the core's
//! session, a service that is called once a second, and an identity service.
//!
//! The liar has the entries of 200 logins of the same name, whose tokens were revoked, and of as many
//! refusals, all with the session's own key: it could not make them, and replays them.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use auth_proto::{Cloud, Credential, Entry, Lease, Name, Note, Scope, Store, Taken, UserRef, Want};
use http::{Method, Request, Response, StatusCode};
use testing::fixtures::{PASSWORD, TOKEN, token_body};
use time::{Duration, UtcDateTime, macros::utc_datetime};

use crate::bare::{Bare, Outside};

/// A lie: the answer to the question with this number, and the time that it takes.
type Lie = fn(&Liar, &Want, u64) -> Taken;

/// A name, the lie, and the bounds of a process: logins in two hours, calls of 7,200 that fail, and the
/// longest one in seconds.
type Row = (&'static str, Lie, usize, usize, f64);

#[rustfmt::skip]
const ROWS: [Row; 16] = [
    ("never an answer", |liar, _, _| { liar.wait(250); Taken::Silent }, 1, 0, 0.35),
    ("the lease for everybody", |_, want, _| led(want, want.newer_than() + 1), 1, 0, 0.35),
    ("the greatest generation", |_, want, _| led(want, u64::MAX), 1, 0, 0.35),
    ("a generation from before", |_, want, _| led(want, want.newer_than()), 1, 0, 0.35),
    ("the lease of another name", |_, want, number| Taken::Led(Lease::new(Name::new(b"another".to_vec().into()), want.newer_than() + number + 1)), 1, 0, 0.35),
    ("busy for ever", |_, _, _| Taken::Busy { generation: 7 }, 1, 0, PATIENCE),
    ("busy with one process after the other", |_, _, number| Taken::Busy { generation: number }, 1, 0, PATIENCE),
    ("busy, answered late", |liar, _, _| { liar.wait(249); Taken::Busy { generation: 7 } }, 1, 0, PATIENCE + 0.5),
    ("the lease, answered late", |liar, want, _| { liar.wait(249); led(want, want.newer_than() + 1) }, 1, 0, 0.35),
    // Each refusal that was real once counts for 30 minutes.
    ("the same refusal for ever", |_, _, _| Liar::pause(1), 1, 1_800, 0.35),
    ("two refusals", |_, want, _| Liar::pause(2.min(want.newer_than() + 1)), 1, 3_600, 0.35),
    ("the same revoked token for ever", |_, _, _| Liar::revoked(1, 0), 1, 0, 0.35),
    ("one revoked token after the other", |_, want, _| Liar::revoked(want.newer_than() + 1, 0), 1, 1, 0.35),
    ("the same, each for a minute", |_, want, _| Liar::revoked(want.newer_than() + 1, LIFE - 60), 1, 1, 0.35),
    ("tokens that are over", |_, want, _| Liar::revoked(want.newer_than() + 1, LIFE), 1, 0, 0.35),
    ("anything", anything, 1, 3_600, 1.0),
];

/// The patience of a session with leases.
const PATIENCE: f64 = 25.0;
/// The life of a token in seconds.
const LIFE: u64 = 8 * 3600;
const START: UtcDateTime = utc_datetime!(2026-11-30 08:00:00);

/// The clock, the servers and the liar of one row.
#[derive(Clone)]
struct Liar(Arc<Mutex<World>>);

struct World {
    now: UtcDateTime,
    logins: usize,
    /// Tokens that the service accepts.
    good: BTreeSet<String>,
    questions: u64,
    seed: u64,
    lie: Lie,
    /// What the tokens begin with.
    prefix: &'static str,
    /// Whether the credential is refused.
    refuses: bool,
    /// What the process has put into the store.
    put: Vec<Entry>,
}

/// The entries of old logins, and of old refusals, by their generations from 1 on.
static REVOKED: LazyLock<Vec<Entry>> = LazyLock::new(|| recorded(false));
static REFUSED: LazyLock<Vec<Entry>> = LazyLock::new(|| recorded(true));

fn recorded(refuses: bool) -> Vec<Entry> {
    let liar = Liar::new(|_, want, _| led(want, want.newer_than() + 1), 0);
    liar.lock().refuses = refuses;
    liar.lock().prefix = "revoked";
    for _ in 0..RECORDED {
        let _ = process(&liar, true).call(URL);
    }
    let put = std::mem::take(&mut liar.lock().put);
    assert_eq!(put.len(), RECORDED);
    put
}

impl Liar {
    fn new(lie: Lie, seed: u64) -> Self {
        let world = World {
            now: START,
            logins: 0,
            good: BTreeSet::new(),
            questions: 0,
            seed,
            lie,
            prefix: TOKEN,
            refuses: false,
            put: Vec::new(),
        };
        Self(Arc::new(Mutex::new(world)))
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, milliseconds: i64) {
        self.lock().now += Duration::milliseconds(milliseconds);
    }

    /// The entry of an old login, whose token was revoked. It seems to be this many seconds old.
    fn revoked(generation: u64, age: u64) -> Taken {
        found(&REVOKED, generation, age)
    }

    /// The entry of an old refusal.
    fn pause(generation: u64) -> Taken {
        found(&REFUSED, generation, 0)
    }

    fn below(&self, limit: u64) -> u64 {
        let mut world = self.lock();
        world.seed = world.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (world.seed >> 33) % limit
    }
}

fn found(entries: &[Entry], generation: u64, age: u64) -> Taken {
    let number = usize::try_from(generation).unwrap_or(usize::MAX).wrapping_sub(1);
    let age = std::time::Duration::from_secs(age);
    match entries.get(number) {
        Some(entry) => Taken::Found { entry: entry.clone(), generation, age },
        None => Taken::Silent,
    }
}

/// So many entries of each kind.
const RECORDED: usize = 200;
const URL: &str = "https://identity.example/thing";

fn led(want: &Want, generation: u64) -> Taken {
    Taken::Led(Lease::new(want.name().clone(), generation))
}

/// A lie at random, among those that do not pause or block the process.
fn anything(liar: &Liar, want: &Want, number: u64) -> Taken {
    liar.wait(liar.below(5).cast_signed());
    let next = want.newer_than() + 1 + liar.below(3);
    match liar.below(8) {
        0 => Taken::Silent,
        1 => led(want, liar.below(next + 2)),
        2 => led(want, next),
        3 if number.is_multiple_of(3) => Taken::Busy { generation: liar.below(u64::MAX) },
        4 => Liar::revoked(liar.below(next), liar.below(LIFE)),
        _ => Liar::revoked(next, liar.below(LIFE)),
    }
}

fn body() -> String {
    token_body("https://thing.example").replace("2026-01-03T00:00", "2026-01-01T08:00")
}

impl Store for Liar {
    fn take(&self, want: &Want) -> Taken {
        let (lie, number) = {
            let mut world = self.lock();
            world.questions += 1;
            (world.lie, world.questions)
        };
        lie(self, want, number)
    }

    fn tell(&self, note: &Note) {
        if let Note::Put { entry: Some(entry), .. } = note {
            self.lock().put.push(entry.clone());
        }
    }
}

impl Outside for Liar {
    fn now(&self) -> UtcDateTime {
        self.lock().now
    }

    fn wait(&self, until: UtcDateTime) {
        let mut world = self.lock();
        world.now = world.now.max(until);
    }

    fn send(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        let mut world = self.lock();
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_good =
            |world: &World, name| header(name).is_some_and(|token| world.good.contains(token));
        let mut response = Response::new(Vec::new());
        *response.status_mut() = match (request.method(), request.uri().path()) {
            (&Method::POST, "/v3/auth/tokens") if world.refuses => StatusCode::UNAUTHORIZED,
            (&Method::POST, "/v3/auth/tokens") => {
                let token = format!("{}-{}", world.prefix, world.logins);
                response.headers_mut().insert("x-subject-token", token.parse().expect("a token"));
                *response.body_mut() = body().into_bytes();
                world.logins += 1;
                world.good.insert(token);
                StatusCode::CREATED
            }
            (_, "/v3/auth/tokens") if is_good(&world, "x-subject-token") => StatusCode::OK,
            (_, "/v3/auth/tokens") => StatusCode::NOT_FOUND,
            _ if is_good(&world, "x-auth-token") => StatusCode::OK,
            _ => StatusCode::UNAUTHORIZED,
        };
        response
    }
}

/// What a process has cost in two hours.
#[derive(Debug, Default)]
struct Cost {
    logins: usize,
    failed: usize,
    longest: Duration,
}

fn process(liar: &Liar, has_store: bool) -> Bare {
    let cloud = Cloud::keystone("https://identity.example/v3").expect("a URL");
    let credential = Credential::password(UserRef::id("u1"), PASSWORD);
    let store = has_store.then(|| Box::new(liar.clone()) as Box<dyn Store>);
    let scope = Scope::project_id("p1");
    Bare::new(cloud, credential, scope, store, Box::new(liar.clone()))
}

fn cost(lie: Lie, seed: u64, has_store: bool) -> Cost {
    let liar = Liar::new(lie, seed);
    let mut process = process(&liar, has_store);
    let (mut cost, end) = (Cost::default(), START + Duration::hours(2));
    while liar.now() < end {
        let started = liar.now();
        let result = process.call(URL);
        cost.longest = cost.longest.max(liar.now() - started);
        cost.failed += usize::from(!matches!(result, Ok(StatusCode::OK)));
        liar.wait(1000);
    }
    cost.logins = liar.lock().logins;
    cost
}

#[test]
#[expect(clippy::print_stdout, reason = "the rows are printed")]
fn a_liar_costs_one_login_and_time() {
    println!("  without a store: {:?}", cost(ROWS[0].1, 0, false));
    let mut wrong = 0;
    for (name, lie, logins, failed, seconds) in ROWS {
        let seeds = if name == "anything" { 0..40 } else { 0..1 };
        let mut worst = Cost::default();
        for cost in seeds.map(|seed| cost(lie, seed, true)) {
            worst.logins = worst.logins.max(cost.logins);
            worst.failed = worst.failed.max(cost.failed);
            worst.longest = worst.longest.max(cost.longest);
        }
        let is_good = worst.logins <= logins
            && worst.failed <= failed
            && worst.longest.as_seconds_f64() <= seconds;
        wrong += usize::from(!is_good);
        println!("{} {name}: {worst:?}", if is_good { " " } else { "WRONG" });
    }
    assert_eq!(wrong, 0, "rows are wrong");
}
