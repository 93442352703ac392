//! The place of a store: entries, and the promises of every store.

pub(crate) mod entries;
mod laws;
mod model;
