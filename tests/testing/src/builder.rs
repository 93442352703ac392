use std::{fmt, sync::Arc, time::Duration};

use auth_proto::{Cloud, Credential, Failure, Question, Reply, Scope, Settings};
use time::UtcDateTime;
use ureq::{
    Agent,
    config::ConfigBuilder,
    tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem},
    typestate::AgentScope,
};

use crate::{
    Adapter, Client, Error, MemoryStore, client::Executor, configured, core::Core, events,
};

/// Which proxy a client asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// None, even if the environment names one.
    #[default]
    None,
    /// The proxy that the environment names.
    Environment,
    /// The proxy at this URL.
    Url(String),
}

pub(crate) type UreqConfig = ConfigBuilder<AgentScope>;
type OnUreq = Arc<dyn Fn(UreqConfig) -> UreqConfig + Send + Sync>;
type OnReqwest = Arc<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;
type Asked = Arc<dyn Fn(&Question) -> Result<Option<Reply>, Failure> + Send + Sync>;
type Clock = Arc<dyn Fn() -> UtcDateTime + Send + Sync>;

/// The settings that the builders of both adapters have.
macro_rules! configured {
    ($options:expr, $builder:expr) => {{
        let mut builder = $builder;
        // A test's own proxy, or none, is not the environment's.
        builder = builder.check_proxies($options.proxy == Proxy::Environment);
        if let Some(clock) = $options.clock {
            builder = builder.clock(move || clock());
        }
        if let Some(settings) = $options.settings {
            builder = builder.settings(settings);
        }
        if let Some(timeout) = $options.identity_timeout {
            builder = builder.identity_timeout(timeout);
        }
        if let Some(store) = $options.store {
            builder = builder.store(store);
        }
        builder
    }};
}

/// Builds a [`Client`]. Each setting applies to both adapters, unless its name says otherwise.
#[derive(Clone)]
pub struct Builder {
    pub(crate) adapter: Adapter,
    pub(crate) cloud: Cloud,
    pub(crate) credential: Credential,
    pub(crate) scope: Scope,
    asked: Option<Asked>,
    clock: Option<Clock>,
    settings: Option<Settings>,
    pub(crate) without_catalog: bool,
    identity_timeout: Option<Duration>,
    call_timeout: Option<Duration>,
    user_agent: Option<String>,
    proxy: Proxy,
    roots: Vec<Vec<u8>>,
    identity: Option<Vec<u8>>,
    on_ureq: Option<OnUreq>,
    on_reqwest: Option<OnReqwest>,
    own_runtime: bool,
    expect_continue: bool,
    store: Option<MemoryStore>,
}

impl Builder {
    pub(crate) fn new(
        adapter: Adapter,
        cloud: Cloud,
        credential: Credential,
        scope: Scope,
    ) -> Self {
        Self {
            adapter,
            cloud,
            credential,
            scope,
            asked: None,
            clock: None,
            settings: None,
            without_catalog: false,
            identity_timeout: None,
            call_timeout: None,
            user_agent: None,
            proxy: Proxy::None,
            roots: Vec::new(),
            identity: None,
            on_ureq: None,
            on_reqwest: None,
            own_runtime: false,
            expect_continue: true,
            store: None,
        }
    }

