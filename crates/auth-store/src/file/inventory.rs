//! What is in the store, and how it is removed.

use std::time::{Duration, Instant, SystemTime};

use auth_proto::{Entry, Label, limits};

use super::{
    FileStore, PATIENCE,
    shelf::{Kept, Shelf},
};
use crate::{
    error::StoreError,
    key::NameHash,
    system::{Directory, Listed, is_over},
};

/// An entry of a store, as far as it can be known without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    id: String,
    age: Duration,
    size: u64,
    opened: Option<Opened>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Opened {
    generation: u64,
    rest: Duration,
    label: Label,
    is_pause: bool,
}

/// No entry lives as long.
const LONGEST: Duration = limits::TOKEN_LIFETIME.saturating_add(Duration::from_secs(24 * 3600));

/// The time for each half of a sweep: looking, and removing.
const SWEEP: Duration = Duration::from_millis(25);

impl StoredEntry {
    /// The keyed hash of its name, in 32 hexadecimal digits. It is the name of its file.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The time since its file was written.
    pub fn age(&self) -> Duration {
        self.age
    }

    /// The size of its file in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its generation; `None` if it does not open, because it is damaged, not safe, or sealed with
    /// another key.
    pub fn generation(&self) -> Option<u64> {
        self.opened.as_ref().map(|opened| opened.generation)
    }

    /// The rest of the token's life or of the pause, which may be zero; `None` if it does not open.
    pub fn rest(&self) -> Option<Duration> {
        self.opened.as_ref().map(|opened| opened.rest)
    }

    /// What it is for; `None` if it does not open.
    pub fn label(&self) -> Option<&Label> {
        self.opened.as_ref().map(|opened| &opened.label)
    }

    /// Whether it is a pause after a failed login. False if it does not open.
    pub fn is_pause(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| opened.is_pause)
    }
}

impl FileStore {
    /// All entries, by their ids, those of other keys included.
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub fn entries(&self) -> Result<Vec<StoredEntry>, StoreError> {
        let directory = Directory::private(&self.path)?;
        let mut entries: Vec<_> = directory
            .list(None)?
            .into_iter()
            .filter_map(|file| {
                let (hash, "entry") = parse(&file)? else { return None };
                let opened = self.opened(&directory, hash).map(|kept| {
                    let age = kept.age(self.now());
                    let whole = kept.entry.pause().unwrap_or_else(|| kept.entry.life());
                    let rest = age.map_or(Duration::ZERO, |age| whole.saturating_sub(age));
                    let (label, is_pause) = (kept.entry.label().clone(), kept.entry.is_pause());
                    Opened { generation: kept.generation, rest, label, is_pause }
                });
                let id = file.name.split('.').next()?.to_owned();
                let age = (self.clock)().duration_since(file.modified).unwrap_or_default();
                Some(StoredEntry { id, age, size: file.size, opened })
            })
            .collect();
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(entries)
    }

    /// The entry with this [id](StoredEntry::id), with its secret. `None` if there is none, or if it does
    /// not open.
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub fn entry(&self, id: &str) -> Result<Option<Entry>, StoreError> {
        let directory = Directory::private(&self.path)?;
        let Some(hash) = hash_of(id) else { return Ok(None) };
        Ok(self.opened(&directory, hash).map(|kept| kept.entry))
    }

    /// Removes the entry with this id if it is still of this generation. Returns whether it was.
    ///
    /// # Errors
    ///
    /// The files cannot be removed.
    pub fn remove_generation(&self, id: &str, generation: u64) -> Result<bool, StoreError> {
        let directory = Directory::private(&self.path)?;
        let Some(hash) = hash_of(id) else { return Ok(false) };
        let shelf = Shelf::new(&directory, self.key.current(), hash, self.now());
        let _lock = shelf.lock(PATIENCE)?;
        let kept = self.opened(&directory, hash);
        if kept.is_some_and(|kept| kept.generation == generation) {
            return shelf.remove_entry();
        }
        Ok(false)
    }

    /// What opens of the entry with this hash, also if its life is over.
    fn opened(&self, directory: &Directory, hash: NameHash) -> Option<Kept> {
        let now = self.now();
        self.key.all().find_map(|keys| Shelf::new(directory, keys, hash, now).entry().ok()?)
    }

    /// Removes the entry with this [id](StoredEntry::id) and its lease. Returns whether there was one.
    /// Processes that have its token go on with it.
    ///
    /// # Errors
    ///
    /// The files cannot be removed.
    pub fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let directory = Directory::private(&self.path)?;
        let Some(hash) = hash_of(id) else { return Ok(false) };
        let shelf = Shelf::new(&directory, self.key.current(), hash, self.now());
        let _lock = shelf.lock(PATIENCE)?;
        shelf.remove_all()
    }

    /// Removes all entries and leases, those of other keys included. The key stays.
    ///
    /// # Errors
    ///
    /// The files cannot be removed.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.remove_files(|_| true, None)
    }

    /// Removes files that are too old to be of use. A caller waits for it: what takes longer is left to
    /// the next process.
    pub(super) fn sweep(&self) -> Result<(), StoreError> {
        let now = SystemTime::now();
        let is_old =
            |file: &Listed| now.duration_since(file.modified).is_ok_and(|age| age > LONGEST);
        self.remove_files(is_old, Some(SWEEP))
    }

    fn remove_files(
        &self,
        is_old: impl Fn(&Listed) -> bool,
        limit: Option<Duration>,
    ) -> Result<(), StoreError> {
        let directory = Directory::private(&self.path)?;
        let deadline = || limit.map(|limit| Instant::now() + limit);
        let files = directory.list(deadline())?;
        let deadline = deadline();
        for file in files.iter().filter(|file| is_old(file)) {
            if is_over(deadline) {
                break;
            }
            let Some((hash, _)) = parse(file) else { continue };
            let shelf = Shelf::new(&directory, self.key.current(), hash, self.now());
            let _lock = shelf.lock(PATIENCE)?;
            directory.remove(&file.name)?;
        }
        Ok(())
    }
}

/// The hash and the ending of a file's name, unless it is a lock or no file of a store.
fn parse(file: &Listed) -> Option<(NameHash, &str)> {
    let (id, end) = file.name.split_once('.')?;
    ["entry", "lease", "tmp"].contains(&end).then_some((hash_of(id)?, end))
}

fn hash_of(id: &str) -> Option<NameHash> {
    let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_hash = id.len() == 2 * size_of::<NameHash>() && id.bytes().all(digits);
    let number = is_hash.then(|| u128::from_str_radix(id, 16).ok())?;
    number.map(u128::to_be_bytes)
}
