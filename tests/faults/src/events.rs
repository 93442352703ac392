//! The events of one client, counted on its own threads.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// The numbers of events that a client's callers saw.
#[derive(Debug, Default)]
pub(crate) struct EventCounts {
    /// A 401 that a caller got.
    pub(crate) refusals_delivered: AtomicU64,
    /// A refusal that forced a login or a question to the identity service.
    pub(crate) tokens_rejected: AtomicU64,
}

thread_local! {
    static COUNTS: RefCell<Option<Arc<EventCounts>>> = const { RefCell::new(None) };
}

/// Counts the events of this thread from now on. The client reports an event on the thread whose call
/// caused it, so each client's threads have their own counts.
pub(crate) fn count_on_this_thread(counts: &Arc<EventCounts>) {
    COUNTS.with(|slot| *slot.borrow_mut() = Some(Arc::clone(counts)));
}

/// Counts an event of the driver by its message.
pub(crate) fn count(message: &str) {
    let counts = COUNTS.try_with(|counts| counts.borrow().clone()).unwrap_or_default();
    let Some(counts) = counts else { return };
    if message.contains("token refused") {
        counts.tokens_rejected.fetch_add(1, Relaxed);
    } else if message.contains("delivered") {
        counts.refusals_delivered.fetch_add(1, Relaxed);
    }
}
