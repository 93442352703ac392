//! Tokens and their descriptions.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use time::UtcDateTime;
use zeroize::Zeroizing;

use crate::{
    error::ProtocolError,
    limits,
    model::{
        catalog::Catalog,
        credential::Method,
        marks::{self, Marks},
    },
    text::redact::redact,
};

/// A token and its description: scope, user, roles, lifetime and catalog.
///
/// The text of the token is wiped from memory when the last clone of the header value is dropped.
/// `Debug` does not show it. The token also keeps the secrets of its login until its last clone is
/// dropped, so that no text about the token shows one that the service has repeated.
#[derive(Clone)]
pub struct Token {
    pub(crate) header: HeaderValue,
    pub(crate) kind: TokenKind,
    pub(crate) details: Details,
    pub(crate) is_validated: bool,
    pub(crate) marks: Marks,
    pub(crate) login_secrets: LoginSecrets,
}

/// What a login sent or received as a secret before its token: the service may have repeated it in any
/// field.
#[derive(Clone, Default)]
pub(crate) struct LoginSecrets {
    /// Those of the credential, which the session keeps anyway.
    pub(crate) methods: Option<Arc<Vec<Method>>>,
    /// Those of later steps. Nearly every login has none.
    pub(crate) later: Vec<SecretString>,
}

/// How a request shows a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// In the header `Authorization`, as HTTP Basic does (RFC 7617).
    Basic,
    /// In the header `X-Auth-Token`.
    Keystone,
    /// Not at all.
    Nothing,
}

/// The server's description of a token.
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
        let (kind, marks) = (TokenKind::Keystone, Marks::default());
        Self {
            header,
            kind,
            details,
            is_validated: true,
            marks,
            login_secrets: LoginSecrets::default(),
        }
    }

    /// A token without a description.
    pub(crate) fn unvalidated(kind: TokenKind, header: HeaderValue) -> Self {
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
        let marks = Marks::default();
        Self {
            header,
            kind,
            details,
            is_validated: false,
            marks,
            login_secrets: LoginSecrets::default(),
        }
    }

    /// The value of the header that shows the token, marked sensitive.
    ///
    /// Prefer [`Cloud::authorize`](crate::Cloud::authorize), which first checks that the token may
    /// be sent to the request's host.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The name of the header that shows the token: `X-Auth-Token`. `Authorization` for a
    /// credential of [HTTP Basic](crate::Credential::http_basic), and `None` for [no
    /// authentication](crate::Credential::no_auth).
    pub fn header_name(&self) -> Option<HeaderName> {
        match self.kind {
            TokenKind::Basic => Some(AUTHORIZATION),
            TokenKind::Keystone => Some(AUTH_TOKEN),
            TokenKind::Nothing => None,
        }
    }

    /// Sets the header that shows the token, if there is one.
    ///
    /// Prefer [`Cloud::authorize`](crate::Cloud::authorize), which first checks that the token may
    /// be sent to the request's host.
    #[inline]
    pub fn insert_into(&self, headers: &mut HeaderMap) {
        match self.kind {
            TokenKind::Keystone => drop(headers.insert(AUTH_TOKEN, self.header.clone())),
            TokenKind::Basic | TokenKind::Nothing => self.insert_other(headers),
        }
    }

    /// Out of the way of nearly every call.
    #[cold]
    fn insert_other(&self, headers: &mut HeaderMap) {
        if let Some(name) = self.header_name() {
            headers.insert(name, self.header.clone());
        }
    }

    /// The text of the header, for passing a token to another program. Empty for [no
    /// authentication](crate::Credential::no_auth).
    pub fn expose(&self) -> &str {
        // `secret_header` accepts visible ASCII only.
        self.header.to_str().unwrap_or_default()
    }

    /// The secrets that no text about the token may show: the token and those of its login.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let LoginSecrets { methods, later } = &self.login_secrets;
        let sent = methods.iter().flat_map(|methods| methods.iter()).flat_map(Method::secrets);
        let later = later.iter().map(ExposeSecret::expose_secret);
        sent.chain(later).chain([self.expose()]).collect()
    }

    /// The service catalog. `None` if the response had none, as for an unscoped token or a login
    /// without a catalog at a stock Keystone. Huawei Cloud sends an empty catalog in these cases.
    pub fn catalog(&self) -> Option<&Catalog> {
        self.details.catalog.as_ref()
    }

    /// The domain that the token is scoped to.
    pub fn domain(&self) -> Option<&Domain> {
        self.details.domain.as_ref()
    }

    /// Sets the catalog, which was [fetched](crate::FetchCatalog) separately.
    #[must_use]
    pub fn with_catalog(mut self, catalog: Catalog) -> Self {
        self.details.catalog = Some(catalog);
        self
    }

    /// Whether the identity service has described the token. `false` only for an [existing
    /// token](crate::Credential::existing_token) that the service refused to validate, and for a
    /// [standalone service](crate::Cloud::standalone). Such a token has no scope, user or catalog,
    /// and [`UtcDateTime::MAX`] as its expiry.
    pub fn is_validated(&self) -> bool {
        self.is_validated
    }

    /// Whether this URL's origin has refused the token, so that callers of that origin need another
    /// one: [`Destination::At`](crate::Destination::At). Other origins can still accept it. Takes no
    /// lock.
    pub fn is_refused_at(&self, url: &Uri) -> bool {
        self.marks.has_refusal() && self.marks.is_refused(&marks::origin(url))
    }

    /// When the token expires, by the server's clock.
    pub fn expires_at(&self) -> UtcDateTime {
        self.details.expires_at
    }

    /// When the token was issued, by the server's clock.
    pub fn issued_at(&self) -> Option<UtcDateTime> {
        self.details.issued_at
    }

    /// The authentication methods of the login: `password`, `totp`, … Empty in v2.0.
    pub fn methods(&self) -> &[String] {
        &self.details.methods
    }

    /// The project (in v2.0, the tenant) that the token is scoped to.
    pub fn project(&self) -> Option<&Project> {
        self.details.project.as_ref()
    }

    /// The user's roles within the scope.
    pub fn roles(&self) -> &[Role] {
        &self.details.roles
    }

    /// Whether the token has system scope, that is for the whole deployment.
    pub fn is_system(&self) -> bool {
        self.details.system
    }

    /// The id of the trust that the token is scoped to.
    pub fn trust_id(&self) -> Option<&str> {
        self.details.trust_id.as_deref()
    }

    /// The user of the token. At NHN Cloud the name differs from the name in the login (IaaS Token:
    /// the request has an e-mail address, the response a UUID).
    pub fn user(&self) -> &User {
        &self.details.user
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { user, project, domain, expires_at, .. } = &self.details;
        let (mut user, mut project, mut domain) = (user.clone(), project.clone(), domain.clone());
        let names = project.iter_mut().flat_map(Project::texts).chain(user.texts());
        redact(
            &mut names.chain(domain.iter_mut().flat_map(Domain::texts)).collect::<Vec<_>>(),
            &self.secrets(),
        );
        f.debug_struct("Token")
            .field("expires_at", expires_at)
            .field("user", &user)
            .field("project", &project)
            .field("domain", &domain)
            .finish_non_exhaustive()
    }
}

