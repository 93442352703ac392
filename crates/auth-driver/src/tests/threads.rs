//! Real threads of which one runs at a time, in an order that is drawn.
//!
//! A thread passes the turn on where it waits, sends or sleeps, and sometimes before it locks the
//! session or wakes others, where another thread could come between. Time passes only when no
//! thread can go on. So a schedule with threads depends on its seed alone.

use std::{
    any::Any,
    cell::RefCell,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, Thread},
    time::Duration,
};

use super::{
    plan::{LONG, Rng},
    service::OnPurpose,
    world::World,
};
use crate::notifier::Epoch;

/// Threads that stay for one schedule after the other.
pub(super) struct Pool {
    workers: Vec<(Sender<Job>, Thread)>,
    done: Receiver<Ended>,
    ended: Sender<Ended>,
}

/// The end of a job, and its panic if it has failed.
type Ended = Option<Box<dyn Any + Send>>;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    /// The schedule that this thread takes part in, and its number there.
    static PLACE: RefCell<Option<(Arc<Turns>, usize)>> = const { RefCell::new(None) };
}

/// The turns of the threads of one schedule.
struct Turns {
    world: Arc<World>,
    state: Mutex<State>,
    ended: Sender<Ended>,
}

struct State {
    rng: Rng,
    doing: Vec<Doing>,
    threads: Vec<Thread>,
    turn: usize,
    waited: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum Doing {
    /// Starts when all callers have ended.
    Afterwards,
    Ended,
    Running,
    Sleeping(Duration),
    Waiting(Epoch, Duration),
}

impl Pool {
    pub(super) fn new(size: usize) -> Self {
        let (done, all_done) = mpsc::channel();
        let worker = |_| {
            let (sender, jobs) = mpsc::channel::<Job>();
            let done = done.clone();
            let worker = thread::spawn(move || {
                for job in jobs {
                    if done.send(catch_unwind(AssertUnwindSafe(job)).err()).is_err() {
                        return;
                    }
                }
            });
            (sender, worker.thread().clone())
        };
        Self { workers: (0..size).map(worker).collect(), done: all_done, ended: done.clone() }
    }

    /// Runs these jobs: one for each caller, perhaps a renewal, and one for the time after all
    /// callers have ended.
    pub(super) fn run(
        &self,
        world: &Arc<World>,
        rng: Rng,
        jobs: Vec<Job>,
    ) -> Result<(), Box<dyn Any + Send>> {
        let count = jobs.len();
        let mut doing = vec![Doing::Running; count];
        doing[count - 1] = Doing::Afterwards;
        let threads = self.workers[..count].iter().map(|(_, thread)| thread.clone()).collect();
        let (turn, waited) = (usize::MAX, Duration::ZERO);
        let state = Mutex::new(State { rng, doing, threads, turn, waited });
        let ended = self.ended.clone();
        let turns = Arc::new(Turns { world: Arc::clone(world), state, ended });
        for (number, job) in jobs.into_iter().enumerate() {
            let turns = Arc::clone(&turns);
            self.workers[number].0.send(Box::new(move || turns.take_part(number, job))).unwrap();
        }
        turns.pass_on();
        let mut ended = 0;
        // The jobs may have started others.
        while ended < turns.state.lock().unwrap().doing.len() {
            if let Some(panic) = self.done.recv().unwrap() {
                return Err(panic);
            }
            ended += 1;
        }
        Ok(())
    }
}

impl Turns {
    /// Runs a job whose thread has this number.
    fn take_part(self: Arc<Self>, number: usize, job: Job) {
        PLACE.set(Some((Arc::clone(&self), number)));
        self.await_turn(number);
        let panic = catch_unwind(AssertUnwindSafe(job)).err();
        PLACE.set(None);
        // After a failure the other threads stay where they are.
        if let Some(panic) = panic.filter(|panic| !panic.is::<OnPurpose>()) {
            resume_unwind(panic);
        }
        self.state.lock().unwrap().doing[number] = Doing::Ended;
        self.pass_on();
    }

