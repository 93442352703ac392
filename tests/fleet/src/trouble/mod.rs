//! Stores in trouble (S7), clocks that differ (S8), what others can see of a store (S11), and a server
//! that fails over (S12).

mod canaries;
mod clocks;
mod damage;
mod failover;
mod files;
mod impostor;
mod midway;
mod proxy;
mod servers;
mod strace;
mod traces;
mod trial;
mod world;

pub(crate) use clocks::tell_time;

use crate::scenario::{Case, Extent};
use trial::Trouble;

/// So many scenarios run side by side, because they wait most of the time.
const BESIDE: usize = 4;

pub(crate) fn cases(extent: Extent) -> Vec<Case> {
    let groups = ["trouble 1", "trouble 2"];
    let troubles = files::troubles().into_iter().chain(servers::troubles());
    let (lasting, ending): (Vec<_>, Vec<_>) = troubles.map(Trouble::cases).unzip();
    let lasting = lasting.into_iter().enumerate();
    let mut cases: Vec<_> =
        lasting.map(|(at, case)| case.beside(groups[at / BESIDE % 2])).collect();
    cases.extend(midway::cases());
    // These count logins, and a machine that is too busy would make a process go without the store.
    cases.extend(damage::cases(extent));
    cases.extend(clocks::cases(extent));
    cases.extend(failover::cases(extent));
    // Each end is followed by a wait of 31 seconds.
    let slow = ending.into_iter().flatten().chain(servers::late()).chain(traces::cases());
    cases.extend(slow.map(|case| case.beside("slow")));
    cases
}
