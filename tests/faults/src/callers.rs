//! Many who call at once, whatever client they have.

use std::{
    error::Error,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use http::{Request, StatusCode};
use tokio::runtime::{self, Runtime};

use crate::{
    capture,
    clients::{ask_reqwest, ask_ureq, reqwest_client, ureq_client},
    clock::Clock,
    control::PlainClient,
    lost::Failed,
    scenario::Adapter,
    testbed::{ClientOptions, TestScope, Testbed},
};

/// The clients that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// The control, over reqwest alone.
    PlainReqwest,
    /// The control, over ureq alone.
    PlainUreq,
    Reqwest,
    Ureq,
}

pub(crate) const OURS: [ClientKind; 2] = [ClientKind::Ureq, ClientKind::Reqwest];
pub(crate) const AND_PLAIN_UREQ: [ClientKind; 3] =
    [ClientKind::Ureq, ClientKind::Reqwest, ClientKind::PlainUreq];
pub(crate) const AND_PLAIN_REQWEST: [ClientKind; 3] =
    [ClientKind::Ureq, ClientKind::Reqwest, ClientKind::PlainReqwest];

/// One client, and those who use it.
pub(crate) struct Callers {
    client: Client,
    clock: Clock,
}

enum Client {
    PlainReqwest(Arc<PlainClient<reqwest::Client>>, Runtime),
    PlainUreq(Arc<PlainClient<ureq::Agent>>),
    Reqwest(auth_reqwest::Client, Runtime),
    Ureq(auth_ureq::Client),
}

/// What one caller wants.
#[derive(Clone)]
pub(crate) struct CallerRequest {
    pub(crate) what: Operation,
    /// So long after the others' start.
    pub(crate) after: Duration,
    pub(crate) patience: Duration,
    /// Again and again, until this is set.
    pub(crate) until: Option<Arc<AtomicBool>>,
}

#[derive(Clone)]
pub(crate) enum Operation {
    Call(Box<Request<Vec<u8>>>),
    Token(TestScope),
}

/// What came of it.
pub(crate) struct Outcome {
    /// On the axis of the clock.
    pub(crate) ended: Duration,
    pub(crate) deadline: Duration,
    /// In real time.
    pub(crate) took: Duration,
    pub(crate) result: CallResult,
    error: Option<BoxError>,
}

/// What a caller was told. It is searched when all are done: that takes time.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

pub(crate) type RequestResult = (CallResult, Option<BoxError>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallResult {
    /// A service's answer.
    Answer(StatusCode),
    Closed,
    /// The caller's time was over.
    Deadline {
        has_retry_time: bool,
    },
    /// No token, and whether the error says when to try again.
    Failed {
        has_retry_time: bool,
    },
    /// The service did not answer.
    Nothing,
    Panicked,
    Token,
}

impl ClientKind {
    pub(crate) fn adapter(self) -> Adapter {
        match self {
            Self::PlainReqwest | Self::PlainUreq => Adapter::Control,
            Self::Reqwest => Adapter::Reqwest,
            Self::Ureq => Adapter::Ureq,
        }
    }

    /// Which of the bare clients it is.
    pub(crate) fn bare(self) -> Option<&'static str> {
        match self {
            Self::PlainReqwest => Some("bare reqwest"),
            Self::PlainUreq => Some("bare ureq"),
            Self::Reqwest | Self::Ureq => None,
        }
    }

    pub(crate) fn is_async(self) -> bool {
        matches!(self, Self::PlainReqwest | Self::Reqwest)
    }
}

impl CallerRequest {
    pub(crate) fn token() -> Self {
        Self::of(Operation::Token(TestScope::Project))
    }

    pub(crate) fn token_for(place: TestScope) -> Self {
        Self::of(Operation::Token(place))
    }

    pub(crate) fn call(request: Request<Vec<u8>>) -> Self {
        Self::of(Operation::Call(Box::new(request)))
    }

