//! The scope of the token for a service.

use super::{Cloud, ScopeHint};
use crate::{
    error::ConfigError,
    model::{
        credential::{Credential, MethodKind},
        endpoint_query::EndpointQuery,
        scope::{DomainRef, Scope, Target},
    },
    text::shown,
};

impl Cloud {
    /// The scope for a service, given the user's default scope.
    ///
    /// It depends only on the configuration. The domain in a token is not used: the result would
    /// change after the first login, and each scope costs a login.
    pub(crate) fn scope_for(
        &self,
        want: &EndpointQuery,
        credential: &Credential,
        default: &Scope,
    ) -> Result<Scope, ConfigError> {
        let of_project = match &default.0 {
            Target::Default | Target::ProjectId(_) => None,
            Target::ProjectName { domain, .. } => domain.as_ref(),
            // The user has chosen one of these on purpose.
            Target::Domain(_) | Target::System | Target::Trust { .. } | Target::Unscoped => {
                return Ok(default.clone());
            }
        };
        if self.scope_hint(&want.service) == ScopeHint::Project || !has_free_scope(credential) {
            return Ok(default.clone());
        }
        match token_domain(credential).or(of_project) {
            Some(domain) => Ok(Scope(Target::Domain(domain.clone()))),
            // Without a scope, a federated token is good for nothing but an exchange.
            None if self.0.profile.default_is_global && credential.federation().is_none() => {
                Ok(Scope::default())
            }
            None => Err(ConfigError::ServiceDomain { service: shown(&want.service) }),
        }
    }
}

/// Whether a login can choose the scope: an application credential and an existing token have a
/// fixed one.
fn has_free_scope(credential: &Credential) -> bool {
    let fixes =
        |kind| matches!(kind, MethodKind::ApplicationCredential | MethodKind::ExistingToken);
    credential.agency.is_some() || !credential.methods.iter().any(|method| fixes(method.kind()))
}

/// The domain of the token: the user's, or that of the account that delegates to the user.
fn token_domain(credential: &Credential) -> Option<&DomainRef> {
    let agency = credential.agency.as_ref().map(|agency| &agency.domain);
    agency.or_else(|| credential.user_domain())
}
