//! What the tests of both adapters share.

pub mod needles;
