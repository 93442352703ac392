//! Concurrent callers of one client, through any adapter or the control.

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
use testing::Adapter;
use tokio::runtime::{self, Runtime};

use crate::{
    capture,
    clients::{ask_reqwest, ask_ureq, client},
    clock::Clock,
    control::PlainClient,
    lost::Failed,
    scenario::Subject,
    testbed::{ClientOptions, TestScope, Testbed},
};

/// The client that goes through a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// The control over reqwest.
    PlainReqwest,
    /// The control over ureq.
    PlainUreq,
    Reqwest,
    Ureq,
}

pub(crate) const OURS: [ClientKind; 2] = [ClientKind::Ureq, ClientKind::Reqwest];
pub(crate) const AND_PLAIN_UREQ: [ClientKind; 3] =
    [ClientKind::Ureq, ClientKind::Reqwest, ClientKind::PlainUreq];
pub(crate) const AND_PLAIN_REQWEST: [ClientKind; 3] =
    [ClientKind::Ureq, ClientKind::Reqwest, ClientKind::PlainReqwest];

/// One client and its concurrent callers.
pub(crate) struct Callers {
    client: SharedClient,
    clock: Clock,
}

enum SharedClient {
    PlainReqwest(Arc<PlainClient<reqwest::Client>>, Runtime),
    PlainUreq(Arc<PlainClient<ureq::Agent>>),
    Reqwest(auth_reqwest::Client, Runtime),
    Ureq(auth_ureq::Client),
}

/// A caller's request.
#[derive(Clone)]
pub(crate) struct CallerRequest {
    pub(crate) operation: Operation,
    /// The delay after the common start.
    pub(crate) after: Duration,
    pub(crate) timeout: Duration,
    /// The request is repeated until this is set.
    pub(crate) until: Option<Arc<AtomicBool>>,
}

#[derive(Clone)]
pub(crate) enum Operation {
    Call(Box<Request<Vec<u8>>>),
    Token(TestScope),
}

/// The result of a request, with its times.
pub(crate) struct Outcome {
    /// By the scenario's clock, as `deadline`.
    pub(crate) ended: Duration,
    pub(crate) deadline: Duration,
    /// In real time.
    pub(crate) took: Duration,
    pub(crate) result: CallResult,
    error: Option<BoxError>,
}

/// The error that a caller got. It is searched for secrets after the last caller has finished.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

