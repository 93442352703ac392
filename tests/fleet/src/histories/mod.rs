//! Random histories of simulated processes, whose store is a real one.

mod files;
mod redis;

#[allow(
    clippy::unwrap_used,
    dead_code,
    unused_imports,
    reason = "it belongs to the tests of auth-proto"
)]
#[path = "../../../../crates/auth-proto/tests/it/fleet/simulation/mod.rs"]
mod simulation;

use std::{
    error::Error,
    panic::{self, AssertUnwindSafe},
};

use self::{files::Files, redis::Server, simulation::Engine};
use crate::{
    harness::StoreKind,
    scenario::{Case, Extent, Tally},
};

const BOUND: &str = "no promise broken";

pub(crate) fn cases(extent: Extent) -> Vec<Case> {
    let histories = if extent.is_short { 20 } else { 300 };
    let scenario =
        format!("{histories} histories of kills, revocations, wipes, outages and wrong clocks");
    let run = move |kind: StoreKind, tally: &mut Tally| match kind.is_redis() {
        true => {
            let server = Server::start()?;
            run(histories, extent.seed, tally, || server.engine())
        }
        false => run(histories, extent.seed, tally, || Ok(Box::new(Files::new()?))),
    };
    let cases = Case::each("S10", scenario, BOUND, &StoreKind::BLOCKING, run);
    cases.into_iter().map(|case| case.beside("histories")).collect()
}

/// One history after the other. Each has a seed of its own.
fn run(
    histories: u64,
    first: u64,
    tally: &mut Tally,
    engine: impl Fn() -> Result<Box<dyn Engine>, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut questions = 0;
    for seed in first..first + histories {
        let engine = engine()?;
        match panic::catch_unwind(AssertUnwindSafe(|| simulation::run(engine, seed))) {
            Ok(summary) => {
                tally.processes += summary.processes;
                tally.logins += summary.logins;
                questions += summary.questions as u64;
            }
            // The panic has said what is broken.
            Err(_) => tally.holds(format!("--only S10 --seed {seed} breaks no promise"), false),
        }
    }
    tally.figure("questions", questions);
    Ok(())
}
