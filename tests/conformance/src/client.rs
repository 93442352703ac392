//! One client for both adapters and the bare core, with logins that a case may drive step by step.

use std::{
    cell::RefCell,
    error::Error,
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use auth_proto::{
    Challenge, Cloud, Credential, EndpointQuery, Factor, Failure, FailureKind, IdentityRequest,
    Login, Scope, Settings, Step, Token,
};
use http::{Request, Response};
use testing::Adapter;
use time::UtcDateTime;
use tokio::runtime::{Builder, Runtime};
use ureq::Agent;

/// A certificate authority and a client certificate, both as PEM.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    pub(crate) root: Option<Vec<u8>>,
    pub(crate) identity: Option<Vec<u8>>,
}

impl Tls {
    fn on(self, builder: testing::Builder) -> testing::Builder {
        let builder = self.root.into_iter().fold(builder, testing::Builder::trust);
        self.identity.into_iter().fold(builder, testing::Builder::identity)
    }
}

/// The adapter or the bare core that sends the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    Core,
    Reqwest,
    Ureq,
}

/// The input of a login.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) cloud: Cloud,
    pub(crate) credential: Credential,
    pub(crate) scope: Scope,
    pub(crate) catalog: bool,
    pub(crate) tls: Tls,
}

impl Wish {
    pub(crate) fn new(cloud: Cloud, credential: Credential, scope: Scope) -> Self {
        Self { cloud, credential, scope, catalog: true, tls: Tls::default() }
    }
}

/// A client of an adapter, or a login of the bare core.
pub(crate) enum Client {
    Core(Box<RefCell<Login>>, Cloud),
    Reqwest(auth_reqwest::Client),
    Ureq(auth_ureq::Client),
}

impl Client {
    pub(crate) fn new(through: Through, wish: Wish) -> Result<Self, Stop> {
        let Wish { cloud, credential, scope, catalog, tls } = wish;
        let settings =
            if catalog { Settings::default() } else { Settings::default().without_catalog() };
        Ok(match through {
            Through::Core => {
                let login = Login::new(&cloud, credential, scope)?;
                let login = if catalog { login } else { login.without_catalog() };
                Self::Core(Box::new(RefCell::new(login)), cloud)
            }
            Through::Reqwest => {
                let builder = Adapter::Reqwest.client(cloud, credential, scope).settings(settings);
                Self::Reqwest(tls.on(builder).reqwest().build()?)
            }
            Through::Ureq => {
                let builder = Adapter::Ureq.client(cloud, credential, scope).settings(settings);
                Self::Ureq(tls.on(builder).ureq().build()?)
            }
        })
    }

    pub(crate) fn token(&self) -> Result<Arc<Token>, Stop> {
        match self {
            Self::Core(login, _) => drive(&mut login.borrow_mut()),
            Self::Reqwest(client) => Ok(RUNTIME.block_on(client.token())?),
            Self::Ureq(client) => Ok(client.token()?),
        }
    }

    pub(crate) fn submit_factor(&self, factor: Factor) -> Result<(), Stop> {
        match self {
            Self::Core(login, _) => Ok(login.borrow_mut().submit_factor(factor)?),
            Self::Reqwest(client) => Ok(client.submit_factor(factor)?),
            Self::Ureq(client) => Ok(client.submit_factor(factor)?),
        }
    }

    pub(crate) fn endpoint(&self, want: &EndpointQuery) -> Result<String, Stop> {
        match self {
            Self::Core(_, cloud) => Ok(cloud.endpoint(&*self.token()?, want)?.url().to_owned()),
            Self::Reqwest(client) => Ok(RUNTIME.block_on(client.endpoint(want))?),
            Self::Ureq(client) => Ok(client.endpoint(want)?),
        }
    }

    pub(crate) fn run<E: IdentityRequest>(&self, exchange: &E) -> Result<E::Output, Stop> {
        match self {
            Self::Core(_, cloud) => {
                let mut request = exchange.request()?;
                if exchange.authenticated() {
                    cloud.authorize(&*self.token()?, &mut request)?;
                }
                let response = carry(request)?;
                let (head, body) = response.into_parts();
                Ok(exchange.parse(Response::from_parts(head, &body))?)
            }
            Self::Reqwest(client) => Ok(RUNTIME.block_on(client.run(exchange))?),
            Self::Ureq(client) => Ok(client.run(exchange)?),
        }
    }
}

/// The reason of a missing token or response.
#[derive(Debug)]
pub(crate) enum Stop {
    Auth(auth_proto::Error),
    NeedFactor(Challenge),
    Other(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth(error) => write!(f, "{error}"),
            Self::NeedFactor(challenge) => write!(f, "the login needs a factor: {challenge:?}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Cases report their failures as text.
impl From<Stop> for String {
    fn from(stop: Stop) -> Self {
        stop.to_string()
    }
}

impl From<auth_proto::Error> for Stop {
    fn from(error: auth_proto::Error) -> Self {
        Self::Auth(error)
    }
}

impl From<auth_reqwest::Error> for Stop {
    fn from(error: auth_reqwest::Error) -> Self {
        match error {
            auth_reqwest::Error::Auth(error) => Self::Auth(error),
            auth_reqwest::Error::NeedFactor(challenge) => Self::NeedFactor(challenge),
            error => Self::Other(chain(&error)),
        }
    }
}

impl From<auth_ureq::Error> for Stop {
    fn from(error: auth_ureq::Error) -> Self {
        match error {
            auth_ureq::Error::Auth(error) => Self::Auth(error),
            auth_ureq::Error::NeedFactor(challenge) => Self::NeedFactor(challenge),
            error => Self::Other(chain(&error)),
        }
    }
}

/// Drives a login to a token, a challenge or an error.
fn drive(login: &mut Login) -> Result<Arc<Token>, Stop> {
    loop {
        match login.poll()? {
            Step::Done(token) => return Ok(token),
            Step::NeedFactor(challenge) => return Err(Stop::NeedFactor(challenge)),
            Step::Send(request) => login.handle_response(carry(request)?, UtcDateTime::now()),
        }
    }
}

/// Sends one request of the bare core.
pub(crate) fn carry<B: AsRef<[u8]>>(request: Request<B>) -> Result<Response<Vec<u8>>, Stop> {
    let answer = match request.body().as_ref() {
        [] => AGENT.run(request.map(drop)),
        body => {
            let body = body.to_vec();
            AGENT.run(request.map(|_| body))
        }
    };
    let lost = |error: ureq::Error| Failure::new(FailureKind::Io, error.to_string());
    whole(answer.map_err(|error| Stop::Auth(lost(error).into()))?)
}

fn whole(answer: Response<ureq::Body>) -> Result<Response<Vec<u8>>, Stop> {
    let (head, mut body) = answer.into_parts();
    let body = body.read_to_vec().map_err(|error| Stop::Other(error.to_string()))?;
    Ok(Response::from_parts(head, body))
}

fn chain(error: &dyn Error) -> String {
    let inner = std::iter::successors(error.source(), |&error| error.source());
    inner.fold(error.to_string(), |text, error| format!("{text}: {error}"))
}

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let config = Agent::config_builder().proxy(None).http_status_as_error(false).max_redirects(0);
    let config = config.max_redirects_will_error(false);
    config.timeout_global(Some(Duration::from_secs(60))).build().new_agent()
});

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime on the current thread needs no more than a few file descriptors")
});
