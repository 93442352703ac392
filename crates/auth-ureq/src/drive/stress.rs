//! The waiting code under 100,000 short schedules, each another mixture of callers, faults and haste, on
//! real threads, more of them than there are processors.
//!
//! The seed tells what everybody does, and the threads in which order:
//! `STRESS_SEED=17 cargo test -p auth-ureq stress` runs one schedule again, 12,000 times.

use std::{
    any::Any,
    env, iter,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        LazyLock,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use auth_proto::{Cloud, ErrorKind, Settings};

use super::{
    script::{Deed, Dice, LONG, OnPurpose, Plan, START, Service, credential, on_purpose, scope},
    *,
};

const SCHEDULES: u64 = 100_000;
const LANES: u64 = 12;

#[test]
fn stress() {
    let again = env::var("STRESS_SEED").ok().map(|seed| seed.parse().unwrap());
    let lane = |first: u64| match again {
        Some(seed) => Lane::start(iter::repeat_n(seed, 12_000 / LANES as usize)),
        None => Lane::start((1 + first..=SCHEDULES).step_by(LANES as usize)),
    };
    let lanes: Vec<_> = (0..LANES).map(lane).collect();
    lanes.into_iter().for_each(Lane::join);
}

/// A thread that runs its share of the schedules.
struct Lane {
    /// Which one it is at, and how many it has run.
    seed: Arc<AtomicU64>,
    count: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Lane {
    fn start(seeds: impl Iterator<Item = u64> + Send + 'static) -> Self {
        let (seed, count) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (at, runs) = (Arc::clone(&seed), Arc::clone(&count));
        let thread = thread::spawn(move || {
            let crew = Crew::new();
            for seed in seeds {
                at.store(seed, SeqCst);
                runs.fetch_add(1, SeqCst);
                run(seed, &crew);
            }
        });
        Self { seed, count, thread }
    }

    /// Waits for its end, and fails if it gets no further.
    fn join(self) {
        let (mut count, mut since) = (0, Instant::now());
        while !self.thread.is_finished() {
            thread::sleep(Duration::from_millis(10));
            if count != self.count.load(SeqCst) {
                (count, since) = (self.count.load(SeqCst), Instant::now());
            }
            let seed = self.seed.load(SeqCst);
            let plan = || Plan::draw(&mut Dice::new(seed));
            let hangs = since.elapsed() > Duration::from_secs(20);
            assert!(!hangs, "it hangs: STRESS_SEED={seed}, {:?}", plan());
        }
        let seed = self.seed.load(SeqCst);
        let plan = || Plan::draw(&mut Dice::new(seed));
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| panic!("again with STRESS_SEED={seed}, {:?}", plan()));
    }
}

/// Threads that stay, for one schedule after the other.
struct Crew {
    members: Vec<Sender<Job>>,
    /// Who is done, and with what panic.
    done: Receiver<(usize, Option<Box<dyn Any + Send>>)>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Crew {
    fn new() -> Self {
        let (done, all_done) = mpsc::channel();
        let member = |number| {
            let (member, jobs) = mpsc::channel::<Job>();
            let done = done.clone();
            thread::spawn(move || {
                for job in jobs {
                    let panic = catch_unwind(AssertUnwindSafe(job)).err();
                    let panic = panic.filter(|panic| !panic.is::<OnPurpose>());
                    if done.send((number, panic)).is_err() {
                        return;
                    }
                }
            });
            member
        };
        // The callers, and one who renews.
        Self { members: (0..6).map(member).collect(), done: all_done }
    }

    fn start(&self, member: usize, job: impl FnOnce() + Send + 'static) {
        self.members[member].send(Box::new(job)).unwrap();
    }

    /// Waits for the next one who is done.
    fn wait(&self) -> usize {
        let (member, panic) = self.done.recv().unwrap();
        match panic {
            Some(panic) => resume_unwind(panic),
            None => member,
        }
    }
}

fn run(seed: u64, crew: &Crew) {
    let world = Arc::new(World::new(seed));
    let callers = world.plan.callers.len();
    let mut busy = callers;
    if let Some(renewed) = world.plan.renewal {
        let shared = Arc::clone(&world.shared);
        crew.start(callers, move || shared.renew(&scope(renewed)));
    }
    for caller in 0..callers {
        let world = Arc::clone(&world);
        crew.start(caller, move || world.call(caller));
    }
    let mut renewing = world.plan.renewal.is_some();
    while busy > 0 {
        match crew.wait() == callers {
            true => renewing = false,
            false => busy -= 1,
        }
    }
    world.afterwards();
    // Whoever renews is told of the end.
    if renewing {
        crew.wait();
    }
    world.service.check();
}

/// What all callers share.
struct World {
    plan: Plan,
    service: Arc<Service>,
    shared: Arc<Shared<Arc<Service>>>,
    /// By how many seconds the clock was set.
    set_by: Arc<AtomicI64>,
    credentials: AtomicUsize,
}

impl World {
    fn new(seed: u64) -> Self {
        let plan = Plan::draw(&mut Dice::new(seed));
        let service = Arc::new(Service::new(seed, &plan));
        let set_by = Arc::new(AtomicI64::new(0));
        let settings = Settings::default().with_response_timeout(LONG).with_seed(seed);
        let account = Session::new(CLOUD.clone(), credential(0), settings).unwrap();
        let clock = clock(&plan, &service, &set_by);
        let shared = Arc::new(Shared::new(account, clock, Arc::clone(&service)));
        Self { plan, service, shared, set_by, credentials: AtomicUsize::new(0) }
    }

    fn call(&self, caller: usize) {
        let (number, ref deeds) = self.plan.callers[caller];
        let scope = scope(number);
        let mut last = None;
        for &deed in deeds {
            match deed {
                Deed::Close => self.shared.close(),
                Deed::Clock(by) => {
                    // A request may be lost by that, and a token ended.
                    self.service.excuse();
                    self.service.excuse();
                    self.set_by.fetch_add(by, SeqCst);
                }
                Deed::Replace => self.replace(),
                Deed::Token(patience) => match self.shared.token(&scope, patience, Session::poll) {
                    Ok(token) => {
                        let project = token.project().and_then(|project| project.id.clone());
                        assert_eq!(project, Some(format!("p{number}")));
                        last = Some(token);
                    }
                    Err(error) => {
                        assert!(self.plan.allows(&error, patience), "{patience:?}: {error}");
                    }
                },
                Deed::Unauthorized => {
                    if let Some(token) = last.take() {
                        self.service.excuse();
                        let refuse = |account: &mut Session| {
                            account.handle_unauthorized(&token, self.shared.now());
                        };
                        self.shared.change(refuse);
                    }
                }
                Deed::Yield => thread::yield_now(),
            }
        }
    }

    /// What holds when all have gone: the next call works, and costs one login at most.
    fn afterwards(&self) {
        self.service.heal();
        while self.service.is_busy() {
            thread::sleep(Duration::from_micros(50));
        }
        self.pass_pauses();
        for number in self.plan.wanted() {
            let mut token = self.soon(number);
            if let Err(Error::Auth(error)) = &token {
                match error.kind() {
                    ErrorKind::Closed if self.plan.closes() => continue,
                    ErrorKind::Rejected(_) if self.service.has_refused() => {
                        self.replace();
                        token = self.soon(number);
                    }
                    kind => panic!("{kind}"),
                }
            }
            let requests = self.service.requests(number);
            assert!(Arc::ptr_eq(&token.unwrap(), &self.soon(number).unwrap()));
            assert_eq!(self.service.requests(number), requests, "although a token lives");
            assert!(requests == 1 || !self.plan.calm, "{requests} requests, but no fault");
        }
        self.shared.close();
    }

    fn soon(&self, number: usize) -> Result<Arc<Token>, Error> {
        let ask = || self.shared.token(&scope(number), Duration::from_secs(60), Session::poll);
        match ask() {
            // A failure from before was carried to the account only now.
            Err(Error::Auth(error)) if !matches!(error.kind(), ErrorKind::Rejected(_)) => {
                self.pass_pauses();
                ask()
            }
            asked => asked,
        }
    }

    fn pass_pauses(&self) {
        // Once read, so that it goes on from here by more than any pause.
        self.shared.change(|account| account.cached_token(&scope(0), self.shared.now()));
        self.set_by.fetch_add(600, SeqCst);
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

/// The time, and what the plan does to it.
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
