//! The waiting code under 100,000 short schedules, each another mixture of callers, faults, futures
//! dropped at any point, and time.
//!
//! Futures are polled by hand in an order that is drawn, on a runtime whose time moves only when
//! nobody can go on. The seed tells all: `STRESS_SEED=17 cargo test -p auth-reqwest stress` runs
//! one schedule again.

use std::{
    env,
    ops::Range,
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
};

use auth_proto::{Cloud, ErrorKind, Settings};
use tokio::{runtime, task::JoinSet, time::sleep};

use super::{
    crew::Crew,
    script::{Deed, Dice, LONG, Plan, START, Service, credential, on_purpose, pause, scope},
    *,
};

const SCHEDULES: u64 = 100_000;
const THREADS: u64 = 2;

#[test]
fn stress() {
    let seeds = match env::var("STRESS_SEED") {
        Ok(seed) => seed.parse().unwrap()..=seed.parse().unwrap(),
        Err(_) => 1..=SCHEDULES,
    };
    let lane = |first: u64| Lane::start(seeds.clone().skip(first as usize));
    let lanes: Vec<_> = (0..THREADS).map(lane).collect();
    lanes.into_iter().for_each(Lane::join);
}

/// Above, nothing comes between two steps of one poll. On threads, more of them than there are
/// processors, it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 24)]
async fn threads() {
    const LANES: u64 = 32;
    let lane = |first: u64| {
        tokio::spawn(async move {
            for seed in (first..SCHEDULES / 2).step_by(LANES as usize) {
                let world = World::new(seed, Plan::calm(&mut Dice::new(seed)), true);
                let mut callers = JoinSet::new();
                for (scope, deeds) in world.plan.callers.clone() {
                    callers.spawn(Arc::clone(&world).call(scope, deeds));
                }
                let all = timeout(Duration::from_secs(20), callers.join_all()).await;
                all.unwrap_or_else(|_| panic!("schedule {seed} hangs: {:?}", world.plan));
                world.service.check();
            }
        })
    };
    for lane in (0..LANES).map(lane).collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}

/// A thread that runs its share of the schedules.
struct Lane {
    /// Which one it is at.
    seed: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Lane {
    fn start(seeds: impl Iterator<Item = u64> + Send + 'static) -> Self {
        let seed = Arc::new(AtomicU64::new(0));
        let at = Arc::clone(&seed);
        let thread = thread::spawn(move || {
            let mut runtime = runtime::Builder::new_current_thread();
            let runtime = runtime.enable_time().start_paused(true).build().unwrap();
            for seed in seeds.step_by(THREADS as usize) {
                at.store(seed, SeqCst);
                runtime.block_on(Schedule::new(seed).run());
            }
        });
        Self { seed, thread }
    }

    /// Waits for its end, and fails if it gets no further.
    fn join(self) {
        let (mut seed, mut since) = (0, std::time::Instant::now());
        while !self.thread.is_finished() {
            thread::sleep(Duration::from_millis(10));
            if seed != self.seed.load(SeqCst) {
                (seed, since) = (self.seed.load(SeqCst), std::time::Instant::now());
            }
            assert!(since.elapsed() < Duration::from_secs(20), "it hangs: STRESS_SEED={seed}");
        }
        let seed = self.seed.load(SeqCst);
        self.thread.join().unwrap_or_else(|_| panic!("again with STRESS_SEED={seed}"));
    }
}

struct Schedule {
    dice: Dice,
    plan: Arc<Plan>,
    world: Arc<World>,
}

/// What all callers share.
struct World {
    plan: Arc<Plan>,
    service: Arc<Service>,
    shared: Arc<Shared<Arc<Service>>>,
    /// By how many seconds the clock was set.
    set_by: Arc<AtomicI64>,
    credentials: AtomicUsize,
    closed: AtomicBool,
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let world = World::new(seed, plan, false);
        Self { dice, plan: Arc::clone(&world.plan), world }
    }

    async fn run(mut self) {
        let crew = Crew::new(&self.world.shared, self.plan.at_once);
        for (scope, deeds) in &self.plan.callers {
            crew.add(Arc::clone(&self.world).call(*scope, deeds.clone()));
        }
        let callers = 0..self.plan.callers.len();
        if let Some(renewed) = self.plan.renewal {
            let shared = Arc::clone(&self.world.shared);
            crew.add(async move { shared.renew(&scope(renewed)).await });
        }
        self.drive(&crew, callers, self.plan.cancels).await;
        let last = crew.add(Arc::clone(&self.world).afterwards());
        self.drive(&crew, last..last + 1, false).await;
        // Whoever renews is told of the end.
        while crew.poll_one(&mut self.dice) {}
        assert!(!crew.has_any_of(0..last), "a renewal goes on after the end");
        self.world.service.check();
    }

    /// Until these are over.
    async fn drive(&mut self, crew: &Crew, these: Range<usize>, cancels: bool) {
        let mut waited = Duration::ZERO;
        while crew.has_any_of(these.clone()) {
            if cancels && self.dice.one_in(12) {
                crew.cancel(&mut self.dice);
            } else if !crew.poll_one(&mut self.dice) {
                if these.start == 0 {
                    self.check_who_waits(crew);
                }
                let step = Duration::from_millis(self.dice.pick(&[1, 50, 1_000, 20_000]));
                waited += step;
                assert!(waited < LONG / 2, "somebody is forgotten");
                sleep(step).await;
            }
        }
    }

