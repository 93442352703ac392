//! Many processes with one store and one identity service, on one simulated clock.

use std::{sync::Arc, time::Duration};

use auth_proto::{
    Action, Credential, Destination, Error, PendingRequest, Scope, Session, Settings, Taken, Token,
    UserRef,
};
use http::{Response, Uri};
use time::UtcDateTime;

use super::service::Service;
use crate::support::{
    NOW, keystone,
    store::{ModelStore, RESTART},
};

pub(super) struct World {
    pub(super) now: Duration,
    pub(super) store: ModelStore,
    pub(super) service: Service,
    pub(super) processes: Vec<Process>,
    /// The time that the store takes for an answer.
    pub(super) store_takes: Duration,
    rng: Rng,
}

pub(super) struct Process {
    pub(super) session: Session,
    /// How far its clock is off.
    skew: time::Duration,
    pub(super) callers: Vec<Caller>,
    flights: Vec<Flight>,
}

/// A caller that waits for a token, or has a result.
pub(super) struct Caller {
    scope: Scope,
    since: Duration,
    /// When it polls again, unless it is woken before.
    looks_at: Duration,
    pub(super) result: Option<Result<Arc<Token>, Error>>,
    pub(super) waited: Duration,
}

struct Flight {
    due: Duration,
    pending: PendingRequest,
    back: Back,
}

enum Back {
    Response(Response<Vec<u8>>),
    Taken(Taken),
}

/// SplitMix64.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below this one.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

pub(super) fn project(name: &str) -> Scope {
    Scope::project_id(name)
}

pub(super) fn settings() -> Settings {
    Settings::default().with_store()
}

