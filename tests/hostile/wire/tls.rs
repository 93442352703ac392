//! Certificates, handshakes and proxies between a client and the server. A refused certificate is not
//! tried again.

use auth_proto::{Cloud, Credential, Scope, UserRef};
use rcgen::date_time_ymd;
use rustls::ServerConfig;
use testing::{Adapter, Authority, Builder, Loopback, Reply};

use crate::{
    SHORT,
    clients::{Route, token},
    in_parallel, judged, rows,
};

/// A name, the server's side of the handshake, and the outcome.
type Handshake = (&'static str, fn(&Authority) -> Loopback, &'static str);

#[rustfmt::skip]
const HANDSHAKES: &[Handshake] = &[
    ("a good certificate", |ca| tls(ca.server(HOST)), "1 token t1."),
    ("of another host", |ca| tls(ca.server("iam.example")), "1 Tls"),
    ("of another address", |ca| tls(ca.server("127.0.0.2")), "1 Tls"),
    ("of no host", |ca| tls(ca.server_with(HOST, |params| params.subject_alt_names.clear())), "1 Tls"),
    ("over since 2020", |ca| tls(ca.server_with(HOST, |params| params.not_after = date_time_ymd(2020, 1, 1))), "1 Tls"),
    ("good from 2090 on", |ca| tls(ca.server_with(HOST, |params| params.not_before = date_time_ymd(2090, 1, 1))), "1 Tls"),
    ("of an unknown authority", |_| tls(Authority::new().server(HOST)), "1 Tls"),
    ("signed by itself", |_| tls(Authority::self_signed(HOST)), "1 Tls"),
    ("plain http", |_| Loopback::bytes(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "1 Tls"),
    ("a redirect to plain http", |_| Loopback::bytes(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"), "1 Tls"),
    ("no version that is safe", |_| Loopback::bytes(b"\x15\x03\x01\0\x02\x02\x46"), "1 Tls"),
    ("TLS 1.1", |_| Loopback::bytes(b"\x16\x03\x02\0\x2a\x02\0\0\x26\x03\x02abcdefghijklmnopqrstuvwxyz012345\0\xc0\x13\0"), "1 Tls"),
    ("SSL 3", |_| Loopback::bytes(b"\x16\x03\0\0\x2a\x02\0\0\x26\x03\0abcdefghijklmnopqrstuvwxyz012345\0\x00\x05\0"), "1 Tls"),
    ("noise", |_| Loopback::bytes(&[0x5a; 5000]), "1 Tls"),
    ("a record past all others", |_| Loopback::bytes(b"\x16\x03\x03\xff\xff\x02\0\0\0"), "1 Tls"),
    ("the end", |_| Loopback::bytes(b""), "3 "),
    ("silence", |_| Loopback::silent(), "3 Connect"),
];

const HOST: &str = "127.0.0.1";

fn tls(config: ServerConfig) -> Loopback {
    Loopback::start_tls(config, |_| Reply::bytes(rows::good()))
}

#[test]
fn every_handshake_has_its_outcome() {
    let ca = Authority::new();
    let rows = HANDSHAKES.iter();
    let all: Vec<_> = rows.flat_map(|row| Adapter::BOTH.map(|adapter| (row, adapter))).collect();
    let lines = in_parallel(&all, |((name, server, want), adapter)| {
        let server = server(&ca);
        let cloud = Cloud::keystone(&format!("https://127.0.0.1:{}/v3", server.port())).unwrap();
        let outcome = token(*adapter, cloud, 5 * SHORT, &Route::Trusting(ca.pem()));
        let outcome = format!("{} {outcome}", server.connections());
        judged(name, *adapter, &outcome, want, "")
    });
    finish(&lines, HANDSHAKES.len());
}

/// A client certificate that no handshake can use: ureq would panic at the first connection.
#[test]
fn an_unusable_client_certificate_is_refused() {
    let ca = Authority::new();
    let ((cert, key), (_, other)) = (ca.issue("me"), ca.issue("me"));
    let garbage = |label| format!("-----BEGIN {label}-----\nTUlJQ2Fu\n-----END {label}-----\n");
    let mislabelled = key.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let rsa1024 = include_str!("../../../crates/auth-config/tests/it/pem/rsa1024.pem");
    for (name, pem) in [
        ("the key of another", format!("{cert}{other}")),
        ("RSA with 1024 bits", rsa1024.to_owned()),
        ("a certificate that is none", garbage("CERTIFICATE") + &key),
        ("a key that is none", cert.clone() + &garbage("PRIVATE KEY")),
        ("a key under another label", cert.clone() + &mislabelled),
    ] {
        for adapter in Adapter::BOTH {
            let built = user(adapter).identity(&pem).build();
            let said = built.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.starts_with("the HTTP client cannot be built: "), "{name}: {said}");
            assert!(!said.contains(key.lines().nth(1).unwrap()), "{name}: {said}");
        }
    }
    for adapter in Adapter::BOTH {
        assert!(user(adapter).identity(format!("{cert}{key}")).build().is_ok());
        let roots = user(adapter).trust(garbage("CERTIFICATE")).build();
        let said = roots.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.starts_with("the HTTP client cannot be built: "), "{said}");
    }
}

fn user(adapter: Adapter) -> Builder {
    let cloud = Cloud::keystone("https://127.0.0.1:9/v3").unwrap();
    adapter.client(cloud, Credential::password(UserRef::id("u"), "secretsecret"), Scope::default())
}

/// A host name that leads to another machine than before: the certificate there is another one's.
#[test]
fn an_impostor_gets_no_request() {
    let ca = Authority::new();
    for adapter in Adapter::BOTH {
        let server = tls(ca.server(HOST));
        let cloud = Cloud::keystone(&format!("https://localhost:{}/v3", server.port())).unwrap();
        let outcome = token(adapter, cloud, 5 * SHORT, &Route::Trusting(ca.pem()));
        assert!(outcome.starts_with("Tls"), "{adapter}: {outcome}");
        assert_eq!(server.connections(), 1, "{adapter}");
    }
}

/// A name, the proxy's response to a request for a tunnel, and the outcome.
#[rustfmt::skip]
const PROXIES: &[(&str, &[u8], &str)] = &[
    ("another password is wanted", b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"s3cret\"\r\nContent-Length: 0\r\n\r\n", "3 Connect"),
    ("a redirect", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:9/s3cret\r\nContent-Length: 0\r\n\r\n", "3 Connect"),
    ("a way that leads to a page", b"HTTP/1.1 200 OK\r\n\r\n<html>s3cret", "1 Tls | 3 Connect"),
    ("a way that leads nowhere", b"HTTP/1.1 200 OK\r\n\r\n", "3 Connect"),
    ("out of order", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\ns3cret", "3 Connect"),
    ("noise", b"\x16\x03\x01s3cret", "3 Connect"),
    ("the end", b"", "3 Connect"),
];

#[test]
fn every_proxy_has_its_outcome() {
    let rows = PROXIES.iter();
    let all: Vec<_> = rows.flat_map(|row| Adapter::BOTH.map(|adapter| (row, adapter))).collect();
    let lines = in_parallel(&all, |((name, response, want), adapter)| {
        let proxy = Loopback::bytes(response);
        let route = Route::Proxy(format!("http://s3cret:s3cret@127.0.0.1:{}", proxy.port()));
        let cloud = Cloud::keystone("https://iam.invalid/v3").unwrap();
        let outcome = token(*adapter, cloud, 5 * SHORT, &route);
        let outcome = format!("{} {outcome}", proxy.connections());
        judged(name, *adapter, &outcome, want, "")
    });
    finish(&lines, PROXIES.len());
}

#[expect(clippy::print_stdout, reason = "the rows and their number are printed")]
pub(crate) fn finish(lines: &[String], rows: usize) {
    lines.iter().for_each(|line| println!("{line}"));
    let wrong = lines.iter().filter(|line| line.starts_with("WRONG")).count();
    println!("{rows} hostile rows at {} clients, {wrong} wrong", lines.len() / rows);
    assert_eq!(wrong, 0, "see the rows that are printed as WRONG");
}
