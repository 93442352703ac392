//! Usage: with-openstack_sdk IDENTITY-URL SERVICE REGION

use std::{env, error::Error};

use openstack_sdk::{
    AsyncOpenStack,
    api::AsyncClient,
    config::{Auth, CloudConfig},
    types::ServiceType,
};
use secrecy::ExposeSecret;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [identity, service, region]: [String; 3] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "three arguments")?;
    let auth = Auth {
        auth_url: Some(identity),
        username: Some("user".to_owned()),
        password: Some("password".into()),
        user_domain_name: Some("Default".to_owned()),
        project_name: Some("project".to_owned()),
        project_domain_name: Some("Default".to_owned()),
        ..Auth::default()
    };
    let config = CloudConfig {
        auth: Some(auth),
        interface: Some("public".to_owned()),
        region_name: Some(region),
        // With the cache, a second run would take the token from a file and send no login.
        auth_cache: Some(false),
        ..CloudConfig::default()
    };
    let client = AsyncOpenStack::new(&config).await?;
    let token = client.get_auth_token().ok_or("there is no token")?;
    let service = ServiceType::from(service.as_str());
    let endpoint = client.get_service_endpoint(&service, None).await?;
    println!("{} {}", token.expose_secret().len(), endpoint.url());
    Ok(())
}