/// The user of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The domain of the user. `None` in v2.0.
    pub domain: Option<Domain>,
    /// When the password expires. `None` if it does not: absent, null and `""` all mean that
    /// (Huawei Cloud, Obtaining a User Token, table 21).
    pub password_expires_at: Option<UtcDateTime>,
}

impl User {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let own = self.id.iter_mut().chain(&mut self.name);
        own.chain(self.domain.iter_mut().flat_map(Domain::texts))
    }
}

/// A domain: the owner of users and projects. Other clouds call it an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Domain {
    /// The id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
}

impl Domain {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        self.id.iter_mut().chain(&mut self.name)
    }
}

/// A project, or in v2.0 a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// The id, an opaque text. Not every cloud uses 32 hexadecimal digits.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The domain of the project. `None` in v2.0.
    pub domain: Option<Domain>,
    /// The operator's description.
    pub description: Option<String>,
    /// Whether the project is enabled. Present in v2.0 tokens and in project lists, not in v3
    /// tokens.
    pub enabled: Option<bool>,
    /// The id of the parent project or domain. Present only in project lists.
    pub parent_id: Option<String>,
}

impl Project {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let own = [&mut self.id, &mut self.name, &mut self.description, &mut self.parent_id];
        own.into_iter().flatten().chain(self.domain.iter_mut().flat_map(Domain::texts))
    }
}

/// A role of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// The id. It is not unique: at Huawei Cloud every role has the id `0` (Obtaining a User Token,
    /// table 20).
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
}

pub(crate) const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// A header value for a secret: its characters checked, marked sensitive, and wiped from memory
/// with its last clone. `place` names the secret's origin in errors.
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
    let value = sensitive(Zeroizing::new(text.to_vec()));
    value.ok_or(ProtocolError::TokenCharacters { place })
}

/// A header value that is marked sensitive, and wiped from memory with its last clone. `None` for
/// bytes that no header has.
pub(crate) fn sensitive(bytes: Zeroizing<Vec<u8>>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(bytes)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
