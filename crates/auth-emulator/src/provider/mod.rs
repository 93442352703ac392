//! An OpenID provider: logs in people and clients, and knows the tokens that it issued.

mod answer;
mod base64;
mod client;
mod device;
mod form;
mod grants;
mod issued;
mod pages;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
};

use http::{Method, Response, StatusCode};
use time::{Duration, UtcDateTime};

use crate::{
    directory::{SUBJECTS, Subject},
    message::{response, routed::RoutedRequest},
    provider::{answer::OauthError, client::GRANTS, device::Devices, issued::Issued},
};

pub(crate) use issued::TokenKind;

/// The identity provider of the stock Keystone's cloud, an OpenID provider.
///
/// Its paths follow [`Server::provider_url`](crate::Server::provider_url), or
/// `https://login.keystone.example` in process:
///
/// | path | purpose |
/// | --- | --- |
/// | `/.well-known/openid-configuration` | discovery |
/// | `/token` | token endpoint |
/// | `/device` | device authorization (RFC 8628) by `POST`; a page for the person by `GET` |
/// | `/device/decision` | the form of that page: `user_code`, `username`, `password`, `decision` (`approve` or `deny`) |
/// | `/introspect` | introspection (RFC 7662), for clients with a secret |
/// | `/jwks` | the keys: none |
/// | `/authorize` | a login page for browsers, without a login |
///
/// The clients and users are [`account::OIDC_CLIENT`](crate::account::OIDC_CLIENT) and those
/// after it. A client proves its secret
/// by HTTP Basic or in the form, and one without a secret sends its `client_id`. The grants are
/// `client_credentials`, `password`, `refresh_token` and the device code. Errors are those of RFC
/// 6749, section 5.2, and RFC 8628, section 3.5.
///
/// Access tokens and refresh tokens are opaque. An ID token has the form of a JWT, but no signature:
/// only the emulator can judge it. A refresh token is valid once. If it is used again, all
/// tokens of its login are revoked.
///
/// ```
/// use auth_emulator::{Emulator, account};
/// use http::Request;
/// use time::UtcDateTime;
///
/// let (mut emulator, now) = (Emulator::new(), UtcDateTime::now());
/// let form = format!(
///     "grant_type=client_credentials&scope=openid&client_id={}&client_secret={}",
///     account::OIDC_CLIENT,
///     account::OIDC_CLIENT_SECRET,
/// );
/// let login = Request::post("https://login.keystone.example/token")
///     .header("Content-Type", "application/x-www-form-urlencoded")
///     .body(form.as_bytes())?;
/// let answer: serde_json::Value = serde_json::from_slice(emulator.handle(login, now).body())?;
///
/// // The gate takes the access token, and Keystone answers with an unscoped token.
/// let url = "https://identity.keystone.example/v3/OS-FEDERATION/identity_providers/idp1\
///            /protocols/openid/auth";
/// let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap_or_default());
/// let login = Request::post(url).header("Authorization", bearer).body(&b""[..])?;
/// let answer = emulator.handle(login, now);
/// assert_eq!(answer.status(), 201);
/// assert!(answer.headers().contains_key("X-Subject-Token"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Provider {
    settings: ProviderSettings,
    failures: VecDeque<StatusCode>,
    issued: Issued,
    devices: Devices,
}

/// See the methods of [`Provider`].
struct ProviderSettings {
    access_lifetime: Duration,
    refresh_lifetime: Duration,
    device_lifetime: Duration,
    interval: Duration,
    code_field: String,
    disabled_grants: Vec<String>,
    /// The secrets of clients and passwords of users that were changed, by client id and user name.
    secrets: HashMap<String, String>,
}

impl Provider {
    pub(crate) fn new() -> Self {
        Self {
            settings: ProviderSettings {
                access_lifetime: Duration::minutes(5),
                refresh_lifetime: Duration::minutes(30),
                device_lifetime: Duration::minutes(10),
                interval: Duration::seconds(5),
                code_field: "totp".to_owned(),
                disabled_grants: Vec::new(),
                secrets: HashMap::new(),
            },
            failures: VecDeque::new(),
            issued: Issued::default(),
            devices: Devices::default(),
        }
    }

    /// Sets the lifetime of new access tokens and ID tokens. Default: 5 minutes.
    pub fn access_lifetime(&mut self, lifetime: Duration) -> &mut Self {
        self.settings.access_lifetime = lifetime;
        self
    }

    /// Sets the lifetime of new refresh tokens. Default: 30 minutes.
    pub fn refresh_lifetime(&mut self, lifetime: Duration) -> &mut Self {
        self.settings.refresh_lifetime = lifetime;
        self
    }

    /// Sets how long a person has to approve a device. Default: 10 minutes.
    pub fn device_lifetime(&mut self, lifetime: Duration) -> &mut Self {
        self.settings.device_lifetime = lifetime;
        self
    }

