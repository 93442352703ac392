//! Standard output and standard error: data, progress, failures, and the exit code.

pub(crate) mod failure;
mod flags;
mod format;
pub(crate) mod print;
pub(crate) mod progress;
pub(crate) mod shell;

pub(crate) use failure::Failure;
pub(crate) use format::{Format, OUTPUT};
