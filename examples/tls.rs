//! The settings `cacert`, `cert`, `key` and `insecure` in `script` and `service`, with a server
//! that has a private CA and requires client certificates.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use auth_config::{Choices, CloudConfig, Config, Files, Variables};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, crypto::ring::default_provider,
    pki_types::PrivateKeyDer, server::WebPkiClientVerifier,
};

#[allow(dead_code, reason = "a program; the tests call one of its functions")]
#[path = "script.rs"]
mod script;
#[allow(dead_code, reason = "a program; the tests call one of its functions")]
#[path = "service.rs"]
mod service;

#[test]
fn a_private_ca_and_a_client_certificate() {
    let tls = TlsFiles::new("both");
    let url = tls.serve();
    let all = [("OS_CACERT", "ca.pem"), ("OS_CERT", "client.pem"), ("OS_KEY", "client.key")];
    let one_file = [("OS_CACERT", "ca.pem"), ("OS_CERT", "both.pem")];
    for files in [&all[..], &one_file] {
        let cloud = tls.configured(files);
        assert_eq!(ask_ureq(&cloud, &url), Ok(204), "{files:?}");
        assert_eq!(ask_reqwest(&cloud, &url), Ok(204), "{files:?}");
    }
    // The server requires each of them.
    for files in [&all[..1], &all[1..]] {
        let cloud = tls.configured(files);
        assert!(ask_ureq(&cloud, &url).is_err(), "{files:?}");
        assert!(ask_reqwest(&cloud, &url).is_err(), "{files:?}");
    }
}

#[test]
fn no_verification() {
    let tls = TlsFiles::new("insecure");
    let url = tls.serve();
    let files = [("OS_INSECURE", "true"), ("OS_CERT", "both.pem")];
    let cloud = tls.configured(&files);
    assert_eq!(ask_ureq(&cloud, &url), Ok(204));
    assert_eq!(ask_reqwest(&cloud, &url), Ok(204));
}

#[test]
fn a_file_that_is_missing_is_an_error() {
    let tls = TlsFiles::new("missing");
    for name in ["OS_CACERT", "OS_CERT"] {
        let cloud = tls.configured(&[(name, "nosuch.pem")]);
        assert!(script::tls(cloud.tls()).is_err(), "{name}");
        assert!(service::http(cloud.tls()).is_err(), "{name}");
    }
}

fn ask_ureq(cloud: &CloudConfig, url: &str) -> Result<u16, String> {
    let config = ureq::Agent::config_builder().tls_config(script::tls(cloud.tls()).unwrap());
    let answer = config.build().new_agent().get(url).call();
    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn ask_reqwest(cloud: &CloudConfig, url: &str) -> Result<u16, String> {
    let client = service::http(cloud.tls()).unwrap()().build().unwrap();
    let answer = client.get(url).send().await;
    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}

/// A directory with the certificates of a CA and a client.
struct TlsFiles {
    directory: PathBuf,
    ca: Issuer<'static, KeyPair>,
    root: rcgen::Certificate,
}

impl TlsFiles {
    fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{name}"));
        fs::create_dir_all(&directory).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let tls = Self { directory, ca: Issuer::new(params, key), root };
        let (client, key) = tls.issue();
        let (client, key) = (client.pem(), key.serialize_pem());
        let files = [("ca.pem", tls.root.pem()), ("both.pem", format!("{client}{key}"))];
        for (name, text) in files.into_iter().chain([("client.pem", client), ("client.key", key)]) {
            fs::write(tls.directory.join(name), text).unwrap();
        }
        tls
    }

    fn issue(&self) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.signed_by(&key, &self.ca).unwrap(), key)
    }

    fn configured(&self, variables: &[(&str, &str)]) -> CloudConfig {
        let path = |(name, value): &(&str, &str)| match *value {
            "true" => (name.to_string(), value.to_string()),
            file => (name.to_string(), self.directory.join(file).display().to_string()),
        };
        let variables = variables.iter().map(path).collect::<Variables>();
        let config = Config::merge(&Files::default(), &variables).unwrap();
        config.cloud(&Choices::default()).unwrap()
    }

    /// A server that answers clients with a certificate of the CA, until the test ends.
    fn serve(&self) -> String {
        let (certificate, key) = self.issue();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                // The handshake of a client without a certificate fails.
                if stream.read(&mut [0; 4096]).is_ok() {
                    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
                    let _ = stream.write_all(answer);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        url
    }
}
