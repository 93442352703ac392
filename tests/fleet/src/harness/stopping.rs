//! A store whose process stops at the worst moment.

use std::sync::atomic::{AtomicBool, Ordering};

use auth_proto::{AsyncStore, Note, Store, Taken, Want};
use rustix::process::{Signal, getpid, kill_process};

/// Stops the process when it has decided to write an entry, and has not written it.
pub(super) struct Stopping<S> {
    store: S,
    stops: AtomicBool,
}

impl<S> Stopping<S> {
    pub(super) fn new(store: S, stops: bool) -> Self {
        Self { store, stops: AtomicBool::new(stops) }
    }

    fn stop_at(&self, note: &Note) {
        let is_entry = matches!(note, Note::Put { entry: Some(_), .. });
        if is_entry && self.stops.swap(false, Ordering::Relaxed) {
            let _ = kill_process(getpid(), Signal::STOP);
        }
    }
}

impl<S: Store> Store for Stopping<S> {
    fn take(&self, want: &Want) -> Taken {
        self.store.take(want)
    }

    fn tell(&self, note: &Note) {
        self.stop_at(note);
        self.store.tell(note);
    }
}

/// The same for tasks.
pub(super) struct StoppingTasks<S>(pub(super) Stopping<S>);

impl<S: AsyncStore> AsyncStore for StoppingTasks<S> {
    async fn take(&self, want: &Want) -> Taken {
        self.0.store.take(want).await
    }

    fn tell(&self, note: &Note) {
        self.0.stop_at(note);
        self.0.store.tell(note);
    }
}
