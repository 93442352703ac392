//! A script: what is configured on a machine becomes a client, and the client makes a call. It waits
//! for what it asks for, and needs no runtime.
//!
//! `cargo run -p examples --bin script`
#![allow(clippy::print_stdout, reason = "a program speaks")]

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
    // Typos, files that others can read, verification that is off: people want to know.
    for warning in cloud.warnings() {
        println!("warning: {warning}");
    }

    // Where, who and what for, all from the configuration; so is how to connect.
    let http = Agent::config_builder().tls_config(tls(cloud.tls())?);
    let http = http.timeout_global(cloud.timeout());
    let client =
        Client::builder(cloud.cloud()?, cloud.credential()?, cloud.scope()?).http(http).build()?;

    // The region and the interface are configured, too. The path goes under the endpoint.
    let compute = client.service(cloud.select("compute")?);
    let mut servers = compute.call(Request::get("/servers").body("")?)?;
    println!("servers: {} {}", servers.status(), servers.body_mut().read_to_string()?);

    // A service that the configuration has elsewhere than the catalog.
    let image = client.service(cloud.select("image")?).endpoint()?;
    println!("images: {}", image.replace(&server.address().to_string(), "…"));
    Ok(())
}

/// A program that is not an example writes `Config::load()?.cloud(&Choices::default())`.
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

/// `cacert`, `cert`, `key` and `insecure`, as ureq takes them.
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
