//! TLS with a private CA: roots, host names, client certificates.

use auth_proto::{ErrorKind, FailureKind};

use crate::{
    case::{Case, On, Want, holds, same},
    client::{Client, Stop, Through, Tls, Wish},
    keystone::{Keystone, Of, cloud},
};

pub(crate) fn cases() -> Vec<Case> {
    let rows = [
        Row { name: "the right CA", ..GOOD },
        Row { name: "the usual CAs", root: None, end: End::Tls, ..GOOD },
        Row { name: "a wrong CA", root: Some("stranger-ca.pem"), end: End::Tls, ..GOOD },
        Row { name: "a wrong host name", host: "127.0.0.1", end: End::Tls, ..GOOD },
        Row {
            name: "a certificate without a request for it",
            identity: Some("client.pem"),
            ..GOOD
        },
        Row { name: "a client with a certificate", identity: Some("client.pem"), ..MUTUAL },
        Row { name: "a client without one", end: End::HungUp, ..MUTUAL },
        Row {
            name: "a client with a stranger's",
            identity: Some("stranger.pem"),
            end: End::HungUp,
            ..MUTUAL
        },
        Row { name: "a client with a certificate, TLS 1.2", identity: Some("client.pem"), ..OLDER },
        Row { name: "a client without one, TLS 1.2", end: End::HungUp, ..OLDER },
        Row {
            name: "a client with a stranger's, TLS 1.2",
            identity: Some("stranger.pem"),
            end: End::HungUp,
            ..OLDER
        },
        Row {
            name: "a wrong CA, and a certificate",
            root: Some("stranger-ca.pem"),
            identity: Some("client.pem"),
            end: End::Tls,
            ..MUTUAL
        },
        Row {
            name: "https, where the server speaks http",
            port: |world| plain_port(world),
            end: End::Tls,
            ..GOOD
        },
    ];
    rows.into_iter().map(case).collect()
}

/// The result of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The server refuses and closes while the client still writes: the rest of the handshake,
    /// which is rare, or in TLS 1.3 the request. ureq reads only after it has written everything,
    /// so it may report a broken connection, which is transient, before it reads the reason.
    HungUp,
    Tls,
    Token,
}

struct Row {
    name: &'static str,
    host: &'static str,
    port: Of<u16>,
    root: Option<&'static str>,
    identity: Option<&'static str>,
    end: End,
}

const GOOD: Row = Row {
    name: "",
    host: "localhost",
    port: |world| world.tls_port,
    root: Some("ca.pem"),
    identity: None,
    end: End::Token,
};

const MUTUAL: Row = Row { port: |world| world.mutual_tls_port, ..GOOD };

const OLDER: Row = Row { port: |world| world.older_mutual_tls_port, ..GOOD };

fn case(row: Row) -> Case {
    let run = move |world: &Keystone, through| {
        let place = cloud(&format!("https://{}:{}/v3", row.host, (row.port)(world)))?;
        let file = |name: Option<&str>| name.map(|name| world.file(name)).transpose();
        let text = |error: std::io::Error| error.to_string();
        let tls = Tls {
            root: file(row.root).map_err(text)?,
            identity: file(row.identity).map_err(text)?,
        };
        let wish = Wish::new(place, world.password("alice"), world.project("alpha"));
        let client = Client::new(through, Wish { tls, ..wish });
        let token = client.and_then(|client| client.token());
        if row.end == End::Token {
            let want = Want::Token("alice", On::Project("alpha"));
            return want.judge(world, token.as_deref(), true);
        }
        match token {
            Err(Stop::Auth(error)) => {
                let ErrorKind::Transport(failure) = error.kind() else {
                    return Err(error.to_string());
                };
                let is_gone = ["Broken pipe", "Connection reset"]
                    .iter()
                    .any(|words| failure.detail.contains(words));
                if row.end == End::HungUp && through == Through::Ureq && is_gone {
                    same(&error.to_string(), failure.kind, FailureKind::Io)?;
                    return holds(error.is_retryable(), || format!("for good: {error}"));
                }
                same(&error.to_string(), failure.kind, FailureKind::Tls)?;
                holds(!error.is_retryable(), || format!("worth another try: {error}"))
            }
            Err(stop) => Err(stop.to_string()),
            Ok(_) => Err("a token".to_owned()),
        }
    };
    Case::new("TLS", row.name, run).adapters_alone()
}

fn plain_port(world: &Keystone) -> u16 {
    world.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
}
