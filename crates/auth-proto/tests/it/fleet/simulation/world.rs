//! Many processes with one store and one identity service, on one simulated clock.

use std::time::Duration;

use auth_proto::{Credential, ServiceCall, Settings};
use http::{StatusCode, Uri};

pub(crate) use super::process::{password, settings};
use super::{
    RESTART, START,
    process::{Caller, Outside, Plan, Process, TICK, project},
    service::Service,
    store::{Engine, Store},
};

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) store: Store,
    pub(crate) service: Service,
    pub(crate) processes: Vec<Process>,
    /// The time that the store takes for an answer.
    pub(crate) store_takes: Duration,
    rng: Rng,
}

/// SplitMix64.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

impl World {
    /// An empty world, whose processes have this store.
    pub(crate) fn new(engine: Box<dyn Engine>, seed: u64) -> Self {
        Self {
            now: START,
            store: Store::new(engine, seed),
            service: Service::default(),
            processes: Vec::new(),
            store_takes: Duration::from_millis(3),
            rng: Rng::new(seed),
        }
    }

    /// Starts a process with this password, whose clock is right.
    pub(crate) fn start(&mut self, secret: &'static str) -> usize {
        self.start_with(password(secret), settings(), time::Duration::ZERO)
    }

    /// Starts a process. Returns its number.
    pub(crate) fn start_with(
        &mut self,
        credential: Credential,
        settings: Settings,
        skew: time::Duration,
    ) -> usize {
        self.start_as(Plan { settings, skew, ..Plan::of(credential) })
    }

    /// Starts a process. Returns its number.
    pub(crate) fn start_as(&mut self, plan: Plan) -> usize {
        let (connection, seed) = (self.store.connect(), self.rng.below(u64::MAX));
        self.processes.push(Process::new(plan, connection, seed, self.now));
        self.processes.len() - 1
    }

    /// Stops a process at once, in the middle of whatever it does, and starts it again.
    pub(crate) fn kill(&mut self, process: usize) {
        // A request that is under way is dropped with its process; the service has got it.
        let killed = &mut self.processes[process];
        self.store.disconnect(killed.connection);
        let (connection, seed) = (self.store.connect(), self.rng.below(u64::MAX));
        *killed = Process::new(killed.plan.clone(), connection, seed, self.now);
    }

    /// Ends all processes at once.
    pub(crate) fn kill_all(&mut self) {
        let all = self.processes.drain(..);
        all.for_each(|process| self.store.disconnect(process.connection));
    }

    /// The store loses everything.
    pub(crate) fn wipe_store(&mut self) {
        self.store.wipe();
        // Its clock has moved.
        self.now += RESTART;
    }

    /// A caller of this process asks for a token of this project.
    pub(crate) fn call(&mut self, process: usize, name: &str) {
        self.processes[process].callers.push(Caller::new(name, self.now));
    }

    /// A caller of this process sends a request to a service of this project.
    pub(crate) fn call_service(&mut self, process: usize, name: &str, url: &'static str) {
        self.processes[process].callers.push(Caller::new(name, self.now).calling(url));
    }

    /// The numbers of the processes with a request to the identity service under way.
    pub(crate) fn leaders(&self) -> Vec<usize> {
        (0..self.processes.len()).filter(|index| self.processes[*index].is_sending()).collect()
    }

    /// Lets this much time pass.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.act();
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.pass(next);
            self.act();
        }
        self.pass(end);
    }

    /// Lets time pass until each caller has a result.
    pub(crate) fn run(&mut self) {
        let latest = self.now + Duration::from_secs(3600);
        self.act();
        while self.processes.iter().any(Process::is_busy) {
            let next = self.next().unwrap();
            assert!(next < latest, "callers still wait after an hour");
            self.pass(next);
            self.act();
        }
    }

    /// The results of all callers since the last call.
    pub(crate) fn results(&mut self) -> Vec<(usize, Caller)> {
        let all = self.processes.iter_mut().enumerate();
        all.flat_map(|(index, process)| {
            let done = process.callers.extract_if(.., |caller| caller.result.is_some());
            done.map(|caller| (index, caller)).collect::<Vec<_>>()
        })
        .collect()
    }

    /// The number of failed callers, and the longest wait.
    pub(crate) fn outcome(&mut self) -> (usize, Duration) {
        let results = self.results();
        let failed = results.iter().filter(|(_, caller)| matches!(caller.result, Some(Err(_))));
        let slowest = results.iter().map(|(_, caller)| caller.waited).max();
        (failed.count(), slowest.unwrap_or_default())
    }

    /// Each process uses its token of this project. Returns the number of 401s that callers see.
    pub(crate) fn use_tokens(&mut self, name: &str) -> usize {
        self.refuse_tokens(name);
        self.run();
        let results = self.results();
        results.iter().filter(|(_, caller)| !self.is_good(caller, name)).count()
    }

    /// Whether a caller has got a token that a service accepts for this project.
    pub(crate) fn is_good(&self, caller: &Caller, name: &str) -> bool {
        match &caller.result {
            Some(Ok(token)) => self.service.accepts(token.expose(), name, self.now),
            _ => false,
        }
    }

    /// Each process uses its token of this project. Those that get a 401 ask for another one.
    pub(crate) fn refuse_tokens(&mut self, name: &str) {
        let url = Uri::from_static("https://service.example/");
        let mut refused = Vec::new();
        for index in 0..self.processes.len() {
            let process = &mut self.processes[index];
            let now = process.time(self.now);
            let Some(token) = process.session.cached_token(&project(name), now) else { continue };
            let is_accepted = self.service.accepts(token.expose(), name, self.now);
            let status = if is_accepted { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            if ServiceCall::is_refusal(&token, &url, status) {
                let _ = process.session.handle_unauthorized(&token, &url, now);
                refused.push(index);
            }
            self.drain(index);
        }
        refused.into_iter().for_each(|index| self.call(index, name));
    }

    /// Wakes the callers of a process, and tells the store.
    pub(crate) fn drain(&mut self, index: usize) {
        let (process, mut outside) = self.split(index);
        process.drain(&mut outside);
    }

    /// A process, and what it can reach.
    pub(crate) fn split(&mut self, index: usize) -> (&mut Process, Outside<'_>) {
        let Self { now, store, service, processes, store_takes, .. } = self;
        let outside = Outside { service, store, store_takes: *store_takes, now: *now };
        (&mut processes[index], outside)
    }

    fn pass(&mut self, until: Duration) {
        self.store.advance(until - self.now);
        self.now = until;
    }

    /// The next time at which something happens. Waits end a little after the time that was asked
    /// for.
    fn next(&self) -> Option<Duration> {
        let next = self.processes.iter().filter_map(Process::next).min();
        next.map(|next| next.max(self.now + TICK))
    }

    /// Lets every process do what it can do now.
    fn act(&mut self) {
        for index in 0..self.processes.len() {
            let (process, mut outside) = self.split(index);
            while process.act(&mut outside) {}
        }
    }
}
