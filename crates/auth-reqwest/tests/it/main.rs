//! The client over real sockets: against the emulator, and against servers that misbehave.

#![allow(
    clippy::or_fun_call,
    clippy::unwrap_used,
    reason = "helpers of tests are tests to a reader, but not to the lint"
)]

mod calls;
#[cfg(feature = "tracing")]
mod events;
mod exchanges;
mod framing;
#[cfg(feature = "http2")]
mod http2;
mod logins;
mod renewal;
mod safety;
mod service;
mod support;
#[cfg(feature = "rustls")]
mod tls;
mod waits;
mod ways;

use auth_emulator::{Emulator, Server, System};
use auth_reqwest::{Builder, Client};
use support::{Raw, credential, documented, scope};

fn start(emulator: Emulator) -> Server {
    Server::start_with(emulator).unwrap()
}

/// A client of a documented cloud.
fn client(server: &Server, system: System) -> Client {
    let (cloud, credential, scope) = documented(server, system);
    direct(Client::builder(cloud, credential, scope)).build().unwrap()
}

/// A client of a server that a test wrote.
fn raw_client(raw: &Raw) -> Builder {
    direct(Client::builder(raw.cloud(), credential(), scope()))
}

/// Whatever proxy the environment names, it does not lead to loopback.
fn direct(builder: Builder) -> Builder {
    #[cfg(feature = "tracing")]
    events::listen();
    builder.http(|| reqwest::Client::builder().no_proxy())
}
