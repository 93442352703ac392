//! A store in this process, for any number of clients.

use std::{
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use auth_proto::{AsyncStore, Note, Store, Taken, Want};

use model::ModelStore;

#[allow(dead_code, reason = "the core's tests use the rest")]
#[path = "../../../crates/auth-proto/tests/it/support/store.rs"]
mod model;

/// A [`Store`] and an [`AsyncStore`]: the core's model store, on the real clock.
#[derive(Clone)]
pub struct MemoryStore(Arc<Mutex<Shared>>);

struct Shared {
    model: ModelStore,
    last: Instant,
    hangs: bool,
}

impl Default for MemoryStore {
    fn default() -> Self {
        let model = ModelStore::at(Duration::from_secs(1_000_000));
        Self(Arc::new(Mutex::new(Shared { model, last: Instant::now(), hangs: false })))
    }
}

impl MemoryStore {
    /// Answers nothing from now on. In its async form it does not even say so.
    pub fn stop(&self) {
        self.with(|shared| {
            shared.model.set_silent(true);
            shared.hangs = true;
        });
    }

    /// The number of questions so far.
    pub fn questions(&self) -> usize {
        self.with(|shared| shared.model.questions)
    }

    fn with<R>(&self, work: impl FnOnce(&mut Shared) -> R) -> R {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = shared.last.elapsed();
        shared.last += passed;
        shared.model.advance(passed);
        work(&mut shared)
    }
}

impl Store for MemoryStore {
    fn take(&self, want: &Want) -> Taken {
        self.with(|shared| shared.model.take(want))
    }

    fn tell(&self, note: &Note) {
        self.with(|shared| shared.model.tell(note));
    }
}

impl AsyncStore for MemoryStore {
    async fn take(&self, want: &Want) -> Taken {
        let (taken, hangs) = self.with(|shared| (shared.model.take(want), shared.hangs));
        match hangs {
            true => pending().await,
            false => taken,
        }
    }

    fn tell(&self, note: &Note) {
        Store::tell(self, note);
    }
}
