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

pub(crate) use clocks::tell_time;

use crate::scenario::{Case, Extent};
use trial::Trouble;

/// So many scenarios run side by side, because they wait most of the time.
const BESIDE: usize = 4;

pub(crate) fn cases(extent: Extent) -> Vec<Case> {
    let troubles: Vec<_> = files::troubles().into_iter().chain(servers::troubles()).collect();
    let (ending, lasting): (Vec<_>, Vec<_>) = troubles.into_iter().partition(Trouble::ends_at_last);
    let groups = ["trouble 1", "trouble 2"];
    let lasting = lasting.into_iter().enumerate();
    let mut cases: Vec<_> =
        lasting.map(|(at, trouble)| trouble.case().beside(groups[at / BESIDE % 2])).collect();
    cases.extend(midway::cases());
    cases.extend(damage::cases(extent));
    cases.extend(traces::cases());
    cases.extend(clocks::cases(extent));
    cases.extend(failover::cases(extent));
    // Each of these waits for 31 seconds.
    cases.extend(ending.into_iter().map(|trouble| trouble.case().beside("end of trouble")));
    cases
}
