//! What the harnesses and the tests of secrets share.

#![deny(unsafe_code)]

pub mod allocator;
pub mod bodies;
pub mod inputs;
pub mod naive;
pub mod needles;
