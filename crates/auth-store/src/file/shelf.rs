//! The files of one name.

use std::time::Duration;

use auth_proto::{Entry, limits};

use crate::{
    error::{Problem, StoreError},
    key::{NameHash, Subkeys, hex},
    seal::{self, Kind, OVERHEAD},
    system::{self, Directory, Locked},
};

pub(super) struct Shelf<'a> {
    directory: &'a Directory,
    keys: &'a Subkeys,
    pub(super) hash: NameHash,
    pub(super) now: u64,
    name: String,
}

/// An entry of the store.
pub(super) struct Kept {
    pub(super) entry: Entry,
    pub(super) generation: u64,
    told_at: u64,
}

/// The time before an entry, in milliseconds since 1970.
const TIME: usize = size_of::<u64>();
pub(super) const ENTRY: usize = OVERHEAD + TIME + limits::ENTRY;
const LEASE: usize = OVERHEAD + 2 * TIME;
/// A clock that is adjusted may go back by so many milliseconds.
const ADJUSTMENT: u64 = 2_000;

impl<'a> Shelf<'a> {
    pub(super) fn new(
        directory: &'a Directory,
        keys: &'a Subkeys,
        hash: NameHash,
        now: u64,
    ) -> Self {
        let name = hex(&hash).to_string();
        Self { directory, keys, hash, now, name }
    }

    /// The entry, also if its life is over.
    pub(super) fn entry(&self) -> Result<Option<Kept>, StoreError> {
        let name = self.file("entry");
        let Some((_, sealed)) = self.directory.read(&name, ENTRY)? else { return Ok(None) };
        let opened = seal::open(self.keys, Kind::Entry, &self.hash, sealed);
        let kept = opened.and_then(|(generation, text)| {
            let (told_at, entry) = text.split_first_chunk()?;
            let told_at = u64::from_be_bytes(*told_at);
            Some(Kept { entry: Entry::from_bytes(entry)?, generation, told_at })
        });
        let problem = |problem| StoreError::at(&self.directory.path_of(&name), problem);
        match kept {
            None => Err(problem(Problem::Damaged)),
            Some(kept) if is_later(kept.told_at, self.now) => Err(problem(Problem::FromTheFuture)),
            Some(kept) => Ok(Some(kept)),
        }
    }

    /// The generation of the last lease, and whether it still counts.
    pub(super) fn lease(&self) -> Result<Option<(u64, bool)>, StoreError> {
        let name = self.file("lease");
        let problem = |problem| StoreError::at(&self.directory.path_of(&name), problem);
        let Some((file, sealed)) = self.directory.read(&name, LEASE)? else { return Ok(None) };
        let opened = seal::open(self.keys, Kind::Lease, &self.hash, sealed);
        let lease = opened.and_then(|(generation, text)| {
            let (given_at, length) = text.split_first_chunk()?;
            let length: [u8; TIME] = length.try_into().ok()?;
            Some((generation, u64::from_be_bytes(*given_at), u64::from_be_bytes(length)))
        });
        let (generation, given_at, length) = lease.ok_or_else(|| problem(Problem::Damaged))?;
        // A lease from the future would last until the clock comes to it.
        let is_in_time =
            !is_later(given_at, self.now) && self.now < given_at.saturating_add(length);
        let is_held = || system::is_locked(&file).map_err(|error| problem(Problem::Io(error)));
        Ok(Some((generation, is_in_time && is_held()?)))
    }

    pub(super) fn seal(&self, generation: u64, entry: &Entry) -> Result<Vec<u8>, StoreError> {
        let (told_at, entry) = (self.now.to_be_bytes(), entry.to_bytes());
        self.sealed("entry", Kind::Entry, generation, [&told_at, &entry])
    }

    fn sealed(
        &self,
        end: &str,
        kind: Kind,
        generation: u64,
        parts: [&[u8]; 2],
    ) -> Result<Vec<u8>, StoreError> {
        let sealed = seal::seal(self.keys, kind, &self.hash, generation, parts);
        sealed.map_err(|problem| StoreError::at(&self.directory.path_of(&self.file(end)), problem))
    }

    /// Keeps a sealed entry. The caller has the lock.
    pub(super) fn put(&self, sealed: &[u8]) -> Result<(), StoreError> {
        let (entry, temporary) = (self.file("entry"), self.file("tmp"));
        self.directory.replace(&entry, &temporary, sealed, |_| Ok(())).map(drop)
    }

    /// Gives the lease to this process, which has the lock.
    pub(super) fn lead(&self, generation: u64, length: Duration) -> Result<Locked, StoreError> {
        let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let times = [&self.now.to_be_bytes()[..], &length.to_be_bytes()];
        let sealed = self.sealed("lease", Kind::Lease, generation, times)?;
        let (lease, temporary) = (self.file("lease"), self.file("tmp"));
        let mut locked = None;
        // Locked before it has its name, so that no process sees it unlocked.
        self.directory.replace(&lease, &temporary, &sealed, |file| {
            locked = system::try_lock(file.try_clone()?)?.ok();
            Ok(())
        })?;
        locked.ok_or_else(|| StoreError::at(&self.directory.path_of(&lease), Problem::Locked))
    }

    pub(super) fn remove_entry(&self) -> Result<bool, StoreError> {
        self.directory.remove(&self.file("entry"))
    }

    /// Removes everything but the lock. The caller has it.
    pub(super) fn remove_all(&self) -> Result<bool, StoreError> {
        let removed = ["entry", "lease", "tmp"].map(|end| self.directory.remove(&self.file(end)));
        removed.into_iter().try_fold(false, |any, removed| Ok(any | removed?))
    }

    /// The lock of a process that changes a file.
    pub(super) fn lock(&self, patience: Duration) -> Result<Locked, StoreError> {
        let locked = system::lock_within(self.gate()?, patience);
        let locked = locked.map_err(|error| self.gate_error(Problem::Io(error)))?;
        locked.ok_or_else(|| self.gate_error(Problem::Locked))
    }

    /// The file to lock. Names with the same first byte share it, so that there are never many.
    pub(super) fn gate(&self) -> Result<std::fs::File, StoreError> {
        self.directory.lock_file(&self.gate_name())
    }

    pub(super) fn gate_error(&self, problem: Problem) -> StoreError {
        StoreError::at(&self.directory.path_of(&self.gate_name()), problem)
    }

    fn gate_name(&self) -> String {
        format!("{}.lock", &self.name[..2])
    }

    fn file(&self, end: &str) -> String {
        format!("{}.{end}", self.name)
    }
}

impl Kept {
    /// The time since it was written, while it lives.
    pub(super) fn age(&self, now: u64) -> Option<Duration> {
        let age = Duration::from_millis(now.saturating_sub(self.told_at));
        (age < self.entry.life()).then_some(age)
    }
}

fn is_later(time: u64, now: u64) -> bool {
    time > now.saturating_add(ADJUSTMENT)
}
