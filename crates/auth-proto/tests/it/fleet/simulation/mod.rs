//! A fleet on one simulated clock: processes with their callers, an identity service, and a store that may
//! be a real one. The tests of other packages include this folder.

mod history;
mod process;
mod rules;
mod service;
mod store;
mod world;

use std::time::Duration;

use time::UtcDateTime;

pub(crate) use self::{
    history::run,
    process::{password, settings},
    store::{Connection, Engine},
    world::{Rng, World},
};

/// A lease ends after this time, unless its process keeps it.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
/// A process waits for others for this time in all.
const PATIENCE: Duration = Duration::from_secs(25);
/// The time that [`Engine::wipe`] takes.
pub(crate) const RESTART: Duration = Duration::from_secs(1);
/// The simulated time at the start.
pub(crate) const START: Duration = Duration::from_secs(1_000_000);

/// What a clock that is right shows at this time.
fn clock(now: Duration) -> UtcDateTime {
    // 2026-11-10 18:13:20.
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(1_794_334_400) + now
}
