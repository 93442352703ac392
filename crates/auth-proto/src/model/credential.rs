//! Credentials and their parts.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

pub(crate) use crate::error::MethodKind;
use crate::model::{
    federation::{Federation, OidcClient},
    scope::DomainRef,
    secret::{Secret, SecretSource},
};

/// A user, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserRef {
    /// By id, which is unique within a cloud.
    Id(String),
    /// By name, which is unique within a domain. v3 requires the domain; v2.0 has no domains.
    Name {
        /// The name.
        name: String,
        /// The domain of the user. It may differ from the domain of the project.
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

/// A further authentication factor for a login. It belongs to the user of the credential that it is
/// added to.
#[derive(Clone)]
#[non_exhaustive]
pub enum Factor {
    /// The user's password.
    Password(SecretString),
    /// A one-time code of an authenticator app. A session sends each code once.
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
            Self::Password(password) => Method::Password(password.clone().into()),
            Self::Totp(code) => Method::Totp(code.clone()),
        }
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Factor({})", self.method().kind().as_str())
    }
}

/// A user and one or more secrets to log in with.
///
/// A clone is cheap. The secrets are wiped from memory when the last clone is dropped, and `Debug`
/// does not show them.
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
    /// A user and a password. A plain string as the user is a name without a domain, as in v2.0.
    pub fn password(user: impl Into<UserRef>, password: impl Into<Secret>) -> Self {
        Self::of_user(user.into(), Method::Password(password.into()))
    }

    /// An application credential by its id. KakaoCloud calls it an access key (API Preparations,
    /// method 1).
    pub fn application_credential(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        let method =
            Method::ApplicationCredential { key: Key::Id(id.into()), secret: secret.into() };
        Self::without_user(method)
    }

    /// An application credential by its name, which is unique per user (KakaoCloud, API
    /// Preparations, method 2, with the id of the user).
    pub fn application_credential_of(
        user: impl Into<UserRef>,
        name: impl Into<String>,
        secret: impl Into<Secret>,
    ) -> Self {
        let key = Key::Name(name.into());
        Self::of_user(user.into(), Method::ApplicationCredential { key, secret: secret.into() })
    }

    /// A token to exchange for a token of another scope. The new token expires together with the
    /// old one and cannot be renewed.
    pub fn token(token: impl Into<SecretString>) -> Self {
        Self::without_user(Method::Token(token.into()))
    }

    /// A token to use as it is, without a login: for tokens of an application credential or a
    /// trust, which cannot be exchanged, and for clouds that forbid the exchange.
    ///
    /// The token is validated first (`GET /v3/auth/tokens`, authorised by the token itself).
    /// If the identity service refuses to describe it, the token is used [without
    /// validation](crate::Token::is_validated) until a service refuses it.
    pub fn existing_token(token: impl Into<SecretString>) -> Self {
        Self::without_user(Method::ExistingToken(token.into()))
    }

    /// A user and a password that every request shows in the header `Authorization`, as HTTP Basic
    /// does (RFC 7617): for a [standalone](crate::Cloud::standalone) service.
    pub fn http_basic(user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self::of_user(UserRef::name(user), Method::HttpBasic(password.into()))
    }

    /// No secret at all: for a [standalone](crate::Cloud::standalone) service that asks for none.
    pub fn no_auth() -> Self {
        Self::without_user(Method::NoAuth)
    }

    /// A login with the token of an identity provider, at clouds with the v3 API. An identity URL
    /// without a version is used as one that ends with `/v3`.
    pub fn federated(federation: Federation) -> Self {
        Self::without_user(Method::Federated(Box::new(federation)))
    }

    /// A user and a one-time code, for users who need no other factor.
    pub fn totp(user: impl Into<UserRef>, code: impl Into<SecretString>) -> Self {
        Self::of_user(user.into(), Method::Totp(code.into()))
    }

    /// Adds a further factor, which is sent in the same request.
    #[must_use]
    pub fn and(mut self, factor: Factor) -> Self {
        Arc::make_mut(&mut self.methods).push(factor.method());
        self
    }

    /// Uses permissions that another account has delegated to this user by an agency: after the
    /// login, the token is exchanged for a token of the agency (`assume_role`). A renewal repeats
    /// both.
    ///
    /// Huawei Cloud and Open Telekom Cloud have agencies. The user needs the permission `Agent
    /// Operator`. The exchange needs a token for the user's domain, so the user must be named with
    /// the domain. The scope is a project or the domain of the delegating account.
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

    /// An empty credential, to replace one that is wiped.
    pub(crate) fn none() -> Self {
        Self { user: None, methods: Arc::new(Vec::new()), agency: None }
    }

    fn of_user(user: UserRef, method: Method) -> Self {
        Self { user: Some(user), methods: Arc::new(vec![method]), agency: None }
    }

    fn without_user(method: Method) -> Self {
        Self { user: None, methods: Arc::new(vec![method]), agency: None }
    }

    /// Whether it has a one-time code, which a server accepts once.
    pub(crate) fn is_one_time(&self) -> bool {
        self.has_code() || self.federation().is_some_and(|own| own.code_field().is_some())
    }

    fn has_code(&self) -> bool {
        self.methods.iter().any(|method| method.kind() == MethodKind::Totp)
    }

    /// Whether a login needs a one-time code that is not known yet.
    pub(crate) fn lacks_code(&self) -> bool {
        self.is_one_time() && !self.has_code()
    }

    /// Whether it has a password or a code, which clouds allow to be wrong a few times only.
    pub(crate) fn is_guessable(&self) -> bool {
        self.methods.iter().any(|method| match method {
            Method::Federated(federation) => federation.is_guessable(),
            Method::Password(_) | Method::Totp(_) => true,
            _ => false,
        })
    }

    /// The token, if the credential is one.
    pub(crate) fn own_token(&self) -> Option<&str> {
        match self.methods.first()? {
            Method::ExistingToken(token) | Method::Token(token) => Some(token.expose_secret()),
            _ => None,
        }
    }

    /// The token that only serves to be exchanged, if the credential is one.
    pub(crate) fn root_token(&self) -> Option<&str> {
        match &self.methods[..] {
            [Method::Token(token)] => Some(token.expose_secret()),
            [Method::ExistingToken(token)] if self.agency.is_some() => Some(token.expose_secret()),
            _ => None,
        }
    }

    /// The URLs of the identity provider that a [federated](Self::federated) login uses: its
    /// endpoints, and the [allowed](OidcClient::with_allowed_origin) origins of the token endpoint.
    /// For a driver, whose HTTP client has to reach them as well as the identity URL.
    pub fn provider_urls(&self) -> impl Iterator<Item = &str> {
        let client = self.federation().and_then(Federation::client);
        client.into_iter().flat_map(OidcClient::urls)
    }

    /// The federated login, if the credential is one.
    pub(crate) fn federation(&self) -> Option<&Federation> {
        match self.methods.first()? {
            Method::Federated(federation) => Some(federation),
            _ => None,
        }
    }

    /// The domain of a user who is named with one.
    pub(crate) fn user_domain(&self) -> Option<&DomainRef> {
        match &self.user {
            Some(UserRef::Name { domain, .. }) => domain.as_ref(),
            _ => None,
        }
    }

    /// Whether the token is used as it is, so that a login cannot replace it.
    pub(crate) fn is_existing_token(&self) -> bool {
        self.agency.is_none() && matches!(self.methods[..], [Method::ExistingToken(_)])
    }

    /// Whether it shows nothing to anyone.
    pub(crate) fn is_no_auth(&self) -> bool {
        matches!(self.methods[..], [Method::NoAuth])
    }

    /// Whether its tokens can be renewed early without user input. A one-time code is already used,
    /// and a token for exchange gives only tokens that expire together with it.
    pub(crate) fn renews_early(&self) -> bool {
        !self.is_one_time() && (self.agency.is_some() || self.own_token().is_none())
    }

    /// The first secret that is not known yet.
    pub(crate) fn asked(&self) -> Option<&SecretSource> {
        self.methods.iter().find_map(Method::asked)
    }

    /// Fills in the secret that [`asked`](Self::asked) names.
    pub(crate) fn supply(&mut self, supplied: SecretString) {
        let methods = Arc::make_mut(&mut self.methods);
        if let Some(secret) = methods.iter_mut().find_map(Method::asked_mut) {
            *secret = Secret::Given(supplied);
        }
    }

    /// Whether the secrets are those of another one.
    pub(crate) fn has_secrets_of(&self, other: &Self) -> bool {
        let [own, other] = [self, other].map(|one| one.methods.iter().flat_map(Method::secrets));
        own.eq(other)
    }

    /// Whether the one-time code is that of another one.
    pub(crate) fn has_code_of(&self, other: &Self) -> bool {
        let [own, other] = [self, other]
            .map(|one| one.methods.iter().filter(|method| method.kind() == MethodKind::Totp));
        own.map(Method::secret).eq(other.map(Method::secret))
    }

    /// Replaces the factor of the same kind.
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

