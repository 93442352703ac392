//! Which secret reached which party.

pub mod configured;
pub(crate) mod recorder;
