//! The suite for `auth-reqwest`, and the tests of `auth-reqwest` alone: tokio, cancellation, HTTP/2.

use testing::Adapter;

const ADAPTER: Adapter = Adapter::Reqwest;

#[path = "suite/calls.rs"]
mod calls;
mod cancellation;
#[path = "suite/events.rs"]
mod events;
#[path = "suite/framing.rs"]
mod framing;
mod http2;
#[path = "suite/logins.rs"]
mod logins;
#[path = "suite/refusals.rs"]
mod refusals;
#[path = "suite/renewal.rs"]
mod renewal;
#[path = "suite/requests.rs"]
mod requests;
#[path = "suite/safety.rs"]
mod safety;
#[path = "suite/service.rs"]
mod service;
#[path = "suite/support.rs"]
mod support;
mod tasks;
#[path = "suite/uploads.rs"]
mod uploads;
#[path = "suite/waits.rs"]
mod waits;
#[path = "suite/ways.rs"]
mod ways;
