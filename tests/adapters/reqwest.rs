//! The suite for `auth-reqwest`, and the tests of `auth-reqwest` alone: tokio, cancellation, HTTP/2.

use testing::Adapter;

const ADAPTER: Adapter = Adapter::Reqwest;

mod cancellation;
mod http2;
mod stores;
#[path = "suite/mod.rs"]
mod suite;
mod tasks;
