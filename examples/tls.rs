//! The settings `cacert`, `cert`, `key` and `insecure` in `script` and `service`, with a server
//! that has a private CA and requires client certificates.
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failure")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use auth_config::{Choices, CloudConfig, Config, Files, Variables};
use testing::{Authority, Loopback, Reply};

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
    ca: Authority,
}

impl TlsFiles {
    fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{name}"));
        fs::create_dir_all(&directory).unwrap();
        let ca = Authority::new();
        let (client, key) = ca.issue("localhost");
        let files = [("ca.pem", ca.pem()), ("both.pem", format!("{client}{key}"))];
        for (name, text) in files.into_iter().chain([("client.pem", client), ("client.key", key)]) {
            fs::write(directory.join(name), text).unwrap();
        }
        Self { directory, ca }
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

    /// The URL of a server that answers clients with a certificate of the CA.
    fn serve(&self) -> String {
        let config = self.ca.mutual_server("localhost");
        let server = Loopback::start_tls(config, |_| {
            Reply::status(204, "Connection: close\r\n").body_to_end("")
        });
        format!("https://localhost:{}/", server.port())
    }
}
