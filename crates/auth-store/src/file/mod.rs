//! A store in the files of one directory.
//!
//! For each name, whose hash is `HASH`, and for each first byte `HH` of a hash:
//!
//! | file | content | written |
//! | --- | --- | --- |
//! | `HASH.entry` | the time of writing, and the entry; sealed | by renaming |
//! | `HASH.lease` | the time and the length of the last lease; sealed. Its holder locks it | by renaming |
//! | `HASH.tmp` | a file that is being written, or that a killed process left | under `HH.lock` |
//! | `HH.lock` | nothing; a process locks it while it changes a file | once, never removed |
//!
//! Reading needs no lock, because a file never changes once it has its name. A lease is over when its
//! file is not locked (its process has ended, or has written the result of the login), or when its time
//! is over (its process was stopped). The file stays, because it contains the last generation.
//!
//! The clock is the machine's. If it goes back, what was written later than now counts as absent. If it
//! goes forward, entries and leases end early. Both cost logins.

mod inventory;
mod shelf;

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use auth_proto::{Entry, Lease, Name, Note, Store, Taken, Want};

pub use inventory::StoredEntry;

use self::shelf::{Kept, Shelf};
use crate::{
    error::{Problem, StoreError},
    event::StoreEvent,
    key::{Key, NameHash, Subkeys},
    system::{self, Directory, LOOK_AGAIN, Locked},
};

/// A [`Store`] in a directory, for the processes of one user on one machine.
///
/// A process that logs in has a lock, which the operating system releases when the process ends. After a
/// kill, another process logs in at once. If the process is stopped, another one logs in at the end of the
/// lease.
///
/// A clone is the same store. See the [front page](crate) for files, keys and limits.
#[derive(Clone)]
pub struct FileStore {
    path: Arc<Path>,
    key: Key,
    /// The leases of this process.
    held: Arc<Mutex<BTreeMap<(NameHash, u64), Held>>>,
    is_swept: Arc<AtomicBool>,
    clock: fn() -> SystemTime,
    listener: Option<Arc<Listener>>,
}

type Listener = dyn Fn(&StoreEvent) + Send + Sync;

/// A lease that this process has, by its lock.
struct Held {
    _lock: Locked,
    until: Instant,
}

/// The time for a lock. With the reading and writing it stays below the 250 ms of a store.
const PATIENCE: Duration = Duration::from_millis(150);

/// What a look at the files has shown.
enum Look {
    Answer(Taken),
    /// The lease is free. This is the last generation.
    Free(u64),
}

impl FileStore {
    /// The store in this directory, which is made if it is missing. Processes share their logins if
    /// they have the same directory and the same key.
    ///
    /// # Errors
    ///
    /// The directory cannot be made, or it is not this user's alone (mode 0700). Its mode is never
    /// changed.
    pub fn open(directory: impl AsRef<Path>, key: Key) -> Result<Self, StoreError> {
        Directory::private(directory.as_ref())?;
        Ok(Self {
            path: directory.as_ref().into(),
            key,
            held: Arc::default(),
            is_swept: Arc::default(),
            clock: SystemTime::now,
            listener: None,
        })
    }

    /// The store of this user: the directory `cloud-auth` in `$XDG_CACHE_HOME` (or `~/.cache`; on
    /// macOS `~/Library/Caches`, on Windows `%LOCALAPPDATA%`), with the key in its file `key`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open) and [`Key::from_file`].
    pub fn of_user() -> Result<Self, StoreError> {
        Self::of_user_with(Key::of_user()?)
    }

