//! The cases, by topic.

mod callers;
mod catalogs;
mod discovery;
mod factors;
mod federated;
mod life;
mod odd;
mod operations;
mod reason;
mod refusals;
mod secure;
mod tokens;
mod v2;
mod ways;

use crate::{case::Case, keystone::Keystone};

/// All cases for a server.
pub(crate) fn all(world: &Keystone) -> Vec<Case> {
    if world.is_v2() {
        return v2::cases().into_iter().chain(life::v2_cases()).collect();
    }
    let v3 = [
        ways::cases,
        factors::cases,
        tokens::cases,
        catalogs::cases,
        discovery::cases,
        secure::cases,
        operations::cases,
        callers::cases,
        refusals::cases,
        life::cases,
    ];
    v3.into_iter().flat_map(|cases| cases()).chain(federated::cases(world)).collect()
}
