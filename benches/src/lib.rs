//! Inputs of the measurements, shared with `benches/peers`.

#![deny(unsafe_code)]

pub mod allocator;
pub mod bodies;
pub mod inputs;
pub mod naive;
