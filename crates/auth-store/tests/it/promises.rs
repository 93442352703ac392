//! The file store keeps the promises of a store.

use std::{
    cell::Cell,
    fs,
    time::{Duration, SystemTime},
};

use auth_proto::{Note, Store, Taken, Want};
use auth_store::FileStore;
use proptest::{prelude::*, test_runner::FileFailurePersistence};

use crate::{
    laws::{self, RESTART, Subject, histories},
    support::Place,
};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW.get()
}

/// Each call is that of another process that starts: the store is opened again. The leases are those of
/// one process, which lives.
struct Files {
    place: Place,
    store: FileStore,
    is_silent: bool,
}

impl Files {
    fn new() -> Self {
        NOW.set(Duration::from_secs(1_000));
        let place = Place::in_memory();
        let store = place.store().with_clock(now);
        Self { place, store, is_silent: false }
    }

    /// A file in the place of the directory keeps the store silent.
    fn exchange(&self) {
        let aside = self.place.path().with_extension("aside");
        let (directory, file) = (self.place.path(), aside.with_extension("file"));
        if self.is_silent {
            fs::rename(&directory, &aside).unwrap();
            fs::write(&directory, "").unwrap();
        } else {
            fs::rename(&directory, file).unwrap();
            fs::rename(aside, directory).unwrap();
        }
    }
}

impl Subject for Files {
    fn take(&mut self, want: &Want) -> Taken {
        self.store.take(want)
    }

    fn tell(&mut self, note: &Note) {
        self.store.tell(note);
    }

    fn advance(&mut self, by: Duration) {
        NOW.set(NOW.get() + by);
    }

    fn damage(&mut self) {
        let is_silent = self.is_silent;
        self.set_silent(false);
        for path in crate::support::files(&self.place.path()) {
            if path.extension().is_some_and(|end| end == "entry") {
                fs::write(path, b"?").unwrap();
            }
        }
        self.set_silent(is_silent);
    }

    fn set_silent(&mut self, is_silent: bool) {
        if self.is_silent != is_silent {
            self.is_silent = is_silent;
            self.exchange();
        }
    }

    fn wipe(&mut self) {
        let is_silent = self.is_silent;
        self.set_silent(false);
        fs::remove_dir_all(self.place.path()).unwrap();
        self.store = self.place.store().with_clock(now);
        self.set_silent(is_silent);
        self.advance(RESTART);
    }

    fn generations(&mut self) -> Vec<u64> {
        let is_silent = self.is_silent;
        self.set_silent(false);
        let entries = self.store.entries().unwrap();
        self.set_silent(is_silent);
        let living = entries.iter().filter(|entry| entry.rest() != Some(Duration::ZERO));
        let mut generations: Vec<u64> = living.filter_map(|entry| entry.generation()).collect();
        generations.sort_unstable();
        generations
    }
}

fn cases() -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::with_cases(2_000)
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn files_keep_the_promises_of_a_store(history in histories()) {
        laws::run(Files::new(), history);
    }
}

#[test]
fn a_clock_that_goes_back_costs_a_login() {
    let mut files = Files::new();
    let generation = crate::entries::put(&files.store, "t");
    files.advance(Duration::from_secs(5));
    assert_eq!(crate::entries::found(&files.store).1, generation);
    // Adjusted by a second before the entry: it is there.
    NOW.set(Duration::from_secs(999));
    assert_eq!(crate::entries::found(&files.store).1, generation);
    // Set by a minute: whoever comes first logs in, with a newer generation.
    NOW.set(Duration::from_secs(940));
    assert!(crate::entries::put(&files.store, "u") > generation);
    crate::entries::found(&files.store);
    // A lease from the future keeps nobody waiting.
    let lease = crate::entries::lead(&files.store, generation + 1);
    NOW.set(Duration::from_secs(900));
    let next = crate::entries::lead(&files.store, generation + 1);
    assert!(next.generation() > lease.generation());
}
