//! Federated logins: an identity provider vouches for the user.

use std::fmt;

use super::secret::Secret;

/// A login with the token of an OpenID Connect provider, in place of a secret of the cloud.
///
/// Most ways have two steps: the provider gives a token (the bearer), and the identity service
/// exchanges it for an unscoped token of the cloud (`POST
/// /v3/OS-FEDERATION/identity_providers/{id}/protocols/{id}/auth`, Identity API v3, "Request an
/// unscoped OS-FEDERATION token"). A third request gives a token for the scope. The operator of the
/// cloud names the identity provider and the protocol.
///
/// ```
/// use auth_proto::{Credential, Federation, OidcClient};
///
/// let client = OidcClient::new("robot", "https://login.example/oauth2/token")
///     .with_secret("robot-secret");
/// let robot = Federation::client_credentials("corp", "openid", client);
/// let credential = Credential::federated(robot);
/// ```
///
/// The bearer is sent to the identity service of the cloud and nowhere else.
#[derive(Clone)]
pub struct Federation {
    pub(crate) identity_provider: String,
    /// `None` for a login with an ID token, which has another path.
    pub(crate) protocol: Option<String>,
    pub(crate) grant: Grant,
}

/// How the bearer is obtained.
#[derive(Clone)]
pub(crate) enum Grant {
    /// The caller has it.
    Bearer(Secret),
    /// By the client's own secret (RFC 6749, section 4.4).
    ClientCredentials(OidcClient),
    /// By a user's name and password (RFC 6749, section 4.3).
    Password {
        client: OidcClient,
        username: String,
        password: Secret,
        /// The form's field for a one-time code.
        code_field: Option<String>,
    },
}

impl Federation {
    /// A client that logs in as itself, without a user: the grant `client_credentials` (RFC 6749,
    /// section 4.4). For service accounts.
    pub fn client_credentials(
        identity_provider: impl Into<String>,
        protocol: impl Into<String>,
        client: OidcClient,
    ) -> Self {
        Self::new(identity_provider, Some(protocol.into()), Grant::ClientCredentials(client))
    }

    /// A user's name and password at the provider: the grant `password` (RFC 6749, section 4.3).
    /// Many providers offer it only to clients that an administrator has allowed it for.
    ///
    /// A session counts the password as one that locks the user's account after some wrong tries.
    pub fn password(
        identity_provider: impl Into<String>,
        protocol: impl Into<String>,
        client: OidcClient,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        let (username, password) = (username.into(), password.into());
        let grant = Grant::Password { client, username, password, code_field: None };
        Self::new(identity_provider, Some(protocol.into()), grant)
    }

    /// Adds a one-time code to a [password](Self::password) grant, in the form's field of this name
    /// (keystoneauth's `idp_otp_key`). Other grants ignore it.
    ///
    /// Each login asks for a code by [`Question::Factor`](crate::Question::Factor). The first code
    /// can be given: `Credential::federated(…).and(Factor::totp(code))`.
    #[must_use]
    pub fn with_code_field(mut self, name: impl Into<String>) -> Self {
        if let Grant::Password { code_field, .. } = &mut self.grant {
            *code_field = Some(name.into());
        }
        self
    }

    /// A token of the provider that the caller has: an access token or, where the cloud expects it,
    /// an ID token. Pass a
    /// [`SecretSource`](crate::SecretSource) for a token that is read again at each login, such as
    /// the token of a Kubernetes service account or of a CI job.
    pub fn access_token(
        identity_provider: impl Into<String>,
        protocol: impl Into<String>,
        token: impl Into<Secret>,
    ) -> Self {
        Self::new(identity_provider, Some(protocol.into()), Grant::Bearer(token.into()))
    }

    /// An ID token of the provider that one request exchanges for a token of the scope: `POST
    /// /v3.0/OS-AUTH/id-token/tokens` (*Obtaining a Token with an OpenID Connect ID Token* of the
    /// IAM API references of Huawei Cloud and Open Telekom Cloud).
    pub fn id_token(identity_provider: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self::new(identity_provider, None, Grant::Bearer(token.into()))
    }

    fn new(identity_provider: impl Into<String>, protocol: Option<String>, grant: Grant) -> Self {
        Self { identity_provider: identity_provider.into(), protocol, grant }
    }

    /// The client at the provider, if the provider is asked for the bearer.
    pub(crate) fn client(&self) -> Option<&OidcClient> {
        match &self.grant {
            Grant::Bearer(_) => None,
            Grant::ClientCredentials(client) | Grant::Password { client, .. } => Some(client),
        }
    }

    /// The bearer that the caller has.
    pub(crate) fn bearer(&self) -> Option<&Secret> {
        match &self.grant {
            Grant::Bearer(token) => Some(token),
            Grant::ClientCredentials(_) | Grant::Password { .. } => None,
        }
    }

    /// Whether the provider counts wrong tries.
    pub(crate) fn is_guessable(&self) -> bool {
        matches!(self.grant, Grant::Password { .. })
    }

