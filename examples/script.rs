//! A script: the configuration of the machine becomes a blocking client, and the client makes a
//! call.
//!
//! `cargo run -p examples --bin script`
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::{error::Error, fs, path::Path};

use auth_config::{Choices, CloudConfig, Config, Files, Tls, Variables};
use auth_emulator::{Server, System, account};
use auth_ureq::Client;
use http::Request;
use ureq::{
    Agent,
    tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let server = Server::start()?;
    let cloud = configured(&server.url(System::NhnIaas))?;
    // Warnings report misspelled keys, files that other users can read, and disabled verification.
    for warning in cloud.warnings() {
        println!("warning: {warning}");
    }

    // Cloud, credential, scope, TLS settings and time-out come from the configuration.
    let http = Agent::config_builder().tls_config(tls(cloud.tls())?);
    let http = http.timeout_global(cloud.timeout());
    let client =
        Client::builder(cloud.cloud()?, cloud.credential()?, cloud.scope()?).http(http).build()?;

    // Region and interface come from the configuration, too. The path is relative to the endpoint.
    let compute = client.service(cloud.endpoint_query("compute")?);
    let mut servers = compute.call(Request::get("/servers").body("")?)?;
    println!("servers: {} {}", servers.status(), servers.body_mut().read_to_string()?);

    // The configuration overrides the endpoint of this service.
    let image = client.service(cloud.endpoint_query("image")?).endpoint()?;
    println!("images: {}", image.replace(&server.address().to_string(), "…"));
    Ok(())
}

/// The configuration of this example. Your program calls
/// `Config::load()?.cloud(&Choices::default())`.
fn configured(auth_url: &str) -> Result<CloudConfig> {
    let (user, tenant) = (account::NHN_USER, account::NHN_TENANT);
    let clouds = format!(
        "
clouds:
  work:
    profile: nhn
    region_name: KR1
    api_timeout: 30
    image_endpoint_override: {auth_url}/images/%(project_id)s
    auth:
      auth_url: {auth_url}
      username: {user}
      tenant_id: {tenant}
"
    );
    let secure = format!("clouds: {{work: {{auth: {{password: {}}}}}}}", account::NHN_PASSWORD);
    let files =
        Files::in_directory("/home/me").with("clouds.yaml", clouds).with("secure.yaml", secure);
    let config = Config::merge(&files, &Variables::from_iter([("OS_CLOUD", "work")]))?;
    Ok(config.cloud(&Choices::default())?)
}

/// The settings `cacert`, `cert`, `key` and `insecure` for ureq.
pub(crate) fn tls(tls: &Tls) -> Result<TlsConfig> {
    let mut config = TlsConfig::builder().disable_verification(!tls.verify);
    if let Some(cacert) = &tls.cacert {
        config = config.root_certs(RootCerts::new_with_certs(&certificates(cacert)?));
    }
    if let Some(cert) = &tls.cert {
        let key = PrivateKey::from_pem(&fs::read(tls.key.as_ref().unwrap_or(cert))?)?;
        config = config.client_cert(Some(ClientCert::new_with_certs(&certificates(cert)?, key)));
    }
    Ok(config.build())
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let pem = fs::read(path)?;
    let items = parse_pem(&pem).collect::<std::result::Result<Vec<_>, _>>()?;
    let certificate = |item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    };
    Ok(items.into_iter().filter_map(certificate).collect())
}
