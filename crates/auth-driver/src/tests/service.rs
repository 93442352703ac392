//! A scripted identity service that checks its callers, and a virtual clock.

use std::{
    collections::HashMap,
    future::poll_fn,
    panic,
    pin::Pin,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use auth_proto::{Body, Failure, FailureKind};
use http::{Request, Response};
use time::UtcDateTime;

use super::{
    plan::{Plan, Rng},
    threads,
};
use crate::{blocking, nonblocking};

/// Time that passes only when a test says so.
#[derive(Default)]
pub(super) struct Timer {
    now: Mutex<Duration>,
    sleeping: Mutex<Vec<(Duration, Waker)>>,
    /// The difference between the wall clock and this timer, in seconds.
    pub(super) set_by: AtomicI64,
}

impl Timer {
    pub(super) fn now(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    pub(super) fn wall(&self) -> UtcDateTime {
        UtcDateTime::UNIX_EPOCH + self.now() + time::Duration::seconds(self.set_by.load(SeqCst))
    }

    pub(super) fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
        let now = self.now();
        let (due, later) = std::mem::take(&mut *self.sleeping.lock().unwrap())
            .into_iter()
            .partition(|(at, _)| *at <= now);
        *self.sleeping.lock().unwrap() = later;
        let due: Vec<(Duration, Waker)> = due;
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }

    pub(super) fn sleep(&self, pause: Duration) -> Sleep<'_> {
        Sleep { timer: self, until: self.now().saturating_add(pause) }
    }
}

pub(super) struct Sleep<'a> {
    timer: &'a Timer,
    until: Duration,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.timer.now() >= self.until {
            return Poll::Ready(());
        }
        // Another task may poll it than the one before.
        let entry = (self.until, context.waker().clone());
        self.timer.sleeping.lock().unwrap().push(entry);
        Poll::Pending
    }
}

/// The end of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Busy,
    Good,
    Panic,
    Refused,
    Unreachable,
    Untrusted,
}

pub(super) struct Service {
    pub(super) timer: Timer,
    /// Whether responses come at once, and the clock is the machine's.
    is_real: bool,
    book: Mutex<Book>,
    clock_readings: AtomicUsize,
    events: AtomicUsize,
    plan: Plan,
}

struct Book {
    rng: Rng,
    healthy: bool,
    loses_requests: bool,
    refused: bool,
    /// The number of requests under way, for each scope and password.
    in_flight: HashMap<(usize, String), usize>,
    requests: [usize; 2],
    /// The number of reasons for another request, for each scope.
    causes: [usize; 2],
    wrong: Option<&'static str>,
}

impl Service {
    pub(super) fn new(seed: u64, plan: &Plan, is_real: bool) -> Arc<Self> {
        let book = Book {
            rng: Rng::new(!seed),
            healthy: plan.calm,
            loses_requests: plan.loses_requests(),
            refused: false,
            in_flight: HashMap::new(),
            requests: [0; 2],
            causes: [0; 2],
            wrong: None,
        };
        Arc::new(Self {
            timer: Timer::default(),
            is_real,
            book: Mutex::new(book),
            clock_readings: AtomicUsize::new(0),
            events: AtomicUsize::new(0),
            plan: plan.clone(),
        })
    }

    /// The wall clock of the driver, which panics when the plan says so.
    pub(super) fn clock(&self) -> UtcDateTime {
        let reading = self.clock_readings.fetch_add(1, SeqCst);
        self.panic_at(self.plan.clock_panics_at, reading);
        self.timer.wall()
    }

    /// The listener of the driver, which panics when the plan says so.
    pub(super) fn listen(&self) {
        let event = self.events.fetch_add(1, SeqCst);
        self.panic_at(self.plan.listener_panics_at, event);
    }

    fn panic_at(&self, planned: Option<usize>, number: usize) {
        if planned == Some(number) && !self.is_healthy() {
            self.excuse();
            on_purpose();
        }
    }

    pub(super) fn heal(&self) {
        self.book.lock().unwrap().healthy = true;
    }

    fn is_healthy(&self) -> bool {
        self.book.lock().unwrap().healthy
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.book.lock().unwrap().in_flight.values().any(|count| *count > 0)
    }

    pub(super) fn has_refused(&self) -> bool {
        self.book.lock().unwrap().refused
    }

    pub(super) fn requests(&self, scope: usize) -> usize {
        self.book.lock().unwrap().requests[scope]
    }

    /// Each scope has a reason for another request.
    pub(super) fn excuse(&self) {
        self.book.lock().unwrap().causes.iter_mut().for_each(|causes| *causes += 1);
    }

    /// Fails if a caller sent a request without a reason.
    pub(super) fn check(&self) {
        assert!(!self.is_busy(), "a request is still under way");
        let book = self.book.lock().unwrap();
        assert_eq!(book.wrong, None);
        for (requests, causes) in book.requests.iter().zip(book.causes) {
            assert!(*requests <= 1 + causes, "{requests} requests for {causes} reasons");
        }
    }

