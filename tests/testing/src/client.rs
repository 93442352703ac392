use std::{fmt, sync::Arc, time::Duration};

use auth_proto::{
    Cloud, Credential, EndpointQuery, Factor, IdentityRequest, RetryDecision, Scope, Token,
};
use http::{Request, Response, StatusCode, Uri};
use tokio::runtime::{self, Runtime};

use crate::{
    Error, Made,
    bodies::{copied, made_for_reqwest, made_for_ureq, reqwest_body, ureq_body},
    core::Core,
    runtime,
};

/// A client of either adapter, or of the bare core. All calls block.
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

impl Client {
    /// As the adapters' `token`.
    ///
    /// # Errors
    ///
    /// As the adapters' `token`.
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        match self {
            Self::Core(core) => core.token(),
            Self::Reqwest(client, executor) => Ok(executor.run(client.token())?),
            Self::Ureq(client) => Ok(client.token()?),
        }
    }

    /// As the adapters' `token_within`. The bare core ignores the time.
    ///
    /// # Errors
    ///
    /// As the adapters' `token_within`.
    pub fn token_within(&self, patience: Duration) -> Result<Arc<Token>, Error> {
        match self {
            Self::Core(core) => core.token(),
            Self::Reqwest(client, executor) => Ok(executor.run(client.token_within(patience))?),
            Self::Ureq(client) => Ok(client.token_within(patience)?),
        }
    }

    /// Sends a call, again after a 401 where the core retries it, and reads the whole response.
    ///
    /// # Errors
    ///
    /// As the adapters' `call`, or if the response's body cannot be read.
    pub fn call<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Response<Vec<u8>>, Error> {
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
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_once<B: AsRef<[u8]>>(
        &self,
        request: Request<B>,
    ) -> Result<Response<Vec<u8>>, Error> {
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
    pub fn call_with(&self, request: impl FnMut() -> Made) -> Result<Response<Vec<u8>>, Error> {
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
    ///
    /// # Errors
    ///
    /// As the adapters' `run`.
    pub fn run<R: IdentityRequest>(&self, request: &R) -> Result<R::Output, Error> {
        match self {
            Self::Core(core) => core.run(request),
            Self::Reqwest(client, executor) => Ok(executor.run(client.run(request))?),
            Self::Ureq(client) => Ok(client.run(request)?),
        }
    }

    /// The URL of a service.
    ///
    /// # Errors
    ///
    /// As the adapters' `endpoint`.
    pub fn endpoint(&self, query: &EndpointQuery) -> Result<String, Error> {
        match self {
            Self::Core(core) => core.endpoint(query),
            Self::Reqwest(client, executor) => Ok(executor.run(client.endpoint(query))?),
            Self::Ureq(client) => Ok(client.endpoint(query)?),
        }
    }

    /// The factor that a challenge asks for.
    ///
    /// # Errors
    ///
    /// As the adapters' `submit_factor`.
    pub fn submit_factor(&self, factor: Factor) -> Result<(), Error> {
        match self {
            Self::Core(core) => core.submit_factor(factor),
            Self::Reqwest(client, _) => Ok(client.submit_factor(factor)?),
            Self::Ureq(client) => Ok(client.submit_factor(factor)?),
        }
    }

    /// As the adapters' `replace_credential`.
    ///
    /// # Errors
    ///
    /// As the adapters' `replace_credential`.
    ///
    /// # Panics
    ///
    /// On the bare core.
    pub fn replace_credential(&self, credential: Credential) -> Result<(), Error> {
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
    ///
    /// # Panics
    ///
    /// On the bare core.
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
    ///
    /// # Panics
    ///
    /// On the bare core.
    pub fn service(&self, query: impl Into<EndpointQuery>) -> Service {
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, executor) => {
                Service::Reqwest(client.service(query), executor.clone())
            }
            Self::Ureq(client) => Service::Ureq(client.service(query)),
        }
    }

    /// The scope of the tokens.
    ///
    /// # Panics
    ///
    /// On the bare core.
    pub fn scope(&self) -> &Scope {
        match self {
            Self::Core(_) => panic!("{NO_SESSION}"),
            Self::Reqwest(client, _) => client.scope(),
            Self::Ureq(client) => client.scope(),
        }
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
    ///
    /// # Panics
    ///
    /// On the bare core.
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

    /// The client of `auth-ureq`.
    ///
    /// # Panics
    ///
    /// On any other adapter.
    pub fn ureq(&self) -> &auth_ureq::Client {
        let Self::Ureq(client) = self else { panic!("not a client of auth-ureq") };
        client
    }

    /// The client of `auth-reqwest`.
    ///
    /// # Panics
    ///
    /// On any other adapter.
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
pub enum Service {
    /// Of `auth-reqwest`, and where its futures run.
    Reqwest(auth_reqwest::ServiceClient, Executor),
    /// Of `auth-ureq`.
    Ureq(auth_ureq::ServiceClient),
}

impl Service {
    /// The scope of the tokens that the service gets.
    ///
    /// # Errors
    ///
    /// As the adapters' `scope`.
    pub fn scope(&self) -> Result<Scope, Error> {
        Ok(match self {
            Self::Reqwest(service, _) => service.scope()?,
            Self::Ureq(service) => service.scope()?,
        })
    }

    /// The service's URL.
    ///
    /// # Errors
    ///
    /// As the adapters' `endpoint`.
    pub fn endpoint(&self) -> Result<String, Error> {
        Ok(match self {
            Self::Reqwest(service, executor) => executor.run(service.endpoint())?,
            Self::Ureq(service) => service.endpoint()?,
        })
    }

    /// As [`Client::call`], for a path under the endpoint.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn call<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Response<Vec<u8>>, Error> {
        match self {
            Self::Reqwest(service, executor) => {
                executor.run(async { read_reqwest(service.call(request.map(copied)).await?).await })
            }
            Self::Ureq(service) => read_ureq(service.call(request)?),
        }
    }

    /// As [`Client::call_once`], for a path under the endpoint.
    ///
    /// # Errors
    ///
    /// As [`Client::call_once`].
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
