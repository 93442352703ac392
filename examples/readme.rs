//! The examples of the README, run as doctests. This package depends on every crate that they use.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
