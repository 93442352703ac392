//! The store that the processes ask: its promises, and an adversary who has not its key.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use auth_proto::{Entry, Note, Taken, Want};

use super::world::Rng;

/// A store with a clock that a test moves. Each process has a connection of its own.
pub(crate) trait Engine {
    fn connect(&mut self, connection: Connection);
    /// The process ends at once, and tells nothing.
    fn disconnect(&mut self, connection: Connection);
    fn take(&mut self, connection: Connection, want: &Want) -> Taken;
    fn tell(&mut self, connection: Connection, note: &Note);
    fn advance(&mut self, by: Duration);
    /// Replaces the bytes of all entries.
    fn damage(&mut self);
    /// Loses all entries and leases.
    fn remove_all(&mut self);
    /// Answers nothing, or answers again.
    fn set_silent(&mut self, is_silent: bool);
    /// Loses everything, and is there again after [`RESTART`](super::RESTART).
    fn wipe(&mut self);
}

/// The number of a process' connection.
pub(crate) type Connection = usize;

pub(crate) struct Store {
    engine: Box<dyn Engine>,
    rng: Rng,
    connections: usize,
    is_silent: bool,
    /// Whether an adversary decides what processes read.
    pub(crate) is_hostile: bool,
    /// Whether it keeps all leases from them.
    pub(crate) holds_leases: bool,
    /// The number of questions so far.
    pub(crate) questions: usize,
    names: BTreeMap<Vec<u8>, Slot>,
}

/// What has happened to a name.
#[derive(Default)]
struct Slot {
    /// All entries that were ever put, with their generations.
    seen: Vec<(u64, Vec<u8>)>,
    /// The leases that were given, and those that have come back.
    led: BTreeSet<u64>,
    put: BTreeSet<u64>,
    /// The newest entry, unless the store may have lost it.
    kept: Option<Kept>,
    /// The lease that others have to wait for.
    held: Option<Held>,
}

struct Kept {
    entry: Entry,
    generation: u64,
    told_at: Duration,
}

struct Held {
    connection: Connection,
    generation: u64,
    until: Duration,
}

/// Times that differ by no more are equal: stores count in milliseconds.
const PRECISION: Duration = Duration::from_millis(2);

impl Store {
    pub(crate) fn new(engine: Box<dyn Engine>, seed: u64) -> Self {
        Self {
            engine,
            rng: Rng::new(seed),
            connections: 0,
            is_silent: false,
            is_hostile: false,
            holds_leases: false,
            questions: 0,
            names: BTreeMap::new(),
        }
    }

