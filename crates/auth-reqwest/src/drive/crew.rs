//! Futures polled by hand, in any order.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc, TryLockError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use tokio::task::unconstrained;

use super::{
    Shared,
    script::{Dice, OnPurpose, Service},
};

/// The futures of one schedule, on this thread.
pub(super) struct Crew {
    shared: Arc<Shared<Arc<Service>>>,
    at_once: bool,
}

thread_local! {
    static TASKS: RefCell<Vec<Task>> = const { RefCell::new(Vec::new()) };
    /// Whether a task is being polled or dropped.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

struct Task {
    /// Empty when it is over, and while it is polled.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    woken: Arc<Woken>,
}

struct Woken {
    number: usize,
    flag: AtomicBool,
    /// Polled before `wake` returns, as an executor with many threads may do it.
    at_once: bool,
    shared: Arc<Shared<Arc<Service>>>,
}

impl Crew {
    pub(super) fn new(shared: &Arc<Shared<Arc<Service>>>, at_once: bool) -> Self {
        Self { shared: Arc::clone(shared), at_once }
    }

    /// Adds one, and tells its number.
    pub(super) fn add(&self, future: impl Future<Output = ()> + 'static) -> usize {
        TASKS.with_borrow_mut(|tasks| {
            let woken = Woken {
                number: tasks.len(),
                flag: AtomicBool::new(true),
                at_once: self.at_once,
                shared: Arc::clone(&self.shared),
            };
            let future = Some(Box::pin(unconstrained(future)) as _);
            tasks.push(Task { future, woken: Arc::new(woken) });
            tasks.len() - 1
        })
    }

    /// Whether any of these is left.
    pub(super) fn has_any_of(&self, numbers: Range<usize>) -> bool {
        TASKS.with_borrow(|tasks| tasks[numbers].iter().any(|task| task.future.is_some()))
    }

    /// Polls one that was woken, or now and then one that was not. Tells whether there was any.
    pub(super) fn poll_one(&self, dice: &mut Dice) -> bool {
        let anyone = dice.one_in(16);
        let ready = pick(dice, |task| anyone || task.woken.flag.load(SeqCst));
        ready.into_iter().for_each(|number| busy(|| poll(number)));
        ready.is_some()
    }

    /// Drops one, wherever it is.
    pub(super) fn cancel(&self, dice: &mut Dice) {
        let any = pick(dice, |_| true);
        let future = TASKS.with_borrow_mut(|tasks| tasks[any?].future.take());
        busy(|| drop(future));
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // Wakes others, who are to find nothing.
        drop(TASKS.take());
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.flag.store(true, SeqCst);
        if !thread::panicking() {
            let locked = matches!(self.shared.account.try_lock(), Err(TryLockError::WouldBlock));
            assert!(!locked, "woken under the lock");
            if self.at_once && BUSY.get() {
                poll(self.number);
            }
        }
    }
}

fn pick(dice: &mut Dice, among: impl Fn(&Task) -> bool) -> Option<usize> {
    let numbers: Vec<usize> = TASKS.with_borrow(|tasks| {
        let there = tasks.iter().filter(|task| task.future.is_some() && among(task));
        there.map(|task| task.woken.number).collect()
    });
    (!numbers.is_empty()).then(|| dice.pick(&numbers))
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
