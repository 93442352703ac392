use std::{io, sync::Arc};

use auth_proto::{
    Body, Destination, Endpoint, IdentityRequest, RetryDecision, ServiceCall, Session, Token,
};
use http::{Extensions, Method, Request, Response, StatusCode};

use crate::driver::{Driver, Grant, Wanted};

/// One request with a token: where it goes, whether the token may go there, and whether it is sent
/// a second time. It owns the request's head, so that the URI that was checked is the URI that is
/// sent. A request is sent twice at most.
///
/// It locks the session only for a 401, and for a body that broke off.
#[derive(Debug)]
pub struct Call<'a> {
    driver: &'a Arc<Driver>,
    wanted: Wanted<'a>,
    head: Request<()>,
    /// Whether `head` has its final URI, and a token may be sent there.
    is_checked: bool,
    decision: ServiceCall,
    /// Whether the body of the first try broke off.
    was_interrupted: bool,
    /// The tokens of the last try and of the one before.
    used: [Option<Arc<Token>>; 2],
}

/// When a request may be sent a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the three kinds of request")]
pub enum Replay {
    /// After a 401, because the service has not carried it out.
    AfterRefusal,
    /// Also after a connection that broke, when it may have been carried out.
    Always,
    /// Never: its body is gone.
    Never,
}

/// Whether this error of a socket can be all that is seen of an early response: the server has
/// closed the connection while the request was being sent.
pub fn is_broken_off(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};

    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

impl<'a> Call<'a> {
    /// A request that has not been sent yet, and its body. For a wanted service, a URI that is only a
    /// path goes [under its endpoint](Endpoint::join).
    ///
    /// # Errors
    ///
    /// No token may be sent to this URI, or the path cannot be joined. This comes before any login,
    /// which would send the password for nothing.
    pub fn new<B>(
        driver: &'a Arc<Driver>,
        wanted: Wanted<'a>,
        request: Request<B>,
    ) -> Result<(Self, B), auth_proto::Error> {
        let mut call = Self {
            driver,
            wanted,
            head: Request::default(),
            is_checked: false,
            decision: ServiceCall::new(),
            was_interrupted: false,
            used: [None, None],
        };
        let body = call.replace(request)?;
        Ok((call, body))
    }