    /// A connection for a process that starts.
    pub(crate) fn connect(&mut self) -> Connection {
        self.connections += 1;
        self.engine.connect(self.connections);
        self.connections
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    pub(crate) fn disconnect(&mut self, connection: Connection) {
        self.engine.disconnect(connection);
        for slot in self.names.values_mut() {
            slot.held.take_if(|held| held.connection == connection);
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.engine.advance(by);
    }

    pub(crate) fn damage(&mut self) {
        self.engine.damage();
        self.names.values_mut().for_each(|slot| slot.kept = None);
    }

    pub(crate) fn set_silent(&mut self, is_silent: bool) {
        if self.is_silent != is_silent {
            self.is_silent = is_silent;
            self.engine.set_silent(is_silent);
        }
    }

    pub(crate) fn wipe(&mut self) {
        self.engine.wipe();
        self.names.values_mut().for_each(|slot| (slot.kept, slot.held) = (None, None));
    }

    pub(crate) fn take(&mut self, connection: Connection, want: &Want, now: Duration) -> Taken {
        self.questions += 1;
        let forged = if self.is_hostile { self.forge(want) } else { None };
        if let Some(forged) = forged {
            return forged;
        }
        let taken = self.engine.take(connection, want);
        assert!(!self.is_silent || taken == Taken::Silent, "silent, but {taken:?}");
        let slot = self.names.entry(want.name().as_bytes().to_vec()).or_default();
        if taken != Taken::Silent {
            slot.check_found(&taken, want, now);
        }
        if let Taken::Led(lease) = &taken {
            let generation = lease.generation();
            assert!(generation > want.newer_than());
            assert!(slot.led.insert(generation), "a generation is given twice");
            let held = slot.held.as_ref().filter(|held| now + PRECISION < held.until);
            assert!(held.is_none(), "a lease is given beside another one");
            slot.held = Some(Held { connection, generation, until: now + want.lease() });
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
                self.damage();
                None
            }
            3 => {
                self.engine.remove_all();
                self.names.values_mut().for_each(|slot| (slot.kept, slot.held) = (None, None));
                None
            }
            // An old entry of the same name and generation, that seems to be new.
            4..=6 => {
                let all = &self.names.get(want.name().as_bytes())?.seen;
                let newer: Vec<_> =
                    all.iter().filter(|(old, _)| *old > want.newer_than()).collect();
                let which = self.rng.below(all.len().max(1) as u64) as usize;
                let (generation, bytes) = newer.get(which)?;
                let entry = Entry::from_bytes(bytes).unwrap();
                let age = Duration::from_secs(self.rng.below(60));
                Some(Taken::Found { entry, generation: *generation, age })
            }
            _ => None,
        }
    }

    pub(crate) fn tell(&mut self, connection: Connection, note: &Note, now: Duration) {
        let name = match note {
            Note::Forget { name, .. } | Note::Keep { name, .. } => name,
            Note::Put { lease, .. } => lease.name(),
        };
        let slot = self.names.entry(name.as_bytes().to_vec()).or_default();
        slot.note(note, now, self.is_silent);
        self.engine.tell(connection, note);
    }
}

impl Slot {
    /// An entry that was put last is found, as long as it lives, by those who have not seen it.
    fn check_found(&self, taken: &Taken, want: &Want, now: Duration) {
        let Some(kept) = &self.kept else { return };
        let own_age = now - kept.told_at;
        let (life, is_wanted) = (kept.entry.life(), kept.generation > want.newer_than());
        if !is_wanted || life.abs_diff(own_age) <= PRECISION {
            return;
        }
        if let Taken::Found { entry, generation, age } = taken {
            assert_eq!((*generation, entry), (kept.generation, &kept.entry));
            assert!(age.abs_diff(own_age) <= PRECISION, "{age:?}, not {own_age:?}");
        }
        let is_found = matches!(taken, Taken::Found { .. });
        assert_eq!(is_found, own_age < life, "{taken:?}, {own_age:?} of {life:?}");
    }

    /// Notes what a store does that hears the note.
    fn note(&mut self, note: &Note, now: Duration, is_silent: bool) {
        match note {
            Note::Forget { generation, .. } => {
                self.kept.take_if(|kept| kept.generation == *generation);
            }
            Note::Keep { generation, lease, .. } => {
                let held = self.held.as_mut().filter(|held| held.generation == *generation);
                if let Some(held) = held.filter(|held| !is_silent && now < held.until) {
                    held.until = now + *lease;
                }
            }
            Note::Put { lease, entry } => {
                let generation = lease.generation();
                assert!(self.led.contains(&generation), "a lease that was never given");
                assert!(self.put.insert(generation), "a lease comes back twice");
                self.held.take_if(|held| held.generation == generation);
                let Some(entry) = entry else { return };
                self.seen.push((generation, entry.to_bytes().to_vec()));
                // A lease that is over overwrites nothing newer, as long as that lives.
                let newer = self.kept.as_ref().filter(|kept| {
                    kept.generation > generation && now < kept.told_at + kept.entry.life()
                });
                if newer.is_none() && !is_silent {
                    self.kept = Some(Kept { entry: entry.clone(), generation, told_at: now });
                }
            }
        }
    }
}
