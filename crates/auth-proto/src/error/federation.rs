//! The refusals of a federated login.

use std::fmt;

/// Why a federated login was refused, by the identity provider or by the identity service.
/// [`Refusal::origin`](super::Refusal::origin) says by which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FederationProblem {
    /// The identity service refused a bearer that the provider has just given. Its gate (a web
    /// server's module) does so before the request reaches Keystone.
    BearerRefused,
    /// The provider does not know the client, or its secret is wrong: `invalid_client`.
    ClientRefused,
    /// The provider does not allow this grant to the client: `unauthorized_client`.
    ClientUnauthorized,
    /// The provider refused the user's name, password or code: `invalid_grant`.
    GrantRefused,
    /// The provider does not have the grant: `unsupported_grant_type`.
    GrantUnsupported,
    /// The identity service accepted the bearer but found no user for it, or the user may not log
    /// in: claims are missing, or no mapping matches.
    NotMapped,
    /// The identity service has not enabled the protocol as a login method.
    ProtocolDisabled,
    /// The provider refused the scope: `invalid_scope`.
    ScopeRefused,
    /// The identity service refused the caller's own token of the provider.
    TokenRefused,
    /// The identity service knows no such identity provider or protocol.
    UnknownProvider,
}

impl FederationProblem {
    /// The problem behind an error code of a token endpoint (RFC 6749, section 5.2).
    pub(crate) fn of_provider(code: &str, status: u16) -> Option<Self> {
        Some(match code {
            "invalid_client" => Self::ClientRefused,
            "invalid_grant" => Self::GrantRefused,
            "invalid_scope" => Self::ScopeRefused,
            // Keycloak's code for a wrong secret.
            "unauthorized_client" if status == 401 => Self::ClientRefused,
            "unauthorized_client" => Self::ClientUnauthorized,
            "unsupported_grant_type" => Self::GrantUnsupported,
            _ => return None,
        })
    }

    /// Whether a secret of the credential was refused, so that another attempt may lock an account.
    pub(crate) fn refuses_credential(self) -> bool {
        matches!(self, Self::ClientRefused | Self::GrantRefused | Self::TokenRefused)
    }

    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::BearerRefused => {
                "the identity service refused the token that the identity provider has just given; \
                 ask the cloud's operator which provider, client, scope and kind of token \
                 (access_token or id_token) it accepts"
            }
            Self::ClientRefused => {
                "the identity provider refused the client; check the client's id and its secret"
            }
            Self::ClientUnauthorized => {
                "the identity provider does not allow this grant to the client; ask its \
                 administrator to allow it, or log in in another way"
            }
            Self::GrantRefused => {
                "the identity provider refused the login; check the user's name, the password and \
                 the one-time code, and whether the account is locked or has expired"
            }
            Self::GrantUnsupported => {
                "the identity provider does not have this grant; log in in another way"
            }
            Self::NotMapped => {
                "the identity service accepts the token of the identity provider, but finds no user \
                 for it; ask the cloud's operator to check the mapping of this identity provider, \
                 the claims of the token, and whether the provider is enabled"
            }
            Self::ProtocolDisabled => {
                "the identity service has not enabled this protocol; check the protocol's id with \
                 the cloud's operator (option methods of Keystone's section auth)"
            }
            Self::ScopeRefused => {
                "the identity provider refused the scope; check OidcClient::with_scope and the \
                 scopes that the client may ask for"
            }
            Self::TokenRefused => {
                "the identity service refused the token of the identity provider; it may have \
                 expired or be for another audience; use a new one"
            }
            Self::UnknownProvider => {
                "the identity service knows no such identity provider or protocol, or has no \
                 federated logins; check both ids with the cloud's operator, and the identity URL"
            }
        }
    }
}

/// A document of an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderDocument {
    /// The discovery document.
    Discovery,
    /// The response of the token endpoint.
    Token,
}

impl ProviderDocument {
    pub(super) fn remedy(self, field: Option<&str>) -> &'static str {
        match (self, field) {
            (Self::Discovery, Some("token_endpoint")) => {
                "set the token endpoint, or check the discovery endpoint"
            }
            (Self::Discovery, _) => "check the discovery endpoint and any proxy in between",
            (Self::Token, Some("id_token")) => {
                "add openid to OidcClient::with_scope, or use the access token"
            }
            (Self::Token, Some("access_token")) => {
                "check the token endpoint, or use the ID token (OidcClient::with_id_token)"
            }
            (Self::Token, _) => "check the token endpoint and any proxy in between",
        }
    }
}

impl fmt::Display for ProviderDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Discovery => "discovery document",
            Self::Token => "token response",
        })
    }
}
