//! TLS with a private CA: roots, host names, client certificates.

use auth_proto::{ErrorKind, FailureKind};

use crate::{
    case::{Case, On, Want, holds, same},
    keystone::{Keystone, Of, cloud},
    wish::Wish,
};
use testing::Adapter;

pub(crate) fn cases() -> Vec<Case> {
    #[rustfmt::skip]
    let rows = [
        TlsRow { name: "the right CA", ..GOOD },
        TlsRow { name: "the usual CAs", root: None, end: TlsEnd::Tls, ..GOOD },
        TlsRow { name: "a wrong CA", root: Some("stranger-ca.pem"), end: TlsEnd::Tls, ..GOOD },
        TlsRow { name: "a wrong host name", host: "127.0.0.1", end: TlsEnd::Tls, ..GOOD },
        TlsRow { name: "a certificate without a request for it", identity: Some("client.pem"), ..GOOD },
        TlsRow { name: "a client with a certificate", identity: Some("client.pem"), ..MUTUAL },
        TlsRow { name: "a client without one", end: TlsEnd::HungUp, ..MUTUAL },
        TlsRow { name: "a client with a stranger's", identity: Some("stranger.pem"), end: TlsEnd::HungUp, ..MUTUAL },
        TlsRow { name: "a client with a certificate, TLS 1.2", identity: Some("client.pem"), ..OLDER },
        TlsRow { name: "a client without one, TLS 1.2", end: TlsEnd::HungUp, ..OLDER },
        TlsRow { name: "a client with a stranger's, TLS 1.2", identity: Some("stranger.pem"), end: TlsEnd::HungUp, ..OLDER },
        TlsRow { name: "a wrong CA, and a certificate", root: Some("stranger-ca.pem"), identity: Some("client.pem"), end: TlsEnd::Tls, ..MUTUAL },
        TlsRow { name: "https, where the server speaks http", port: |world| plain_port(world), end: TlsEnd::Tls, ..GOOD },
    ];
    rows.into_iter().map(case).collect()
}

/// The result of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TlsEnd {
    /// The server refuses and closes while the client still writes: the rest of the handshake,
    /// which is rare, or in TLS 1.3 the request. ureq reads only after it has written everything,
    /// so it may report a broken connection, which is transient, before it reads the reason.
    HungUp,
    Tls,
    Token,
}

struct TlsRow {
    name: &'static str,
    host: &'static str,
    port: Of<u16>,
    root: Option<&'static str>,
    identity: Option<&'static str>,
    end: TlsEnd,
}

const GOOD: TlsRow = TlsRow {
    name: "",
    host: "localhost",
    port: |world| world.tls_port,
    root: Some("ca.pem"),
    identity: None,
    end: TlsEnd::Token,
};

const MUTUAL: TlsRow = TlsRow { port: |world| world.mutual_tls_port, ..GOOD };

const OLDER: TlsRow = TlsRow { port: |world| world.older_mutual_tls_port, ..GOOD };

fn case(row: TlsRow) -> Case {
    let run = move |world: &Keystone, through| {
        let place = cloud(&format!("https://{}:{}/v3", row.host, (row.port)(world)))?;
        let file = |name: Option<&str>| name.map(|name| world.file(name)).transpose();
        let text = |error: std::io::Error| error.to_string();
        let (root, identity) = (file(row.root).map_err(text)?, file(row.identity).map_err(text)?);
        let wish = Wish::new(place, world.password("alice"), world.project("alpha"));
        let token = Wish { root, identity, ..wish }.token(through);
        if row.end == TlsEnd::Token {
            let want = Want::Token("alice", On::Project("alpha"));
            return want.judge(world, token.as_deref(), true);
        }
        let stop = token.err().ok_or("a token")?;
        // Callers wait for further attempts after a broken connection.
        let error = stop.auth().or_else(|| stop.last()).ok_or_else(|| stop.to_string())?;
        let ErrorKind::Transport(failure) = error.kind() else { return Err(error.to_string()) };
        let is_gone =
            ["Broken pipe", "Connection reset"].iter().any(|words| failure.detail.contains(words));
        if row.end == TlsEnd::HungUp && through == Adapter::Ureq && is_gone {
            same(&error.to_string(), failure.kind, FailureKind::Io)?;
            return holds(error.is_retryable(), || format!("for good: {error}"));
        }
        same(&error.to_string(), failure.kind, FailureKind::Tls)?;
        holds(!error.is_retryable(), || format!("worth another try: {error}"))
    };
    Case::new("TLS", row.name, run).adapters_alone()
}

fn plain_port(world: &Keystone) -> u16 {
    world.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
}