    /// The clock, instead of the system's.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> UtcDateTime + Send + Sync + 'static) -> Self {
        Self { clock: Some(Arc::new(clock)), ..self }
    }

    /// Answers the questions of logins. With `auth-reqwest` this runs on a thread for work that
    /// blocks.
    #[must_use]
    pub fn asked(
        self,
        asked: impl Fn(&Question) -> Result<Option<Reply>, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { asked: Some(Arc::new(asked)), ..self }
    }

    /// The session's settings.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// Asks for tokens without a catalog. Call it after [`settings`](Self::settings).
    #[must_use]
    pub fn without_catalog(self) -> Self {
        let settings = self.settings.unwrap_or_default().without_catalog();
        Self { settings: Some(settings), without_catalog: true, ..self }
    }

    /// The timeout of a request to the identity service.
    #[must_use]
    pub fn identity_timeout(self, timeout: Duration) -> Self {
        Self { identity_timeout: Some(timeout), ..self }
    }

    /// The HTTP client's own timeout for the response to a call.
    #[must_use]
    pub fn call_timeout(self, timeout: Duration) -> Self {
        Self { call_timeout: Some(timeout), ..self }
    }

    /// The `User-Agent` of all requests.
    #[must_use]
    pub fn user_agent(self, name: &str) -> Self {
        Self { user_agent: Some(name.to_owned()), ..self }
    }

    /// The proxy to ask.
    #[must_use]
    pub fn proxy(self, proxy: Proxy) -> Self {
        Self { proxy, ..self }
    }

    /// Trusts this certificate authority (PEM), besides those already given.
    #[must_use]
    pub fn trust(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.push(pem.as_ref().to_vec());
        self
    }

    /// Shows this client certificate; its chain and key are PEM in one text.
    #[must_use]
    pub fn identity(self, pem: impl AsRef<[u8]>) -> Self {
        Self { identity: Some(pem.as_ref().to_vec()), ..self }
    }

    /// Changes ureq's configuration last. Other adapters ignore it.
    #[must_use]
    pub fn on_ureq(
        self,
        change: impl Fn(UreqConfig) -> UreqConfig + Send + Sync + 'static,
    ) -> Self {
        Self { on_ureq: Some(Arc::new(change)), ..self }
    }

    /// Changes reqwest's builder last. Other adapters ignore it.
    #[must_use]
    pub fn on_reqwest(
        self,
        change: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        Self { on_reqwest: Some(Arc::new(change)), ..self }
    }

    /// Executor `auth-reqwest` on a single-threaded runtime of this client alone: its connections make
    /// no progress between calls, and no other client can delay them.
    #[must_use]
    pub fn own_runtime(self) -> Self {
        Self { own_runtime: true, ..self }
    }

    /// As `auth-ureq`'s `expect_continue`. Other adapters ignore it.
    #[must_use]
    pub fn expect_continue(self, is_on: bool) -> Self {
        Self { expect_continue: is_on, ..self }
    }

    /// Shares tokens by this store.
    #[must_use]
    pub fn store(self, store: &MemoryStore) -> Self {
        Self { store: Some(store.clone()), ..self }
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// As the adapter's builder; [`Error::Core`] if the bare core refuses the credential.
    pub fn build(self) -> Result<Client, Error> {
        events::listen();
        Ok(match self.adapter {
            Adapter::Core => {
                self.note();
                Client::Core(Arc::new(Core::new(self)?))
            }
            Adapter::Ureq => Client::Ureq(self.ureq().build()?),
            Adapter::Reqwest => {
                let executor =
                    if self.own_runtime { Executor::alone() } else { Executor::shared() };
                Client::Reqwest(self.reqwest().build()?, executor)
            }
        })
    }

    /// The adapter's own builder as `Debug` shows it.
    pub fn shown(self) -> String {
        match self.adapter {
            Adapter::Core => String::new(),
            Adapter::Reqwest => format!("{:?}", self.reqwest()),
            Adapter::Ureq => format!("{:?}", self.ureq()),
        }
    }

    /// Adds the parties of this client to the record of the tests.
    fn note(&self) {
        configured::login(&self.cloud, &self.credential);
        match &self.proxy {
            Proxy::None => {}
            Proxy::Environment => configured::proxies_of_environment(),
            Proxy::Url(url) => configured::party(configured::Role::Proxy, url),
        }
    }

    /// The builder of `auth-ureq` with these settings.
    pub fn ureq(self) -> auth_ureq::Builder {
        self.note();
        let http = self.ureq_config();
        let builder = auth_ureq::Client::builder(self.cloud, self.credential, self.scope)
            .http(http)
            .expect_continue(self.expect_continue);
        let builder = match self.asked.clone() {
            Some(asked) => builder.asked(move |question| asked(question)),
            None => builder,
        };
        configured!(self, builder)
    }

    /// The builder of `auth-reqwest` with these settings.
    pub fn reqwest(self) -> auth_reqwest::Builder {
        self.note();
        let http = || self.reqwest_config();
        let builder = auth_reqwest::Client::builder(
            self.cloud.clone(),
            self.credential.clone(),
            self.scope.clone(),
        )
        .http(http);
        let builder = match self.asked.clone() {
            Some(asked) => builder.asked(move |question| {
                let asked = Arc::clone(&asked);
                async move {
                    let answer = tokio::task::spawn_blocking(move || asked(&question)).await;
                    answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
                }
            }),
            None => builder,
        };
        configured!(self, builder)
    }

    pub(crate) fn ureq_config(&self) -> UreqConfig {
        let mut http = Agent::config_builder();
        http = match &self.proxy {
            Proxy::None => http.proxy(None),
            Proxy::Environment => http,
            Proxy::Url(url) => http.proxy(Some(ureq::Proxy::new(url).unwrap())),
        };
        let roots: Vec<_> =
            self.roots.iter().map(|pem| Certificate::from_pem(pem).unwrap().to_owned()).collect();
        let mut tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots)));
        if let Some(pem) = &self.identity {
            let key = PrivateKey::from_pem(pem).unwrap();
            let chain: Vec<_> = parse_pem(pem)
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect();
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
        }
        http = http.tls_config(tls.build());
        if let Some(timeout) = self.call_timeout {
            http = http.timeout_recv_response(Some(timeout));
        }
        if let Some(name) = &self.user_agent {
            http = http.user_agent(name);
        }
        match &self.on_ureq {
            Some(change) => change(http),
            None => http,
        }
    }

    fn reqwest_config(&self) -> reqwest::ClientBuilder {
        // The platform's roots are not read, which takes time for each client.
        let roots = self.roots.iter().map(|pem| reqwest::Certificate::from_pem(pem).unwrap());
        let mut http = reqwest::Client::builder().tls_certs_only(roots);
        http = match &self.proxy {
            Proxy::None => http.no_proxy(),
            Proxy::Environment => http,
            Proxy::Url(url) => http.no_proxy().proxy(reqwest::Proxy::all(url).unwrap()),
        };
        if let Some(pem) = &self.identity {
            http = http.identity(reqwest::Identity::from_pem(pem).unwrap());
        }
        if let Some(timeout) = self.call_timeout {
            http = http.timeout(timeout);
        }
        if let Some(name) = &self.user_agent {
            http = http.user_agent(name);
        }
        match &self.on_reqwest {
            Some(change) => change(http),
            None => http,
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("adapter", &self.adapter).finish_non_exhaustive()
    }
}