pub(super) fn password(password: &'static str) -> Credential {
    Credential::password(UserRef::id("alice"), password)
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let now = Duration::from_secs(1_000_000);
        Self {
            now,
            store: ModelStore::at(now),
            service: Service::default(),
            processes: Vec::new(),
            store_takes: Duration::from_millis(3),
            rng: Rng::new(seed),
        }
    }

    /// Starts a process with this password, whose clock is right.
    pub(super) fn start(&mut self, secret: &'static str) -> usize {
        self.start_with(password(secret), settings(), time::Duration::ZERO)
    }

    /// Starts a process. Returns its number.
    pub(super) fn start_with(
        &mut self,
        credential: Credential,
        settings: Settings,
        skew: time::Duration,
    ) -> usize {
        let settings = settings.with_seed(self.rng.below(u64::MAX));
        let session = Session::new(keystone(), credential, settings).unwrap();
        self.processes.push(Process { session, skew, callers: Vec::new(), flights: Vec::new() });
        self.processes.len() - 1
    }

    /// Stops a process at once, in the middle of whatever it does.
    pub(super) fn kill(&mut self, process: usize) {
        let secret = self.rng.below(u64::MAX);
        let credential = password("good");
        let session = Session::new(keystone(), credential, settings().with_seed(secret)).unwrap();
        let dead = &mut self.processes[process];
        // A request that is under way is dropped with its process; the service has got it.
        (dead.session, dead.callers, dead.flights) = (session, Vec::new(), Vec::new());
    }

    /// The store loses everything.
    pub(super) fn wipe_store(&mut self) {
        self.store.wipe();
        self.now += RESTART;
    }

    /// A caller of this process asks for a token of this project.
    pub(super) fn call(&mut self, process: usize, name: &str) {
        let caller = Caller {
            scope: project(name),
            since: self.now,
            looks_at: self.now,
            result: None,
            waited: Duration::ZERO,
        };
        self.processes[process].callers.push(caller);
    }

    /// The numbers of the processes with a request to the identity service under way.
    pub(super) fn leaders(&self) -> Vec<usize> {
        let is_sending = |process: &Process| {
            process.flights.iter().any(|flight| matches!(flight.back, Back::Response(_)))
        };
        (0..self.processes.len()).filter(|index| is_sending(&self.processes[*index])).collect()
    }

    /// Lets this much time pass.
    pub(super) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.act();
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.pass(next);
            self.act();
        }
        self.pass(end);
    }

    /// Lets time pass until each caller has a result.
    pub(super) fn run(&mut self) {
        let latest = self.now + Duration::from_secs(3600);
        self.act();
        while let Some(next) = self.next() {
            assert!(next < latest, "callers still wait after an hour");
            self.pass(next);
            self.act();
        }
    }

    /// The results of all callers since the last call.
    pub(super) fn results(&mut self) -> Vec<(usize, Caller)> {
        let all = self.processes.iter_mut().enumerate();
        all.flat_map(|(index, process)| {
            let done = process.callers.extract_if(.., |caller| caller.result.is_some());
            done.map(|caller| (index, caller)).collect::<Vec<_>>()
        })
        .collect()
    }

    /// The number of failed callers, and the longest wait.
    pub(super) fn outcome(&mut self) -> (usize, Duration) {
        let results = self.results();
        let failed = results.iter().filter(|(_, caller)| matches!(caller.result, Some(Err(_))));
        let slowest = results.iter().map(|(_, caller)| caller.waited).max();
        (failed.count(), slowest.unwrap_or_default())
    }

    /// Each process uses its token of this project. Returns the number of 401s that callers see.
    pub(super) fn use_tokens(&mut self, name: &str) -> usize {
        self.refuse_tokens(name);
        self.run();
        let results = self.results();
        results.iter().filter(|(_, caller)| !self.is_good(caller, name)).count()
    }

    /// Whether a caller has got a token that a service accepts for this project.
    pub(super) fn is_good(&self, caller: &Caller, name: &str) -> bool {
        match &caller.result {
            Some(Ok(token)) => self.service.accepts(token.expose(), name, self.now),
            _ => false,
        }
    }

    /// Each process uses its token of this project. Those that get a 401 ask for another one.
    pub(super) fn refuse_tokens(&mut self, name: &str) {
        let url = Uri::from_static("https://service.example/");
        let mut refused = Vec::new();
        for index in 0..self.processes.len() {
            let now = self.time_of(index);
            let process = &mut self.processes[index];
            let Some(token) = process.session.cached_token(&project(name), now) else { continue };
            if !self.service.accepts(token.expose(), name, self.now) {
                let _ = process.session.handle_unauthorized(&token, &url, now);
                refused.push(index);
            }
            self.drain(index);
        }
        refused.into_iter().for_each(|index| self.call(index, name));
    }

    pub(super) fn time_of(&self, process: usize) -> UtcDateTime {
        NOW + self.now + self.processes[process].skew
    }

    fn pass(&mut self, until: Duration) {
        self.store.advance(until - self.now);
        self.now = until;
    }

    /// The next time at which something happens.
    fn next(&self) -> Option<Duration> {
        let of = |process: &Process| {
            let waiting = process.callers.iter().filter(|caller| caller.result.is_none());
            let waiting = waiting.map(|caller| caller.looks_at);
            waiting.chain(process.flights.iter().map(|flight| flight.due)).min()
        };
        // Waits end a little after the time that was asked for.
        self.processes.iter().filter_map(of).min().map(|next| next.max(self.now + TICK))
    }

    /// Lets every process do what it can do now.
    fn act(&mut self) {
        for index in 0..self.processes.len() {
            while self.land(index) || self.poll(index) {}
        }
    }

    /// Hands in one result that is due.
    fn land(&mut self, index: usize) -> bool {
        let now = self.time_of(index);
        let process = &mut self.processes[index];
        let due = process.flights.iter().position(|flight| flight.due <= self.now);
        let Some(Flight { pending, back, .. }) = due.map(|due| process.flights.remove(due)) else {
            return false;
        };
        match back {
            Back::Response(response) => process.session.handle_response(pending, response, now),
            Back::Taken(taken) => process.session.handle_taken(pending, taken, now),
        }
        .unwrap();
        self.drain(index);
        true
    }

    /// Lets one caller poll.
    fn poll(&mut self, index: usize) -> bool {
        let now = self.time_of(index);
        let process = &mut self.processes[index];
        let waits = |caller: &Caller| caller.result.is_none() && caller.looks_at <= self.now;
        let Some(number) = process.callers.iter().position(waits) else { return false };
        let url = Uri::from_static("https://service.example/");
        let caller = &mut process.callers[number];
        let action = process.session.poll_to(&caller.scope, Destination::At(&url), now);
        caller.waited = self.now - caller.since;
        // As long as its request is under way, a caller does not poll.
        caller.looks_at = Duration::MAX;
        match action {
            Action::Fail(error) => caller.result = Some(Err(error)),
            Action::Use(token) => caller.result = Some(Ok(token)),
            Action::Wait(until) => {
                let pause = Duration::try_from(until - now).unwrap_or(Duration::ZERO);
                caller.looks_at = self.now + pause.max(TICK);
            }
            Action::Send(pending, request) => {
                let back = Back::Response(self.service.handle(&request, self.now));
                process.flights.push(Flight { due: self.now + self.service.pace, pending, back });
            }
            Action::Take(pending, want) => {
                let back = Back::Taken(self.store.take(&want));
                process.flights.push(Flight { due: self.now + self.store_takes, pending, back });
            }
            Action::Ask(_, question) => panic!("{question}"),
        }
        self.drain(index);
        true
    }

    /// Wakes the callers, and tells the store.
    pub(super) fn drain(&mut self, index: usize) {
        let process = &mut self.processes[index];
        if process.session.take_wake() {
            process.callers.iter_mut().for_each(|caller| caller.looks_at = self.now);
        }
        while let Some(note) = process.session.poll_note() {
            self.store.tell(&note);
        }
    }
}

const TICK: Duration = Duration::from_millis(1);
