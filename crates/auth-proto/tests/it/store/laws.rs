//! The promises of every store, over random histories of several processes. The tests of other crates
//! include this file.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use auth_proto::{Entry, Lease, Name, Note, Taken, Want};
use proptest::{collection::vec, prelude::*};

/// A store with a clock that a test moves.
pub(crate) trait Subject {
    fn take(&mut self, want: &Want) -> Taken;
    fn tell(&mut self, note: &Note);
    fn advance(&mut self, by: Duration);
    /// Replaces the bytes of all entries.
    fn damage(&mut self);
    /// Answers nothing, or answers again.
    fn set_silent(&mut self, is_silent: bool);
    /// Loses everything, and is there again after [`RESTART`].
    fn wipe(&mut self);
    /// The generations of all entries that live, in order.
    fn generations(&mut self) -> Vec<u64>;
}

pub(crate) const RESTART: Duration = Duration::from_secs(1);

/// What a process, or the world around the store, does. Processes and names are numbers.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Advance(u64),
    Damage,
    /// The process with this number forgets its lease: it was killed.
    Kill(usize),
    Forget(usize, usize),
    /// Tells the store of a lease; with the flag, together with an entry.
    Put(usize, bool),
    Silence(bool),
    Take(usize, usize),
    Wipe,
}

/// Random histories.
pub(crate) fn histories() -> impl Strategy<Value = Vec<Op>> {
    vec(op(), 1..60)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (1..30_000u64).prop_map(Op::Advance),
        1 => Just(Op::Damage),
        1 => (0..PROCESSES).prop_map(Op::Kill),
        2 => (0..PROCESSES, 0..NAMES).prop_map(|(process, name)| Op::Forget(process, name)),
        4 => (0..PROCESSES, any::<bool>()).prop_map(|(process, entry)| Op::Put(process, entry)),
        1 => any::<bool>().prop_map(Op::Silence),
        9 => (0..PROCESSES, 0..NAMES).prop_map(|(process, name)| Op::Take(process, name)),
        1 => Just(Op::Wipe),
    ]
}

const PROCESSES: usize = 4;
pub(crate) const NAMES: usize = 2;
const LEASE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Process {
    /// The greatest generation that it has seen of each name.
    known: [u64; NAMES],
    leases: Vec<Lease>,
}

/// What has happened so far, as far as the promises depend on it.
#[derive(Default)]
struct History {
    now: Duration,
    /// The end of each lease that was given, by name and generation.
    leases: BTreeMap<(usize, u64), Duration>,
    /// The entry that was put last of each name, with its generation and time. A store may have
    /// lost it.
    put: BTreeMap<usize, (u64, Duration)>,
    /// The leases that were given back while the store was silent. It may have heard that.
    unheard: BTreeSet<(usize, u64)>,
}

/// The name with this number.
pub(crate) fn name(number: usize) -> Name {
    Name::new(vec![number as u8].into())
}

/// The answer to a login with this token, which lives for a minute.
fn entry(token: u64) -> Entry {
    let text = token.to_string();
    let life = 60_000u64.to_be_bytes();
    let length = (text.len() as u32).to_be_bytes();
    Entry::from_bytes(&[&[1, 3][..], &life, &[0; 6], &length, text.as_bytes(), b"{}"].concat())
        .unwrap()
}

/// Panics if the store breaks a promise in this history.
pub(crate) fn run(mut store: impl Subject, ops: Vec<Op>) {
    let mut processes: [Process; PROCESSES] = Default::default();
    let mut history = History::default();
    let mut is_silent = false;
    for op in ops {
        match op {
            Op::Advance(milliseconds) => {
                let by = Duration::from_millis(milliseconds);
                store.advance(by);
                history.now += by;
            }
            Op::Damage => {
                store.damage();
                history.put.clear();
            }
            Op::Wipe => {
                store.wipe();
                history.now += RESTART;
                history.put.clear();
                // A new process may take a lease beside an old one.
                history.leases.values_mut().for_each(|until| *until = Duration::ZERO);
            }
            Op::Silence(silent) => {
                is_silent = silent;
                store.set_silent(silent);
            }
            Op::Kill(process) => processes[process] = Process::default(),
            Op::Take(process, number) => {
                let known = &mut processes[process].known[number];
                let taken = store.take(&Want::new(name(number), *known, LEASE));
                assert_eq!(taken == Taken::Silent, is_silent);
                let seen = history.check(&taken, number, *known);
                *known = seen.unwrap_or(*known);
                if let Taken::Led(lease) = taken {
                    processes[process].leases.push(lease);
                }
            }
            Op::Put(process, with_entry) => {
                let Some(lease) = processes[process].leases.pop() else { continue };
                let number = usize::from(lease.name().as_bytes()[0]);
                let generation = lease.generation();
                let entry = with_entry.then(|| entry(generation));
                let has_entry = entry.is_some();
                store.tell(&Note::Put { lease, entry });
                if is_silent {
                    history.unheard.insert((number, generation));
                    continue;
                }
                history.leases.insert((number, generation), Duration::ZERO);
                if has_entry && history.newest(number).is_none_or(|newest| newest < generation) {
                    history.put.insert(number, (generation, history.now));
                }
                history.check_kept(&mut store);
            }
            Op::Forget(process, number) => {
                let generation = processes[process].known[number];
                store.tell(&Note::Forget { name: name(number), generation });
                let put = history.put.get(&number);
                if !is_silent && put.is_some_and(|(newest, _)| *newest == generation) {
                    history.put.remove(&number);
                }
                history.check_kept(&mut store);
            }
        }
    }
}

impl History {
    /// Checks an answer. Returns the generation that the asker knows now, if it is new.
    fn check(&mut self, taken: &Taken, number: usize, known: u64) -> Option<u64> {
        let busy = self.leases.iter().filter(|((name, _), _)| *name == number);
        let busy: Vec<u64> =
            busy.filter(|(_, until)| self.now < **until).map(|((_, held), _)| *held).collect();
        match taken {
            Taken::Busy { generation } => {
                assert!(busy.contains(generation), "no process has the lease {generation}");
                None
            }
            Taken::Found { entry: found, generation, age } => {
                let (newest, told_at) = self.put[&number];
                assert_eq!((*generation, *age), (newest, self.now - told_at));
                assert!(newest > known && *found == entry(newest) && *age < found.life());
                Some(*generation)
            }
            Taken::Led(lease) => {
                let generation = lease.generation();
                let is_heard = |held: &&u64| !self.unheard.contains(&(number, **held));
                assert!(busy.iter().all(|held| !is_heard(&held)), "{generation} beside {busy:?}");
                let earlier = self.leases.keys().filter(|(name, _)| *name == number);
                assert!(earlier.map(|(_, earlier)| *earlier).all(|earlier| earlier < generation));
                assert!(generation > known);
                self.leases.insert((number, generation), self.now + LEASE);
                None
            }
            Taken::Silent => None,
        }
    }

    /// The generation of the newest entry that lives.
    fn newest(&self, number: usize) -> Option<u64> {
        let (newest, told_at) = self.put.get(&number)?;
        (self.now - *told_at < Duration::from_secs(60)).then_some(*newest)
    }

    /// The store has the newest entries that it was told, and no other ones.
    fn check_kept(&self, store: &mut impl Subject) {
        let mut newest: Vec<u64> = (0..NAMES).filter_map(|number| self.newest(number)).collect();
        newest.sort_unstable();
        assert_eq!(store.generations(), newest);
    }
}
