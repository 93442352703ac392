//! The simulated fleet over the model store.

use std::time::Duration;

use auth_proto::{Note, Taken, Want};

use super::simulation::{Connection, Engine, START, World};
use crate::support::store::ModelStore;

impl Engine for ModelStore {
    fn connect(&mut self, _: Connection) {}

    fn disconnect(&mut self, _: Connection) {}

    fn take(&mut self, _: Connection, want: &Want) -> Taken {
        self.take(want)
    }

    fn tell(&mut self, _: Connection, note: &Note) {
        self.tell(note);
    }

    fn advance(&mut self, by: Duration) {
        self.advance(by);
    }

    fn damage(&mut self) {
        self.damage(b"?");
    }

    fn remove_all(&mut self) {
        self.remove_all();
    }

    fn set_silent(&mut self, is_silent: bool) {
        self.set_silent(is_silent);
    }

    fn wipe(&mut self) {
        self.wipe();
    }
}

pub(super) fn engine() -> Box<dyn Engine> {
    Box::new(ModelStore::at(START))
}

/// An empty world with a model store.
pub(super) fn world(seed: u64) -> World {
    World::new(engine(), seed)
}
