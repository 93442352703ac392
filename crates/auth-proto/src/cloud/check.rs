//! Checks a credential and a scope against the cloud's rules, before a request is sent.

use secrecy::ExposeSecret;

use super::{Cloud, federation};
use crate::{
    error::{ConfigError, ConfigField},
    limits,
    model::{
        credential::{Credential, Key, Method, MethodKind, UserRef},
        scope::{DomainRef, Scope, ScopeKind, Target},
        secret::{Secret, SecretSource},
    },
    url::ApiVersion,
};

impl Cloud {
    /// Refuses a credential or scope that cannot work at this cloud. Rules that depend on an
    /// unknown API version are skipped; the login checks again after discovery.
    pub(crate) fn check(&self, credential: &Credential, scope: &Scope) -> Result<(), ConfigError> {
        self.check_credential(credential)?;
        check_scope_texts(scope)?;
        self.check_scope_kind(credential, scope)?;
        self.check_trust(scope)?;
        self.check_project_name(scope)
    }

    /// The part of [`check`](Self::check) that does not depend on the scope.
    pub(crate) fn check_credential(&self, credential: &Credential) -> Result<(), ConfigError> {
        for method in credential.methods.iter() {
            check_method_texts(method)?;
        }
        check_http_basic(credential)?;
        self.check_federated(credential)?;
        self.check_standalone(credential)?;
        check_user_texts(credential.user.as_ref())?;
        self.check_methods(credential)?;
        self.check_user_name(credential)?;
        self.check_agency(credential)
    }

    /// An agency needs a token for the user's domain, so the domain must be known.
    fn check_agency(&self, credential: &Credential) -> Result<(), ConfigError> {
        let Some(agency) = &credential.agency else { return Ok(()) };
        if self.agency_field().is_none() {
            return Err(ConfigError::Agency { cloud: self.name() });
        }
        check_text(ConfigField::AgencyName, &agency.name)?;
        check_domain(ConfigField::AgencyDomain, Some(&agency.domain))?;
        match credential.own_token().is_some() || credential.user_domain().is_some() {
            true => Ok(()),
            false => Err(ConfigError::AgencyUser),
        }
    }

    fn check_methods(&self, credential: &Credential) -> Result<(), ConfigError> {
        let kinds: Vec<_> = credential.methods.iter().map(Method::kind).collect();
        // An existing token needs no login, so it works at every cloud.
        if kinds == [MethodKind::ExistingToken] {
            return Ok(());
        }
        // The code beside a federated login is the provider's.
        let kinds = if credential.federation().is_some() { &kinds[..1] } else { &kinds[..] };
        for (index, &method) in kinds.iter().enumerate() {
            let of_user = matches!(method, MethodKind::Password | MethodKind::Totp);
            if of_user && credential.user.is_none() {
                return Err(ConfigError::UserMissing { method });
            }
            if kinds[..index].contains(&method) {
                return Err(ConfigError::MethodTwice { method });
            }
            let by_provider = matches!(method, MethodKind::Federated | MethodKind::IdToken);
            if by_provider && self.0.profile.methods.contains(&method) && self.is_v2() {
                return Err(ConfigError::NotInV2);
            }
            if !self.accepts_method(method) {
                let all = self.0.profile.methods.iter().copied();
                let takes = all.filter(|kind| self.accepts_method(*kind)).collect();
                return Err(ConfigError::Method { cloud: self.name(), method, takes });
            }
        }
        Ok(())
    }

    fn accepts_method(&self, kind: MethodKind) -> bool {
        let in_v2 = matches!(kind, MethodKind::Password | MethodKind::Token);
        self.0.profile.methods.contains(&kind) && (!self.is_v2() || in_v2)
    }

    fn is_v2(&self) -> bool {
        self.api_version() == Some(ApiVersion::V2)
    }

    fn check_scope_kind(&self, credential: &Credential, scope: &Scope) -> Result<(), ConfigError> {
        let has = |kind| credential.methods.iter().any(|method| method.kind() == kind);
        let kind = scope.kind();
        if has(MethodKind::ApplicationCredential) && kind != ScopeKind::Default {
            return Err(ConfigError::ApplicationCredentialScope);
        }
        // The token has a scope already.
        if credential.is_existing_token() && kind == ScopeKind::Default {
            return Ok(());
        }
        // The first token of a federated login is unscoped everywhere.
        if has(MethodKind::Federated) && kind == ScopeKind::Unscoped {
            return Ok(());
        }
        let v2 = self.is_v2();
        let takes = |kind: &ScopeKind| {
            let in_v2 = !matches!(kind, ScopeKind::Domain | ScopeKind::System);
            // An agency's token is for a project or the domain of the delegating account.
            let in_agency =
                matches!(kind, ScopeKind::Domain | ScopeKind::ProjectId | ScopeKind::ProjectName);
            self.0.profile.scopes.contains(kind)
                && (!v2 || in_v2)
                && (credential.agency.is_none() || in_agency)
        };
        if takes(&kind) {
            return Ok(());
        }
        let takes = self.0.profile.scopes.iter().copied().filter(takes).collect();
        Err(ConfigError::Scope { cloud: self.name(), scope: kind, takes })
    }

