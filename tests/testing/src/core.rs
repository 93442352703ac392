//! The smallest driver of the core: no session, no renewal, no waiting.

use std::{
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth_proto::{
    Cloud, EndpointQuery, Failure, FailureKind, IdentityRequest, Login, Reply, Step, Token,
};
use http::{Method, Request, Response};
use time::UtcDateTime;
use ureq::Agent;

use crate::{Builder, Error, builder::UreqConfig, configured};

/// A login, and the agent that carries its requests.
pub struct Core {
    login: Mutex<Login>,
    cloud: Cloud,
    agent: Agent,
}

impl Core {
    pub(crate) fn new(builder: Builder) -> Result<Self, Error> {
        let agent = agent(builder.ureq_config());
        let login = Login::new(&builder.cloud, builder.credential, builder.scope)?;
        let login = if builder.without_catalog { login.without_catalog() } else { login };
        Ok(Self { login: Mutex::new(login), cloud: builder.cloud, agent })
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    pub(crate) fn token(&self) -> Result<Arc<Token>, Error> {
        self.log_in(|_| ())
    }

    /// Drives the login to a token. Each response is changed before the login reads it.
    ///
    /// # Errors
    ///
    /// [`Error::Core`] or [`Error::CoreAsks`].
    pub fn log_in(
        &self,
        mut change: impl FnMut(&mut Response<Vec<u8>>),
    ) -> Result<Arc<Token>, Error> {
        let mut login = self.login();
        loop {
            match login.poll()? {
                Step::Done(token) => return Ok(token),
                Step::Ask(question) => return Err(Error::CoreAsks(Box::new(question))),
                Step::Send(request) => {
                    let mut response = self.send(request)?;
                    change(&mut response);
                    login.handle_response(response, UtcDateTime::now());
                }
            }
        }
    }

    pub(crate) fn answer(&self, reply: impl Into<Reply>) -> Result<(), Error> {
        Ok(self.login().answer(reply)?)
    }

    pub(crate) fn endpoint(&self, query: &EndpointQuery) -> Result<String, Error> {
        Ok(self.cloud.endpoint(&*self.token()?, query)?.url().to_owned())
    }

    pub(crate) fn run<R: IdentityRequest>(&self, request: &R) -> Result<R::Output, Error> {
        let mut sent = request.request()?;
        if request.authenticated() {
            self.cloud.authorize(&*self.token()?, &mut sent)?;
        }
        let (head, body) = self.send(sent)?.into_parts();
        Ok(request.parse(Response::from_parts(head, &body))?)
    }

    /// Sends a request as it is, without a token.
    ///
    /// # Errors
    ///
    /// [`Error::Core`] if there is no response.
    pub fn send<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Response<Vec<u8>>, Error> {
        carry(&self.agent, request)
    }

    fn login(&self) -> MutexGuard<'_, Login> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a request over plain http, without a client. The record of the tests passes it over.
///
/// # Errors
///
/// [`Error::Core`] if there is no response.
pub fn send<B: AsRef<[u8]>>(request: Request<B>) -> Result<Response<Vec<u8>>, Error> {
    static AGENT: LazyLock<Agent> = LazyLock::new(|| {
        agent(Agent::config_builder().proxy(None).user_agent(configured::CONTROL))
    });
    carry(&AGENT, request)
}

fn agent(http: UreqConfig) -> Agent {
    let http = http.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false);
    http.timeout_global(Some(Duration::from_secs(60))).build().new_agent()
}

fn carry<B: AsRef<[u8]>>(agent: &Agent, request: Request<B>) -> Result<Response<Vec<u8>>, Error> {
    let response = match request.body().as_ref() {
        // Apache wants a Content-Length with each POST.
        [] if request.method() != Method::POST => agent.run(request.map(drop)),
        body => {
            let body = body.to_vec();
            agent.run(request.map(|_| body))
        }
    };
    let lost = |error: ureq::Error| Failure::new(FailureKind::Io, error.to_string());
    let (head, mut body) = response.map_err(|error| Error::Core(lost(error).into()))?.into_parts();
    let body = body.read_to_vec().map_err(|error| Error::Core(lost(error).into()))?;
    Ok(Response::from_parts(head, body))
}
