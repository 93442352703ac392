//! Waiting for a change without missing it.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Wakes all who wait. Whoever takes a ticket, looks, and then waits, misses nothing that was rung
/// since the ticket; and nothing has to be locked meanwhile.
#[derive(Default)]
pub(crate) struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

/// How often the bell had been rung.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Bell {
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(*self.lock())
    }

    pub(crate) fn ring(&self) {
        *self.lock() += 1;
        self.rung.notify_all();
    }

    /// Waits until it is rung, for this long at most. It may have been already.
    pub(crate) fn wait(&self, ticket: Ticket, longest: Duration) {
        let waiting =
            self.rung.wait_timeout_while(self.lock(), longest, |rings| *rings == ticket.0);
        // Rung or not, whoever waits looks again.
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
