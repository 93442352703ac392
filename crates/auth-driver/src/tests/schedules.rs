//! The loops under 100,000 short schedules each, with another mixture of callers, failures, panics,
//! cancellations and time in every one.
//!
//! A seed determines its schedule. A failure prints the seed, and `STRESS_SEED=17 cargo test -p
//! auth-driver schedules` runs that schedule again.

use std::{
    env,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use super::{
    plan::{LONG, Op, Plan, Rng},
    tasks::Tasks,
    threads::Pool,
    world::{World, project},
};
use crate::{blocking, nonblocking};

const SCHEDULES: u64 = 100_000;
/// The threads that share the schedules of a test.
const LANES: u64 = 2;

#[test]
fn schedules_of_tasks() {
    run_all(|| |seed| Schedule::new(seed).run());
}

#[test]
fn schedules_of_threads() {
    run_all(|| {
        let pool = Pool::new(7);
        move |seed| run_threads(seed, &pool)
    });
}

/// Runs each seed, or the one of the environment. Prints the seed of a schedule that fails.
fn run_all<R: Fn(u64)>(runner: fn() -> R) {
    let seeds = match env::var("STRESS_SEED") {
        Ok(seed) => seed.parse().unwrap()..=seed.parse().unwrap(),
        Err(_) => 1..=SCHEDULES,
    };
    thread::scope(|scope| {
        for lane in 0..LANES {
            let seeds = seeds.clone();
            scope.spawn(move || {
                let run = runner();
                for seed in seeds.skip(lane as usize).step_by(LANES as usize) {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
                        eprintln!("STRESS_SEED={seed}, {:#?}", Plan::draw(&mut Rng::new(seed)));
                        resume_unwind(panic);
                    }
                }
            });
        }
    });
}

struct Schedule {
    rng: Rng,
    world: Arc<World>,
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let plan = Plan::draw(&mut rng);
        Self { rng, world: World::new(seed, plan, false) }
    }

    fn run(mut self) {
        let tasks = Tasks::new(&self.world);
        let callers = 0..self.world.plan.callers.len();
        for number in callers.clone() {
            tasks.add(Arc::clone(&self.world).call(number));
        }
        if let Some(renewed) = self.world.plan.renewal {
            let world = Arc::clone(&self.world);
            tasks.add(async move {
                let scope = project(renewed);
                nonblocking::refresh_loop(&world.driver, &world.service, &scope).await;
            });
        }
        self.drive(&tasks, callers, self.world.plan.cancels);
        let last = tasks.add(Arc::clone(&self.world).afterwards());
        self.drive(&tasks, last..last + 1, false);
        while tasks.poll_one(&mut self.rng) {}
        assert!(!tasks.has_any_of(0..last), "a renewal goes on after the end");
        self.world.service.check();
    }

    /// Until these tasks have ended.
    fn drive(&mut self, tasks: &Tasks, these: Range<usize>, cancels: bool) {
        let mut waited = Duration::ZERO;
        while tasks.has_any_of(these.clone()) {
            if cancels && self.rng.one_in(12) {
                tasks.cancel(&mut self.rng);
            } else if !tasks.poll_one(&mut self.rng) {
                if these.start == 0 {
                    let waiting =
                        these.clone().filter(|number| tasks.has_any_of(*number..number + 1));
                    self.world.check_waiting(waiting);
                }
                let step = Duration::from_millis(self.rng.pick(&[1, 50, 1_000, 20_000]));
                waited += step;
                assert!(waited < LONG / 2, "a task has been forgotten");
                self.world.service.timer.advance(step);
            }
        }
    }
}

fn run_threads(seed: u64, pool: &Pool) {
    let mut rng = Rng::new(seed);
    let plan = Plan::draw(&mut rng);
    let world = World::new(seed, plan, false);
    let mut jobs: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    for number in 0..world.plan.callers.len() {
        let world = Arc::clone(&world);
        jobs.push(Box::new(move || world.call_blocking(number)));
    }
    if let Some(renewed) = world.plan.renewal {
        let world = Arc::clone(&world);
        jobs.push(Box::new(move || {
            blocking::refresh_loop(&world.driver, &world.on_threads, &project(renewed));
        }));
    }
    let last = Arc::clone(&world);
    jobs.push(Box::new(move || last.afterwards_blocking()));
    if let Err(panic) = pool.run(&world, rng, jobs) {
        resume_unwind(panic);
    }
    world.service.check();
}

