use std::{env, fmt, sync::Arc, time::Duration};

use auth_driver::{IgnoredProxies, Options, ProxyVariables, blocking::Asked};
use auth_proto::{Cloud, Credential, Failure, Question, Reply, Scope, Settings, Store};
use time::UtcDateTime;
use ureq::{Agent, Proxy, config::ConfigBuilder, typestate::AgentScope};

use crate::{
    client::Client,
    error::Error,
    send::{Http, with_protocol},
};

/// Builds a [`Client`] with other settings. See [`Client::builder`].
#[must_use = "a builder does nothing before build()"]
pub struct Builder {
    options: Options,
    http: ConfigBuilder<AgentScope>,
    expects_continue: bool,
    checks_proxies: bool,
    asked: Option<Box<Asked>>,
    store: Option<Arc<dyn Store>>,
}

impl Builder {
    pub(crate) fn new(cloud: Cloud, credential: Credential, scope: Scope) -> Self {
        let options = Options::new(cloud, credential, scope);
        let http = Agent::config_builder();
        let (expects_continue, checks_proxies) = (true, true);
        Self { options, http, expects_continue, checks_proxies, asked: None, store: None }
    }

    /// How connections are made: TLS roots, client certificate, proxy, user agent, middleware, and
    /// time-outs for [`Client::call`]. The [front page](crate#http-settings) lists the settings
    /// that the client overrides.
    pub fn http(mut self, http: ConfigBuilder<AgentScope>) -> Self {
        self.http = http;
        self
    }

    /// The wall clock, the system's by default, for tests that move time. The time that a caller
    /// waits is measured by a monotonic clock. The wall clock is read under a lock, so it must not
    /// use the client. A panic in it reaches only the caller that read it.
    pub fn clock(mut self, clock: impl Fn() -> UtcDateTime + Send + Sync + 'static) -> Self {
        self.options.clock = Box::new(clock);
        self
    }

    /// Answers the questions of a login, on a thread of its own: for the secret in a
    /// [file](auth_proto::Secret::Asked), for a one-time code. One caller's question serves all
    /// callers. `None` passes it to the caller, as [`Error::Ask`]. A failure, of the kind
    /// [`Source`](auth_proto::FailureKind::Source), counts as a failed login.
    pub fn asked(
        mut self,
        asked: impl Fn(&Question) -> Result<Option<Reply>, Failure> + Send + Sync + 'static,
    ) -> Self {
        self.asked = Some(Box::new(asked));
        self
    }

    /// Shares tokens, and the pauses after refused logins, with all processes that use the same
    /// store. The caller's thread asks the store before a login, and tells it what came of it. While
    /// the login is sent, another thread keeps the lease.
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The settings of the session. The default settings have a random seed.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.options.settings = settings;
        self
    }

    /// The time-out of a request to the identity service, until the whole response: 15 s by
    /// default.
    pub fn identity_timeout(mut self, timeout: Duration) -> Self {
        self.options.identity_timeout = timeout;
        self
    }

    /// Whether [`Client::call_once`] and [`Client::call_with`] ask the service before they send a
    /// body that may be larger than 64 KiB. [Uploads](crate#uploads) explains it. On by default.
    pub fn expect_continue(mut self, is_on: bool) -> Self {
        self.expects_continue = is_on;
        self
    }

    /// Whether [`build`](Self::build) refuses a proxy of the environment that ureq would ignore:
    /// see [proxies](crate#proxies). On by default. It may refuse a variable although the settings
    /// of [`http`](Self::http) turn all proxies off, because ureq does not show that.
    pub fn check_proxies(mut self, is_on: bool) -> Self {
        self.checks_proxies = is_on;
        self
    }

    /// The client. It sends nothing before its first use.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the credential cannot work at this cloud, [`Error::IdentityTimeout`] if
    /// the identity time-out is not below the session's response time-out, [`Error::Proxy`] if ureq
    /// would ignore a proxy of the environment, [`Error::Build`] if rustls rejects the client
    /// certificate or its key, or all root certificates.
    pub fn build(mut self) -> Result<Client, Error> {
        let https_only = self.options.is_https_only();
        let identity_timeout = self.options.identity_timeout;
        let config = with_protocol!(self.http, https_only).build();
        // If ureq has found a proxy in the environment and now has none, the user has turned it off.
        let is_from_env =
            config.proxy().map_or_else(|| Proxy::try_from_env().is_none(), Proxy::is_from_env);
        if self.checks_proxies && is_from_env {
            self.options.proxies = IgnoredProxies::read(&PROXIES, |name| env::var_os(name));
        }
        if self.store.is_some() {
            self.options.settings = self.options.settings.with_store();
        }
        let (mut driver, scope) = self.options.build::<ureq::Error>()?;
        if let Some(store) = self.store.clone() {
            driver = driver.with_store(move |note| store.tell(note));
        }
        #[cfg(feature = "rustls")]
        crate::tls::check_tls(config.tls_config())?;
        let agent = config.new_agent();
        let Self { expects_continue, asked, store, .. } = self;
        let http = Http { agent, https_only, identity_timeout, expects_continue, asked, store };
        Ok(Client::from_parts(driver, http, scope))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.options).finish()
    }
}

const PROXIES: ProxyVariables =
    ProxyVariables::for_all_urls(|value| Proxy::new(value).is_ok(), cfg!(feature = "socks"));
