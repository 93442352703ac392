use std::{fmt, sync::Arc, time::Duration};

use auth_proto::{
    Cloud, Counts, Credential, EndpointQuery, IdentityRequest, Reply, RetryDecision, Scope, Token,
};
use http::{Request, Response, StatusCode, Uri};
use serde::de::DeserializeOwned;
use tokio::runtime::{self, Runtime};

use crate::{
    Error, Made,
    bodies::{copied, made_for_reqwest, made_for_ureq, reqwest_body, ureq_body},
    configured,
    core::Core,
    runtime,
};

/// A client of either adapter, or of the bare core. All calls block.
///
/// Each method returns what the adapters' method of that name returns, with its errors. On the bare
/// core, which has no session, the methods of a session panic.
#[derive(Clone)]
pub enum Client {
    /// The bare core.
    Core(Arc<Core>),
    /// `auth-reqwest`, and where its futures run.
    Reqwest(auth_reqwest::Client, Executor),
    /// `auth-ureq`.
    Ureq(auth_ureq::Client),
}

/// Where the futures of a client run: on the shared runtime, or on one of this client alone.
#[derive(Clone)]
pub struct Executor(Option<Arc<Runtime>>);

impl Executor {
    pub(crate) fn shared() -> Self {
        Self(None)
    }

    pub(crate) fn alone() -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Self(Some(Arc::new(runtime.unwrap())))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.as_deref().unwrap_or_else(|| runtime()).block_on(future)
    }
}

/// The same method of both adapters; reqwest's returns a future.
macro_rules! blocking {
    ($client:expr, $core:expr, $method:ident($($argument:expr),*)) => {
        match $client {
            Client::Core(core) => $core(core),
            Client::Reqwest(client, executor) => {
                Ok(executor.run(client.$method($($argument),*))?)
            }
            Client::Ureq(client) => Ok(client.$method($($argument),*)?),
        }
    };
}

/// The same method of a session of both adapters.
macro_rules! of_session {
    ($client:expr, $method:ident($($argument:expr),*)) => {
        match $client {
            Client::Core(_) => panic!("the bare core has no session"),
            Client::Reqwest(client, _) => client.$method($($argument),*),
            Client::Ureq(client) => client.$method($($argument),*),
        }
    };
}

impl Client {
    /// As the adapters' `lasting`. The bare core ignores the time.
    #[must_use]
    pub fn lasting(&self, life: Duration) -> Self {
        match self {
            Self::Core(_) => self.clone(),
            Self::Reqwest(client, executor) => {
                Self::Reqwest(client.lasting(life), executor.clone())
            }
            Self::Ureq(client) => Self::Ureq(client.lasting(life)),
        }
    }

    /// As the adapters' `counts`.
    pub fn counts(&self) -> Counts {
        of_session!(self, counts())
    }

