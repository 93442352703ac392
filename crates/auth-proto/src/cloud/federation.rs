//! Checks a federated login.

use super::{
    Cloud,
    check::{check_secret, check_text},
};
use crate::{
    error::{ConfigError, ConfigField},
    limits,
    model::{
        credential::{Credential, Method, MethodKind},
        federation::{Federation, Grant, OidcClient},
        secret::Secret,
    },
    url::{ApiVersion, provider::provider_url, segment::path_segment},
};

impl Cloud {
    /// The same cloud for a login with this credential. A federated login is one of the v3 API, so
    /// that nothing has to be discovered (as in keystoneauth, which appends `/v3`).
    pub(crate) fn for_login(&self, credential: &Credential) -> Self {
        let is_fixed = self.api_version().is_some() || credential.federation().is_none();
        match is_fixed || self.is_standalone() {
            true => self.clone(),
            false => self.clone().with_api_version(ApiVersion::V3),
        }
    }

    /// A federated login has no other factor than the provider's code, and no agency.
    pub(super) fn check_federated(&self, credential: &Credential) -> Result<(), ConfigError> {
        let is_federated = |method: &Method| matches!(method, Method::Federated(_));
        if !credential.methods.iter().any(is_federated) {
            return Ok(());
        }
        let takes_code = credential.federation().is_some_and(|own| own.code_field().is_some());
        let is_code = |method: &Method| takes_code && method.kind() == MethodKind::Totp;
        match &credential.methods[..] {
            _ if credential.agency.is_some() => Err(ConfigError::AgencyFederated),
            [Method::Federated(_), others @ ..] if others.iter().all(is_code) => Ok(()),
            _ => Err(ConfigError::FederatedAlone),
        }
    }
}

/// Checks the texts and the URLs.
pub(super) fn check_texts(federation: &Federation) -> Result<(), ConfigError> {
    let field = ConfigField::IdentityProvider;
    match &federation.protocol {
        Some(protocol) => {
            path_segment(field, &federation.identity_provider)?;
            path_segment(ConfigField::FederationProtocol, protocol)?;
        }
        // A header.
        None => {
            check_text(field, &federation.identity_provider)?;
            check_graphic(field, &federation.identity_provider)?;
        }
    }
    match &federation.grant {
        Grant::Bearer(token) => {
            check_secret(ConfigField::Bearer, token)?;
            check_graphic(ConfigField::Bearer, token.expose())
        }
        Grant::ClientCredentials(client) => check_client(client),
        Grant::Password { client, username, password, code_field } => {
            check_client(client)?;
            check_text(ConfigField::UserName, username)?;
            check_secret(ConfigField::Password, password)?;
            code_field.iter().try_for_each(|name| check_code_field(name))
        }
    }
}

fn check_client(client: &OidcClient) -> Result<(), ConfigError> {
    check_text(ConfigField::ClientId, &client.id)?;
    client
        .secret
        .iter()
        .try_for_each(|secret: &Secret| check_secret(ConfigField::ClientSecret, secret))?;
    if client.scope.len() > limits::INPUT {
        let (field, limit) = (ConfigField::ProviderScope, limits::INPUT);
        return Err(ConfigError::TooLong { field, limit });
    }
    let discovery = client.discovery_endpoint.iter().map(|url| (DISCOVERY, url));
    let token = client.token_endpoint.iter().map(|url| (ConfigField::TokenEndpoint, url));
    let allowed = client.allowed_origins.iter().map(|url| (ConfigField::ProviderOrigin, url));
    discovery.chain(token).chain(allowed).try_for_each(|(field, url)| {
        provider_url(url).map(|_| ()).map_err(|problem| ConfigError::Url { field, problem })
    })
}

const DISCOVERY: ConfigField = ConfigField::DiscoveryEndpoint;

/// The form has a meaning for these names (RFC 6749).
fn check_code_field(name: &str) -> Result<(), ConfigError> {
    let taken = ["client_id", "client_secret", "grant_type", "password", "scope", "username"];
    check_text(ConfigField::CodeField, name)?;
    match taken.contains(&name) {
        true => Err(ConfigError::CodeField),
        false => Ok(()),
    }
}

fn check_graphic(field: ConfigField, text: &str) -> Result<(), ConfigError> {
    match text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(()),
        false => Err(ConfigError::Characters { field }),
    }
}
