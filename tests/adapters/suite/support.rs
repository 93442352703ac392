use auth_emulator::{Server, System};
use testing::{Builder, Client, Loopback, fixtures};

use super::ADAPTER;

/// A client of a documented cloud.
pub(super) fn client(server: &Server, system: System) -> Client {
    let (cloud, credential, scope) = fixtures::documented(server, system);
    ADAPTER.client(cloud, credential, scope).build().unwrap()
}

/// A client of a server with scripted replies.
pub(super) fn loopback_client(server: &Loopback) -> Builder {
    ADAPTER.client(server.cloud(), fixtures::credential(), fixtures::scope())
}