    /// The form's field for a one-time code.
    pub(crate) fn code_field(&self) -> Option<&str> {
        match &self.grant {
            Grant::Password { code_field, .. } => code_field.as_deref(),
            Grant::Bearer(_) | Grant::ClientCredentials(_) => None,
        }
    }

    /// All secrets, in the order in which they are asked for.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let of_client = self.client().and_then(|client| client.secret.as_ref());
        let own = match &self.grant {
            Grant::Bearer(secret) | Grant::Password { password: secret, .. } => Some(secret),
            Grant::ClientCredentials(_) => None,
        };
        of_client.into_iter().chain(own)
    }

    pub(crate) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        let (of_client, own) = match &mut self.grant {
            Grant::Bearer(secret) => (None, Some(secret)),
            Grant::ClientCredentials(client) => (client.secret.as_mut(), None),
            Grant::Password { client, password, .. } => (client.secret.as_mut(), Some(password)),
        };
        of_client.into_iter().chain(own)
    }
}

impl fmt::Debug for Federation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grant = match &self.grant {
            Grant::Bearer(_) => "bearer",
            Grant::ClientCredentials(_) => "client_credentials",
            Grant::Password { .. } => "password",
        };
        let mut shown = f.debug_struct("Federation");
        shown.field("identity_provider", &self.identity_provider);
        shown.field("protocol", &self.protocol).field("grant", &grant);
        self.client().iter().for_each(|client| {
            shown.field("client", client);
        });
        shown.finish_non_exhaustive()
    }
}

/// A client that the identity provider knows, and the provider's URLs.
///
/// The client's secret and a user's password are sent to the token endpoint and nowhere else. Every
/// URL is https, or http on loopback. No redirect is followed.
///
/// ```
/// use auth_proto::OidcClient;
///
/// let by_document = OidcClient::discovered(
///     "robot",
///     "https://login.example/realms/corp/.well-known/openid-configuration",
/// )
/// .with_secret("robot-secret")
/// .with_scope("openid profile email");
/// ```
#[derive(Clone)]
pub struct OidcClient {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
    pub(crate) token_endpoint: Option<String>,
    pub(crate) discovery_endpoint: Option<String>,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) scope: String,
    pub(crate) wants_id_token: bool,
}

impl OidcClient {
    /// A client, by its id, of the provider with this token endpoint (RFC 6749, section 3.2).
    pub fn new(client_id: impl Into<String>, token_endpoint: impl Into<String>) -> Self {
        Self { token_endpoint: Some(token_endpoint.into()), ..Self::of(client_id) }
    }

    /// A client of the provider with this discovery document (OpenID Connect Discovery 1.0, section
    /// 4), which each login reads. The URL is that of the document, and usually ends with
    /// `/.well-known/openid-configuration`.
    ///
    /// The document's `token_endpoint` counts if it has the same origin (scheme, host and port) as
    /// the document or an [allowed](Self::with_allowed_origin) one, so that a forged document
    /// cannot collect secrets.
    pub fn discovered(client_id: impl Into<String>, discovery_endpoint: impl Into<String>) -> Self {
        Self { discovery_endpoint: Some(discovery_endpoint.into()), ..Self::of(client_id) }
    }

    /// Sets the token endpoint. The discovery document is then not read.
    #[must_use]
    pub fn with_token_endpoint(self, url: impl Into<String>) -> Self {
        Self { token_endpoint: Some(url.into()), ..self }
    }

    /// Allows the discovery document to name a token endpoint at this origin (scheme, host and
    /// port), too.
    #[must_use]
    pub fn with_allowed_origin(mut self, origin: impl Into<String>) -> Self {
        self.allowed_origins.push(origin.into());
        self
    }

    /// Sets the client's secret, which is sent by HTTP Basic (RFC 6749, section 2.3.1). Without a
    /// secret the client's id is sent in the form.
    #[must_use]
    pub fn with_secret(self, secret: impl Into<Secret>) -> Self {
        Self { secret: Some(secret.into()), ..self }
    }

    /// Sets the scope at the provider, which is not the scope of the cloud's token: names separated
    /// by blanks. The default is `openid profile`. An empty text leaves the scope out.
    #[must_use]
    pub fn with_scope(self, scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), ..self }
    }

    /// Uses the `id_token` of the provider's response as the bearer, in place of the
    /// `access_token`. OVHcloud's service accounts need it.
    #[must_use]
    pub fn with_id_token(self) -> Self {
        Self { wants_id_token: true, ..self }
    }

    /// All URLs that a login may use.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> {
        let endpoints = self.discovery_endpoint.iter().chain(&self.token_endpoint);
        endpoints.chain(&self.allowed_origins).map(String::as_str)
    }

    fn of(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            token_endpoint: None,
            discovery_endpoint: None,
            allowed_origins: Vec::new(),
            scope: "openid profile".to_owned(),
            wants_id_token: false,
        }
    }
}

/// Without the URLs, which may hold a password as long as they are not checked.
impl fmt::Debug for OidcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcClient")
            .field("id", &self.id)
            .field("has_secret", &self.secret.is_some())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
