//! What the harnesses and the tests of secrets share.

#![forbid(unsafe_code)]

pub mod bodies;
pub mod naive;
pub mod needles;