    /// Sets the pause that a device has to make between two questions, in whole seconds. Default: 5
    /// seconds. A device that asks too early gets `slow_down`, and its pause becomes 5 seconds
    /// longer.
    pub fn interval(&mut self, interval: Duration) -> &mut Self {
        self.settings.interval = interval;
        self
    }

    /// Sets the form field of the one-time code in a login by password. Default: `totp`.
    pub fn code_field(&mut self, name: &str) -> &mut Self {
        name.clone_into(&mut self.settings.code_field);
        self
    }

    /// Changes the secret of a client. The tokens that it has stay valid. A client without a secret
    /// gets none.
    pub fn client_secret(&mut self, client_id: &str, secret: &str) -> &mut Self {
        self.settings.secrets.insert(client_id.to_owned(), secret.to_owned());
        self
    }

    /// Changes the password of a user, whose tokens stay valid.
    pub fn password(&mut self, user: &str, password: &str) -> &mut Self {
        self.settings.secrets.insert(user.to_owned(), password.to_owned());
        self
    }

    /// Disables a grant by its `grant_type`. The discovery document no longer lists it, and the token
    /// endpoint answers `unsupported_grant_type`.
    pub fn disable_grant(&mut self, grant_type: &str) -> &mut Self {
        self.settings.disabled_grants.push(grant_type.to_owned());
        self
    }

    /// Fails the next request to the provider with this status. Failures queue up. The body is that
    /// of an OAuth error.
    pub fn fail_next(&mut self, status: StatusCode) -> &mut Self {
        self.failures.push_back(status);
        self
    }

    /// Revokes all access tokens, ID tokens and refresh tokens. The tokens of Keystone stay valid.
    pub fn revoke_all(&mut self) -> &mut Self {
        self.issued.clear();
        self
    }

    /// Approves a device as this user, as the person does on the page. Returns whether the code
    /// waits for a person and the user exists.
    pub fn approve(&mut self, user_code: &str, user: &str) -> bool {
        person(user).is_some_and(|subject| self.devices.decide(user_code, Some(subject)))
    }

    /// Denies a device, as the person does on the page. Returns whether the code waits for a person.
    pub fn deny(&mut self, user_code: &str) -> bool {
        self.devices.decide(user_code, None)
    }

    /// A failure requested by a test.
    pub(crate) fn scripted(status: StatusCode) -> Response<Vec<u8>> {
        OauthError::scripted(status).response()
    }

    /// The user of a token of this kind, if it was issued here and is still valid.
    pub(crate) fn subject(
        &self,
        token: &str,
        kind: TokenKind,
        now: UtcDateTime,
    ) -> Option<&'static Subject> {
        Some(self.issued.find(token, kind, now)?.login.subject)
    }

    /// The redirect of a gate to the login page.
    pub(crate) fn login_page(&self, request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
        let root = request.provider_root();
        let query = "response_type=code&scope=openid&client_id=gate&state=emulated";
        response::found(&format!("{root}/authorize?{query}"))
    }

    /// Answers a request at this path.
    pub(crate) fn respond(&mut self, request: &RoutedRequest<'_>, path: &str) -> Response<Vec<u8>> {
        if let Some(status) = self.failures.pop_front() {
            return Self::scripted(status);
        }
        let is_get = matches!(*request.method, Method::GET | Method::HEAD);
        let is_post = *request.method == Method::POST;
        match path {
            "/token" if is_post => grants::token(request, self),
            "/device" if is_post => device::authorize(request, self),
            "/device" if is_get => pages::device(request),
            "/device/decision" if is_post => device::decision(request, self),
            "/introspect" if is_post => issued::introspect(request, self),
            "/.well-known/openid-configuration" if is_get => pages::discovery(request, self),
            "/jwks" if is_get => pages::keys(),
            "/authorize" if is_get => pages::login(),
            "/token" | "/device/decision" | "/introspect" => answer::no_such_method("POST"),
            "/device" => answer::no_such_method("GET, HEAD, POST"),
            "/.well-known/openid-configuration" | "/jwks" | "/authorize" => {
                answer::no_such_method("GET, HEAD")
            }
            _ => answer::no_such_path(),
        }
    }
}

/// Shows no token, code or secret.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("tokens", &self.issued.len()).finish_non_exhaustive()
    }
}

impl ProviderSettings {
    /// The grants that the provider offers.
    fn grants(&self) -> impl Iterator<Item = &'static str> {
        GRANTS.into_iter().filter(|grant| !self.disabled_grants.iter().any(|it| it == grant))
    }

    /// The client's secret or the user's password.
    fn secret<'a>(&'a self, name: &str, default: Option<&'a str>) -> Option<&'a str> {
        let default = default?;
        Some(self.secrets.get(name).map_or(default, String::as_str))
    }
}

/// The person with this user name.
fn person(name: &str) -> Option<&'static Subject> {
    SUBJECTS.iter().find(|subject| subject.name == name && subject.password.is_some())
}
