//! The caller's inputs, as [`ConfigError`](super::ConfigError) names them.

use std::fmt;

/// One value of the caller's input. The text is its path, for example `credential.user.name`. A
/// program can translate it into the name of its own flag or setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigField {
    /// The domain of an [`Agency`](crate::Agency).
    AgencyDomain,
    /// The name of an [`Agency`](crate::Agency).
    AgencyName,
    /// The origin in [`Cloud::allow_origin`](crate::Cloud::allow_origin).
    AllowedOrigin,
    /// The id of an application credential.
    ApplicationCredentialId,
    /// The name of an application credential.
    ApplicationCredentialName,
    /// The secret of an application credential.
    ApplicationCredentialSecret,
    /// The token of a provider, in [`Federation::access_token`](crate::Federation::access_token) or
    /// [`id_token`](crate::Federation::id_token).
    Bearer,
    /// The id of an [`OidcClient`](crate::OidcClient).
    ClientId,
    /// The secret of an [`OidcClient`](crate::OidcClient).
    ClientSecret,
    /// The form's field for the one-time code of a provider.
    CodeField,
    /// The credential and the scope, whose common size is limited.
    CredentialAndScope,
    /// The URL of a provider's discovery document.
    DiscoveryEndpoint,
    /// The domain of a scope.
    Domain,
    /// The protocol of a [`Federation`](crate::Federation).
    FederationProtocol,
    /// The identity provider of a [`Federation`](crate::Federation).
    IdentityProvider,
    /// The URL of the identity service.
    IdentityUrl,
    /// The service of [`Cloud::with_override`](crate::Cloud::with_override).
    OverrideService,
    /// The URL of [`Cloud::with_override`](crate::Cloud::with_override).
    OverrideUrl,
    /// The user's password.
    Password,
    /// The domain of the scope's project.
    ProjectDomain,
    /// The id of the scope's project.
    ProjectId,
    /// The name of the scope's project.
    ProjectName,
    /// The origin in [`OidcClient::with_allowed_origin`](crate::OidcClient::with_allowed_origin).
    ProviderOrigin,
    /// The scope of an [`OidcClient`](crate::OidcClient).
    ProviderScope,
    /// The URL of [`Cloud::standalone`](crate::Cloud::standalone).
    StandaloneUrl,
    /// The token that a request is about, for example [`Validate`](crate::Validate).
    SubjectToken,
    /// The user that a request is about: [`UserProjects`](crate::UserProjects).
    SubjectUser,
    /// The token of a credential.
    Token,
    /// The URL of a provider's token endpoint.
    TokenEndpoint,
    /// The one-time code.
    Totp,
    /// The id of a trust.
    Trust,
    /// The domain of the user.
    UserDomain,
    /// The id of the user.
    UserId,
    /// The name of the user.
    UserName,
}

impl fmt::Display for ConfigField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AgencyDomain => "credential.agency.domain",
            Self::AgencyName => "credential.agency.name",
            Self::AllowedOrigin => "allowed origin",
            Self::ApplicationCredentialId => "credential.id",
            Self::ApplicationCredentialName => "credential.name",
            Self::ApplicationCredentialSecret => "credential.secret",
            Self::Bearer => "credential.access_token",
            Self::ClientId => "credential.client.id",
            Self::ClientSecret => "credential.client.secret",
            Self::CodeField => "credential.code_field",
            Self::CredentialAndScope => "credential and scope together",
            Self::DiscoveryEndpoint => "credential.client.discovery_endpoint",
            Self::Domain => "scope.domain",
            Self::FederationProtocol => "credential.protocol",
            Self::IdentityProvider => "credential.identity_provider",
            Self::IdentityUrl => "identity url",
            Self::OverrideService => "override.service",
            Self::OverrideUrl => "override.url",
            Self::Password => "credential.password",
            Self::ProjectDomain => "scope.project.domain",
            Self::ProjectId => "scope.project.id",
            Self::ProjectName => "scope.project.name",
            Self::ProviderOrigin => "credential.client.allowed_origin",
            Self::ProviderScope => "credential.client.scope",
            Self::StandaloneUrl => "standalone url",
            Self::SubjectToken => "token",
            Self::SubjectUser => "user id",
            Self::Token => "credential.token",
            Self::TokenEndpoint => "credential.client.token_endpoint",
            Self::Totp => "credential.totp",
            Self::Trust => "scope.trust",
            Self::UserDomain => "credential.user.domain",
            Self::UserId => "credential.user.id",
            Self::UserName => "credential.user.name",
        })
    }
}

/// A kind of login method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MethodKind {
    /// An application credential.
    ApplicationCredential,
    /// A token that is used as it is, without a login.
    ExistingToken,
    /// The token of an identity provider, which is exchanged for an unscoped token
    /// (`OS-FEDERATION`).
    Federated,
    /// A user name and a password in each request to a service, by HTTP Basic.
    HttpBasic,
    /// The ID token of an identity provider, which is exchanged for a token of the scope.
    IdToken,
    /// Nothing, for a service that asks for nothing.
    NoAuth,
    /// A password.
    Password,
    /// A token that is exchanged for another one.
    Token,
    /// A one-time code.
    Totp,
}

impl MethodKind {
    /// The name of the method in a request. Methods that need no login are never sent.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationCredential => "application_credential",
            Self::ExistingToken => "existing token",
            Self::Federated => "federated login",
            Self::HttpBasic => "HTTP Basic",
            Self::IdToken => "id token",
            Self::NoAuth => "no authentication",
            Self::Password => "password",
            Self::Token => "token",
            Self::Totp => "totp",
        }
    }

    /// The method with this name in requests and receipts.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let sent = [Self::ApplicationCredential, Self::Password, Self::Token, Self::Totp];
        sent.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The field with the secret.
    pub(crate) const fn field(self) -> ConfigField {
        match self {
            Self::ApplicationCredential => ConfigField::ApplicationCredentialSecret,
            Self::Federated | Self::IdToken => ConfigField::Bearer,
            Self::HttpBasic | Self::Password => ConfigField::Password,
            // No authentication has no secret.
            Self::ExistingToken | Self::NoAuth | Self::Token => ConfigField::Token,
            Self::Totp => ConfigField::Totp,
        }
    }
}

impl fmt::Display for MethodKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A kind of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeKind {
    /// The scope that the cloud chooses.
    Default,
    /// A domain.
    Domain,
    /// A project, by id.
    ProjectId,
    /// A project, by name.
    ProjectName,
    /// The whole system.
    System,
    /// A trust.
    Trust,
    /// No scope, even if the user has a default project.
    Unscoped,
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default scope",
            Self::Domain => "domain scope",
            Self::ProjectId => "project scope by id",
            Self::ProjectName => "project scope by name",
            Self::System => "system scope",
            Self::Trust => "trust scope",
            Self::Unscoped => "explicit absence of a scope",
        })
    }
}
