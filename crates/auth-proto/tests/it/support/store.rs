//! A store in memory, with a clock of its own, that can fail in every way that a store may fail.

use std::{collections::BTreeMap, time::Duration};

use auth_proto::{Entry, Lease, Name, Note, Taken, Want};

/// The promises of [`auth_proto::Store`] in their simplest form: maps, and no process but this one.
#[derive(Debug, Default)]
pub(crate) struct ModelStore {
    slots: BTreeMap<Vec<u8>, Slot>,
    /// The store's clock.
    now: Duration,
    is_silent: bool,
    /// The number of questions so far.
    pub(crate) questions: usize,
}

/// What is kept under one name.
#[derive(Debug, Default)]
struct Slot {
    /// The greatest generation so far.
    last: u64,
    /// The generation of the lease, and its end.
    lease: Option<(u64, Duration)>,
    entry: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    generation: u64,
    /// As a real store keeps it.
    bytes: Vec<u8>,
    told_at: Duration,
}

/// The time that [`ModelStore::wipe`] takes.
pub(crate) const RESTART: Duration = Duration::from_secs(1);

impl ModelStore {
    /// A store whose clock shows this time.
    pub(crate) fn at(now: Duration) -> Self {
        Self { now, ..Self::default() }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.now += by;
    }

    /// Loses everything, as a server without a disk does when it starts again, a second later.
    pub(crate) fn wipe(&mut self) {
        self.slots.clear();
        self.now += RESTART;
    }

    /// Answers nothing, or answers again.
    pub(crate) fn set_silent(&mut self, is_silent: bool) {
        self.is_silent = is_silent;
    }

    /// Replaces the bytes of all entries.
    pub(crate) fn damage(&mut self, bytes: &[u8]) {
        for kept in self.slots.values_mut().filter_map(|slot| slot.entry.as_mut()) {
            kept.bytes = bytes.to_vec();
        }
    }

    /// Loses all entries and leases. The time goes on before the next lease.
    pub(crate) fn remove_all(&mut self) {
        for slot in self.slots.values_mut() {
            (slot.lease, slot.entry) = (None, None);
        }
    }

    pub(crate) fn take(&mut self, want: &Want) -> Taken {
        self.questions += 1;
        if self.is_silent {
            return Taken::Silent;
        }
        let (now, milliseconds) = (self.now, self.now.as_millis() as u64);
        let slot = self.slots.entry(want.name().as_bytes().to_vec()).or_default();
        if let Some((entry, kept)) = slot.entry_at(now)
            && kept.generation > want.newer_than()
        {
            let (generation, age) = (kept.generation, now - kept.told_at);
            return Taken::Found { entry, generation, age };
        }
        if let Some((generation, until)) = slot.lease
            && now < until
        {
            return Taken::Busy { generation };
        }
        let generation = milliseconds.max(slot.last + 1).max(want.newer_than() + 1);
        slot.last = generation;
        slot.lease = Some((generation, now + want.lease()));
        Taken::Led(Lease::new(want.name().clone(), generation))
    }

    pub(crate) fn tell(&mut self, note: &Note) {
        if self.is_silent {
            return;
        }
        let now = self.now;
        match note {
            Note::Forget { name, generation } => {
                let slot = self.slots.get_mut(name.as_bytes());
                slot.into_iter().for_each(|slot| {
                    slot.entry.take_if(|kept| kept.generation == *generation);
                });
            }
            Note::Keep { name, generation, lease } => {
                let slot = self.slots.get_mut(name.as_bytes());
                slot.and_then(|slot| slot.lease.as_mut())
                    .filter(|(held, _)| held == generation)
                    .into_iter()
                    .for_each(|(_, until)| *until = now + *lease);
            }
            Note::Put { lease, entry } => {
                let generation = lease.generation();
                let slot = self.slots.entry(lease.name().as_bytes().to_vec()).or_default();
                slot.last = slot.last.max(generation);
                slot.lease.take_if(|(held, _)| *held == generation);
                let newest = slot.entry_at(now).map(|(_, kept)| kept.generation);
                let is_newest = newest.is_none_or(|newest| newest < generation);
                if let Some(entry) = entry.as_ref().filter(|_| is_newest) {
                    let bytes = entry.to_bytes().to_vec();
                    slot.entry = Some(Kept { generation, bytes, told_at: now });
                }
            }
        }
    }

    /// The generation of the entry of this name, as long as it is kept.
    pub(crate) fn generation(&self, name: &Name) -> Option<u64> {
        let (_, kept) = self.slots.get(name.as_bytes())?.entry_at(self.now)?;
        Some(kept.generation)
    }
}

impl Slot {
    /// The entry, unless its life is over or its bytes are damaged.
    fn entry_at(&self, now: Duration) -> Option<(Entry, &Kept)> {
        let kept = self.entry.as_ref()?;
        let entry = Entry::from_bytes(&kept.bytes)?;
        (now - kept.told_at < entry.life()).then_some((entry, kept))
    }
}
