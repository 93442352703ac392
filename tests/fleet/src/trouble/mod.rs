//! Stores in trouble (S7), and what they show to others.

mod files;
mod impostor;
mod proxy;
mod servers;
mod trial;

use crate::scenario::{Case, Extent};

/// Rows of this many scenarios run side by side.
const BESIDE: usize = 4;

pub(crate) fn cases(_extent: Extent) -> Vec<Case> {
    let groups = ["trouble 1", "trouble 2"];
    let troubles = files::troubles().into_iter().chain(servers::troubles());
    let cases = troubles.enumerate();
    cases.map(|(at, trouble)| trouble.case().beside(groups[at / BESIDE % 2])).collect()
}
