//! A store: the place where the processes of a fleet share their tokens and their pauses.
//!
//! A session asks the store before it logs in, and tells it what came of the login. It does no I/O
//! itself: [`Action::Take`](crate::Action::Take) hands out a [`Want`], whose answer the driver hands
//! in, and [`Session::poll_note`](crate::Session::poll_note) gives the [`Note`]s for the store.

pub(crate) mod name;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use zeroize::Zeroizing;

use crate::model::entry::Entry;

/// A place where processes share tokens, for threads. `AsyncStore` is the same for tasks.
///
/// For each [name](Want::name), a store keeps one [`Entry`] with its generation, and one lease. A
/// lease is the right to log in: of all processes that want an entry, one gets the lease, logs in and
/// tells the store. Two processes that log in at the same time are no error, because both tokens are
/// valid: leases only save logins. The [manual](crate::manual::shared_tokens) says what a fleet does, and
/// has a store in memory as an example.
///
/// # What a store promises
///
/// * **A generation is given once.** A lease's generation is greater than every earlier one of its
///   name, and than [`Want::newer_than`]. The greater one of `last + 1` and the store's clock in
///   milliseconds fits, and still fits after the store has lost everything.
/// * **A lease that is over overwrites nothing newer.** The entry of a [`Note::Put`] is kept only if
///   the store has none of a greater generation.
/// * **Its own clock counts.** Leases and ages are measured by the store, so the clocks of the
///   processes may differ by any time.
/// * **It is quick.** Both calls return within 250 ms. The caller's thread waits for them, and a
///   driver for threads cannot end the wait; other threads go on. Every error, and everything that
///   takes longer, is [`Taken::Silent`]: the session then logs in without the store, and no call
///   fails.
/// * **It keeps secrets.** A name and an entry contain secrets. A store writes a keyed hash of the
///   name, and seals the entry together with its name and generation, so that nobody who reads or
///   writes its files learns a token or makes one up.
pub trait Store: Send + Sync {
    /// Asks for an entry or for the lease:
    ///
    /// 1. an entry newer than [`Want::newer_than`] is [`Taken::Found`];
    /// 2. else a lease that has not ended is [`Taken::Busy`];
    /// 3. else the caller gets the lease: [`Taken::Led`].
    ///
    /// An entry that does not open, or that is [no entry](Entry::from_bytes), counts as none. A panic
    /// reaches the caller who asked, and the next caller asks again; after three in a row, the session
    /// asks no store for 30 s.
    fn take(&self, want: &Want) -> Taken;

    /// Takes a note. Nobody waits for its effect, and a note that is lost costs a login at most. It
    /// must not panic, because a driver that is closed tells notes, too.
    fn tell(&self, note: &Note);
}

/// A [`Store`] for tasks.
pub trait AsyncStore: Send + Sync {
    /// As [`Store::take`]. The driver takes no answer within 250 ms for [`Taken::Silent`]: it drops
    /// the future. A lease that the store gives nevertheless keeps other processes waiting until it
    /// ends.
    fn take(&self, want: &Want) -> impl Future<Output = Taken> + Send;

    /// As [`Store::tell`], but it returns at once. It is no future, because notes come from every
    /// call that changes a session, also from one that closes it, and no task may be left then to
    /// wait for anything. What takes time goes on by itself, in a task of the store.
    fn tell(&self, note: &Note);
}

/// The bytes that name an entry: the identity service, the user, the scope and the lasting secrets.
/// Whoever has another password wants another entry. A clone is cheap; the bytes are wiped from
/// memory with the last one, and `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Arc<Zeroizing<Vec<u8>>>);

impl Name {
    /// A name of these bytes, for the tests of a store.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(Arc::new(bytes))
    }

    /// The bytes. They contain secrets: a store uses a keyed hash of them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({} bytes)", self.0.len())
    }
}

/// What a session asks of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    name: Name,
    newer_than: u64,
    lease: Duration,
}

impl Want {
    /// The wish for an entry of this name, of a later generation than this one. A lease is to last
    /// this long.
    pub fn new(name: Name, newer_than: u64, lease: Duration) -> Self {
        Self { name, newer_than, lease }
    }

    /// The name of the entry.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The generation that is of no use to the session, with all earlier ones; 0 if it knows none.
    pub fn newer_than(&self) -> u64 {
        self.newer_than
    }

    /// How long a lease lasts. Then the store gives the next one, with another generation.
    pub fn lease(&self) -> Duration {
        self.lease
    }
}

/// The right to log in for all processes, until the store's clock ends it. It comes back to the store
/// in a [`Note::Put`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lease that is not told back keeps all other processes waiting until it ends"]
pub struct Lease {
    name: Name,
    generation: u64,
}

impl Lease {
    /// The lease of a name, with a generation that the store has not given before.
    pub fn new(name: Name, generation: u64) -> Self {
        Self { name, generation }
    }

    /// The name that the lease was taken by. It stays the same if the session's credential changes.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The generation of the entry that the holder may put.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// A store's answer to a [`Want`].
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store knows every answer")]
pub enum Taken {
    /// Another process has the lease of this generation.
    Busy {
        /// The generation of its lease.
        generation: u64,
    },
    /// An entry.
    Found {
        /// The entry.
        entry: Entry,
        /// Its generation.
        generation: u64,
        /// The time since the store was told, by the store's clock.
        age: Duration,
    },
    /// The caller has the lease now.
    Led(Lease),
    /// The store could not be asked, or gave no answer in time.
    Silent,
}

/// What a session tells a store.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store knows every note")]
pub enum Note {
    /// Remove the entry of this name if it is of this generation: a service has refused its token.
    Forget {
        /// The name of the entry.
        name: Name,
        /// The generation that the session has found or put.
        generation: u64,
    },
    /// The login goes on, because a person has not answered yet for example: the lease of this
    /// generation ends only after this time from now on. The store does nothing if the lease has
    /// come back or has ended: notes of two calls may arrive in any order.
    Keep {
        /// The name of the lease.
        name: Name,
        /// The generation of the lease.
        generation: u64,
        /// How long the lease lasts from now on.
        lease: Duration,
    },
    /// Keep this entry, if there is one, unless a newer one is there. The lease ends either way.
    Put {
        /// The lease. A store may have given its name's lease to another process since.
        lease: Lease,
        /// The entry; `None` if the login came to nothing that concerns other processes.
        entry: Option<Entry>,
    },
}