    fn arrive(self: &Arc<Self>, request: &Request<Body>) -> Visit {
        if let Some(token) = request.headers().get("X-Subject-Token") {
            return self.asked(token.to_str().unwrap());
        }
        let body = std::str::from_utf8(request.body().as_bytes()).unwrap();
        let scope = usize::from(body.contains(r#""p1""#));
        let password = body.split_once("pw-").unwrap().1.split_once('"').unwrap().0;
        let key = (scope, password.to_owned());
        let mut book = self.book.lock().unwrap();
        book.requests[scope] += 1;
        let count = book.in_flight.entry(key.clone()).or_default();
        *count += 1;
        if *count > 1 && !book.loses_requests {
            book.wrong = Some("two requests under way for one scope");
        }
        let end = match !book.healthy && book.rng.one_in(3) {
            true => book.rng.pick(&[
                End::Busy,
                End::Panic,
                End::Refused,
                End::Unreachable,
                End::Untrusted,
            ]),
            false => End::Good,
        };
        book.refused |= end == End::Refused;
        let yields = book.rng.below(4);
        let pauses = [Duration::ZERO, Duration::from_millis(20), LONGEST];
        let time = if self.is_real { Duration::ZERO } else { book.rng.pick(&pauses) };
        Visit { service: Arc::clone(self), key, end, yields, time, good: false }
    }

    /// A question about a token. Each of them is valid.
    fn asked(self: &Arc<Self>, token: &str) -> Visit {
        let scope = usize::from(token.starts_with("t-1"));
        let key = (scope, "question".to_owned());
        let mut book = self.book.lock().unwrap();
        *book.in_flight.entry(key.clone()).or_default() += 1;
        let end = if !book.healthy && book.rng.one_in(3) { End::Busy } else { End::Good };
        let (yields, time) = (book.rng.below(4), Duration::ZERO);
        Visit { service: Arc::clone(self), key, end, yields, time, good: false }
    }
}

/// A request under way.
struct Visit {
    service: Arc<Service>,
    key: (usize, String),
    end: End,
    yields: usize,
    time: Duration,
    good: bool,
}

impl Visit {
    fn end(mut self) -> Result<Response<Body>, Failure> {
        let (scope, number) = (self.key.0, self.service.requests(self.key.0));
        let response = |status: u16, body: String| {
            let response = Response::builder().status(status);
            let response = response.header("X-Subject-Token", format!("t-{scope}-{number}"));
            let response = response.header("Retry-After", "200");
            Ok(response.body(Body::new(body.into_bytes().into())).unwrap())
        };
        // Once the service is well, requests that were sent before succeed too.
        match if self.service.is_healthy() { End::Good } else { self.end } {
            End::Good => {
                self.good = true;
                let expires = r#""1970-01-02T00:00:00Z","issued_at":"1970-01-01T00:00:00Z""#;
                let project = format!(r#"{{"id":"p{scope}"}}"#);
                let body = format!(r#"{{"token":{{"expires_at":{expires},"project":{project}}}}}"#);
                response(201, body)
            }
            End::Busy => response(503, String::new()),
            End::Refused => response(401, String::new()),
            End::Panic => on_purpose(),
            End::Unreachable => Err(Failure::new(FailureKind::Connect, "refused")),
            End::Untrusted => Err(Failure::new(FailureKind::Tls, "unknown issuer")),
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut book = self.service.book.lock().unwrap();
        *book.in_flight.get_mut(&self.key).unwrap() -= 1;
        book.causes[self.key.0] += usize::from(!self.good);
    }
}

impl nonblocking::Transport for Arc<Service> {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send + 'static {
        let service = Self::clone(self);
        async move {
            let visit = service.arrive(&request);
            pause(visit.yields).await;
            if visit.time > Duration::ZERO {
                service.timer.sleep(visit.time).await;
            }
            visit.end()
        }
    }

    async fn sleep(&self, pause: Duration) {
        self.timer.sleep(pause).await;
    }

    fn now(&self) -> Instant {
        *BASE + self.timer.now()
    }
}

/// The service on the threads of a schedule.
pub(super) struct OnThreads(pub(super) Arc<Service>);

impl blocking::Transport for OnThreads {
    fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let visit = self.0.arrive(&request);
        (0..visit.yields).for_each(|_| threads::pass());
        if visit.time > Duration::ZERO {
            threads::sleep(visit.time);
        }
        visit.end()
    }

    fn timeout(&self) -> Duration {
        LONGEST
    }

    fn now(&self) -> Instant {
        *BASE + self.0.timer.now()
    }
}

/// The longest time of a request.
const LONGEST: Duration = Duration::from_secs(2);

static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Waits for so many further polls.
pub(super) async fn pause(polls: usize) {
    for _ in 0..polls {
        let mut is_polled = false;
        poll_fn(|context| {
            if std::mem::replace(&mut is_polled, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// The payload of a planned panic.
pub(super) struct OnPurpose;

/// A panic without a message.
pub(super) fn on_purpose() -> ! {
    panic::resume_unwind(Box::new(OnPurpose))
}
