//! The smallest driver of the core: no session, no renewal, no waiting.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth_proto::{
    Cloud, EndpointQuery, Factor, Failure, FailureKind, IdentityRequest, Login, Step, Token,
};
use http::{Request, Response};
use time::UtcDateTime;
use ureq::Agent;

use crate::{Builder, Error};

/// A login, and the agent that carries its requests.
pub struct Core {
    login: Mutex<Login>,
    cloud: Cloud,
    agent: Agent,
}

impl Core {
    pub(crate) fn new(builder: Builder) -> Result<Self, Error> {
        let config = builder
            .ureq_config()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)));
        let login = Login::new(&builder.cloud, builder.credential, builder.scope)?;
        let login = if builder.without_catalog { login.without_catalog() } else { login };
        Ok(Self {
            login: Mutex::new(login),
            cloud: builder.cloud,
            agent: config.build().new_agent(),
        })
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    pub(crate) fn token(&self) -> Result<Arc<Token>, Error> {
        let mut login = self.login();
        loop {
            match login.poll()? {
                Step::Done(token) => return Ok(token),
                Step::NeedFactor(challenge) => return Err(Error::CoreFactor(Box::new(challenge))),
                Step::Send(request) => {
                    login.handle_response(self.send(request)?, UtcDateTime::now());
                }
            }
        }
    }

    pub(crate) fn submit_factor(&self, factor: Factor) -> Result<(), Error> {
        Ok(self.login().submit_factor(factor)?)
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
        let response = match request.body().as_ref() {
            [] => self.agent.run(request.map(drop)),
            body => {
                let body = body.to_vec();
                self.agent.run(request.map(|_| body))
            }
        };
        let lost = |error: ureq::Error| Failure::new(FailureKind::Io, error.to_string());
        let (head, mut body) =
            response.map_err(|error| Error::Core(lost(error).into()))?.into_parts();
        let body = body.read_to_vec().map_err(|error| Error::Core(lost(error).into()))?;
        Ok(Response::from_parts(head, body))
    }

    fn login(&self) -> MutexGuard<'_, Login> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
