//! Concurrent callers of one client, through any adapter or the control.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Barrier, atomic::Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use testing::Adapter;
use tokio::runtime::{self, Runtime};

use crate::{
    clients::{ask_reqwest, ask_ureq, client},
    clock::Clock,
    control::PlainClient,
    events::{self, EventCounts},
    naive::Naive,
    request::{CallResult, CallerRequest, Outcome, RequestResult},
    scenario::Subject,
    testbed::{ClientOptions, Testbed},
};

/// The client that goes through a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// The naive client over reqwest.
    NaiveReqwest,
    /// The naive client over ureq.
    NaiveUreq,
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
pub(crate) const AND_NAIVE_UREQ: [ClientKind; 3] =
    [ClientKind::Ureq, ClientKind::Reqwest, ClientKind::NaiveUreq];

/// One client and its concurrent callers.
pub(crate) struct Callers {
    client: SharedClient,
    clock: Clock,
    pub(crate) events: Arc<EventCounts>,
}

enum SharedClient {
    NaiveReqwest(Arc<Naive<reqwest::Client>>, Runtime),
    /// The runtime is the lock's; ureq blocks.
    NaiveUreq(Arc<Naive<ureq::Agent>>, Runtime),
    PlainReqwest(Arc<PlainClient<reqwest::Client>>, Runtime),
    PlainUreq(Arc<PlainClient<ureq::Agent>>),
    Reqwest(auth_reqwest::Client, Runtime),
    Ureq(auth_ureq::Client),
}

impl ClientKind {
    pub(crate) fn subject(self) -> Subject {
        match self {
            Self::NaiveReqwest | Self::NaiveUreq => Subject::Naive,
            Self::PlainReqwest | Self::PlainUreq => Subject::Control,
            Self::Reqwest => Subject::Reqwest,
            Self::Ureq => Subject::Ureq,
        }
    }

    /// The name of the control.
    pub(crate) fn control(self) -> Option<&'static str> {
        match self {
            Self::NaiveReqwest => Some("naive, reqwest"),
            Self::NaiveUreq => Some("naive, ureq"),
            Self::PlainReqwest => Some("plain reqwest"),
            Self::PlainUreq => Some("plain ureq"),
            Self::Reqwest | Self::Ureq => None,
        }
    }

    pub(crate) fn is_async(self) -> bool {
        matches!(self, Self::NaiveReqwest | Self::PlainReqwest | Self::Reqwest)
    }

    /// The naive client over the same HTTP client.
    pub(crate) fn naive(self) -> Self {
        if self.is_async() { Self::NaiveReqwest } else { Self::NaiveUreq }
    }
}

impl Callers {
    pub(crate) fn new(testbed: &Testbed, kind: ClientKind, options: &ClientOptions) -> Self {
        let events = Arc::default();
        let client = match kind {
            ClientKind::NaiveReqwest => SharedClient::NaiveReqwest(
                Arc::new(Naive::over_reqwest(testbed, options)),
                runtime(&events),
            ),
            ClientKind::NaiveUreq => SharedClient::NaiveUreq(
                Arc::new(Naive::over_ureq(testbed, options)),
                runtime(&events),
            ),
            ClientKind::PlainReqwest => SharedClient::PlainReqwest(
                Arc::new(PlainClient::over_reqwest(testbed, options)),
                runtime(&events),
            ),
            ClientKind::PlainUreq => {
                SharedClient::PlainUreq(Arc::new(PlainClient::over_ureq(testbed, options)))
            }
            ClientKind::Reqwest => {
                let client = client(Adapter::Reqwest, testbed, options);
                SharedClient::Reqwest(client.reqwest().clone(), runtime(&events))
            }
            ClientKind::Ureq => {
                SharedClient::Ureq(client(Adapter::Ureq, testbed, options).ureq().clone())
            }
        };
        Self { client, clock: testbed.clock.clone(), events }
    }

    /// One caller, on this thread.
    pub(crate) fn one(&self, request: CallerRequest) -> Outcome {
        let (start_time, timeout) = (StartTime::now(&self.clock), request.timeout);
        events::count_on_this_thread(&self.events);
        let asked = || match &self.client {
            SharedClient::NaiveReqwest(naive, runtime) => {
                runtime.block_on(Arc::clone(naive).ask(request))
            }
            SharedClient::NaiveUreq(naive, runtime) => {
                runtime.block_on(Arc::clone(naive).ask(request))
            }
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
        self.grouped_while(asks, act).into_iter().flatten().collect()
    }

    /// The same, with the outcomes of each caller.
    pub(crate) fn grouped_while(
        &self,
        asks: Vec<CallerRequest>,
        act: impl FnOnce(),
    ) -> Vec<Vec<Outcome>> {
        let outcomes = match &self.client {
            SharedClient::NaiveReqwest(naive, runtime) => {
                let naive = Arc::clone(naive);
                self.tasks(runtime, asks, move |ask| Arc::clone(&naive).ask(ask), act)
            }
            SharedClient::NaiveUreq(naive, runtime) => {
                let ask =
                    |ask: &CallerRequest| runtime.block_on(Arc::clone(naive).ask(ask.clone()));
                self.threads(asks, ask, act)
            }
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
        outcomes.iter().flatten().for_each(Outcome::search);
        outcomes
    }

    /// Closes the session. The control has none.
    pub(crate) fn close(&self) {
        match &self.client {
            SharedClient::Reqwest(client, _) => client.close(),
            SharedClient::Ureq(client) => client.close(),
            _ => {}
        }
    }

    /// Starts the renewal in the background. The controls have none.
    pub(crate) fn renew_in_background(&self) {
        match &self.client {
            SharedClient::Reqwest(client, runtime) => drop(runtime.spawn(client.refresh_loop())),
            SharedClient::Ureq(client) => drop(thread::spawn(client.refresh_loop())),
            _ => {}
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
    ) -> Vec<Vec<Outcome>> {
        let start = Barrier::new(asks.len() + 1);
        // All threads end together, because the end of a thread would slow the others down.
        let end = Barrier::new(asks.len());
        let caller = |request: &CallerRequest| {
            events::count_on_this_thread(&self.events);
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
                thread::sleep(request.pause);
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
            running.into_iter().map(|caller| caller.join().expect("it catches all")).collect()
        })
    }

    fn tasks<F: Future<Output = RequestResult> + Send + 'static>(
        &self,
        runtime: &Runtime,
        asks: Vec<CallerRequest>,
        ask: impl Fn(CallerRequest) -> F + Clone + Send + 'static,
        act: impl FnOnce(),
    ) -> Vec<Vec<Outcome>> {
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
                    if !request.pause.is_zero() {
                        tokio::time::sleep(request.pause).await;
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
                outcomes.push(caller.await.expect("it catches all"));
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
        let (started, deadline) = (self.0, self.0 + timeout);
        let (ended, took) = (clock.elapsed(), self.1.elapsed());
        Outcome { started, ended, deadline, took, result, error }
    }
}

const PANICKED: RequestResult = (CallResult::Panicked, None);

fn is_over(request: &CallerRequest) -> bool {
    request.until.as_ref().is_none_or(|until| until.load(SeqCst))
}

/// Two threads on every machine.
fn runtime(events: &Arc<EventCounts>) -> Runtime {
    let events = Arc::clone(events);
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(move || events::count_on_this_thread(&events))
        .enable_all()
        .build();
    runtime.expect("a runtime")
}

/// Small, because a scenario starts a thousand threads.
const STACK: usize = 512 * 1024;
