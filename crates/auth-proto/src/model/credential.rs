//! What a user knows.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use crate::model::scope::DomainRef;

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
    pub(crate) agency: Option<Agency>,
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
        Self::of_nobody(method)
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

    /// A token that is exchanged for one of another scope. The new one ends when the old one ends,
    /// and is not renewed before.
    pub fn token(token: impl Into<SecretString>) -> Self {
        Self::of_nobody(Method::Token(token.into()))
    }

    /// A token that is used as it is: one that must not be exchanged, because an application
    /// credential or a trust gave it, or because the cloud forbids that.
    ///
    /// The identity service is asked what it is good for and how long (`GET /v3/auth/tokens`, with
    /// the token itself as the caller's). Where it does not tell that, the token is
    /// [used](crate::Token::is_validated) until a service refuses it.
    pub fn existing_token(token: impl Into<SecretString>) -> Self {
        Self::of_nobody(Method::PassedOn(token.into()))
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

    /// What another account has delegated to this user: a login by this credential, whose token is
    /// then exchanged for one of the agency (`assume_role`). A renewal does both again.
    ///
    /// Huawei Cloud and Open Telekom Cloud have agencies. The user needs the permission `Agent
    /// Operator` and is named with their domain, whose token the exchange wants; the scope is one of
    /// the account that delegates.
    ///
    /// ```
    /// use auth_proto::{Agency, Credential, DomainRef, UserRef};
    ///
    /// let user = UserRef::name_in("operator", DomainRef::name("IAMDomainB"));
    /// let agency = Agency::new("IAMAgency", DomainRef::name("IAMDomainA"));
    /// let credential = Credential::password(user, "secretsecret").assume(agency);
    /// ```
    #[must_use]
    pub fn assume(self, agency: Agency) -> Self {
        Self { agency: Some(agency), ..self }
    }

    /// Nothing: in the place of one that is wiped.
    pub(crate) fn none() -> Self {
        Self { user: None, methods: Arc::new(Vec::new()), agency: None }
    }

    fn of_user(user: UserRef, method: Method) -> Self {
        Self { user: Some(user), methods: Arc::new(vec![method]), agency: None }
    }

    fn of_nobody(method: Method) -> Self {
        Self { user: None, methods: Arc::new(vec![method]), agency: None }
    }

    /// Whether it holds a code that no server takes twice.
    pub(crate) fn is_one_time(&self) -> bool {
        self.methods.iter().any(|method| method.kind() == MethodKind::Totp)
    }

    /// The token that it is.
    pub(crate) fn own_token(&self) -> Option<&str> {
        match self.methods.first()? {
            Method::PassedOn(token) | Method::Token(token) => Some(token.expose_secret()),
            _ => None,
        }
    }

    /// The domain that its user is named in.
    pub(crate) fn user_domain(&self) -> Option<&DomainRef> {
        match &self.user {
            Some(UserRef::Name { domain, .. }) => domain.as_ref(),
            _ => None,
        }
    }

    /// Whether its token is used as it is, so that no login gives another one.
    pub(crate) fn is_existing_token(&self) -> bool {
        self.agency.is_none() && matches!(self.methods[..], [Method::PassedOn(_)])
    }

    /// Whether a token that it gave can be had again before it ends, without asking anybody: not
    /// by a code that is spent, nor by a token that ends at the same time.
    pub(crate) fn renews_early(&self) -> bool {
        !self.is_one_time() && (self.agency.is_some() || self.own_token().is_none())
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
        let mut shown = f.debug_struct("Credential");
        shown.field("user", &self.user).field("methods", &methods);
        self.agency.iter().for_each(|agency| {
            shown.field("agency", agency);
        });
        shown.finish()
    }
}

/// What another account has delegated, by the name of the agency and the account's domain (Huawei
/// Cloud, "Obtaining an Agency Token"). See [`Credential::assume`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    pub(crate) name: String,
    pub(crate) domain: DomainRef,
}

impl Agency {
    /// The agency of this name in the domain of the account that delegates.
    pub fn new(name: impl Into<String>, domain: DomainRef) -> Self {
        Self { name: name.into(), domain }
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
    PassedOn(SecretString),
    Password(SecretString),
    Token(SecretString),
    Totp(SecretString),
}

impl Method {
    pub(crate) fn kind(&self) -> MethodKind {
        match self {
            Self::ApplicationCredential { .. } => MethodKind::ApplicationCredential,
            Self::PassedOn(_) => MethodKind::PassedOn,
            Self::Password(_) => MethodKind::Password,
            Self::Token(_) => MethodKind::Token,
            Self::Totp(_) => MethodKind::Totp,
        }
    }

    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::ApplicationCredential { secret, .. }
            | Self::PassedOn(secret)
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
    /// No method of a login.
    PassedOn,
    Password,
    Token,
    Totp,
}

impl MethodKind {
    /// The name on the wire, where it has one.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationCredential => "application_credential",
            Self::PassedOn => "token passed on",
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
            Self::PassedOn | Self::Token => "credential.token",
            Self::Totp => "credential.totp",
        }
    }
}