    /// The store in the same directory with another key.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn of_user_with(key: Key) -> Result<Self, StoreError> {
        Self::open(system::directory_of_user()?, key)
    }

    /// Reports events to this function. The caller that asks the store runs it, without a lock. It must be
    /// quick, and must not panic. Clones made before do not have it.
    #[must_use]
    pub fn on_event(self, listener: impl Fn(&StoreEvent) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..self }
    }

    /// Takes the time from this function, for tests. All processes of a store need the same clock.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> SystemTime) -> Self {
        Self { clock, ..self }
    }

    fn try_take(&self, want: &Want, events: &mut Vec<StoreEvent>) -> Result<Taken, StoreError> {
        let directory = Directory::private(&self.path)?;
        let shelf = self.shelf(&directory, self.key.current(), want.name());
        if let Look::Answer(taken) = self.look(&directory, want, &mut Vec::new()) {
            return Ok(taken);
        }
        let started = Instant::now();
        let mut gate = shelf.gate()?;
        let _lock = loop {
            match system::try_lock(gate).map_err(|error| shelf.gate_error(Problem::Io(error)))? {
                Ok(lock) => break lock,
                Err(_) if started.elapsed() >= PATIENCE => {
                    return Err(shelf.gate_error(Problem::Locked));
                }
                Err(back) => gate = back,
            }
            thread::sleep(LOOK_AGAIN);
            // Of many that start together, only the first ones wait for the lock.
            if let Look::Answer(taken) = self.look(&directory, want, &mut Vec::new()) {
                return Ok(taken);
            }
        };
        let last = match self.look(&directory, want, events) {
            Look::Answer(taken) => return Ok(taken),
            Look::Free(last) => last,
        };
        let generation = last.saturating_add(1).max(want.newer_than().saturating_add(1));
        let generation = generation.max(shelf.now);
        let lock = shelf.lead(generation, want.lease())?;
        let until = Instant::now() + want.lease();
        let mut held = self.held();
        held.retain(|_, held| Instant::now() < held.until);
        held.insert((shelf.hash, generation), Held { _lock: lock, until });
        drop(held);
        events.push(StoreEvent::LeaseGiven { generation });
        Ok(Taken::Led(Lease::new(want.name().clone(), generation)))
    }

    /// The answer that the files give. Files that are passed over are events, of which those of the
    /// look under the lock count.
    fn look(&self, directory: &Directory, want: &Want, events: &mut Vec<StoreEvent>) -> Look {
        let mut pass_over = |error| {
            events.push(StoreEvent::PassedOver(error));
            None
        };
        let mut last = 0;
        let mut best: Option<(Kept, Duration)> = None;
        for keys in self.key.all() {
            let shelf = self.shelf(directory, keys, want.name());
            let Some(kept) = shelf.entry().unwrap_or_else(&mut pass_over) else { continue };
            last = last.max(kept.generation);
            if let Some(age) = kept.age(shelf.now)
                && kept.generation > want.newer_than()
                && best.as_ref().is_none_or(|(best, _)| best.generation < kept.generation)
            {
                best = Some((kept, age));
            }
        }
        if let Some((Kept { entry, generation, .. }, age)) = best {
            return Look::Answer(Taken::Found { entry, generation, age });
        }
        let shelf = self.shelf(directory, self.key.current(), want.name());
        match shelf.lease().map_err(pass_over).unwrap_or_default() {
            Some((generation, true)) => Look::Answer(Taken::Busy { generation }),
            Some((generation, false)) => Look::Free(last.max(generation)),
            None => Look::Free(last),
        }
    }

    fn put(
        &self,
        lease: &Lease,
        entry: &Entry,
        events: &mut Vec<StoreEvent>,
    ) -> Result<(), StoreError> {
        let directory = Directory::private(&self.path)?;
        let shelf = self.shelf(&directory, self.key.current(), lease.name());
        // Sealed before the lock, which others wait for.
        let sealed = shelf.seal(lease.generation(), entry)?;
        let _lock = shelf.lock(PATIENCE)?;
        // A damaged entry is overwritten.
        let newest = self.key.all().filter_map(|keys| {
            let kept = self.shelf(&directory, keys, lease.name()).entry().ok()??;
            kept.age(shelf.now).is_some().then_some(kept.generation)
        });
        match newest.max() {
            Some(newer) if newer >= lease.generation() => {
                events.push(StoreEvent::LeaseOver { generation: lease.generation(), newer });
            }
            _ => shelf.put(&sealed)?,
        }
        Ok(())
    }

    /// The lease of this process ends later, if no other process has it since.
    fn keep(&self, name: &Name, generation: u64, length: Duration) -> Result<(), StoreError> {
        let directory = Directory::private(&self.path)?;
        let shelf = self.shelf(&directory, self.key.current(), name);
        let key = (shelf.hash, generation);
        let is_held = |held: &Held| Instant::now() < held.until;
        if !self.held().get(&key).is_some_and(is_held) {
            return Ok(());
        }
        let _lock = shelf.lock(PATIENCE)?;
        if shelf.lease()?.is_some_and(|(current, is_led)| is_led && current == generation) {
            let (lock, until) = (shelf.lead(generation, length)?, Instant::now() + length);
            // It may have come back meanwhile.
            if let Some(held) = self.held().get_mut(&key) {
                *held = Held { _lock: lock, until };
            }
        }
        Ok(())
    }

    fn forget(&self, name: &Name, generation: u64) -> Result<(), StoreError> {
        let directory = Directory::private(&self.path)?;
        for keys in self.key.all() {
            let shelf = self.shelf(&directory, keys, name);
            let is_it = || {
                let kept = shelf.entry().ok().flatten();
                kept.is_some_and(|kept| kept.generation == generation)
            };
            if is_it() {
                let _lock = shelf.lock(PATIENCE)?;
                if is_it() {
                    shelf.remove_entry()?;
                }
            }
        }
        Ok(())
    }

    fn shelf<'a>(&self, directory: &'a Directory, keys: &'a Subkeys, name: &Name) -> Shelf<'a> {
        Shelf::new(directory, keys, keys.hash(name.as_bytes()), self.now())
    }

    /// Milliseconds since 1970.
    fn now(&self) -> u64 {
        let since = (self.clock)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        since.as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<(NameHash, u64), Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports events, after all locks are free.
    fn emit(&self, events: Vec<StoreEvent>) {
        if let Some(listener) = &self.listener {
            events.iter().for_each(|event| listener(event));
        }
    }
}

impl Store for FileStore {
    fn take(&self, want: &Want) -> Taken {
        let mut events = Vec::new();
        let taken = self.try_take(want, &mut events).unwrap_or_else(|error| {
            events.push(StoreEvent::Silent(error));
            Taken::Silent
        });
        self.emit(events);
        taken
    }

    fn tell(&self, note: &Note) {
        let mut events = Vec::new();
        let told = match note {
            Note::Forget { name, generation } => self.forget(name, *generation),
            Note::Keep { name, generation, lease } => self.keep(name, *generation, *lease),
            Note::Put { lease, entry } => {
                let put = |entry| self.put(lease, entry, &mut events);
                let told = entry.as_ref().map_or(Ok(()), put);
                // The others find the entry before they find the lease free.
                let hash = self.key.current().hash(lease.name().as_bytes());
                drop(self.held().remove(&(hash, lease.generation())));
                if entry.is_some() && !self.is_swept.swap(true, Ordering::Relaxed) {
                    // A login has just taken longer than this will.
                    let _ = self.sweep();
                }
                told
            }
        };
        events.extend(told.err().map(StoreEvent::NotTold));
        self.emit(events);
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path).finish_non_exhaustive()
    }
}
