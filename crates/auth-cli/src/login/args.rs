//! The flags of a login, and the client that they make.

use auth_proto::{EndpointQuery, Login, ScopeHint};
use auth_ureq::{Builder, Client};
use clap::Args;
use secrecy::SecretString;

use super::{
    credential::Sources,
    secret::{self, SecretArgs},
    user::UserArgs,
};
use crate::{
    cloud::{Authenticator, ChosenCloud, CloudArgs, Clouds},
    output::Failure,
};

/// The flags of a login: cloud, user, scope, secret.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    cloud: CloudArgs,
    #[command(flatten)]
    user: UserArgs,
    #[command(flatten)]
    secret: SecretArgs,
}

impl LoginArgs {
    /// The flags for the cloud.
    pub(crate) fn cloud_args(&self) -> &CloudArgs {
        &self.cloud
    }

    /// Whether the flags name an existing token, to be used in place of a login.
    pub(crate) fn gives_token(&self) -> bool {
        self.secret.gives_token()
    }

    /// Whether the secret is read from standard input.
    pub(crate) fn takes_input(&self) -> bool {
        self.secret.takes_input()
    }

    /// The cloud to log in to.
    pub(crate) fn cloud(&self, clouds: &Clouds) -> Result<ChosenCloud, Failure> {
        clouds.find(&self.cloud)
    }

    /// The cloud to log in to, and a query for one of its services. A scope of the flags overrides
    /// the scope that the service usually needs.
    pub(crate) fn service(
        &self,
        clouds: &Clouds,
        service: &str,
    ) -> Result<(ChosenCloud, EndpointQuery), Failure> {
        let mut chosen = self.cloud(clouds)?;
        let query = chosen.endpoint_query(service, &self.cloud)?;
        if self.user.names_scope() {
            // By the type that the configuration looks up for this service.
            chosen.cloud = chosen.cloud.with_scope_hint(query.service(), ScopeHint::Project);
        }
        Ok((chosen, query))
    }

    /// A client for this login. Sends nothing, but may ask for a secret on the terminal.
    pub(super) fn client(&self, chosen: &ChosenCloud) -> Result<Builder, Failure> {
        let configured = chosen.configured.as_ref();
        let is_token = self.secret.gives_token();
        let sources = Sources { flags: &self.user, cloud: &chosen.cloud, configured, is_token };
        let scope = sources.scope()?;
        // A login with a placeholder in place of the secret fails for every other reason, so the
        // user types a password only for a login that can work.
        let placeholder = sources.credential(&mut |_, _| Ok("any".into()))?;
        Login::new(&chosen.cloud, placeholder, scope.clone())?;

        let credential = sources.credential(&mut |key, configured| {
            self.secret(key, configured, chosen.authenticator)
        })?;
        Ok(Client::builder(chosen.cloud.clone(), credential, scope))
    }

    /// The secret for a key of clouds.yaml: from the flags, the configuration, or the terminal.
    fn secret(
        &self,
        key: &str,
        configured: Option<SecretString>,
        authenticator: Option<Authenticator>,
    ) -> Result<SecretString, Failure> {
        let given = match key {
            "passcode" => None,
            "token" => Some(self.secret.token()?),
            _ => self.secret.password()?,
        };
        match given.or(configured) {
            Some(secret) => Ok(secret),
            None => ask_for(key, authenticator).map_err(Failure::usage),
        }
    }
}

fn ask_for(key: &str, authenticator: Option<Authenticator>) -> Result<SecretString, String> {
    let instead = "use --password-stdin or --password-env";
    match key {
        "passcode" => secret::ask_for_code(secret::CODE, authenticator),
        "password" => secret::ask("Password", instead),
        _ => secret::ask("Secret of the application credential", instead),
    }
}
