//! Tests of the loops, on scripted schedules.

mod asked;
mod bad_stores;
mod counts;
mod executor;
mod leases;
mod notes;
mod plan;
mod questions;
mod schedules;
mod script;
mod service;
mod store;
mod tasks;
pub(crate) mod threads;
mod world;
