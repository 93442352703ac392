//! What stands between a client and the server: certificates, handshakes, proxies. A certificate that
//! is refused is no reason to try again, in whatever way.

use std::{
    io::{self, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use auth_proto::Cloud;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring::default_provider,
    pki_types::PrivateKeyDer,
};

use crate::{
    ADAPTERS, SHORT,
    clients::{Adapter, Way},
    in_parallel, rows,
    server::read_request,
};

/// What a server does as a client comes.
pub(crate) enum Speaks {
    Tls(Arc<ServerConfig>),
    Bytes(&'static [u8]),
    Nothing,
}

type Row = (&'static str, fn(&Authority) -> Speaks, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("a good certificate", |ca| ca.with(|_| {}), "1 token t1."),
    ("of another host", |ca| ca.of("iam.example", |_| {}), "1 Tls"),
    ("of another address", |ca| ca.of("127.0.0.2", |_| {}), "1 Tls"),
    ("of no host", |ca| ca.with(|params| params.subject_alt_names.clear()), "1 Tls"),
    ("over since 2020", |ca| ca.with(|params| params.not_after = date_time_ymd(2020, 1, 1)), "1 Tls"),
    ("good from 2090 on", |ca| ca.with(|params| params.not_before = date_time_ymd(2090, 1, 1)), "1 Tls"),
    ("of an authority that nobody knows", |_| Authority::new().with(|_| {}), "1 Tls"),
    ("signed by itself", |_| itself(), "1 Tls"),
    ("plain http", |_| Speaks::Bytes(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "1 Tls"),
    ("a redirect to plain http", |_| Speaks::Bytes(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"), "1 Tls"),
    ("no version that is safe", |_| Speaks::Bytes(b"\x15\x03\x01\0\x02\x02\x46"), "1 Tls"),
    ("TLS 1.1", |_| Speaks::Bytes(b"\x16\x03\x02\0\x2a\x02\0\0\x26\x03\x02abcdefghijklmnopqrstuvwxyz012345\0\xc0\x13\0"), "1 Tls"),
    ("SSL 3", |_| Speaks::Bytes(b"\x16\x03\0\0\x2a\x02\0\0\x26\x03\0abcdefghijklmnopqrstuvwxyz012345\0\x00\x05\0"), "1 Tls"),
    ("noise", |_| Speaks::Bytes(&[0x5a; 5000]), "1 Tls"),
    ("a record past all others", |_| Speaks::Bytes(b"\x16\x03\x03\xff\xff\x02\0\0\0"), "1 Tls"),
    ("the end", |_| Speaks::Bytes(b""), "3 "),
    ("silence", |_| Speaks::Nothing, "3 Timeout"),
];

#[test]
fn every_handshake_comes_to_what_it_says() {
    let ca = Authority::new();
    let all: Vec<_> = ROWS.iter().flat_map(|row| ADAPTERS.map(|client| (row, client))).collect();
    let said = in_parallel(&all, |((name, speaks, want), client)| {
        let (port, connections) = start(speaks(&ca));
        let cloud = Cloud::keystone(&format!("https://127.0.0.1:{port}/v3")).unwrap();
        let came = client.token(cloud, 5 * SHORT, &Way::Trusting(ca.pem()));
        line(name, *client, format!("{} {came}", connections.load(SeqCst)), want)
    });
    finish(&said, ROWS.len());
}

/// A name that leads elsewhere since it was judged gets nothing: whoever is there cannot be it.
#[test]
fn a_name_that_leads_to_another_machine_is_not_spoken_to() {
    let ca = Authority::new();
    for client in ADAPTERS {
        let (port, connections) = start(ca.with(|_| {}));
        let cloud = Cloud::keystone(&format!("https://localhost:{port}/v3")).unwrap();
        let came = client.token(cloud, 5 * SHORT, &Way::Trusting(ca.pem()));
        assert!(came.starts_with("Tls"), "{}: {came}", client.name());
        assert_eq!(connections.load(SeqCst), 1, "{}", client.name());
    }
}

/// What a proxy answers as it is asked for a way to the identity service.
#[rustfmt::skip]
const PROXIES: &[(&str, &[u8], &str)] = &[
    ("another password is wanted", b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"s3cret\"\r\nContent-Length: 0\r\n\r\n", "3 Connect"),
    ("a redirect", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:9/s3cret\r\nContent-Length: 0\r\n\r\n", "3 Connect"),
    ("a way that leads to a page", b"HTTP/1.1 200 OK\r\n\r\n<html>s3cret", "1 Tls | 3 Connect"),
    ("a way that leads nowhere", b"HTTP/1.1 200 OK\r\n\r\n", "3 Io | 3 Connect"),
    ("out of order", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\ns3cret", "3 Connect"),
    ("noise", b"\x16\x03\x01s3cret", "3 Io | 3 Connect"),
    ("the end", b"", "3 Connect"),
];

#[test]
fn every_proxy_comes_to_what_it_says() {
    let all: Vec<_> = PROXIES.iter().flat_map(|row| ADAPTERS.map(|client| (row, client))).collect();
    let said = in_parallel(&all, |((name, answer, want), client)| {
        let (port, connections) = start(Speaks::Bytes(answer));
        let way = Way::Proxy(format!("http://s3cret:s3cret@127.0.0.1:{port}"));
        let cloud = Cloud::keystone("https://iam.invalid/v3").unwrap();
        let came = client.token(cloud, 5 * SHORT, &way);
        line(name, *client, format!("{} {came}", connections.load(SeqCst)), want)
    });
    finish(&said, PROXIES.len());
}

fn line(name: &str, client: &dyn Adapter, came: String, want: &str) -> String {
    crate::judged(name, client, &came, want, "")
}

#[expect(clippy::print_stdout, reason = "which rows there are, and how many, is asked for")]
pub(crate) fn finish(said: &[String], rows: usize) {
    said.iter().for_each(|line| println!("{line}"));
    let wrong = said.iter().filter(|line| line.starts_with("WRONG")).count();
    println!("{rows} hostile rows at {} clients, {wrong} wrong", said.len() / rows);
    assert_eq!(wrong, 0, "see the rows that are printed as WRONG");
}

/// A server, and how often somebody came. It ends with the process.
pub(crate) fn start(speaks: Speaks) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let (counter, speaks) = (Arc::clone(&connections), Arc::new(speaks));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counter.fetch_add(1, SeqCst);
            let speaks = Arc::clone(&speaks);
            thread::spawn(move || -> io::Result<()> {
                match &*speaks {
                    Speaks::Tls(config) => {
                        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                        let mut stream = StreamOwned::new(connection, stream);
                        read_request(&mut stream)?;
                        stream.write_all(&rows::good())?;
                        stream.conn.send_close_notify();
                        stream.flush()?;
                    }
                    Speaks::Bytes(bytes) => {
                        // What the client says first is read, so that nothing is reset.
                        io::Read::read(&mut stream, &mut [0; 16_384])?;
                        stream.write_all(bytes)?;
                        stream.shutdown(std::net::Shutdown::Write)?;
                        io::copy(&mut stream, &mut io::sink())?;
                    }
                    Speaks::Nothing => drop(io::copy(&mut stream, &mut io::sink())?),
                }
                Ok(())
            });
        }
    });
    (port, connections)
}

/// Somebody who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: rcgen::Certificate,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), root }
    }

    pub(crate) fn pem(&self) -> String {
        self.root.pem()
    }

    fn with(&self, change: impl FnOnce(&mut CertificateParams)) -> Speaks {
        self.of("127.0.0.1", change)
    }

    fn of(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> Speaks {
        Speaks::Tls(Arc::new(self.config(host, change)))
    }

    pub(crate) fn config(
        &self,
        host: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        change(&mut params);
        speaking(&params.signed_by(&key, &self.issuer).unwrap(), &key)
    }
}

/// A certificate that nobody else has signed.
fn itself() -> Speaks {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    Speaks::Tls(Arc::new(speaking(&params.self_signed(&key).unwrap(), &key)))
}

fn speaking(certificate: &rcgen::Certificate, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}
