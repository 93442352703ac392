//! Which scope a service's token has.

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
    /// The scope for a service, of a user whose own one is this.
    ///
    /// It follows from what the user has configured alone. What a token says of its domain is left
    /// out: before there is a token the answer would be another one, and each costs a login.
    pub(crate) fn scope_for(
        &self,
        want: &EndpointQuery,
        credential: &Credential,
        own: &Scope,
    ) -> Result<Scope, ConfigError> {
        let of_project = match &own.0 {
            Target::Default | Target::ProjectId(_) => None,
            Target::ProjectName { domain, .. } => domain.as_ref(),
            // Nobody asks for one of these by chance.
            Target::Domain(_) | Target::System | Target::Trust { .. } | Target::Unscoped => {
                return Ok(own.clone());
            }
        };
        if self.scope_hint(&want.service) == ScopeHint::Project || !takes_scope(credential) {
            return Ok(own.clone());
        }
        match own_domain(credential).or(of_project) {
            Some(domain) => Ok(Scope(Target::Domain(domain.clone()))),
            None if self.0.profile.default_is_global => Ok(Scope::default()),
            None => Err(ConfigError::ServiceDomain { service: shown(&want.service) }),
        }
    }
}

/// Whether its scope is open: an application credential has one already, and so has a token that is
/// used as it is.
fn takes_scope(credential: &Credential) -> bool {
    let fixes =
        |kind| matches!(kind, MethodKind::ApplicationCredential | MethodKind::ExistingToken);
    credential.agency.is_some() || !credential.methods.iter().any(|method| fixes(method.kind()))
}

/// The domain that the token is for: the user's, or that of the account that delegates to them.
fn own_domain(credential: &Credential) -> Option<&DomainRef> {
    let agency = credential.agency.as_ref().map(|agency| &agency.domain);
    agency.or_else(|| credential.user_domain())
}
