//! An account as it is said and configured: a cloud, who logs in, and their secret.

use auth_proto::{EndpointQuery, Login, ScopeHint};
use auth_ureq::{Builder, Client};
use clap::Args;
use secrecy::SecretString;

use crate::{
    clouds::{CloudArgs, Clouds, Place},
    failure::Failure,
    login::{LoginArgs, Said},
    secret::{self, SecretArgs},
};

/// Flags that say where to log in, who does, and what for.
#[derive(Args, Debug)]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    pub(crate) cloud: CloudArgs,
    #[command(flatten)]
    login: LoginArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

impl AccountArgs {
    /// The cloud that is meant.
    pub(crate) fn place(&self, clouds: &Clouds) -> Result<Place, Failure> {
        clouds.find(&self.cloud)
    }

    /// The cloud that is meant, and a wish for one of its services. A scope that is said on the
    /// command line is the one that the service gets.
    pub(crate) fn service(
        &self,
        clouds: &Clouds,
        service: &str,
    ) -> Result<(Place, EndpointQuery), Failure> {
        let mut place = self.place(clouds)?;
        let want = place.select(service, &self.cloud)?;
        if self.login.names_scope() {
            // By the type that is asked for, which may be configured to be another.
            place.cloud = place.cloud.with_scope_hint(want.service(), ScopeHint::Project);
        }
        Ok((place, want))
    }

    /// A client for this account at this place. Nothing is sent, but a person may be asked.
    pub(crate) fn client(&self, place: &Place) -> Result<Builder, Failure> {
        let configured = place.configured.as_ref();
        let is_token = self.secret.gives_token();
        let said = Said { flags: &self.login, cloud: &place.cloud, configured, is_token };
        let scope = said.scope()?;
        // What is wrong with the login is told before anybody is asked for a password: with any
        // other in its place the core has the same to say.
        let stand_in = said.credential(&mut |_, _| Ok("any".into()))?;
        Login::new(&place.cloud, stand_in, scope.clone())?;

        let credential = said.credential(&mut |key, configured| self.secret(key, configured))?;
        Ok(Client::builder(place.cloud.clone(), credential, scope))
    }

    /// The secret that goes by this name in clouds.yaml: the one that is given, the configured one,
    /// or the one that is asked for.
    fn secret(&self, key: &str, configured: Option<SecretString>) -> Result<SecretString, Failure> {
        let given = match key {
            "passcode" => None,
            "token" => Some(self.secret.token()?),
            _ => self.secret.password()?,
        };
        match given.or(configured) {
            Some(secret) => Ok(secret),
            None => ask_for(key).map_err(Failure::usage),
        }
    }
}

fn ask_for(key: &str) -> Result<SecretString, String> {
    let instead = "use --password-stdin or --password-env";
    match key {
        "passcode" => secret::ask_for_code(secret::CODE),
        "password" => secret::ask("Password", instead),
        _ => secret::ask("Secret of the application credential", instead),
    }
}
