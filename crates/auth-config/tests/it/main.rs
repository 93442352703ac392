//! All tests of the public interface, and of the layout of the source.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

#[cfg(all(feature = "reqwest", feature = "ureq"))]
mod client;
mod elsewhere;
mod federation;
mod hostile;
mod identity;
mod kinds;
mod layout;
mod limits;
mod load;
mod login;
mod overrides;
mod properties;
mod recipes;
mod rules;
#[cfg(unix)]
mod sources;
mod standalone;
mod support;
mod warnings;
