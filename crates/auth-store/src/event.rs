//! What a store reports.

use crate::error::StoreError;

/// A report of a store. No event is an error of a call: a store costs time and logins at most. An event
/// contains no secret and no [`Name`](auth_proto::Name).
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreEvent {
    /// The store gave a lease: the process logs in for all.
    LeaseGiven {
        /// The generation of the lease.
        generation: u64,
    },
    /// The entry of a lease came too late. A newer one is there and stays.
    LeaseOver {
        /// The generation of the lease.
        generation: u64,
        /// The generation that is there.
        newer: u64,
    },
    /// The store did not write a note, so other processes log in themselves.
    NotTold(StoreError),
    /// An entry or a lease counts as absent. The next login replaces it.
    PassedOver(StoreError),
    /// The store could not be asked, or did not answer before its caller went on. The session goes on
    /// without it for 30 s.
    Silent(StoreError),
}