/// An agency: permissions that an account delegates to users of another one (Huawei Cloud,
/// "Obtaining an Agency Token"). See [`Credential::assume`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    pub(crate) name: String,
    pub(crate) domain: DomainRef,
}

impl Agency {
    /// The agency with this name, in the domain of the delegating account.
    pub fn new(name: impl Into<String>, domain: DomainRef) -> Self {
        Self { name: name.into(), domain }
    }
}

/// An application credential, by id or by name.
#[derive(Clone)]
pub(crate) enum Key {
    Id(String),
    Name(String),
}

/// One entry of a login's `methods`.
#[derive(Clone)]
pub(crate) enum Method {
    ApplicationCredential { key: Key, secret: Secret },
    ExistingToken(SecretString),
    Federated(Box<Federation>),
    HttpBasic(SecretString),
    NoAuth,
    Password(Secret),
    Token(SecretString),
    Totp(SecretString),
}

impl Method {
    pub(crate) fn kind(&self) -> MethodKind {
        match self {
            Self::ApplicationCredential { .. } => MethodKind::ApplicationCredential,
            Self::ExistingToken(_) => MethodKind::ExistingToken,
            Self::Federated(federation) if federation.protocol.is_none() => MethodKind::IdToken,
            Self::Federated(_) => MethodKind::Federated,
            Self::HttpBasic(_) => MethodKind::HttpBasic,
            Self::NoAuth => MethodKind::NoAuth,
            Self::Password(_) => MethodKind::Password,
            Self::Token(_) => MethodKind::Token,
            Self::Totp(_) => MethodKind::Totp,
        }
    }

    /// All its secrets that are known.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Federated(federation) => federation.secrets().map(Secret::expose).collect(),
            _ => vec![self.secret()],
        }
    }

    /// The secret of a method that has one at most.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::ApplicationCredential { secret, .. } | Self::Password(secret) => secret.expose(),
            Self::ExistingToken(secret)
            | Self::HttpBasic(secret)
            | Self::Token(secret)
            | Self::Totp(secret) => secret.expose_secret(),
            Self::Federated(_) | Self::NoAuth => "",
        }
    }

    /// The source of its first secret that is not known yet.
    pub(crate) fn asked(&self) -> Option<&SecretSource> {
        match self {
            Self::ApplicationCredential { secret, .. } | Self::Password(secret) => secret.source(),
            Self::Federated(federation) => federation.secrets().find_map(Secret::source),
            _ => None,
        }
    }

    fn asked_mut(&mut self) -> Option<&mut Secret> {
        let is_asked = |secret: &&mut Secret| secret.source().is_some();
        match self {
            Self::ApplicationCredential { secret, .. } | Self::Password(secret) => {
                Some(secret).filter(is_asked)
            }
            Self::Federated(federation) => federation.secrets_mut().find(is_asked),
            _ => None,
        }
    }
}
