//! What a login gives.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use time::UtcDateTime;
use zeroize::Zeroizing;

use crate::{error::ProtocolError, limits, model::catalog::Catalog};

/// A token, and everything that came with it.
///
/// Its text is wiped from memory when the last clone of its header value is dropped, and is never
/// shown by `Debug`.
#[derive(Clone)]
pub struct Token {
    pub(crate) header: HeaderValue,
    pub(crate) details: Details,
    pub(crate) is_validated: bool,
}

/// What an answer says about a token, beside its text.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) catalog: Option<Catalog>,
    pub(crate) domain: Option<Domain>,
    pub(crate) expires_at: UtcDateTime,
    pub(crate) issued_at: Option<UtcDateTime>,
    pub(crate) methods: Vec<String>,
    pub(crate) project: Option<Project>,
    pub(crate) roles: Vec<Role>,
    pub(crate) system: bool,
    pub(crate) trust_id: Option<String>,
    pub(crate) user: User,
}

impl Token {
    pub(crate) fn new(header: HeaderValue, details: Details) -> Self {
        Self { header, details, is_validated: true }
    }

    /// A token of which nothing is known.
    pub(crate) fn unvalidated(header: HeaderValue) -> Self {
        let details = Details {
            catalog: None,
            domain: None,
            expires_at: UtcDateTime::MAX,
            issued_at: None,
            methods: Vec::new(),
            project: None,
            roles: Vec::new(),
            system: false,
            trust_id: None,
            user: User::default(),
        };
        Self { header, details, is_validated: false }
    }

    /// The value for `X-Auth-Token`, marked sensitive.
    ///
    /// Whoever takes it decides for themselves where it goes:
    /// [`Cloud::authorize`](crate::Cloud::authorize) checks that first.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The token's text, for handing it on.
    pub fn expose(&self) -> &str {
        // Checked to be visible ASCII when the token was made.
        self.header.to_str().unwrap_or_default()
    }

    /// The services that the token is good for. `None` if the answer had no catalog at all, as
    /// for an unscoped token or a login without catalog at a stock Keystone; an empty catalog is
    /// another thing (Huawei Cloud answers `[]` there).
    pub fn catalog(&self) -> Option<&Catalog> {
        self.details.catalog.as_ref()
    }

    /// The domain that the token is scoped to, if it is.
    pub fn domain(&self) -> Option<&Domain> {
        self.details.domain.as_ref()
    }

    /// The same token with this catalog, which was [fetched](crate::FetchCatalog) for it.
    #[must_use]
    pub fn with_catalog(mut self, catalog: Catalog) -> Self {
        self.details.catalog = Some(catalog);
        self
    }

    /// Whether the identity service has said what the token is good for. It has of every token
    /// but one that was [passed on](crate::Credential::existing_token) and that it would not be asked
    /// about: of that nothing is known, and [`UtcDateTime::MAX`] stands for its end.
    pub fn is_validated(&self) -> bool {
        self.is_validated
    }

    /// When the token ends, in the server's words and by the server's clock.
    pub fn expires_at(&self) -> UtcDateTime {
        self.details.expires_at
    }

    /// When the token was issued, in the server's words and by the server's clock.
    pub fn issued_at(&self) -> Option<UtcDateTime> {
        self.details.issued_at
    }

    /// How the user proved who they are: `password`, `totp`, … Empty in v2.0.
    pub fn methods(&self) -> &[String] {
        &self.details.methods
    }

    /// The project (in v2.0, the tenant) that the token is scoped to, if it is.
    pub fn project(&self) -> Option<&Project> {
        self.details.project.as_ref()
    }

    /// What the user may do within the scope.
    pub fn roles(&self) -> &[Role] {
        &self.details.roles
    }

    /// Whether the token is for the whole deployment.
    pub fn is_system(&self) -> bool {
        self.details.system
    }

    /// The trust that the token came by, if it did.
    pub fn trust_id(&self) -> Option<&str> {
        self.details.trust_id.as_deref()
    }

    /// Whom the token stands for. At NHN Cloud the name is not the one that was sent (IaaS Token:
    /// an e-mail address goes in, a UUID comes back).
    pub fn user(&self) -> &User {
        &self.details.user
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("expires_at", &self.details.expires_at)
            .field("user", &self.details.user)
            .field("project", &self.details.project)
            .field("domain", &self.details.domain)
            .finish_non_exhaustive()
    }
}

/// Whom a token stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The domain that the user belongs to. Absent in v2.0.
    pub domain: Option<Domain>,
    /// When the password ends. `None` if never: absent, null and `""` all mean that (Huawei Cloud,
    /// Obtaining a User Token, table 21).
    pub password_expires_at: Option<UtcDateTime>,
}

/// A domain, which is what other clouds call an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Domain {
    /// The id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// A project, or in v2.0 a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// The id. An opaque text: not every cloud uses 32 hexadecimal digits.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The domain that the project belongs to. Absent in v2.0.
    pub domain: Option<Domain>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it can be used. v2.0 tokens and project lists say so, v3 tokens do not.
    pub enabled: Option<bool>,
    /// The project or domain above it. In project lists only.
    pub parent_id: Option<String>,
}

/// What a user may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// The id. No key: Huawei Cloud gives every role the id `0` (Obtaining a User Token, table 20).
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// A secret made into a header value: checked, marked sensitive, and wiped from memory with its
/// last clone.
pub(crate) fn secret_header(
    text: &[u8],
    place: &'static str,
) -> Result<HeaderValue, ProtocolError> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(ProtocolError::MissingToken { place });
    }
    if text.len() > limits::TOKEN {
        return Err(ProtocolError::TooLarge { what: "token", limit: limits::TOKEN });
    }
    if !text.iter().all(u8::is_ascii_graphic) {
        return Err(ProtocolError::TokenCharacters { place });
    }
    let bytes = Bytes::from_owner(Zeroizing::new(text.to_vec()));
    let mut value = HeaderValue::from_maybe_shared(bytes)
        .map_err(|_| ProtocolError::TokenCharacters { place })?;
    value.set_sensitive(true);
    Ok(value)
}