    /// Where nothing is in the air, whoever waits would be told to.
    fn check_who_waits(&self, crew: &Crew) {
        let World { service, shared, closed, .. } = &*self.world;
        assert!(!closed.load(SeqCst), "somebody waits although it is closed");
        if service.is_busy() || self.plan.sets_clock() || self.plan.clock_panics_at.is_some() {
            return;
        }
        for (number, (its, _)) in self.plan.callers.iter().enumerate() {
            if crew.has_any_of(number..number + 1) {
                let action = shared.lock().poll(&scope(*its), shared.now());
                assert!(matches!(action, Action::Wait(_)), "waits instead of {action:?}");
            }
        }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{:#?}", self.plan);
        }
    }
}

impl World {
    fn new(seed: u64, plan: Plan, in_haste: bool) -> Arc<Self> {
        let plan = Arc::new(plan);
        let service = Arc::new(Service::new(seed, &plan, in_haste));
        let set_by = Arc::new(AtomicI64::new(0));
        let settings = Settings::default().with_response_timeout(LONG).with_seed(seed);
        let account = Session::new(CLOUD.clone(), credential(0), settings).unwrap();
        let clock = clock(&plan, &service, &set_by);
        let shared = Arc::new(Shared::new(account, clock, Arc::clone(&service)));
        let (credentials, closed) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Self { plan, service, shared, set_by, credentials, closed })
    }

    async fn call(self: Arc<Self>, number: usize, deeds: Vec<Deed>) {
        let scope = scope(number);
        let mut last = None;
        for deed in deeds {
            match deed {
                Deed::Close => {
                    self.closed.store(true, SeqCst);
                    self.shared.close();
                }
                Deed::Clock(by) => {
                    // A request may be lost by that, and a token ended.
                    self.service.excuse();
                    self.service.excuse();
                    self.set_by.fetch_add(by, SeqCst);
                }
                Deed::Replace => self.replace(),
                Deed::Token(patience) => {
                    match self.shared.token(&scope, patience, Session::poll).await {
                        Ok(token) => {
                            let project = token.project().and_then(|project| project.id.clone());
                            assert_eq!(project, Some(format!("p{number}")));
                            last = Some(token);
                        }
                        Err(error) => {
                            assert!(self.plan.allows(&error, patience), "{patience:?}: {error}");
                            let timely = self.shared.lock().cached_token(&scope, self.shared.now());
                            assert!(timely.is_none(), "{error}, although there is a token");
                        }
                    }
                }
                Deed::Unauthorized => {
                    if let Some(token) = last.take() {
                        self.service.excuse();
                        let refuse = |account: &mut Session| {
                            account.handle_unauthorized(&token, self.shared.now());
                        };
                        self.shared.change(refuse);
                    }
                }
                Deed::Yield => pause(1).await,
            }
        }
    }

    /// What holds when all have gone: the next call works, and costs one login at most.
    async fn afterwards(self: Arc<Self>) {
        self.service.heal();
        while self.service.is_busy() {
            sleep(Duration::from_secs(1)).await;
        }
        // Once read, so that it goes on from here by more than any pause.
        self.shared.change(|account| account.cached_token(&scope(0), self.shared.now()));
        self.set_by.fetch_add(600, SeqCst);
        for number in self.plan.wanted() {
            let mut token = self.soon(number).await;
            if let Err(Error::Auth(error)) = &token {
                match error.kind() {
                    ErrorKind::Closed if self.plan.closes() => continue,
                    ErrorKind::Rejected(_) if self.service.has_refused() => {
                        self.replace();
                        token = self.soon(number).await;
                    }
                    kind => panic!("{kind}"),
                }
            }
            let requests = self.service.requests(number);
            assert!(Arc::ptr_eq(&token.unwrap(), &self.soon(number).await.unwrap()));
            assert_eq!(self.service.requests(number), requests, "although a token lives");
            assert!(requests == 1 || !self.plan.calm, "{requests} requests, but no fault");
        }
        self.shared.close();
    }

    async fn soon(&self, number: usize) -> Result<Arc<Token>, Error> {
        self.shared.token(&scope(number), Duration::from_secs(60), Session::poll).await
    }

    fn replace(&self) {
        // A request in the air no longer counts.
        self.service.excuse();
        let number = self.credentials.fetch_add(1, SeqCst) + 1;
        // Refused after the end, which is as good.
        let _ = self.shared.change(|account| account.replace_credential(credential(number)));
    }
}

static CLOUD: LazyLock<Cloud> =
    LazyLock::new(|| Cloud::keystone("https://identity.example/v3").unwrap());

/// The runtime's time, and what the plan does to it.
fn clock(plan: &Plan, service: &Arc<Service>, set_by: &Arc<AtomicI64>) -> Box<Clock> {
    let (start, readings, panics_at) = (Instant::now(), AtomicUsize::new(0), plan.clock_panics_at);
    let (service, set_by) = (Arc::clone(service), Arc::clone(set_by));
    Box::new(move || {
        if panics_at == Some(readings.fetch_add(1, SeqCst)) && !service.is_healthy() {
            service.excuse();
            on_purpose();
        }
        START + start.elapsed() + time::Duration::seconds(set_by.load(SeqCst))
    })
}