    /// In v2.0 the project of a trust must be given, too (seen at Keystone 12).
    fn check_trust(&self, scope: &Scope) -> Result<(), ConfigError> {
        let is_alone = matches!(scope.0, Target::Trust { project_id: None, .. });
        match is_alone && self.is_v2() {
            true => Err(ConfigError::TrustProject),
            false => Ok(()),
        }
    }

    /// In v3 a user's name is unique within a domain. v2.0 has no domains.
    fn check_user_name(&self, credential: &Credential) -> Result<(), ConfigError> {
        let Some(UserRef::Name { domain, .. }) = &credential.user else { return Ok(()) };
        match (self.api_version(), domain) {
            (Some(ApiVersion::V2), Some(_)) => {
                Err(ConfigError::DomainUnknown { field: ConfigField::UserDomain })
            }
            (Some(ApiVersion::V3), None) => Err(ConfigError::UserDomain),
            _ => Ok(()),
        }
    }

    /// As for users. Some v3 clouds accept a project's name without a domain.
    fn check_project_name(&self, scope: &Scope) -> Result<(), ConfigError> {
        let Target::ProjectName { domain, .. } = &scope.0 else { return Ok(()) };
        let field = ConfigField::ProjectDomain;
        match (self.api_version(), domain) {
            (Some(ApiVersion::V2), Some(_)) => Err(ConfigError::DomainUnknown { field }),
            (Some(ApiVersion::V3), None) if !self.0.profile.project_name_alone => {
                Err(ConfigError::ProjectDomain)
            }
            _ => Ok(()),
        }
    }
}

fn check_method_texts(method: &Method) -> Result<(), ConfigError> {
    let field = method.kind().field();
    match method {
        Method::Federated(own) => return federation::check_texts(own),
        Method::ApplicationCredential { secret, .. } | Method::Password(secret) => {
            check_secret(field, secret)?;
        }
        Method::NoAuth => {}
        _ => check_text(field, method.secret())?,
    }
    match method {
        Method::ApplicationCredential { key: Key::Id(id), .. } => {
            check_text(ConfigField::ApplicationCredentialId, id)
        }
        Method::ApplicationCredential { key: Key::Name(name), .. } => {
            check_text(ConfigField::ApplicationCredentialName, name)
        }
        Method::ExistingToken(_) | Method::Token(_) | Method::Totp(_) => {
            match method.secret().bytes().all(|b| b.is_ascii_graphic()) {
                true => Ok(()),
                false => Err(ConfigError::Characters { field }),
            }
        }
        Method::Federated(_) | Method::HttpBasic(_) | Method::NoAuth | Method::Password(_) => {
            Ok(())
        }
    }
}

/// HTTP Basic separates name and password by a colon, and sends no control characters.
fn check_http_basic(credential: &Credential) -> Result<(), ConfigError> {
    let (Some(UserRef::Name { name, .. }), [Method::HttpBasic(password)]) =
        (&credential.user, &credential.methods[..])
    else {
        return Ok(());
    };
    let is_sendable = |text: &str| !text.contains(|c: char| c.is_ascii_control());
    match is_sendable(name) && !name.contains(':') && is_sendable(password.expose_secret()) {
        true => Ok(()),
        false => Err(ConfigError::HttpBasic),
    }
}

fn check_user_texts(user: Option<&UserRef>) -> Result<(), ConfigError> {
    match user {
        None => Ok(()),
        Some(UserRef::Id(id)) => check_text(ConfigField::UserId, id),
        Some(UserRef::Name { name, domain }) => {
            check_text(ConfigField::UserName, name)?;
            check_domain(ConfigField::UserDomain, domain.as_ref())
        }
    }
}

fn check_scope_texts(scope: &Scope) -> Result<(), ConfigError> {
    match &scope.0 {
        Target::Default | Target::System | Target::Unscoped => Ok(()),
        Target::Domain(domain) => check_domain(ConfigField::Domain, Some(domain)),
        Target::ProjectId(id) => check_text(ConfigField::ProjectId, id),
        Target::ProjectName { name, domain } => {
            check_text(ConfigField::ProjectName, name)?;
            check_domain(ConfigField::ProjectDomain, domain.as_ref())
        }
        Target::Trust { id, project_id } => {
            check_text(ConfigField::Trust, id)?;
            project_id.iter().try_for_each(|id| check_text(ConfigField::ProjectId, id))
        }
    }
}

fn check_domain(field: ConfigField, domain: Option<&DomainRef>) -> Result<(), ConfigError> {
    match domain {
        None => Ok(()),
        Some(DomainRef::Id(text) | DomainRef::Name(text)) => check_text(field, text),
    }
}

/// A secret that is asked for is checked when it is known.
pub(super) fn check_secret(field: ConfigField, secret: &Secret) -> Result<(), ConfigError> {
    check_text(field, secret.source().map_or_else(|| secret.expose(), SecretSource::name))
}

pub(super) fn check_text(field: ConfigField, text: &str) -> Result<(), ConfigError> {
    match text.len() {
        0 => Err(ConfigError::Empty { field }),
        1..=limits::INPUT => Ok(()),
        _ => Err(ConfigError::TooLong { field, limit: limits::INPUT }),
    }
}
