//! A script: the configuration of the machine becomes a blocking client, and the client makes a
//! call.
//!
//! `cargo run -p examples --bin script`
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::error::Error;

use auth_config::{Choices, CloudConfig, Config, Files, Variables};
use auth_emulator::{Server, System, account};
use http::Request;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let server = Server::start()?;
    let cloud = configured(&server.url(System::NhnIaas))?;
    // Warnings report misspelled keys, files that other users can read, and disabled verification.
    for warning in cloud.warnings() {
        println!("warning: {warning}");
    }

    // Cloud, credential, scope, certificates and time-outs come from the configuration.
    let client = cloud.ureq_builder()?.build()?;

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
