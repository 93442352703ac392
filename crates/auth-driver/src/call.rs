use std::sync::Arc;

use auth_proto::{
    Body, Endpoint, EndpointQuery, IdentityRequest, RetryDecision, Scope, ServiceCall, Session,
    Token,
};
use http::{HeaderName, Request, Response, StatusCode};

use crate::{
    driver::{Driver, Grant, Wanted},
    error::Error,
};

/// One request with a token: where it goes, whether the token may go there, and the decision about
/// a
/// 401. It owns the request's head, so that the URI that was checked is the URI that is sent.
///
/// It locks the session only for a 401.
#[derive(Debug)]
pub struct Call<'a> {
    driver: &'a Driver,
    wanted: Wanted<'a>,
    head: Request<()>,
    /// Whether `head` has its final URI, and a token may be sent there.
    is_checked: bool,
    decision: ServiceCall,
    /// The tokens of the last try and of the one before.
    used: [Option<Arc<Token>>; 2],
}

impl<'a> Call<'a> {
    /// A request that has not been sent yet, and its body. With a `service`, a URI that is only a path goes
    /// [under its endpoint](Endpoint::join).
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if no token may be sent to this URI, or the path cannot be joined. This
    /// comes before any login, which would send the password for nothing.
    pub fn new<B>(
        driver: &'a Driver,
        scope: &'a Scope,
        service: Option<&'a EndpointQuery>,
        request: Request<B>,
    ) -> Result<(Self, B), Error> {
        let (head, body) = request.into_parts();
        let head = Request::from_parts(head, ());
        let is_path = service.is_some() && head.uri().scheme().is_none();
        match is_path {
            true => Endpoint::check_path(head.uri())?,
            false => driver.check_target(head.uri())?,
        }
        let wanted = Wanted { scope, service };
        let (decision, used) = (ServiceCall::new(), [None, None]);
        Ok((Self { driver, wanted, head, is_checked: !is_path, decision, used }, body))
    }

    /// The tokens that this request needs.
    pub fn wanted(&self) -> Wanted<'a> {
        self.wanted
    }

    /// Adds the token, and returns the head to send. If the URI was a path, this puts it under the
    /// endpoint; `spell` then rewrites the URI as the HTTP client will read it, before it is
    /// checked.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if there is no endpoint, or no token may be sent to it.
    pub fn authorize(
        &mut self,
        grant: Grant,
        spell: impl FnOnce(&mut Request<()>),
    ) -> Result<&Request<()>, Error> {
        self.add_token(grant, spell)?;
        Ok(&self.head)
    }

    /// The same for a request that is sent once: it gives the head away instead of lending it.
    ///
    /// # Errors
    ///
    /// As [`authorize`](Self::authorize).
    pub fn authorize_once(
        &mut self,
        grant: Grant,
        spell: impl FnOnce(&mut Request<()>),
    ) -> Result<Request<()>, Error> {
        self.add_token(grant, spell)?;
        Ok(std::mem::take(&mut self.head))
    }

    fn add_token(
        &mut self,
        grant: Grant,
        spell: impl FnOnce(&mut Request<()>),
    ) -> Result<(), Error> {
        let Grant { token, cloud } = grant;
        if !self.is_checked
            && let Some(service) = self.wanted.service
        {
            *self.head.uri_mut() = cloud.endpoint(&token, service)?.join(self.head.uri())?;
            spell(&mut self.head);
            self.driver.check_target(self.head.uri())?;
            self.is_checked = true;
        }
        self.head.headers_mut().insert(AUTH_TOKEN, token.header().clone());
        self.used.swap(0, 1);
        self.used[0] = Some(token);
        Ok(())
    }

    /// Decides about the response to the last try. `replayable` says whether the caller can send
    /// the request a second time.
    pub fn decide(&mut self, status: StatusCode, replayable: bool) -> RetryDecision {
        let token = match &self.used[0] {
            Some(token) if ServiceCall::concerns_session(status) => token,
            _ => return RetryDecision::Deliver,
        };
        self.driver.change(|session: &mut Session| {
            let now = self.driver.now();
            self.decision.decide(session, token, status, replayable, now)
        })
    }

    /// Reads the response to an identity request. An error shows none of the tokens that were
    /// added, which the request does not know.
    ///
    /// # Errors
    ///
    /// As [`IdentityRequest::parse`].
    pub fn parse<E: IdentityRequest>(
        &self,
        request: &E,
        response: Response<Body>,
    ) -> Result<E::Output, Error> {
        let tokens = self.used.iter().rev().flatten();
        parse(request, response).map_err(|error| match error {
            Error::Auth(error) => {
                Error::Auth(tokens.fold(error, |error, token| error.without_secret(token.expose())))
            }
            error => error,
        })
    }
}

/// Reads the response to an identity request without a token.
///
/// # Errors
///
/// As [`IdentityRequest::parse`].
pub fn parse<E: IdentityRequest>(
    request: &E,
    response: Response<Body>,
) -> Result<E::Output, Error> {
    let (head, body) = response.into_parts();
    Ok(request.parse(Response::from_parts(head, body.as_bytes()))?)
}

const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
