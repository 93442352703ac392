use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use auth_proto::{Cloud, Credential, Scope, Session, Settings};
use http::Uri;
use time::UtcDateTime;

use crate::{driver::Driver, error::Error, proxies::IgnoredProxies};

/// The options that all HTTP clients have in common, with their defaults. For a client's builder.
#[non_exhaustive]
pub struct Options {
    /// The cloud.
    pub cloud: Cloud,
    /// The credential.
    pub credential: Credential,
    /// The scope of the first client.
    pub scope: Scope,
    /// The wall clock: see [`Driver::new`]. By default the system's.
    pub clock: Box<dyn Fn() -> UtcDateTime + Send + Sync>,
    /// The settings of the session, by default with a random seed.
    pub settings: Settings,
    /// The total time-out of a request to the identity service, by default 15 s.
    pub identity_timeout: Duration,
    /// The proxies of the environment that the HTTP client ignores, by default none.
    pub proxies: IgnoredProxies,
}

impl Options {
    /// The default options.
    pub fn new(cloud: Cloud, credential: Credential, scope: Scope) -> Self {
        Self {
            cloud,
            credential,
            scope,
            clock: Box::new(UtcDateTime::now),
            settings: Settings::default().with_seed(seed()),
            identity_timeout: Duration::from_secs(15),
            proxies: IgnoredProxies::default(),
        }
    }

    /// Whether the HTTP client should refuse plain http: the cloud is
    /// [https only](Cloud::is_https_only), and so is the identity provider of the login. (A provider
    /// on loopback may be http.)
    pub fn is_https_only(&self) -> bool {
        self.cloud.is_https_only() && self.providers().all(|url| url.scheme_str() == Some("https"))
    }

    /// The URLs of the identity provider. Others are an error of the session.
    fn providers(&self) -> impl Iterator<Item = Uri> {
        self.credential.provider_urls().filter_map(|url| url.parse().ok())
    }

    /// The driver, and the scope of the first client.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the credential cannot work at this cloud, [`Error::IdentityTimeout`] if
    /// the identity time-out is not below the session's response time-out, [`Error::Proxy`] if the
    /// HTTP client would ignore a proxy of the environment.
    pub fn build<T>(self) -> Result<(Driver, Scope), Error<T>> {
        let (identity, response) = (self.identity_timeout, self.settings.response_timeout());
        if identity.is_zero() || identity >= response {
            return Err(Error::IdentityTimeout { identity, response });
        }
        self.proxies.check_all(&self.cloud.identity_url(), self.is_https_only())?;
        self.providers().try_for_each(|url| self.proxies.check(&url))?;
        let session = Session::new(self.cloud, self.credential, self.settings)?;
        let driver = Driver::new(session, self.clock).with_ignored_proxies(self.proxies);
        Ok((driver, self.scope))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("cloud", &self.cloud)
            .field("credential", &self.credential)
            .field("scope", &self.scope)
            .field("settings", &self.settings)
            .field("identity_timeout", &self.identity_timeout)
            .finish_non_exhaustive()
    }
}

/// A random number, from the source of the standard library's hash maps.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