    /// As the adapters' `token`.
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        blocking!(self, |core: &Core| core.token(), token())
    }

    /// The bare core ignores the time.
    pub fn token_within(&self, patience: Duration) -> Result<Arc<Token>, Error> {
        blocking!(self, |core: &Core| core.token(), token_within(patience))
    }

    /// Sends a call, again after a 401 where the core retries it, and reads the whole response.
    pub fn call<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Response<Vec<u8>>, Error> {
        configured::called(|| self.cloud(), request.uri());
        match self {
            Self::Core(core) => {
                let mut request = request.map(|body| body.as_ref().to_vec());
                core.cloud().authorize(&*core.token()?, &mut request)?;
                core.send(request)
            }
            Self::Reqwest(client, executor) => {
                executor.run(async { read_reqwest(client.call(request.map(copied)).await?).await })
            }
            Self::Ureq(client) => read_ureq(client.call(request)?),
        }
    }

    /// Sends a call once; a body that is not empty is a stream.
    pub fn call_once<B: AsRef<[u8]>>(
        &self,
        request: Request<B>,
    ) -> Result<Response<Vec<u8>>, Error> {
        configured::called(|| self.cloud(), request.uri());
        match self {
            Self::Core(_) => self.call(request),
            Self::Reqwest(client, executor) => executor.run(async {
                read_reqwest(client.call_once(request.map(reqwest_body)).await?).await
            }),
            Self::Ureq(client) => read_ureq(match request.body().as_ref() {
                [] => client.call_once(request.map(drop))?,
                _ => client.call_once(request.map(ureq_body))?,
            }),
        }
    }

    /// Sends a call whose body is a stream, with a request that the closure makes for each try.
    ///
    /// # Errors
    ///
    /// As the adapters' `call_with`.
    ///
    /// # Panics
    ///
    /// On the bare core.
    pub fn call_with(&self, mut request: impl FnMut() -> Made) -> Result<Response<Vec<u8>>, Error> {
        let request = || request().inspect(|made| configured::called(|| self.cloud(), made.uri()));
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, executor) => executor.run(async {
                read_reqwest(client.call_with(made_for_reqwest(request)).await?).await
            }),
            Self::Ureq(client) => read_ureq(client.call_with(made_for_ureq(request))?),
        }
    }

    /// As the adapters' `token_at`.
    ///
    /// # Errors
    ///
    /// As the adapters' `token_at`.
    ///
    /// # Panics
    ///
    /// On the bare core.
    pub fn token_at(&self, url: &Uri) -> Result<Arc<Token>, Error> {
        configured::called(|| self.cloud(), url);
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, executor) => Ok(executor.run(client.token_at(url))?),
            Self::Ureq(client) => Ok(client.token_at(url)?),
        }
    }

    /// As the adapters' `report`.
    ///
    /// # Panics
    ///
    /// On the bare core.
    pub fn report(&self, token: &Token, url: &Uri, status: StatusCode) -> RetryDecision {
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, _) => client.report(token, url, status),
            Self::Ureq(client) => client.report(token, url, status),
        }
    }

    /// As the adapters' `run`.
    pub fn run<R: IdentityRequest>(&self, request: &R) -> Result<R::Output, Error> {
        blocking!(self, |core: &Core| core.run(request), run(request))
    }

    /// The URL of a service.
    pub fn endpoint(&self, query: &EndpointQuery) -> Result<String, Error> {
        blocking!(self, |core: &Core| core.endpoint(query), endpoint(query))
    }

    /// The factor that a challenge asks for.
    pub fn answer(&self, reply: impl Into<Reply>) -> Result<(), Error> {
        match self {
            Self::Core(core) => core.answer(reply),
            Self::Reqwest(client, _) => Ok(client.answer(reply)?),
            Self::Ureq(client) => Ok(client.answer(reply)?),
        }
    }

    /// As the adapters' `replace_credential`.
    pub fn replace_credential(&self, credential: Credential) -> Result<(), Error> {
        configured::login(&self.cloud(), &credential);
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, _) => Ok(client.replace_credential(credential)?),
            Self::Ureq(client) => Ok(client.replace_credential(credential)?),
        }
    }

    /// Closes the session. The bare core has none.
    pub fn close(&self) {
        match self {
            Self::Core(_) => {}
            Self::Reqwest(client, _) => client.close(),
            Self::Ureq(client) => client.close(),
        }
    }

    /// The same session with another scope.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> Self {
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, executor) => {
                Self::Reqwest(client.scoped(scope), executor.clone())
            }
            Self::Ureq(client) => Self::Ureq(client.scoped(scope)),
        }
    }

    /// A service of this client.
    pub fn service(&self, query: impl Into<EndpointQuery>) -> AdapterService {
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, executor) => {
                AdapterService::Reqwest(client.service(query), executor.clone())
            }
            Self::Ureq(client) => AdapterService::Ureq(client.service(query)),
        }
    }

    /// The scope of the tokens.
    pub fn scope(&self) -> &Scope {
        of_session!(self, scope())
    }

    /// The cloud, with its API version once that is known.
    pub fn cloud(&self) -> Cloud {
        match self {
            Self::Core(core) => core.cloud().clone(),
            Self::Reqwest(client, _) => client.cloud(),
            Self::Ureq(client) => client.cloud(),
        }
    }

    /// The loop that renews the token in the background; run it on a separate thread. It does
    /// not keep the session open.
    pub fn refresh_loop(&self) -> Box<dyn FnOnce() + Send> {
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, executor) => {
                let (refresh, executor) = (client.refresh_loop(), executor.clone());
                Box::new(move || executor.run(refresh))
            }
            Self::Ureq(client) => Box::new(client.refresh_loop()),
        }
    }

    /// The bare core.
    pub fn core(&self) -> &Core {
        let Self::Core(core) = self else { panic!("not the bare core") };
        core
    }

    /// The client of `auth-ureq`.
    pub fn ureq(&self) -> &auth_ureq::Client {
        let Self::Ureq(client) = self else { panic!("not a client of auth-ureq") };
        client
    }

    /// The client of `auth-reqwest`.
    pub fn reqwest(&self) -> &auth_reqwest::Client {
        let Self::Reqwest(client, _) = self else { panic!("not a client of auth-reqwest") };
        client
    }
}