    pub(crate) fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    fn of(what: Operation) -> Self {
        Self { what, after: Duration::ZERO, patience: Duration::from_secs(30), until: None }
    }
}

impl Outcome {
    /// When they failed, and could have waited for, if they were told that there is no token.
    pub(crate) fn failed(&self) -> Option<Failed> {
        let failed = Failed { at: self.ended, deadline: self.deadline };
        self.result.is_auth_error().then_some(failed)
    }

    fn search(&self) {
        if let Some(error) = &self.error {
            capture::told(&**error);
        }
    }
}

impl CallResult {
    pub(crate) fn is_good(self) -> bool {
        match self {
            Self::Answer(status) => status.is_success(),
            _ => self == Self::Token,
        }
    }

    pub(crate) fn is_auth_error(self) -> bool {
        matches!(
            self,
            Self::Answer(StatusCode::UNAUTHORIZED) | Self::Deadline { .. } | Self::Failed { .. }
        )
    }

    /// Whether they know when a new try makes sense.
    pub(crate) fn has_retry_time(self) -> bool {
        matches!(
            self,
            Self::Deadline { has_retry_time: true } | Self::Failed { has_retry_time: true }
        )
    }
}

impl Callers {
    pub(crate) fn new(testbed: &Testbed, kind: ClientKind, options: &ClientOptions) -> Self {
        let client = match kind {
            ClientKind::PlainReqwest => Client::PlainReqwest(
                Arc::new(PlainClient::over_reqwest(testbed, options)),
                runtime(),
            ),
            ClientKind::PlainUreq => {
                Client::PlainUreq(Arc::new(PlainClient::over_ureq(testbed, options)))
            }
            ClientKind::Reqwest => Client::Reqwest(reqwest_client(testbed, options), runtime()),
            ClientKind::Ureq => Client::Ureq(ureq_client(testbed, options)),
        };
        Self { client, clock: testbed.clock.clone() }
    }

    /// One caller, now, on this very thread.
    pub(crate) fn one(&self, ask: CallerRequest) -> Outcome {
        let (begun, patience) = (Begun::now(&self.clock), ask.patience);
        let asked = || match &self.client {
            Client::PlainReqwest(bare, runtime) => runtime.block_on(Arc::clone(bare).asked(ask)),
            Client::PlainUreq(bare) => bare.ask(&ask),
            Client::Reqwest(client, runtime) => runtime.block_on(ask_reqwest(client.clone(), ask)),
            Client::Ureq(client) => ask_ureq(client, &ask),
        };
        let asked = catch_unwind(AssertUnwindSafe(asked)).unwrap_or(PANICKED);
        let outcome = begun.ended(&self.clock, patience, asked);
        outcome.search();
        outcome
    }

    /// All of them at once, and what came of it.
    pub(crate) fn all(&self, asks: Vec<CallerRequest>) -> Vec<Outcome> {
        self.all_while(asks, || ())
    }

    /// The same, with something that is done once they have been let go.
    pub(crate) fn all_while(&self, asks: Vec<CallerRequest>, act: impl FnOnce()) -> Vec<Outcome> {
        let outcomes = match &self.client {
            Client::PlainReqwest(bare, runtime) => {
                let bare = Arc::clone(bare);
                self.tasks(runtime, asks, move |ask| Arc::clone(&bare).asked(ask), act)
            }
            Client::PlainUreq(bare) => self.threads(asks, |ask| bare.ask(ask), act),
            Client::Reqwest(client, runtime) => {
                let client = client.clone();
                self.tasks(runtime, asks, move |ask| ask_reqwest(client.clone(), ask), act)
            }
            Client::Ureq(client) => self.threads(asks, |ask| ask_ureq(client, ask), act),
        };
        outcomes.iter().for_each(Outcome::search);
        outcomes
    }

    /// Ends the account. The control knows no such thing.
    pub(crate) fn close(&self) {
        match &self.client {
            Client::Reqwest(client, _) => client.close(),
            Client::Ureq(client) => client.close(),
            Client::PlainReqwest(..) | Client::PlainUreq(_) => {}
        }
    }

