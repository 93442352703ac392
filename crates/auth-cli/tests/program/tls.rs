//! Configured TLS settings and time-outs.

use std::{
    io::{ErrorKind, Read, Write},
    process::Stdio,
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use auth_emulator::{Server, System};
use rustls::ServerConfig;
use testing::{Authority, Loopback, Reply};

use crate::{Machine, Run};

/// The identity URL of a server that answers each login with a token.
fn serve(config: ServerConfig) -> String {
    let server = Loopback::start_tls(config, |_| Reply::bytes(TOKEN));
    format!("https://localhost:{}/v3", server.port())
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
    machine.run(&["token", "--no-store"], "", &[])
}

#[test]
fn a_private_ca() {
    let authority = Authority::new();
    let url = serve(authority.server("localhost"));
    let machine = Machine::with("clouds: {}");
    machine.write("ca.pem", &authority.pem());
    login(&machine, &url, "").failed(1, "cacert in clouds.yaml, or OS_CACERT");
    assert_eq!(login(&machine, &url, "cacert: ca.pem").ok(), "t\n");
    machine.write("other.pem", &Authority::new().pem());
    login(&machine, &url, "cacert: other.pem").failed(1, "TLS failed");

    let unverified = login(&machine, &url, "insecure: true");
    assert_eq!((unverified.code, unverified.out.as_str()), (0, "t\n"), "{unverified:?}");
    assert!(unverified.err.starts_with("warning: the server's certificate is not verified"));

    machine.write("empty.pem", "");
    login(&machine, &url, "cacert: empty.pem").failed(2, "empty.pem: no certificate in it");
    login(&machine, &url, "cacert: nosuch.pem").failed(2, "nosuch.pem: does not exist");
}

#[test]
fn a_client_certificate() {
    let authority = Authority::new();
    let url = serve(authority.mutual_server("localhost"));
    let machine = Machine::with("clouds: {}");
    machine.write("ca.pem", &authority.pem());
    let (certificate, key) = authority.issue("me");
    machine.write("both.pem", &format!("{certificate}{key}"));
    machine.write("cert.pem", &certificate);
    machine.write("key.pem", &key);
    let ca = "cacert: ca.pem";
    assert_eq!(login(&machine, &url, &format!("{ca}, cert: both.pem")).ok(), "t\n");
    let two = format!("{ca}, cert: cert.pem, key: key.pem");
    assert_eq!(login(&machine, &url, &two).ok(), "t\n");
    login(&machine, &url, &format!("{ca}, cert: cert.pem"))
        .failed(2, "cert.pem: no private key in it");
    assert_ne!(login(&machine, &url, ca).code, 0);
}

/// ureq would panic at the first connection.
#[test]
fn an_unusable_client_certificate_is_an_error() {
    let authority = Authority::new();
    let url = serve(authority.mutual_server("localhost"));
    let machine = Machine::with("clouds: {}");
    machine.write("ca.pem", &authority.pem());
    let (certificate, key) = authority.issue("me");
    let (_, other) = authority.issue("me");
    let garbage = |label| format!("-----BEGIN {label}-----\nTUlJQ2Fu\n-----END {label}-----\n");
    for (cert, key, says) in [
        (
            &certificate,
            &other,
            "cert.pem: the private key belongs to another certificate (key: key.pem)",
        ),
        (&garbage("CERTIFICATE"), &key, "cert.pem: the client certificate cannot be read"),
        (&certificate, &garbage("PRIVATE KEY"), "cert.pem: the private key cannot be read"),
        (&certificate, &garbage("ENCRYPTED PRIVATE KEY"), "key.pem: the private key is encrypted"),
        (&certificate, &certificate, "key.pem: no private key in it"),
        (&key, &key, "cert.pem: no certificate in it"),
        (&String::new(), &key, "cert.pem: no certificate in it"),
    ] {
        machine.write("cert.pem", cert);
        machine.write("key.pem", key);
        login(&machine, &url, "cacert: ca.pem, cert: cert.pem, key: key.pem").failed(2, says);
    }
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
    let (left, patience) = mpsc::channel();
    let server = Loopback::accept(None, move |connection| {
        let came = Instant::now();
        connection.socket().set_read_timeout(Some(Duration::from_millis(20)))?;
        connection.write_all(start.as_bytes())?;
        let mut buffer = [0; 4096];
        loop {
            match connection.read(&mut buffer) {
                Ok(1..) => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    if !start.is_empty() {
                        // The next read detects that the client has left.
                        let _ = connection.write_all(b"a");
                    }
                }
                Ok(0) | Err(_) => break,
            }
        }
        // The test looks at the first client only.
        let _ = left.send(came.elapsed());
        Ok(())
    });
    (format!("{}/v3", server.url()), patience)
}
