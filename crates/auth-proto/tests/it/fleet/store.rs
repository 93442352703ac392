//! The model store, its rules as the fleet sees them, and an adversary who has not its key.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Deref, DerefMut},
    time::Duration,
};

use auth_proto::{Entry, Note, Taken, Want};

use super::world::Rng;
use crate::support::store::ModelStore;

pub(super) struct Store {
    model: ModelStore,
    rng: Rng,
    /// Whether an adversary decides what processes read.
    pub(super) is_hostile: bool,
    /// Whether it keeps all leases from them.
    pub(super) holds_leases: bool,
    /// All entries that were ever put, with their generations, by name.
    seen: BTreeMap<Vec<u8>, Vec<(u64, Vec<u8>)>>,
    /// The leases that have come back.
    put: BTreeSet<(Vec<u8>, u64)>,
    /// The leases that were given.
    led: BTreeSet<(Vec<u8>, u64)>,
}

impl Deref for Store {
    type Target = ModelStore;

    fn deref(&self) -> &ModelStore {
        &self.model
    }
}

impl DerefMut for Store {
    fn deref_mut(&mut self) -> &mut ModelStore {
        &mut self.model
    }
}

impl Store {
    pub(super) fn at(now: Duration, seed: u64) -> Self {
        Self {
            model: ModelStore::at(now),
            rng: Rng::new(seed),
            is_hostile: false,
            holds_leases: false,
            seen: BTreeMap::new(),
            put: BTreeSet::new(),
            led: BTreeSet::new(),
        }
    }

    pub(super) fn take(&mut self, want: &Want) -> Taken {
        let forged = if self.is_hostile { self.forge(want) } else { None };
        let taken = forged.unwrap_or_else(|| self.model.take(want));
        if let Taken::Led(lease) = &taken {
            assert!(lease.generation() > want.newer_than());
            let is_new = self.led.insert((want.name().as_bytes().to_vec(), lease.generation()));
            assert!(is_new, "a generation is given twice");
        }
        taken
    }

    /// What an adversary can do who reads and writes the store, and cannot open or make entries.
    fn forge(&mut self, want: &Want) -> Option<Taken> {
        match self.rng.below(8) {
            _ if self.holds_leases => Some(Taken::Busy { generation: self.rng.below(u64::MAX) }),
            0 => Some(Taken::Silent),
            // A lease that somebody else seems to have.
            1 => Some(Taken::Busy { generation: self.rng.below(u64::MAX) }),
            2 => {
                self.model.damage(b"?");
                None
            }
            3 => {
                self.model.remove(want.name());
                None
            }
            // An old entry of the same name and generation, that seems to be new.
            4..=6 => {
                let all = self.seen.get(want.name().as_bytes())?;
                let newer: Vec<_> =
                    all.iter().filter(|(old, _)| *old > want.newer_than()).collect();
                let (generation, bytes) = newer.get(self.rng.below(all.len() as u64) as usize)?;
                let entry = Entry::from_bytes(bytes).unwrap();
                let age = Duration::from_secs(self.rng.below(60));
                Some(Taken::Found { entry, generation: *generation, age })
            }
            _ => None,
        }
    }

    pub(super) fn tell(&mut self, note: &Note) {
        let Note::Put { lease, entry } = note else { return self.model.tell(note) };
        let name = lease.name().as_bytes().to_vec();
        let key = (name.clone(), lease.generation());
        assert!(self.led.contains(&key), "a lease that was never given");
        assert!(self.put.insert(key), "a lease comes back twice");
        let before = self.model.generation(lease.name());
        self.model.tell(note);
        // A lease that is over overwrites nothing newer.
        assert!(self.model.generation(lease.name()) >= before);
        if let Some(entry) = entry {
            let bytes = entry.to_bytes().to_vec();
            self.seen.entry(name).or_default().push((lease.generation(), bytes));
        }
    }
}