    /// The client and where its futures are polled, for who does that by hand.
    pub(crate) fn reqwest(&self) -> Option<(&auth_reqwest::Client, &Runtime)> {
        match &self.client {
            Client::Reqwest(client, runtime) => Some((client, runtime)),
            _ => None,
        }
    }

    fn threads(
        &self,
        asks: Vec<CallerRequest>,
        ask: impl Fn(&CallerRequest) -> RequestResult + Sync,
        act: impl FnOnce(),
    ) -> Vec<Outcome> {
        let start = Barrier::new(asks.len() + 1);
        // A thread that ends takes time from those that are still being timed.
        let end = Barrier::new(asks.len());
        let caller = |wish: &CallerRequest| {
            start.wait();
            thread::sleep(wish.after);
            let mut outcomes = Vec::new();
            loop {
                let begun = Begun::now(&self.clock);
                let asked = catch_unwind(AssertUnwindSafe(|| ask(wish))).unwrap_or(PANICKED);
                outcomes.push(begun.ended(&self.clock, wish.patience, asked));
                if is_over(wish) {
                    end.wait();
                    return outcomes;
                }
            }
        };
        thread::scope(|threads| {
            let caller = &caller;
            let spawn = |ask| {
                let thread = thread::Builder::new().stack_size(STACK);
                let running = thread.spawn_scoped(threads, move || caller(ask));
                running.expect("a thread for each caller")
            };
            let running: Vec<_> = asks.iter().map(spawn).collect();
            start.wait();
            act();
            let outcomes = running.into_iter().map(|caller| caller.join().expect("it catches all"));
            outcomes.flatten().collect()
        })
    }

    fn tasks<F: Future<Output = RequestResult> + Send + 'static>(
        &self,
        runtime: &Runtime,
        asks: Vec<CallerRequest>,
        ask: impl Fn(CallerRequest) -> F + Clone + Send + 'static,
        act: impl FnOnce(),
    ) -> Vec<Outcome> {
        let start = Arc::new(tokio::sync::Barrier::new(asks.len() + 1));
        let spawn = |wish: CallerRequest| {
            let (start, ask, clock) = (Arc::clone(&start), ask.clone(), self.clock.clone());
            runtime.spawn(async move {
                start.wait().await;
                if !wish.after.is_zero() {
                    tokio::time::sleep(wish.after).await;
                }
                let mut outcomes = Vec::new();
                loop {
                    let begun = Begun::now(&clock);
                    // A task of its own, so that a panic ends in it.
                    let asked = tokio::spawn(ask(wish.clone())).await.unwrap_or(PANICKED);
                    outcomes.push(begun.ended(&clock, wish.patience, asked));
                    if is_over(&wish) {
                        return outcomes;
                    }
                }
            })
        };
        let running: Vec<_> = asks.into_iter().map(spawn).collect();
        runtime.block_on(start.wait());
        act();
        runtime.block_on(async {
            let mut outcomes = Vec::new();
            for caller in running {
                outcomes.extend(caller.await.expect("it catches all"));
            }
            outcomes
        })
    }
}

/// When a caller began, on both axes.
struct Begun(Duration, Instant);

impl Begun {
    fn now(clock: &Clock) -> Self {
        Self(clock.elapsed(), Instant::now())
    }

    fn ended(self, clock: &Clock, patience: Duration, (result, error): RequestResult) -> Outcome {
        let deadline = self.0 + patience;
        Outcome { ended: clock.elapsed(), deadline, took: self.1.elapsed(), result, error }
    }
}

const PANICKED: RequestResult = (CallResult::Panicked, None);

fn is_over(wish: &CallerRequest) -> bool {
    wish.until.as_ref().is_none_or(|until| until.load(SeqCst))
}

/// Two threads, whatever machine this is.
fn runtime() -> Runtime {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime")
}

/// For a thousand threads.
const STACK: usize = 512 * 1024;
