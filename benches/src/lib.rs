//! Inputs of the measurements, shared with `benches/peers`.

#![forbid(unsafe_code)]

pub mod bodies;
pub mod inputs;
pub mod naive;

pub use testing::allocator;
