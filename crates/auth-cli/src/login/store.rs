//! The store of one run of the program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_proto::{Lease, Name, Note, Store, Taken, Want};

/// A store that remembers what this run has read from it and written to it. A clone is the same store.
#[derive(Clone)]
pub(crate) struct RunStore {
    store: Arc<dyn Store>,
    /// Whether the tokens that the store has by now are too old.
    is_fresh: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// For each name, the generation that was there at the first look.
    first: Vec<(Name, u64)>,
    /// The names with a token that this run does not want and other runs use.
    passed_over: Vec<Name>,
    /// The last entry with a token.
    token: Option<(Name, u64)>,
    has_pause: bool,
}

impl RunStore {
    pub(super) fn new(store: Box<dyn Store>, is_fresh: bool) -> Self {
        Self { store: store.into(), is_fresh, seen: Arc::default() }
    }

    /// Whether the store keeps a pause after a failed login of this run or of another one.
    pub(super) fn has_pause(&self) -> bool {
        self.seen().has_pause
    }

    /// Removes the entry of the last token, unless another run has replaced it.
    pub(super) fn forget(&self) {
        let token = self.seen().token.take();
        if let Some((name, generation)) = token {
            self.store.tell(&Note::Forget { name, generation });
        }
    }

    /// Whether an entry was there before this run, or came of a login that began before it.
    fn is_old(&self, name: &Name, generation: u64) -> bool {
        let mut seen = self.seen();
        match seen.first.iter().find(|(known, _)| known == name) {
            Some((_, first)) => generation <= *first,
            None => {
                seen.first.push((name.clone(), generation));
                true
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for RunStore {
    fn take(&self, want: &Want) -> Taken {
        let mut taken = self.store.take(want);
        // Also of a login under way, and of none.
        let generation = match &taken {
            Taken::Busy { generation } | Taken::Found { generation, .. } => *generation,
            Taken::Led(_) | Taken::Silent => 0,
        };
        let is_old = self.is_fresh && self.is_old(want.name(), generation);
        // A pause counts: a refused password is sent no more often than without this.
        if is_old && matches!(&taken, Taken::Found { entry, .. } if !entry.is_pause()) {
            self.seen().passed_over.push(want.name().clone());
            let newer = Want::new(want.name().clone(), generation, want.lease());
            taken = self.store.take(&newer);
        }
        if let Taken::Found { entry, generation, .. } = &taken {
            let mut seen = self.seen();
            match entry.is_pause() {
                true => seen.has_pause = true,
                false => seen.token = Some((want.name().clone(), *generation)),
            }
        }
        taken
    }

    fn tell(&self, note: &Note) {
        if let Note::Put { lease, entry: Some(entry) } = note {
            let mut seen = self.seen();
            // As in a session with a token: only a refusal takes the token from the other runs.
            let is_brief = entry.is_pause() && !entry.is_refusal();
            if is_brief && seen.passed_over.contains(lease.name()) {
                let lease = Lease::new(lease.name().clone(), lease.generation());
                return self.store.tell(&Note::Put { lease, entry: None });
            }
            match entry.is_pause() {
                true => seen.has_pause = true,
                false => seen.token = Some((lease.name().clone(), lease.generation())),
            }
        }
        self.store.tell(note);
    }
}
