//! The state that all callers of a schedule share, and their steps.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use auth_proto::{
    Action, Cloud, Credential, Destination, ErrorKind, Scope, Session, Settings, Token, UserRef,
};

use super::{
    plan::{LONG, Op, Plan},
    service::{OnThreads, Service, pause},
    threads,
};
use crate::{
    blocking,
    driver::{Driver, Mode, Wanted},
    error::NoToken,
    nonblocking,
};

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) service: Arc<Service>,
    /// The service, as the blocking loop sees it.
    pub(super) on_threads: Arc<OnThreads>,
    pub(super) driver: Arc<Driver>,
    credentials: AtomicUsize,
    closed: AtomicBool,
}

impl World {
    pub(super) fn new(seed: u64, plan: Plan, is_real: bool) -> Arc<Self> {
        let service = Service::new(seed, &plan, is_real);
        let settings = Settings::default().with_response_timeout(LONG).with_seed(seed);
        let session = Session::new(CLOUD.clone(), credential(0), settings).unwrap();
        let (clock, listener) = (Arc::clone(&service), Arc::clone(&service));
        let driver =
            Driver::new(session, move || clock.clock()).with_listener(move |_| listener.listen());
        let (credentials, closed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let on_threads = Arc::new(OnThreads(Arc::clone(&service)));
        let driver = Arc::new(driver);
        Arc::new(Self { plan, service, on_threads, driver, credentials, closed })
    }

    /// A caller on a task.
    pub(super) async fn call(self: Arc<Self>, number: usize) {
        let (scope, ref ops) = self.plan.callers[number];
        let mut last = None;
        for &op in ops {
            match op {
                Op::Token(patience) => {
                    let result = self.token(scope, patience).await;
                    if let Err(error) = &result {
                        let timely = self
                            .driver
                            .peek()
                            .cached_token(&project(scope), self.service.timer.wall());
                        assert!(timely.is_none(), "{error}, although there is a token");
                    }
                    last = self.judge(scope, patience, result);
                }
                Op::Yield => pause(1).await,
                op => self.act(op, &mut last),
            }
        }
    }

    /// A caller on a thread.
    pub(super) fn call_blocking(&self, number: usize) {
        let (scope, ref ops) = self.plan.callers[number];
        let mut last = None;
        for &op in ops {
            match op {
                Op::Token(patience) => {
                    last = self.judge(scope, patience, self.token_blocking(scope, patience));
                }
                Op::Yield => threads::pass(),
                op => self.act(op, &mut last),
            }
        }
    }

    fn judge(
        &self,
        scope: usize,
        patience: Duration,
        result: Result<Arc<Token>, NoToken>,
    ) -> Option<Arc<Token>> {
        match &result {
            Ok(token) => {
                let id = token.project().and_then(|project| project.id.clone());
                assert_eq!(id, Some(format!("p{scope}")));
            }
            Err(error) => assert!(self.plan.allows(error, patience), "{patience:?}: {error}"),
        }
        result.ok()
    }

    fn act(&self, op: Op, last: &mut Option<Arc<Token>>) {
        match op {
            Op::Close => {
                self.closed.store(true, SeqCst);
                self.driver.close();
            }
            Op::Clock(by) => {
                // A request may be lost by that, and a token ended.
                self.service.excuse();
                self.service.excuse();
                self.service.timer.set_by.fetch_add(by, SeqCst);
            }
            Op::Replace => self.replace(),
            Op::Unauthorized => {
                if let Some(token) = last.take() {
                    self.service.excuse();
                    self.driver.change(|session| {
                        let url = http::Uri::from_static("https://service.example/");
                        let _ = session.handle_unauthorized(&token, &url, self.driver.now());
                    });
                }
            }
            Op::Token(_) | Op::Yield => unreachable!("these wait"),
        }
    }

    /// After all callers: the next call succeeds, and costs one login at most.
    pub(super) async fn afterwards(self: Arc<Self>) {
        self.service.heal();
        // A login that nobody carries waits for the next caller.
        while self.service.is_busy() && self.driver.parked.is_empty() {
            self.service.timer.sleep(Duration::from_secs(1)).await;
        }
        self.pass_pauses();
        for scope in self.plan.wanted() {
            let first = self.token(scope, MINUTE).await;
            let Some(first) = self.accept(first) else { continue };
            let first = match first {
                Some(token) => token,
                None => self.token(scope, MINUTE).await.unwrap(),
            };
            let requests = self.service.requests(scope);
            self.check_again(scope, requests, &first, &self.token(scope, MINUTE).await.unwrap());
        }
        self.driver.close();
    }

    /// The same on a thread.
    pub(super) fn afterwards_blocking(&self) {
        self.service.heal();
        while self.service.is_busy() {
            threads::sleep(Duration::from_secs(1));
        }
        self.pass_pauses();
        for scope in self.plan.wanted() {
            let mut first = self.token_blocking(scope, MINUTE);
            // The failure of an earlier request may reach the session only now.
            if let Err(NoToken::Auth(error)) = &first
                && matches!(error.kind(), ErrorKind::Transport(_) | ErrorKind::Unavailable(_))
            {
                self.pass_pauses();
                first = self.token_blocking(scope, MINUTE);
            }
            let Some(first) = self.accept(first) else { continue };
            let first = first.unwrap_or_else(|| self.token_blocking(scope, MINUTE).unwrap());
            let requests = self.service.requests(scope);
            let again = self.token_blocking(scope, MINUTE).unwrap();
            self.check_again(scope, requests, &first, &again);
        }
        self.driver.close();
    }

    /// `None`: the session is closed. `Some(None)`: another credential is needed, and given.
    fn accept(&self, first: Result<Arc<Token>, NoToken>) -> Option<Option<Arc<Token>>> {
        match first {
            Ok(token) => Some(Some(token)),
            Err(NoToken::Auth(error)) => match error.kind() {
                ErrorKind::Closed if self.plan.closes() => None,
                ErrorKind::Rejected(_) if self.service.has_refused() => {
                    self.replace();
                    Some(None)
                }
                kind => panic!("{kind}"),
            },
            Err(error) => panic!("{error}"),
        }
    }

    fn check_again(&self, scope: usize, requests: usize, first: &Arc<Token>, again: &Arc<Token>) {
        assert!(Arc::ptr_eq(first, again));
        assert_eq!(self.service.requests(scope), requests, "although there is a token");
        assert!(requests == 1 || !self.plan.calm, "{requests} requests without a failure");
    }

    /// Lets all pauses after failures end.
    fn pass_pauses(&self) {
        // The session must read the clock once before it jumps forward.
        self.driver.change(|session| session.cached_token(&project(0), self.driver.now()));
        self.service.timer.set_by.fetch_add(600, SeqCst);
    }

    fn replace(&self) {
        // The response to a pending request no longer counts.
        self.service.excuse();
        let number = self.credentials.fetch_add(1, SeqCst) + 1;
        // After the end of the session this fails, as it should.
        let _ = self.driver.change(|session| session.replace_credential(credential(number)));
    }

    /// Called when no caller can go on: the callers that wait would get the same answer again.
    pub(super) fn check_waiting(&self, waiting: impl Iterator<Item = usize>) {
        let is_quiet = !self.service.is_busy()
            && !self.plan.sets_clock()
            && self.plan.clock_panics_at.is_none();
        for number in waiting {
            assert!(!self.closed.load(SeqCst), "a caller waits although the session is closed");
            if is_quiet {
                let scope = project(self.plan.callers[number].0);
                let action = self.driver.peek().poll(&scope, self.service.timer.wall());
                assert!(matches!(action, Action::Wait(_)), "waits instead of {action:?}");
            }
        }
    }

    async fn token(&self, scope: usize, patience: Duration) -> Result<Arc<Token>, NoToken> {
        let (scope, service) = (project(scope), None);
        let wanted = Wanted { service, ..Wanted::new(&scope) };
        let mode = Mode::Caller(Destination::Unknown);
        let grant = nonblocking::grant(&self.driver, &self.service, wanted, mode, patience).await;
        Ok(grant?.token)
    }

    fn token_blocking(&self, scope: usize, patience: Duration) -> Result<Arc<Token>, NoToken> {
        let (scope, service) = (project(scope), None);
        let wanted = Wanted { service, ..Wanted::new(&scope) };
        let mode = Mode::Caller(Destination::Unknown);
        let grant = blocking::grant(&self.driver, &self.on_threads, wanted, mode, patience);
        Ok(grant?.token)
    }
}

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn project(number: usize) -> Scope {
    Scope::project_id(format!("p{number}"))
}

fn credential(generation: usize) -> Credential {
    Credential::password(UserRef::id("u1"), format!("pw-{generation}"))
}

static CLOUD: LazyLock<Cloud> =
    LazyLock::new(|| Cloud::keystone("https://identity.example/v3").unwrap());
