use std::{env, fmt, sync::Arc, time::Duration};

use auth_driver::{IgnoredProxies, Options, ProxyVariables};
use auth_proto::{AsyncStore, Cloud, Credential, Failure, Question, Reply, Scope, Settings};
use http::Uri;
use reqwest::ClientBuilder;
use time::UtcDateTime;

use crate::{
    client::Client,
    error::{Error, unusable},
    send::{Asked, Http},
    store::AnyStore,
};

/// Builds a [`Client`] with other settings. See [`Client::builder`].
#[must_use = "a builder does nothing before build()"]
pub struct Builder {
    options: Options,
    /// One for the identity service, one for all other services.
    http: (ClientBuilder, ClientBuilder),
    checks_proxies: bool,
    asked: Option<Arc<Asked>>,
    store: Option<Arc<dyn AnyStore>>,
}

impl Builder {
    pub(crate) fn new(cloud: Cloud, credential: Credential, scope: Scope) -> Self {
        Self {
            options: Options::new(cloud, credential, scope),
            http: (ClientBuilder::new(), ClientBuilder::new()),
            checks_proxies: true,
            asked: None,
            store: None,
        }
    }

    /// How connections are made: TLS roots, client certificate, proxy, user agent, resolver, and
    /// time-outs for [`Client::call`]. The [front page](crate#http-settings) lists the settings
    /// that the client overrides. This calls the function twice.
    pub fn http(mut self, http: impl Fn() -> ClientBuilder) -> Self {
        self.http = (http(), http());
        self
    }

    /// The wall clock, the system's by default, for tests that move time. The time that a caller
    /// waits is measured by a monotonic clock. The wall clock is read under a lock, so it must not
    /// use the client. A panic in it reaches only the caller that read it.
    pub fn clock(mut self, clock: impl Fn() -> UtcDateTime + Send + Sync + 'static) -> Self {
        self.options.clock = Box::new(clock);
        self
    }

    /// Answers the questions of a login: for the secret in a
    /// [file](auth_proto::Secret::Asked), for a one-time code. One caller's question serves all
    /// callers. `None` passes it to the caller, as [`Error::Ask`]. A failure, of the kind
    /// [`Source`](auth_proto::FailureKind::Source), counts as a failed login. Work that blocks
    /// belongs on a thread: `tokio::task::spawn_blocking`.
    pub fn asked<F>(mut self, asked: impl Fn(Question) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Option<Reply>, Failure>> + Send + 'static,
    {
        self.asked = Some(Arc::new(move |question| Box::pin(asked(question))));
        self
    }

    /// Shares tokens, and the pauses after refused logins, with all processes that use the same
    /// store. A caller asks the store before a login, and tells it what came of it.
    pub fn store(mut self, store: impl AsyncStore + 'static) -> Self {
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

    /// Whether [`build`](Self::build) refuses a proxy of the environment that reqwest would ignore:
    /// see [proxies](crate#proxies). On by default. Turn it off if the settings of
    /// [`http`](Self::http) name a proxy or turn all proxies off: reqwest does not show that.
    pub fn check_proxies(mut self, is_on: bool) -> Self {
        self.checks_proxies = is_on;
        self
    }

    /// The client. It sends nothing before its first use.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the credential cannot work at this cloud, [`Error::IdentityTimeout`] if
    /// the identity time-out is not below the session's response time-out, [`Error::Proxy`] if
    /// reqwest would ignore a proxy of the environment, [`Error::Build`] if reqwest rejects its
    /// settings, such as a client certificate with the key of another.
    pub fn build(mut self) -> Result<Client, Error> {
        let https_only = self.options.is_https_only();
        let identity_timeout = self.options.identity_timeout;
        // In a CGI program, reqwest reads no variable: a request's header could set it.
        if self.checks_proxies && env::var_os("REQUEST_METHOD").is_none() {
            self.options.proxies = IgnoredProxies::read(&PROXIES, |name| env::var_os(name));
        }
        if self.store.is_some() {
            self.options.settings = self.options.settings.with_store();
        }
        let (mut driver, scope) = self.options.build::<reqwest::Error>()?;
        if let Some(store) = self.store.clone() {
            driver = driver.with_store(move |note| store.tell(note));
        }
        let hooks = (self.asked, self.store);
        let http = Http::new(self.http, https_only, identity_timeout, hooks).map_err(unusable)?;
        Ok(Client::from_parts(driver, http, scope))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.options).finish()
    }
}

const PROXIES: ProxyVariables = ProxyVariables::for_each_scheme(
    |value| {
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
        let url = value.parse::<Uri>();
        url.is_ok_and(|url| url.scheme_str().is_none_or(|scheme| schemes.contains(&scheme)))
    },
    cfg!(feature = "socks"),
);
