//! What a user knows.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use crate::scope::DomainRef;

/// How a user is named by a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserRef {
    /// By id, which is unique in the whole cloud.
    Id(String),
    /// By name, which is unique within a domain. v2.0 clouds have no domains; v3 clouds want it.
    Name {
        /// The name.
        name: String,
        /// The domain that the user belongs to; it may differ from the project's.
        domain: Option<DomainRef>,
    },
}

impl UserRef {
    /// The user with this id.
    pub fn id(id: impl Into<String>) -> Self {
        Self::Id(id.into())
    }

    /// The user with this name, at a v2.0 cloud.
    pub fn name(name: impl Into<String>) -> Self {
        Self::Name { name: name.into(), domain: None }
    }

    /// The user with this name in this domain.
    pub fn name_in(name: impl Into<String>, domain: DomainRef) -> Self {
        Self::Name { name: name.into(), domain: Some(domain) }
    }
}

impl From<&str> for UserRef {
    fn from(name: &str) -> Self {
        Self::name(name)
    }
}

impl From<String> for UserRef {
    fn from(name: String) -> Self {
        Self::name(name)
    }
}

/// One way of proving who one is that a login may ask for on top of another. It names no user: the
/// credential that it joins does.
#[derive(Clone)]
#[non_exhaustive]
pub enum Factor {
    /// The user's password.
    Password(SecretString),
    /// A one-time code, as an authenticator shows it. An account sends each one once.
    Totp(SecretString),
}

impl Factor {
    /// The user's password.
    pub fn password(password: impl Into<SecretString>) -> Self {
        Self::Password(password.into())
    }

    /// A one-time code.
    pub fn totp(code: impl Into<SecretString>) -> Self {
        Self::Totp(code.into())
    }

    pub(crate) fn secret(&self) -> &str {
        let (Self::Password(secret) | Self::Totp(secret)) = self;
        secret.expose_secret()
    }

    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Password(password) => Method::Password(password.clone()),
            Self::Totp(code) => Method::Totp(code.clone()),
        }
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Factor({})", self.method().kind().as_str())
    }
}

/// What a user knows: who they are and how they prove it. Cheap to clone; its secrets are wiped
/// when the last clone is dropped, and never shown by `Debug`.
///
/// ```
/// use auth_proto::{Credential, DomainRef, Factor, UserRef};
///
/// let nhn = Credential::password("user@example.com", "secretsecret");
/// let otc = Credential::password(UserRef::name_in("me", DomainRef::name("corp")), "pw");
/// let kakao = Credential::application_credential("key id", "key secret");
/// let strict = otc.and(Factor::totp("123456"));
/// ```
#[derive(Clone)]
pub struct Credential {
    pub(crate) user: Option<UserRef>,
    pub(crate) methods: Arc<Vec<Method>>,
}

impl Credential {
    /// A user and a password. A plain text as the user is a name at a v2.0 cloud.
    pub fn password(user: impl Into<UserRef>, password: impl Into<SecretString>) -> Self {
        Self::of_user(user.into(), Method::Password(password.into()))
    }

    /// An application credential by its id. At KakaoCloud this is an access key (API Preparations,
    /// method 1).
    pub fn application_credential(id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        let method =
            Method::ApplicationCredential { key: Key::Id(id.into()), secret: secret.into() };
        Self { user: None, methods: Arc::new(vec![method]) }
    }

    /// An application credential by its name, which is unique per user (KakaoCloud, API
    /// Preparations, method 2, with the user's id).
    pub fn application_credential_of(
        user: impl Into<UserRef>,
        name: impl Into<String>,
        secret: impl Into<SecretString>,
    ) -> Self {
        let key = Key::Name(name.into());
        Self::of_user(user.into(), Method::ApplicationCredential { key, secret: secret.into() })
    }

    /// A token that is exchanged for one of another scope. The new one ends when the old one ends.
    pub fn token(token: impl Into<SecretString>) -> Self {
        Self { user: None, methods: Arc::new(vec![Method::Token(token.into())]) }
    }

    /// A user and a one-time code, where the code alone suffices.
    pub fn totp(user: impl Into<UserRef>, code: impl Into<SecretString>) -> Self {
        Self::of_user(user.into(), Method::Totp(code.into()))
    }

    /// The same with a further factor in the same request.
    #[must_use]
    pub fn and(mut self, factor: Factor) -> Self {
        Arc::make_mut(&mut self.methods).push(factor.method());
        self
    }

    /// Nothing: in the place of one that is wiped.
    pub(crate) fn none() -> Self {
        Self { user: None, methods: Arc::new(Vec::new()) }
    }

    fn of_user(user: UserRef, method: Method) -> Self {
        Self { user: Some(user), methods: Arc::new(vec![method]) }
    }

    /// Whether it holds a code that no server takes twice.
    pub(crate) fn is_one_time(&self) -> bool {
        self.methods.iter().any(|method| method.kind() == MethodKind::Totp)
    }

    /// The same with this factor in the place of an older one of its kind.
    pub(crate) fn with_fresh(mut self, factor: &Factor) -> Self {
        let fresh = factor.method();
        let methods = Arc::make_mut(&mut self.methods);
        methods.retain(|method| method.kind() != fresh.kind());
        methods.push(fresh);
        self
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.iter().map(|m| m.kind().as_str()).collect();
        f.debug_struct("Credential").field("user", &self.user).field("methods", &methods).finish()
    }
}

/// How an application credential is named.
#[derive(Clone)]
pub(crate) enum Key {
    Id(String),
    Name(String),
}

/// One entry of a login's `methods`.
#[derive(Clone)]
pub(crate) enum Method {
    ApplicationCredential { key: Key, secret: SecretString },
    Password(SecretString),
    Token(SecretString),
    Totp(SecretString),
}

impl Method {
    pub(crate) fn kind(&self) -> MethodKind {
        match self {
            Self::ApplicationCredential { .. } => MethodKind::ApplicationCredential,
            Self::Password(_) => MethodKind::Password,
            Self::Token(_) => MethodKind::Token,
            Self::Totp(_) => MethodKind::Totp,
        }
    }

    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::ApplicationCredential { secret, .. }
            | Self::Password(secret)
            | Self::Token(secret)
            | Self::Totp(secret) => secret.expose_secret(),
        }
    }
}

/// The kinds of method, as clouds allow or refuse them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MethodKind {
    ApplicationCredential,
    Password,
    Token,
    Totp,
}

impl MethodKind {
    /// The name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationCredential => "application_credential",
            Self::Password => "password",
            Self::Token => "token",
            Self::Totp => "totp",
        }
    }

    /// The input that holds the secret, as errors name it.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::ApplicationCredential => "credential.secret",
            Self::Password => "credential.password",
            Self::Token => "credential.token",
            Self::Totp => "credential.totp",
        }
    }
}