    /// Starts another thread.
    fn start(self: &Arc<Self>, job: Job) {
        let mut state = self.state.lock().unwrap();
        let (turns, number) = (Arc::clone(self), state.doing.len());
        let thread = thread::spawn(move || {
            let ended = turns.ended.clone();
            let job = AssertUnwindSafe(|| turns.take_part(number, job));
            let _ = ended.send(catch_unwind(job).err());
        });
        state.doing.push(Doing::Running);
        state.threads.push(thread.thread().clone());
    }

    /// Gives the turn to a thread that can go on, and returns it. `None`: all have ended.
    fn pass_on(&self) -> Option<usize> {
        let mut state = self.state.lock().unwrap();
        loop {
            let now = self.world.service.timer.now();
            let callers = self.world.plan.callers.len();
            let callers_ended = state.doing[..callers].iter().all(|doing| *doing == Doing::Ended);
            let can_go_on = |doing: &Doing| match *doing {
                Doing::Afterwards => callers_ended,
                Doing::Ended => false,
                Doing::Running => true,
                Doing::Sleeping(until) => now >= until,
                Doing::Waiting(epoch, until) => now >= until || self.world.driver.epoch() != epoch,
            };
            let ready: Vec<usize> =
                (0..state.doing.len()).filter(|number| can_go_on(&state.doing[*number])).collect();
            if !ready.is_empty() {
                let next = state.rng.pick(&ready);
                state.turn = next;
                state.doing[next] = Doing::Running;
                state.threads[next].unpark();
                return Some(next);
            }
            if state.doing.iter().all(|doing| *doing == Doing::Ended) {
                return None;
            }
            if state.doing.iter().all(|doing| !matches!(doing, Doing::Sleeping(_))) {
                let waiting = |number: &usize| matches!(state.doing[*number], Doing::Waiting(..));
                self.world.check_waiting((0..callers).filter(waiting));
            }
            let step = Duration::from_millis(state.rng.pick(&[1, 50, 1_000, 20_000]));
            state.waited += step;
            assert!(state.waited < LONG / 2, "a thread has been forgotten");
            self.world.service.timer.advance(step);
        }
    }

    fn await_turn(&self, number: usize) {
        while self.state.lock().unwrap().turn != number {
            thread::park();
        }
    }

    fn switch(&self, number: usize, doing: Doing) {
        self.state.lock().unwrap().doing[number] = doing;
        if self.pass_on() != Some(number) {
            self.await_turn(number);
        }
    }
}

fn with_place(work: impl FnOnce(&Arc<Turns>, usize)) -> bool {
    let place = PLACE.with_borrow(|place| place.clone());
    let is_there = place.is_some();
    if let Some((turns, number)) = place {
        work(&turns, number);
    }
    is_there
}

/// Lets other threads run.
pub(super) fn pass() {
    if !with_place(|turns, number| turns.switch(number, Doing::Running)) {
        thread::yield_now();
    }
}

/// Starts a thread in the schedule of this thread, or fails to, as a machine could. Returns the job
/// if this thread takes part in no schedule.
pub(crate) fn spawn(job: Job) -> io::Result<Option<Job>> {
    let Some((turns, _)) = PLACE.with_borrow(|place| place.clone()) else { return Ok(Some(job)) };
    if turns.state.lock().unwrap().rng.one_in(8) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    turns.start(job);
    Ok(None)
}

/// Sleeps in virtual time.
pub(super) fn sleep(pause: Duration) {
    with_place(|turns, number| {
        let until = turns.world.service.timer.now() + pause;
        turns.switch(number, Doing::Sleeping(until));
    });
}

/// Waits in virtual time for the end of an epoch. Returns whether this thread takes part in a
/// schedule.
pub(crate) fn wait(epoch: Epoch, longest: Duration) -> bool {
    with_place(|turns, number| {
        let until = turns.world.service.timer.now().saturating_add(longest);
        turns.switch(number, Doing::Waiting(epoch, until));
    })
}

/// A point where another thread could come between.
pub(crate) fn preempt() {
    with_place(|turns, number| {
        if turns.state.lock().unwrap().rng.one_in(6) {
            turns.switch(number, Doing::Running);
        }
    });
}