pub(crate) type RequestResult = (CallResult, Option<BoxError>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallResult {
    /// A service's response.
    Response(StatusCode),
    Closed,
    /// The caller's timeout ended.
    Deadline {
        has_retry_time: bool,
    },
    /// No token. The error may have the time of the next attempt.
    Failed {
        has_retry_time: bool,
    },
    /// A call got no response.
    NoResponse,
    Panicked,
    Token,
}

impl ClientKind {
    pub(crate) fn subject(self) -> Subject {
        match self {
            Self::PlainReqwest | Self::PlainUreq => Subject::Control,
            Self::Reqwest => Subject::Reqwest,
            Self::Ureq => Subject::Ureq,
        }
    }

    /// The name of the control.
    pub(crate) fn control(self) -> Option<&'static str> {
        match self {
            Self::PlainReqwest => Some("plain reqwest"),
            Self::PlainUreq => Some("plain ureq"),
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

    pub(crate) fn token_for(scope: TestScope) -> Self {
        Self::of(Operation::Token(scope))
    }

    pub(crate) fn call(request: Request<Vec<u8>>) -> Self {
        Self::of(Operation::Call(Box::new(request)))
    }

    pub(crate) fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    fn of(operation: Operation) -> Self {
        Self { operation, after: Duration::ZERO, timeout: Duration::from_secs(30), until: None }
    }
}

impl Outcome {
    /// The caller's failure, if it got an authentication error.
    pub(crate) fn failed(&self) -> Option<Failed> {
        let failed = Failed { at: self.ended, deadline: self.deadline };
        self.result.is_auth_error().then_some(failed)
    }

    fn search(&self) {
        if let Some(error) = &self.error {
            capture::search_error(&**error);
        }
    }
}

impl CallResult {
    pub(crate) fn is_good(self) -> bool {
        match self {
            Self::Response(status) => status.is_success(),
            _ => self == Self::Token,
        }
    }

    pub(crate) fn is_auth_error(self) -> bool {
        matches!(
            self,
            Self::Response(StatusCode::UNAUTHORIZED) | Self::Deadline { .. } | Self::Failed { .. }
        )
    }

    /// Whether the error has the time of the next attempt.
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
            ClientKind::PlainReqwest => SharedClient::PlainReqwest(
                Arc::new(PlainClient::over_reqwest(testbed, options)),
                runtime(),
            ),
            ClientKind::PlainUreq => {
                SharedClient::PlainUreq(Arc::new(PlainClient::over_ureq(testbed, options)))
            }
            ClientKind::Reqwest => {
                let client = client(Adapter::Reqwest, testbed, options);
                SharedClient::Reqwest(client.reqwest().clone(), runtime())
            }
            ClientKind::Ureq => {
                SharedClient::Ureq(client(Adapter::Ureq, testbed, options).ureq().clone())
            }
        };
        Self { client, clock: testbed.clock.clone() }
    }

    /// One caller, on this thread.
    pub(crate) fn one(&self, request: CallerRequest) -> Outcome {
        let (start_time, timeout) = (StartTime::now(&self.clock), request.timeout);
        let asked = || match &self.client {
            SharedClient::PlainReqwest(plain, runtime) => {
                runtime.block_on(Arc::clone(plain).asked(request))
            }
            SharedClient::PlainUreq(plain) => plain.ask(&request),
            SharedClient::Reqwest(client, runtime) => {
                runtime.block_on(ask_reqwest(client.clone(), request))
            }
            SharedClient::Ureq(client) => ask_ureq(client, &request),
        };
        let asked = catch_unwind(AssertUnwindSafe(asked)).unwrap_or(PANICKED);
        let outcome = start_time.ended(&self.clock, timeout, asked);
        outcome.search();
        outcome
    }

    /// All callers at once.
    pub(crate) fn all(&self, asks: Vec<CallerRequest>) -> Vec<Outcome> {
        self.all_while(asks, || ())
    }

    /// The same; runs `act` after the callers have started.
    pub(crate) fn all_while(&self, asks: Vec<CallerRequest>, act: impl FnOnce()) -> Vec<Outcome> {
        let outcomes = match &self.client {
            SharedClient::PlainReqwest(plain, runtime) => {
                let plain = Arc::clone(plain);
                self.tasks(runtime, asks, move |ask| Arc::clone(&plain).asked(ask), act)
            }
            SharedClient::PlainUreq(plain) => self.threads(asks, |ask| plain.ask(ask), act),
            SharedClient::Reqwest(client, runtime) => {
                let client = client.clone();
                self.tasks(runtime, asks, move |ask| ask_reqwest(client.clone(), ask), act)
            }
            SharedClient::Ureq(client) => self.threads(asks, |ask| ask_ureq(client, ask), act),
        };
        outcomes.iter().for_each(Outcome::search);
        outcomes
    }

    /// Closes the session. The control has none.
    pub(crate) fn close(&self) {
        match &self.client {
            SharedClient::Reqwest(client, _) => client.close(),
            SharedClient::Ureq(client) => client.close(),
            SharedClient::PlainReqwest(..) | SharedClient::PlainUreq(_) => {}
        }
    }

    /// The client of auth-reqwest and its runtime, for scenarios that poll futures themselves.
    pub(crate) fn reqwest(&self) -> Option<(&auth_reqwest::Client, &Runtime)> {
        match &self.client {
            SharedClient::Reqwest(client, runtime) => Some((client, runtime)),
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
        // All threads end together, because the end of a thread would slow the others down.
        let end = Barrier::new(asks.len());
        let caller = |request: &CallerRequest| {
            start.wait();
            thread::sleep(request.after);
            let mut outcomes = Vec::new();
            loop {
                let start_time = StartTime::now(&self.clock);
                let asked = catch_unwind(AssertUnwindSafe(|| ask(request))).unwrap_or(PANICKED);
                outcomes.push(start_time.ended(&self.clock, request.timeout, asked));
                if is_over(request) {
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
        let spawn = |request: CallerRequest| {
            let (start, ask, clock) = (Arc::clone(&start), ask.clone(), self.clock.clone());
            runtime.spawn(async move {
                start.wait().await;
                if !request.after.is_zero() {
                    tokio::time::sleep(request.after).await;
                }
                let mut outcomes = Vec::new();
                loop {
                    let start_time = StartTime::now(&clock);
                    // A separate task, so that a panic ends there.
                    let asked = tokio::spawn(ask(request.clone())).await.unwrap_or(PANICKED);
                    outcomes.push(start_time.ended(&clock, request.timeout, asked));
                    if is_over(&request) {
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

/// A caller's start, by the scenario's clock and in real time.
struct StartTime(Duration, Instant);

impl StartTime {
    fn now(clock: &Clock) -> Self {
        Self(clock.elapsed(), Instant::now())
    }

    fn ended(self, clock: &Clock, timeout: Duration, (result, error): RequestResult) -> Outcome {
        let deadline = self.0 + timeout;
        Outcome { ended: clock.elapsed(), deadline, took: self.1.elapsed(), result, error }
    }
}

const PANICKED: RequestResult = (CallResult::Panicked, None);

fn is_over(request: &CallerRequest) -> bool {
    request.until.as_ref().is_none_or(|until| until.load(SeqCst))
}

/// Two threads on every machine.
fn runtime() -> Runtime {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime")
}

/// Small, because a scenario starts a thousand threads.
const STACK: usize = 512 * 1024;
