//! Waking all waiting callers, threads and tasks alike, without losing a wake-up.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

/// Wakes all that wait. A caller that reads the [`Epoch`], then looks at the shared state, and then
/// waits for a change since that epoch, misses no [`notify`](Self::notify) in between.
#[derive(Default)]
pub(crate) struct Notifier {
    /// Changed under the lock of `waiting`.
    epoch: AtomicU64,
    /// The tasks that wait for the end of the current epoch.
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// The number of notifications at one moment. A driver loop passes it on and never looks inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(u64);

/// The wakers of tasks, in slots that keep their index as long as the epoch lasts.
#[derive(Default)]
struct Waiting {
    slots: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Notifier {
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(SeqCst))
    }

    /// Ends the epoch and wakes every thread and task that waits. No lock is held while wakers run:
    /// an executor may poll a task inside `wake`.
    pub(crate) fn notify(&self) {
        #[cfg(test)]
        crate::tests::threads::preempt();
        let woken = {
            let mut waiting = self.lock();
            self.epoch.fetch_add(1, SeqCst);
            std::mem::take(&mut *waiting)
        };
        self.changed.notify_all();
        woken.slots.into_iter().flatten().for_each(Waker::wake);
    }

    /// Blocks the thread until the epoch ends, for this long at most.
    pub(crate) fn wait(&self, epoch: Epoch, longest: Duration) {
        #[cfg(test)]
        if crate::tests::threads::wait(epoch, longest) {
            return;
        }
        let waiting =
            self.changed.wait_timeout_while(self.lock(), longest, |_| self.epoch() == epoch);
        // The caller looks at the shared state again in any case.
        drop(waiting);
    }

    /// Ready when the epoch has ended.
    pub(crate) fn changed(&self, epoch: Epoch) -> Changed<'_> {
        Changed { notifier: self, epoch, slot: None }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future that is ready when an epoch has ended. It may be dropped at any time.
#[must_use = "a future does nothing unless it is polled"]
pub struct Changed<'a> {
    notifier: &'a Notifier,
    epoch: Epoch,
    slot: Option<usize>,
}

impl fmt::Debug for Changed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Changed").field(&self.epoch).finish()
    }
}

impl Future for Changed<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let notifier = self.notifier;
        let mut waiting = notifier.lock();
        if notifier.epoch() != self.epoch {
            return Poll::Ready(());
        }
        let waker = context.waker();
        match self.slot {
            Some(slot) => match &mut waiting.slots[slot] {
                Some(known) => known.clone_from(waker),
                empty => *empty = Some(waker.clone()),
            },
            None => self.slot = Some(waiting.add(waker.clone())),
        }
        Poll::Pending
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            let mut waiting = self.notifier.lock();
            // After the end of the epoch, the slots are those of other tasks.
            let waker = (self.notifier.epoch() == self.epoch).then(|| waiting.remove(slot));
            drop(waiting);
            // Dropping a waker may drop its task: never under the lock.
            drop(waker);
        }
    }
}

impl Waiting {
    fn add(&mut self, waker: Waker) -> usize {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some(waker);
                slot
            }
            None => {
                self.slots.push(Some(waker));
                self.slots.len() - 1
            }
        }
    }

    fn remove(&mut self, slot: usize) -> Option<Waker> {
        self.free.push(slot);
        self.slots[slot].take()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{Arc, atomic::AtomicUsize},
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn a_notification_wakes_each_task_once() {
        let notifier = Notifier::default();
        let counts: Vec<Arc<Count>> = (0..1000).map(|_| Arc::default()).collect();
        let mut waiting: Vec<_> =
            counts.iter().map(|_| Box::pin(notifier.changed(notifier.epoch()))).collect();
        for (task, count) in waiting.iter_mut().zip(&counts) {
            let waker = Waker::from(Arc::clone(count));
            for _ in 0..3 {
                assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
        }
        notifier.notify();
        notifier.notify();
        assert!(counts.iter().all(|count| count.0.load(SeqCst) == 1));
        for task in &mut waiting {
            assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    }

    #[test]
    fn a_notification_before_the_wait_is_not_lost() {
        let notifier = Notifier::default();
        let epoch = notifier.epoch();
        notifier.notify();
        notifier.wait(epoch, Duration::MAX);
        let changed = pin!(notifier.changed(epoch));
        assert!(changed.poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }

    #[test]
    fn a_dropped_task_leaves_its_slot() {
        let notifier = Notifier::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut kept = Box::pin(notifier.changed(notifier.epoch()));
        assert!(kept.as_mut().poll(&mut context).is_pending());
        for _ in 0..100 {
            let mut dropped = Box::pin(notifier.changed(notifier.epoch()));
            assert!(dropped.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(notifier.lock().slots.len(), 2);
        notifier.notify();
        // A new task of the next epoch has the first slot, which the old one must not empty.
        let count = Arc::new(Count::default());
        let mut new = Box::pin(notifier.changed(notifier.epoch()));
        let waker = Waker::from(Arc::clone(&count));
        assert!(new.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(kept);
        notifier.notify();
        assert_eq!(count.0.load(SeqCst), 1);
    }
}
