//! Usage: with-auth-reqwest IDENTITY-URL SERVICE REGION

use std::{env, error::Error};

use auth_proto::{Cloud, Credential, DomainRef, EndpointQuery, Scope, UserRef};
use auth_reqwest::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [identity, service, region]: [String; 3] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "three arguments")?;
    let user = UserRef::name_in("user", DomainRef::name("Default"));
    let project = Scope::project_name_in("project", DomainRef::name("Default"));
    let credential = Credential::password(user, "password");
    let client = Client::new(Cloud::keystone(&identity)?, credential, project)?;
    let token = client.token().await?;
    let endpoint = client.endpoint(&EndpointQuery::new(&service).region(&region)).await?;
    println!("{} {endpoint}", token.expose().len());
    Ok(())
}
