//! What the fault harness and the tests of secrets share.

#![forbid(unsafe_code)]

pub mod needles;
