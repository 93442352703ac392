//! Futures polled by hand, in an order that is drawn.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use super::{plan::Rng, service::OnPurpose, world::World};

/// The futures of one schedule, all on this thread.
pub(super) struct Tasks {
    world: Arc<World>,
}

thread_local! {
    static TASKS: RefCell<Vec<Task>> = const { RefCell::new(Vec::new()) };
    /// Whether a task is being polled or dropped.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

struct Task {
    /// Empty when it has ended, and while it is polled.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    woken: Arc<Woken>,
}

struct Woken {
    number: usize,
    flag: AtomicBool,
    world: Arc<World>,
}

impl Tasks {
    pub(super) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world) }
    }

    /// Adds a task and returns its number.
    pub(super) fn add(&self, future: impl Future<Output = ()> + 'static) -> usize {
        TASKS.with_borrow_mut(|tasks| {
            let number = tasks.len();
            let woken =
                Woken { number, flag: AtomicBool::new(true), world: Arc::clone(&self.world) };
            tasks.push(Task { future: Some(Box::pin(future)), woken: Arc::new(woken) });
            number
        })
    }

    /// Whether any of these tasks has not ended.
    pub(super) fn has_any_of(&self, numbers: Range<usize>) -> bool {
        TASKS.with_borrow(|tasks| tasks[numbers].iter().any(|task| task.future.is_some()))
    }

    /// Polls a task that was woken, or sometimes another one. Returns whether there was one.
    pub(super) fn poll_one(&self, rng: &mut Rng) -> bool {
        let any = rng.one_in(16);
        let ready = pick(rng, |task| any || task.woken.flag.load(SeqCst));
        ready.into_iter().for_each(|number| busy(|| poll(number)));
        ready.is_some()
    }

    /// Drops a task, wherever it is.
    pub(super) fn cancel(&self, rng: &mut Rng) {
        let any = pick(rng, |_| true);
        let future = TASKS.with_borrow_mut(|tasks| tasks[any?].future.take());
        busy(|| drop(future));
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        // Wakes other tasks, which find an empty list.
        drop(TASKS.take());
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.flag.store(true, SeqCst);
        if !thread::panicking() {
            assert!(!self.world.driver.is_locked(), "woken under the lock");
            if self.world.plan.at_once && BUSY.get() {
                poll(self.number);
            }
        }
    }
}

fn pick(rng: &mut Rng, among: impl Fn(&Task) -> bool) -> Option<usize> {
    let numbers: Vec<usize> = TASKS.with_borrow(|tasks| {
        let there = tasks.iter().filter(|task| task.future.is_some() && among(task));
        there.map(|task| task.woken.number).collect()
    });
    (!numbers.is_empty()).then(|| rng.pick(&numbers))
}

fn busy(work: impl FnOnce()) {
    BUSY.set(true);
    work();
    BUSY.set(false);
}

fn poll(number: usize) {
    let task = TASKS.with_borrow_mut(|tasks| {
        let task = tasks.get_mut(number)?;
        Some((task.future.take()?, Arc::clone(&task.woken)))
    });
    let Some((mut future, woken)) = task else { return };
    woken.flag.store(false, SeqCst);
    let waker = Waker::from(woken);
    let mut context = Context::from_waker(&waker);
    match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context))) {
        Ok(Poll::Pending) => TASKS.with_borrow_mut(|tasks| tasks[number].future = Some(future)),
        Ok(Poll::Ready(())) => {}
        Err(panic) if panic.is::<OnPurpose>() => {}
        Err(panic) => resume_unwind(panic),
    }
}
