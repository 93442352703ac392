//! Logins with the token of an identity provider, by the keys of keystoneauth's `v3oidc*` plugins.

use auth_proto::{Credential, Factor, Federation, OidcClient};

use crate::{cloud::CloudConfig, report::error::Error};

impl CloudConfig {
    pub(super) fn access_token(&self) -> Result<Credential, Error> {
        let (provider, protocol) = self.provider()?;
        let token = self.required_secret("access_token", ACCESS_TOKEN)?;
        Ok(Credential::federated(Federation::access_token(provider, protocol, token)))
    }

    pub(super) fn client_credentials(&self) -> Result<Credential, Error> {
        let (provider, protocol) = self.provider()?;
        let secret = self.required_secret("client_secret", "set it in secure.yaml")?;
        let client = self.client()?.with_secret(secret);
        Ok(Credential::federated(Federation::client_credentials(provider, protocol, client)))
    }

    pub(super) fn id_token(&self) -> Result<Credential, Error> {
        let provider = self.required("identity_provider", IDENTITY_PROVIDER)?;
        let token = self.required_secret("access_token", ACCESS_TOKEN)?;
        Ok(Credential::federated(Federation::id_token(provider, token)))
    }

    pub(super) fn provider_password(&self) -> Result<Credential, Error> {
        let (provider, protocol) = self.provider()?;
        let client = match self.optional_secret("client_secret")? {
            Some(secret) => self.client()?.with_secret(secret),
            None => self.client()?,
        };
        let user = self.required("username", "set it")?;
        let password = Federation::password(provider, protocol, client, user, self.password()?);
        let Some(field) = self.text("idp_otp_key") else {
            return Ok(Credential::federated(password));
        };
        let credential = Credential::federated(password.with_code_field(field));
        Ok(match self.secret("passcode") {
            Some(code) => credential.and(Factor::totp(code.clone())),
            None => credential,
        })
    }

    fn provider(&self) -> Result<(&str, &str), Error> {
        let provider = self.required("identity_provider", IDENTITY_PROVIDER)?;
        Ok((provider, self.required("protocol", "set it to the cloud's name of it, often openid")?))
    }

    /// The client at the provider, without its secret.
    fn client(&self) -> Result<OidcClient, Error> {
        let id = self.required("client_id", "set it to the client's id at the provider")?;
        let client = match (self.text("access_token_endpoint"), self.text("discovery_endpoint")) {
            (Some(url), None) => OidcClient::new(id, url),
            (None, Some(url)) => OidcClient::discovered(id, url),
            (Some(token), Some(url)) => OidcClient::discovered(id, url).with_token_endpoint(token),
            (None, None) => {
                let remedy = "set it to the provider's token endpoint, or discovery_endpoint to its \
                              document";
                return Err(self.missing("access_token_endpoint", remedy));
            }
        };
        let client = match self.text("openid_scope") {
            Some(scope) => client.with_scope(scope),
            None => client,
        };
        match self.text("access_token_type") {
            None | Some("access_token") => Ok(client),
            Some("id_token") => Ok(client.with_id_token()),
            Some(_) => Err(self.invalid("access_token_type", "must be access_token or id_token")),
        }
    }
}

const ACCESS_TOKEN: &str = "set access_token_file, access_token_env or access_token_command, for \
                            example access_token_env: OS_ACCESS_TOKEN";
const IDENTITY_PROVIDER: &str = "set it to the cloud's name of the identity provider";
