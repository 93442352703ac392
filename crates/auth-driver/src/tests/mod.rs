//! Tests of the loops, on scripted schedules.

mod asked;
mod counts;
mod executor;
mod plan;
mod schedules;
mod service;
mod store;
mod tasks;
pub(crate) mod threads;
mod world;
