//! Configured TLS settings and time-outs.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpListener,
    process::Stdio,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Server, System};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::{Machine, Run, server::read_request};

/// A CA that issues certificates for a server and a client.
struct Authority {
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { ca: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// Issues a certificate and its key, both as PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A server that answers each login with a token. If `asks`, it requires a client certificate.
    fn serve(&self, asks: bool) -> String {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.der().clone()).unwrap();
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match asks {
            true => config.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .unwrap(),
            ),
            false => config.with_no_client_auth(),
        };
        let (certificate, key) = self.issue("localhost");
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = Arc::new(config.with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/v3", listener.local_addr().unwrap().port());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                // A client that does not trust the certificate ends the handshake.
                let _ = read_request(&mut stream)
                    .and_then(|_| stream.write_all(TOKEN.as_bytes()))
                    .and_then(|()| stream.flush());
            }
        });
        url
    }
}

const TOKEN: &str = "HTTP/1.1 201 Created\r\nX-Subject-Token: t\r\nContent-Length: 47\r\n\
                     Connection: close\r\n\r\n{\"token\":{\"expires_at\":\"2999-01-01T00:00:00Z\"}}";

/// A login at this URL with these further settings.
fn login(machine: &Machine, url: &str, beside: &str) -> Run {
    machine.write(
        "clouds.yaml",
        &format!(
            "clouds: {{c: {{auth: {{auth_url: '{url}', user_id: u, password: pw}}, {beside}}}}}"
        ),
    );
    machine.run(&["token"], "", &[])
}

#[test]
fn a_private_ca() {
    let authority = Authority::new();
    let url = authority.serve(false);
    let machine = Machine::with("clouds: {}");
    machine.write("ca.pem", &authority.ca.pem());
    login(&machine, &url, "").failed(1, "cacert in clouds.yaml, or OS_CACERT");
    assert_eq!(login(&machine, &url, "cacert: ca.pem").ok(), "t\n");
    machine.write("other.pem", &Authority::new().ca.pem());
    login(&machine, &url, "cacert: other.pem").failed(1, "TLS failed");

    let unverified = login(&machine, &url, "insecure: true");
    assert_eq!((unverified.code, unverified.out.as_str()), (0, "t\n"), "{unverified:?}");
    assert!(unverified.err.starts_with("warning: the server's certificate is not verified"));

    machine.write("empty.pem", "");
    login(&machine, &url, "cacert: empty.pem").failed(2, "empty.pem has no certificate");
    login(&machine, &url, "cacert: nosuch.pem").failed(2, "name a readable PEM file");
}

#[test]
fn a_client_certificate() {
    let authority = Authority::new();
    let url = authority.serve(true);
    let machine = Machine::with("clouds: {}");
    machine.write("ca.pem", &authority.ca.pem());
    let (certificate, key) = authority.issue("me");
    machine.write("both.pem", &format!("{certificate}{key}"));
    machine.write("cert.pem", &certificate);
    machine.write("key.pem", &key);
    let ca = "cacert: ca.pem";
    assert_eq!(login(&machine, &url, &format!("{ca}, cert: both.pem")).ok(), "t\n");
    let two = format!("{ca}, cert: cert.pem, key: key.pem");
    assert_eq!(login(&machine, &url, &two).ok(), "t\n");
    login(&machine, &url, &format!("{ca}, cert: cert.pem")).failed(2, "has no private key");
    assert_ne!(login(&machine, &url, ca).code, 0);
}

#[test]
fn a_time_out() {
    let server = Server::start().unwrap();
    let identity = server.url(System::NhnIaas);
    let start = "HTTP/1.1 201 Created\r\nContent-Length: 9999\r\n\r\n";
    // The time-out bounds a whole login, and the silence of a service.
    let logins = ["", start].map(|start| (start, None));
    for (start, identity) in logins.into_iter().chain([("", Some(identity.as_str()))]) {
        let (url, patience) = patience_with(start);
        let machine = Machine::with(&format!(
            "clouds: {{c: {{auth: {{auth_url: '{}'}}, api_timeout: 0.2}}}}",
            identity.unwrap_or(&url)
        ));
        let target = url.replace("/v3", "/");
        let arguments = match identity {
            None => &["validate", "--token-env", "T"][..],
            Some(_) => &["curl", "--token-env", "T", &target],
        };
        let mut child = machine.command(arguments, &[("T", "t")]).stderr(Stdio::null()).spawn();
        // The default would be 15 s, or no limit.
        let patience = patience.recv_timeout(Duration::from_secs(5));
        child.as_mut().unwrap().kill().unwrap();
        child.unwrap().wait().unwrap();
        let enough = Duration::from_millis(150)..Duration::from_secs(4);
        assert!(patience.as_ref().is_ok_and(|it| enough.contains(it)), "{start:?}: {patience:?}");
    }
}

/// A server that begins its answer with `start`, then sends single bytes, or nothing if `start` is
/// empty. Also returns how long its first client stays.
fn patience_with(start: &'static str) -> (String, Receiver<Duration>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v3", listener.local_addr().unwrap());
    let (left, patience) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let came = Instant::now();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer) {
                Ok(1..) => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    if !start.is_empty() {
                        // The next read detects that the client has left.
                        let _ = stream.write_all(b"a");
                    }
                }
                Ok(0) | Err(_) => break,
            }
        }
        left.send(came.elapsed()).unwrap();
    });
    (url, patience)
}
