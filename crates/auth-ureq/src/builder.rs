use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use auth_driver::Driver;
use auth_proto::{Cloud, Credential, Scope, Session, Settings};
use time::UtcDateTime;
use ureq::{Agent, config::ConfigBuilder, typestate::AgentScope};

use crate::{
    client::Client,
    error::Error,
    send::{Http, with_protocol},
};

/// Builds a [`Client`] with other settings. See [`Client::builder`].
#[must_use = "a builder does nothing before build()"]
pub struct Builder {
    cloud: Cloud,
    credential: Credential,
    scope: Scope,
    http: ConfigBuilder<AgentScope>,
    clock: Box<dyn Fn() -> UtcDateTime + Send + Sync>,
    settings: Settings,
    identity_timeout: Duration,
}

impl Builder {
    pub(crate) fn new(cloud: Cloud, credential: Credential, scope: Scope) -> Self {
        Self {
            cloud,
            credential,
            scope,
            http: Agent::config_builder(),
            clock: Box::new(UtcDateTime::now),
            settings: Settings::default().with_seed(seed()),
            identity_timeout: Duration::from_secs(15),
        }
    }

    /// How connections are made: TLS roots, client certificate, proxy, user agent, middleware, and
    /// time-outs for [`Client::call`]. The [front page](crate#http-settings) lists the settings that the
    /// client overrides.
    pub fn http(mut self, http: ConfigBuilder<AgentScope>) -> Self {
        self.http = http;
        self
    }

    /// The wall clock, the system's by default, for tests that move time. The time that a caller waits
    /// is measured by a monotonic clock. The wall clock is read under a lock, so it must not use the
    /// client. A panic in it reaches only the caller that read it.
    pub fn clock(mut self, clock: impl Fn() -> UtcDateTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The settings of the session. The default settings have a random seed.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The time-out of a request to the identity service, until the whole response: 15 s by default.
    pub fn identity_timeout(mut self, timeout: Duration) -> Self {
        self.identity_timeout = timeout;
        self
    }

    /// The client. It sends nothing before its first use.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the credential cannot work at this cloud, [`Error::IdentityTimeout`] if
    /// the identity time-out is not below the session's response time-out.
    pub fn build(self) -> Result<Client, Error> {
        let (identity, response) = (self.identity_timeout, self.settings.response_timeout());
        if identity.is_zero() || identity >= response {
            return Err(Error::IdentityTimeout { identity, response });
        }
        let https_only = self.cloud.is_https_only();
        let session = Session::new(self.cloud, self.credential, self.settings)?;
        let agent = with_protocol!(self.http, https_only).build().new_agent();
        let http = Http { agent, https_only, identity_timeout: identity };
        Ok(Client::from_parts(Driver::new(session, self.clock), http, self.scope))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
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
