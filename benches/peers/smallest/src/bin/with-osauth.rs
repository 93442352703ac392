//! Usage: with-osauth IDENTITY-URL SERVICE REGION

use std::{env, error::Error};

use osauth::{Session, common::IdOrName, identity::Password};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [identity, service, region]: [String; 3] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "three arguments")?;
    let domain = IdOrName::from_name("Default");
    let auth = Password::new(identity, "user", "password", "Default")?
        .with_project_scope(IdOrName::from_name("project"), domain);
    let session = Session::new(auth).await?.with_region(region);
    let (client, auth) = (session.client().inner(), session.auth_type());
    let endpoint = auth.get_endpoint(client, &service, session.endpoint_filters()).await?;
    // The interface gives no direct access to the token.
    let request = auth.authenticate(client, client.get(endpoint.clone())).await?.build()?;
    println!("{} {endpoint}", request.headers()["x-auth-token"].len());
    Ok(())
}
