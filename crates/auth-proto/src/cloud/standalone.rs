//! A service without an identity service.

use std::sync::Arc;

use super::{Cloud, vendors::keystone};
use crate::{
    error::{ConfigError, ConfigField, Error, ErrorKind, UrlProblem},
    model::{catalog::Endpoint, credential::Credential, endpoint_query::Interface},
};

impl Cloud {
    /// A service without an identity service, such as a standalone Ironic or Cinder. Every service
    /// that the caller asks for is at this URL, unless it has an
    /// [override](Self::with_override).
    ///
    /// The credential is [`Credential::no_auth`], [`Credential::http_basic`] or a
    /// [token that is used as it is](Credential::existing_token). No request is sent for it, and a
    /// service's 401 is final, because there is no other token.
    ///
    /// ```
    /// use auth_proto::{Cloud, Credential, Scope, Settings, Session};
    ///
    /// let ironic = Cloud::standalone("https://ironic.example.org:6385")?;
    /// let credential = Credential::http_basic("admin", "secretsecret");
    /// let session = Session::new(ironic, credential, Settings::default())?;
    /// # Ok::<(), auth_proto::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] if the URL is invalid. A [`Session`](crate::Session) or a
    /// [`Login`](crate::Login) refuses to send a secret to a plain http URL of another machine,
    /// unless [`allow_origin`](Self::allow_origin) or
    /// [`allow_plain_http`](Self::allow_plain_http) allows it.
    pub fn standalone(url: &str) -> Result<Self, Error> {
        Self::standalone_overrides().moved(url).map_err(|error| match error.kind() {
            ErrorKind::Config(ConfigError::Url { problem, .. }) => {
                let (field, problem) = (ConfigField::StandaloneUrl, *problem);
                ConfigError::Url { field, problem }.into()
            }
            _ => error,
        })
    }

    /// Services without an identity service and without a common URL: each has an
    /// [override](Self::with_override), and no other service is found.
    pub fn standalone_overrides() -> Self {
        let mut cloud = Self::global(&keystone::STANDALONE);
        Arc::make_mut(&mut cloud.0).standalone = Some(String::new());
        cloud
    }

    /// Whether there is no identity service.
    pub(crate) fn is_standalone(&self) -> bool {
        self.0.standalone.is_some()
    }

    /// The URL of every service without an override, if there is no identity service.
    pub(super) fn standalone_url(&self) -> Option<&str> {
        self.0.standalone.as_deref().filter(|url| !url.is_empty())
    }

    /// Refuses a secret that would go over plain http to another machine.
    pub(super) fn check_standalone(&self, credential: &Credential) -> Result<(), ConfigError> {
        let origin = &self.0.base.origin;
        let is_plain = self.0.plain_http && origin.special().is_none();
        let is_allowed = self.0.allowed.contains(origin) || is_plain;
        let is_safe = origin.is_https() || origin.is_loopback() || is_allowed;
        match !self.is_standalone() || is_safe || credential.is_no_auth() {
            true => Ok(()),
            false => {
                let (field, problem) = (ConfigField::StandaloneUrl, UrlProblem::PlainHttp);
                Err(ConfigError::Url { field, problem })
            }
        }
    }
}

/// The endpoint of every service at this URL.
pub(super) fn standalone_endpoint(url: &str) -> Endpoint<'_> {
    Endpoint {
        interface: Interface::Public.as_str(),
        region: None,
        retired: false,
        service_type: "any",
        url: url.into(),
    }
}
