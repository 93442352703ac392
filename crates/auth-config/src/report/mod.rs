//! Errors and warnings, and the places in the configuration that they refer to.

pub(crate) mod error;
pub(crate) mod origin;
pub(crate) mod problem;
pub(crate) mod warning;
