//! The model store keeps the promises of a store.

use std::time::Duration;

use auth_proto::{Note, Taken, Want};
use proptest::prelude::*;

use super::laws::{self, NAMES, Subject, histories};
use crate::support::{cases, store::ModelStore};

impl Subject for ModelStore {
    fn take(&mut self, want: &Want) -> Taken {
        self.take(want)
    }

    fn tell(&mut self, note: &Note) {
        self.tell(note);
    }

    fn advance(&mut self, by: Duration) {
        self.advance(by);
    }

    fn damage(&mut self) {
        self.damage(b"?");
    }

    fn set_silent(&mut self, is_silent: bool) {
        self.set_silent(is_silent);
    }

    fn wipe(&mut self) {
        self.wipe();
    }

    fn generations(&mut self) -> Vec<u64> {
        let names = (0..NAMES).map(laws::name);
        let mut generations: Vec<u64> = names.filter_map(|name| self.generation(&name)).collect();
        generations.sort_unstable();
        generations
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_store_keeps_its_promises(history in histories()) {
        laws::run(ModelStore::at(Duration::from_secs(1_000)), history);
    }
}