    /// Replaces the request, before a second try, by one that was made for it. Returns its body.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn replace<B>(&mut self, request: Request<B>) -> Result<B, auth_proto::Error> {
        let (head, body) = request.into_parts();
        self.head = Request::from_parts(head, ());
        let uri = self.head.uri();
        self.is_checked = self.wanted.service.is_none() || uri.scheme().is_some();
        match self.is_checked {
            true => self.driver.check_target(uri)?,
            false => Endpoint::check_path(uri)?,
        }
        Ok(body)
    }

    /// The tokens that this request needs.
    pub fn wanted(&self) -> Wanted<'a> {
        self.wanted
    }

    /// Where the request goes. A path has no destination before its first token.
    pub fn destination(&self) -> Destination<'_> {
        match self.is_checked {
            true => Destination::At(self.head.uri()),
            false => Destination::Later,
        }
    }

    /// Adds the token. If the URI was a path, this puts it under the endpoint; `spell` then
    /// rewrites the URI as the HTTP client will read it, before it is checked.
    ///
    /// Returns `false` if the endpoint's origin has refused this token. Then the caller gets
    /// another one for the [destination](Self::destination), which is known by now.
    /// [`blocking::authorize`](crate::blocking::authorize) and
    /// [`nonblocking::authorize`](crate::nonblocking::authorize) do that.
    ///
    /// # Errors
    ///
    /// There is no endpoint, or no token may be sent to it.
    pub fn authorize(
        &mut self,
        grant: Grant,
        spell: impl FnOnce(&mut Request<()>),
    ) -> Result<bool, auth_proto::Error> {
        let Grant { token, cloud } = grant;
        if !self.is_checked
            && let Some(service) = self.wanted.service
        {
            *self.head.uri_mut() = cloud.endpoint(&token, service)?.join(self.head.uri())?;
            spell(&mut self.head);
            self.driver.check_target(self.head.uri())?;
            self.is_checked = true;
            if token.is_refused_at(self.head.uri()) {
                return Ok(false);
            }
        }
        token.insert_into(self.head.headers_mut());
        self.used.swap(0, 1);
        self.used[0] = Some(token);
        Ok(true)
    }

    /// The request to send, without its body.
    pub fn head(&mut self) -> &mut Request<()> {
        &mut self.head
    }

    /// Gives the request away, if no second try needs it. Keeps the method and the URI.
    pub fn take_head(&mut self) -> Request<()> {
        let mut kept = Request::default();
        *kept.method_mut() = self.head.method().clone();
        *kept.uri_mut() = self.head.uri().clone();
        std::mem::replace(&mut self.head, kept)
    }

    /// Decides about the result of the last try: the response's status, or whether the connection
    /// [broke](is_broken_off).
    pub fn judge(&mut self, result: Result<StatusCode, bool>, replay: Replay) -> RetryDecision {
        match result {
            Ok(status) => self.decide(status, replay != Replay::Never),
            Err(true) => self.interrupted(replay == Replay::Always),
            Err(false) => RetryDecision::Deliver,
        }
    }

    /// Decides about the response to the last try. `replayable` says whether the caller can send
    /// the request a second time.
    pub fn decide(&mut self, status: StatusCode, replayable: bool) -> RetryDecision {
        let (uri, replayable) = (self.head.uri(), replayable && !self.was_interrupted);
        match &self.used[0] {
            Some(token) if ServiceCall::is_refusal(token, uri, status) => {
                self.driver.change(|session: &mut Session| {
                    self.decision.decide(session, token, uri, replayable, self.driver.now())
                })
            }
            _ => RetryDecision::Deliver,
        }
    }

    /// Reports that the connection broke, perhaps while the body was being sent: this is all that
    /// some HTTP clients see of an early 401. If the method usually has a body, the session asks
    /// the identity service about the token before a caller gets it again. `replayable` says
    /// whether the caller can send the request a second time.
    pub fn interrupted(&mut self, replayable: bool) -> RetryDecision {
        let has_body = [Method::PATCH, Method::POST, Method::PUT].contains(self.head.method());
        let [Some(token), before] = &self.used else { return RetryDecision::Deliver };
        if !has_body {
            return RetryDecision::Deliver;
        }
        self.driver.change(|session: &mut Session| {
            session.handle_interrupted(token, self.driver.now());
        });
        self.was_interrupted = true;
        match replayable && before.is_none() {
            true => RetryDecision::Retry,
            false => RetryDecision::Deliver,
        }
    }

    /// Marks a response that reaches the caller with the tokens that were sent, if its status is no
    /// success: an error that quotes the response must not show them.
    pub fn mark(&self, status: StatusCode, response: &mut Extensions) {
        if cfg!(feature = "json") && !status.is_success() {
            response.insert(SentTokens(self.used.clone()));
        }
    }

    pub(crate) fn driver(&self) -> &'a Arc<Driver> {
        self.driver
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
    ) -> Result<E::Output, auth_proto::Error> {
        let tokens = self.used.iter().rev().flatten();
        parse(request, response).map_err(|error| {
            tokens.fold(error, |error, token| error.without_secret(token.expose()))
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
) -> Result<E::Output, auth_proto::Error> {
    let (head, body) = response.into_parts();
    request.parse(Response::from_parts(head, body.as_bytes()))
}

/// The tokens of a call, in a response's extensions.
#[derive(Clone)]
pub(crate) struct SentTokens(
    #[cfg_attr(not(feature = "json"), expect(dead_code, reason = "read for JSON alone"))]
    pub(crate) [Option<Arc<Token>>; 2],
);
