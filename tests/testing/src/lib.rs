//! What the tests of both adapters share.

#![deny(unsafe_code)]

pub mod allocator;
pub mod needles;