const NO_SESSION: &str = "the bare core has no session";

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(_) => f.write_str("Core"),
            Self::Reqwest(client, _) => client.fmt(f),
            Self::Ureq(client) => client.fmt(f),
        }
    }
}

/// A `ServiceClient` of either adapter.
#[derive(Clone)]
pub enum AdapterService {
    /// Of `auth-reqwest`, and where its futures run.
    Reqwest(auth_reqwest::ServiceClient, Executor),
    /// Of `auth-ureq`.
    Ureq(auth_ureq::ServiceClient),
}

/// The three calls of both adapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `call`, with a body in memory.
    Call,
    /// `call_once`, with a stream.
    Once,
    /// `call_with`, with a stream that is made for each try.
    With,
}

impl AdapterService {
    /// Calls in this way and reads a typed answer.
    pub fn read_json<T: DeserializeOwned>(
        &self,
        way: Way,
        request: Request<Vec<u8>>,
    ) -> Result<T, Error> {
        match self {
            Self::Reqwest(service, executor) => executor.run(async {
                let again = || Ok(request.clone());
                let response = match way {
                    Way::Call => service.call(request).await?,
                    Way::Once => service.call_once(request.map(reqwest_body)).await?,
                    Way::With => service.call_with(made_for_reqwest(again)).await?,
                };
                Ok(auth_reqwest::ResponseExt::read_json(response).await?)
            }),
            Self::Ureq(service) => {
                let again = || Ok(request.clone());
                let response = match way {
                    Way::Call => service.call(request)?,
                    Way::Once => service.call_once(request.map(ureq_body))?,
                    Way::With => service.call_with(made_for_ureq(again))?,
                };
                Ok(auth_ureq::ResponseExt::read_json(response)?)
            }
        }
    }

    /// A token of the scope that the service gets.
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        Ok(match self {
            Self::Reqwest(service, executor) => executor.run(service.token())?,
            Self::Ureq(service) => service.token()?,
        })
    }

    /// The scope of the tokens that the service gets.
    pub fn scope(&self) -> Result<Scope, Error> {
        Ok(match self {
            Self::Reqwest(service, _) => service.scope()?,
            Self::Ureq(service) => service.scope()?,
        })
    }

    /// The service's URL.
    pub fn endpoint(&self) -> Result<String, Error> {
        Ok(match self {
            Self::Reqwest(service, executor) => executor.run(service.endpoint())?,
            Self::Ureq(service) => service.endpoint()?,
        })
    }

    /// As [`Client::call`], for a path under the endpoint.
    pub fn call<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Response<Vec<u8>>, Error> {
        match self {
            Self::Reqwest(service, executor) => {
                executor.run(async { read_reqwest(service.call(request.map(copied)).await?).await })
            }
            Self::Ureq(service) => read_ureq(service.call(request)?),
        }
    }

    /// As [`Client::call_once`], for a path under the endpoint.
    pub fn call_once<B: AsRef<[u8]>>(
        &self,
        request: Request<B>,
    ) -> Result<Response<Vec<u8>>, Error> {
        match self {
            Self::Reqwest(service, executor) => executor.run(async {
                read_reqwest(service.call_once(request.map(reqwest_body)).await?).await
            }),
            Self::Ureq(service) => read_ureq(match request.body().as_ref() {
                [] => service.call_once(request.map(drop))?,
                _ => service.call_once(request.map(ureq_body))?,
            }),
        }
    }

    /// As [`Client::call_with`], for a path under the endpoint.
    ///
    /// # Errors
    ///
    /// As [`Client::call_with`].
    pub fn call_with(&self, request: impl FnMut() -> Made) -> Result<Response<Vec<u8>>, Error> {
        match self {
            Self::Reqwest(service, executor) => executor.run(async {
                read_reqwest(service.call_with(made_for_reqwest(request)).await?).await
            }),
            Self::Ureq(service) => read_ureq(service.call_with(made_for_ureq(request))?),
        }
    }
}

async fn read_reqwest(response: reqwest::Response) -> Result<Response<Vec<u8>>, Error> {
    let mut head = Response::new(());
    *head.status_mut() = response.status();
    *head.version_mut() = response.version();
    *head.headers_mut() = response.headers().clone();
    let body = response.bytes().await?.to_vec();
    Ok(head.map(|()| body))
}

fn read_ureq(response: Response<ureq::Body>) -> Result<Response<Vec<u8>>, Error> {
    let (head, mut body) = response.into_parts();
    Ok(Response::from_parts(head, body.read_to_vec()?))
}