/// The callers are dropped one after the other, each after so many polls. One request is all that
/// they need together.
#[test]
fn a_login_goes_on_without_its_caller() {
    let mut context = Context::from_waker(Waker::noop());
    let mut carried_on = 0;
    for (seed, polls) in (0..20).flat_map(|seed| (1..10).map(move |polls| (seed, polls))) {
        let callers = vec![(0, vec![Op::Token(LONG)]); 3];
        let world = World::new(seed, Plan { callers, ..Plan::quiet() }, false);
        let mut callers: Vec<_> =
            (0..3).map(|number| Some(Box::pin(Arc::clone(&world).call(number)))).collect();
        let mut is_sent = false;
        for poll in 0..1000 {
            world.service.timer.advance(Duration::from_millis(200));
            for caller in &mut callers {
                let Some(task) = caller else { continue };
                if task.as_mut().poll(&mut context).is_ready() {
                    (*caller, is_sent) = (None, true);
                }
            }
            if poll % polls == 0 && callers.iter().flatten().count() > 1 {
                let first = callers.iter_mut().find(|caller| caller.is_some());
                carried_on += usize::from(world.service.is_busy());
                first.into_iter().for_each(|caller| *caller = None);
            }
        }
        assert!(is_sent && callers.iter().all(Option::is_none), "seed {seed}, {polls} polls");
        assert_eq!(world.service.requests(0), 1, "seed {seed}, {polls} polls");
        world.service.check();
    }
    assert!(carried_on > 100, "{carried_on} logins were carried on");
}

/// The last owner of the driver drops the login with it.
#[test]
fn a_parked_login_does_not_keep_its_driver() {
    let callers = vec![(0, vec![Op::Token(LONG)])];
    let world = World::new(1, Plan { callers, ..Plan::quiet() }, false);
    let mut caller = Box::pin(Arc::clone(&world).call(0));
    let mut context = Context::from_waker(Waker::noop());
    assert!(caller.as_mut().poll(&mut context).is_pending());
    drop(caller);
    assert!(world.service.is_busy());
    let (driver, service) = (Arc::downgrade(&world.driver), Arc::clone(&world.service));
    drop(world);
    assert!(driver.upgrade().is_none() && !service.is_busy());
}

#[test]
fn closing_drops_a_parked_login() {
    let callers = vec![(0, vec![Op::Token(LONG)]); 2];
    let world = World::new(1, Plan { callers, ..Plan::quiet() }, false);
    let mut context = Context::from_waker(Waker::noop());
    let mut callers = [0, 1].map(|number| Box::pin(Arc::clone(&world).call(number)));
    for caller in &mut callers {
        assert!(caller.as_mut().poll(&mut context).is_pending());
    }
    let [first, second] = callers;
    drop(first);
    assert!(world.service.is_busy());
    world.driver.close();
    assert!(!world.service.is_busy());
    // The second caller never carried it, and cannot park it again.
    drop(second);
    assert!(world.driver.parked.is_empty());
}

/// The schedules above choose where threads change. Here the machine does, with the real
/// [`Condvar`] and real wakers.
///
/// [`Condvar`]: std::sync::Condvar
#[test]
fn threads_at_full_speed() {
    const LANES: u64 = 8;
    const ALL: u64 = SCHEDULES / 20;
    let (done, all_done) = mpsc::channel();
    for lane in 0..LANES {
        let done = done.clone();
        thread::spawn(move || {
            for seed in (lane..ALL).step_by(LANES as usize) {
                let world = World::new(seed, Plan::calm(&mut Rng::new(seed)), true);
                thread::scope(|scope| {
                    for number in 0..world.plan.callers.len() {
                        let world = Arc::clone(&world);
                        match seed % 2 {
                            0 => scope.spawn(move || world.call_blocking(number)),
                            _ => scope.spawn(move || block_on(world.call(number))),
                        };
                    }
                });
                world.service.check();
                done.send(()).unwrap();
            }
        });
    }
    drop(done);
    for _ in 0..ALL {
        all_done.recv_timeout(Duration::from_secs(20)).expect("a schedule failed or hangs");
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park();
    }
}
