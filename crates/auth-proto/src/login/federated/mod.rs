//! Federated logins: a chain of steps, each of which asks the identity provider or the identity
//! service.
//!
//! ```text
//!   Discover ────▶ ProviderToken ────▶ Exchange ─────────────▶ Done, if no scope is wanted
//!      GET the          POST the          POST the        │
//!      provider's       grant             bearer          └──▶ Derive ──▶ Done
//!      document
//! ```
//!
//! A chain starts in `Discover` only if no token endpoint is configured, and in `Exchange` if the
//! caller has the bearer. The first two steps go to the provider, the others to the identity service.

mod request;
mod response;

use http::Uri;
use secrecy::SecretString;

use super::{Login, Phase};
use crate::{
    error::{ConfigError, ConfigField, Error, Misuse},
    model::{
        challenge::Challenge,
        credential::{Credential, Factor, MethodKind},
        federation::{Federation, OidcClient},
        scope::Target,
        secret::Secret,
    },
    url::{Origin, provider::provider_url},
};

/// A step of the chain.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Reads the provider's discovery document.
    Discover,
    /// Shows the provider's token to the identity service.
    Exchange(SecretString),
    /// Asks the provider for a token, at this URL.
    ProviderToken(Uri),
}

impl Login {
    /// The first phase of a federated login whose secrets are known.
    pub(super) fn first_federated(&self, federation: &Federation) -> Result<Phase, Error> {
        if self.credential.lacks_code() {
            return Ok(Phase::Challenged(Challenge::fresh_code(MethodKind::Totp.as_str())));
        }
        let step = match (federation.client(), federation.bearer()) {
            (Some(OidcClient { token_endpoint: Some(url), .. }), _) => {
                let (_, uri) = provider_url(url).map_err(|problem| ConfigError::Url {
                    field: ConfigField::TokenEndpoint,
                    problem,
                })?;
                Step::ProviderToken(uri)
            }
            (_, Some(Secret::Given(bearer))) => Step::Exchange(bearer.clone()),
            _ => Step::Discover,
        };
        Ok(Phase::Federated(step))
    }

    /// Takes the provider's one-time code.
    pub(super) fn submit_code(&mut self, factor: &Factor) -> Result<(), Error> {
        if !matches!(factor, Factor::Totp(_)) {
            return Err(Misuse::WrongReply.into());
        }
        let credential = self.credential.clone().with_fresh(factor);
        self.cloud.check(&credential, &self.scope)?;
        self.credential = credential;
        self.phase = self.first_phase()?;
        self.answered = true;
        Ok(())
    }

    /// Whether the login waits for the code of a provider, and not for one of the identity service.
    pub(super) fn wants_code(&self) -> bool {
        matches!(self.phase, Phase::Challenged(_)) && self.credential.lacks_code()
    }

    /// Whether the token of the chain is unscoped and has to be exchanged.
    pub(super) fn is_rescoped(&self) -> bool {
        let is_unscoped = |federation: &Federation| federation.protocol.is_some();
        self.credential.federation().is_some_and(is_unscoped)
            && !matches!(self.scope.0, Target::Default | Target::Unscoped)
    }

    /// Whether the next request goes to the identity provider.
    pub(super) fn asks_provider(&self) -> bool {
        matches!(self.phase, Phase::Federated(Step::Discover | Step::ProviderToken(_)))
    }

    /// Scheme, host and port that the next request goes to.
    pub(crate) fn origin(&self) -> Origin<'static> {
        let of_provider = match &self.phase {
            Phase::Federated(Step::Discover) => self.document_origin(),
            Phase::Federated(Step::ProviderToken(uri)) => {
                Origin::of(uri).ok().map(Origin::into_owned)
            }
            _ => None,
        };
        of_provider.unwrap_or_else(|| self.cloud.identity_origin().clone())
    }

    /// The origin of the discovery document.
    fn document_origin(&self) -> Option<Origin<'static>> {
        let client = self.credential.federation()?.client()?;
        provider_url(client.discovery_endpoint.as_deref()?).ok().map(|(origin, _)| origin)
    }

    /// Whether the life of the next request's token counts from the request that has just been
    /// answered. What a person or a provider took long for does not shorten it.
    pub(crate) fn follows_at_once(&self) -> bool {
        !matches!(self.phase, Phase::AskSecret(_) | Phase::Federated(_))
    }
}

/// The federated login of a credential that is one.
fn federation_of(credential: &Credential) -> Result<&Federation, ConfigError> {
    credential.federation().ok_or(ConfigError::FederatedAlone)
}

/// The client of a login that asks a provider.
fn client_of(federation: &Federation) -> Result<&OidcClient, ConfigError> {
    federation.client().ok_or(ConfigError::Empty { field: ConfigField::ClientId })
}
