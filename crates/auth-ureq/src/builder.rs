use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use auth_proto::{Cloud, Credential, Scope, Session, Settings};
use time::UtcDateTime;
use ureq::{Agent, config::ConfigBuilder, typestate::AgentScope};

use crate::{
    client::Client,
    drive::{Clock, Shared},
    error::Error,
    send::{Http, with_protocol},
};

/// Makes a [`Client`] that is not the usual one. See [`Client::builder`].
#[must_use = "a builder does nothing before build()"]
pub struct Builder {
    cloud: Cloud,
    credential: Credential,
    scope: Scope,
    http: ConfigBuilder<AgentScope>,
    clock: Box<Clock>,
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
    /// time-outs for [`Client::call`]. What is set on top of it is listed on the
    /// [front page](crate).
    pub fn http(mut self, http: ConfigBuilder<AgentScope>) -> Self {
        self.http = http;
        self
    }

    /// The wall clock, the system's by default: for tests that move time. What a caller waits is
    /// measured by a clock of its own. It is read under a lock, so it must not use the client; should
    /// it panic, so does the caller, and nobody else.
    pub fn clock(mut self, clock: impl Fn() -> UtcDateTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// How the account behaves. By default each client has a seed of its own.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// How long a request to the identity service may take in all, 15 s by default.
    pub fn identity_timeout(mut self, timeout: Duration) -> Self {
        self.identity_timeout = timeout;
        self
    }

    /// The client. Nothing is sent before it is used.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the credential cannot work at this cloud, [`Error::IdentityTimeout`] if
    /// the time-outs contradict each other.
    pub fn build(self) -> Result<Client, Error> {
        let (identity, flight) = (self.identity_timeout, self.settings.response_timeout());
        if identity.is_zero() || identity >= flight {
            return Err(Error::IdentityTimeout { identity, flight });
        }
        let https_only = self.cloud.is_https_only();
        let account = Session::new(self.cloud, self.credential, self.settings)?;
        let agent = with_protocol!(self.http, https_only).build().new_agent();
        let http = Http { agent, https_only, identity_timeout: identity };
        Ok(Client::from_parts(Shared::new(account, self.clock, http), self.scope))
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

/// A number that is another one for each client, from where the standard library takes the keys of
/// its hash maps.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
