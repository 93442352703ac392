use std::{fmt, sync::Arc, time::Duration};

use auth_driver::{Call, Driver, Grant, Mode, Wanted, blocking, parse};
use auth_proto::{
    Cloud, Credential, EndpointQuery, Factor, IdentityRequest, RetryDecision, Scope, Token,
};
use http::{Request, Response};
use ureq::AsSendBody;

use crate::{builder::Builder, error::Error, send::Http, service::ServiceClient};

/// A user of a cloud, who is logged in when a call needs it. Cheap to clone, and made to be shared
/// between threads. Dropping the last client closes the session.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
    scope: Scope,
}

/// All clients of a session hold this. A background renewal does not, so that dropping the last
/// client closes the session.
struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    driver: Driver,
    http: Http,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.driver.close();
    }
}

impl Client {
    /// A client with default settings. It sends nothing before its first use.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn new(cloud: Cloud, credential: Credential, scope: Scope) -> Result<Self, Error> {
        Self::builder(cloud, credential, scope).build()
    }

    /// A client with other settings.
    pub fn builder(cloud: Cloud, credential: Credential, scope: Scope) -> Builder {
        Builder::new(cloud, credential, scope)
    }

    pub(crate) fn from_parts(driver: Driver, http: Http, scope: Scope) -> Self {
        Self { handle: Arc::new(Handle { shared: Arc::new(Shared { driver, http }) }), scope }
    }

    /// The same user with another scope: the same session and connections, another token.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> Self {
        Self { handle: Arc::clone(&self.handle), scope }
    }

    /// A client for one service. Its tokens have this client's scope, except for a global service
    /// ([`Cloud::scope_hint`]) when this scope is a project or the default: then the user's domain.
    #[must_use]
    pub fn service(&self, want: impl Into<EndpointQuery>) -> ServiceClient {
        ServiceClient::new(self.clone(), want.into())
    }

    /// The scope of the tokens.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The cloud, with its API version once a response has shown it.
    pub fn cloud(&self) -> Cloud {
        self.driver().read(|session| session.cloud().clone())
    }

    /// A valid token within 30 seconds: the session's token, or one from a login.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] with the reason why there is no token, [`Error::NeedFactor`] if the login
    /// needs a user, [`Error::Deadline`].
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        self.token_within(PATIENCE)
    }

    /// A valid token within this time.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub fn token_within(&self, patience: Duration) -> Result<Arc<Token>, Error> {
        Ok(self.grant_within(self.wanted(None), patience)?.token)
    }

    /// A background renewal of this scope's token, so that no caller waits for a login: it logs in
    /// at once, and renews long before the token ends. Run it on its own thread:
    /// `thread::spawn(client.refresh_loop())`. It ends when the session is [closed](Self::close) or
    /// its last client is dropped, after the response to a login that it has just sent.
    ///
    /// It returns no errors: callers get them from [`token`](Self::token), operators from
    /// [`tracing`](crate#events). After a panic of the clock or of a subscriber, callers renew the
    /// token themselves, shortly before its end.
    pub fn refresh_loop(&self) -> impl FnOnce() + Send + use<> {
        let (shared, scope) = (Arc::clone(&self.handle.shared), self.scope.clone());
        move || blocking::refresh_loop(&shared.driver, &shared.http, &scope)
    }

    /// The URL of a service, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token) and [`Cloud::endpoint`].
    pub fn endpoint(&self, want: &EndpointQuery) -> Result<String, Error> {
        self.endpoint_of(self.wanted(None), want)
    }

    pub(crate) fn endpoint_of(
        &self,
        wanted: Wanted<'_>,
        want: &EndpointQuery,
    ) -> Result<String, Error> {
        Ok(self.grant_within(wanted, PATIENCE)?.endpoint(want)?)
    }

    /// Sends a request to a service, with the token, and returns the response with any status.
    /// After a 401 it sends the request once more with a new token, if the session can get one.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token); [`Error::Auth`] if the token must not be sent there;
    /// [`Error::Transport`].
    pub fn call<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Response<ureq::Body>, Error> {
        self.call_service(None, request)
    }

    pub(crate) fn call_service<B: AsRef<[u8]>>(
        &self,
        service: Option<&EndpointQuery>,
        request: Request<B>,
    ) -> Result<Response<ureq::Body>, Error> {
        let (mut call, body) = Call::new(self.driver(), &self.scope, service, request)?;
        loop {
            let grant = self.grant_within(call.wanted(), PATIENCE)?;
            let (head, ()) = call.authorize(grant, |_| ())?.clone().into_parts();
            let response = self.http().call_with_bytes(head, body.as_ref());
            let response = response.map_err(Error::transport)?;
            if call.decide(response.status(), true) == RetryDecision::Deliver {
                return Ok(response);
            }
        }
    }

    /// As [`call`](Self::call), with a body that cannot be sent twice: a file, a reader. The
    /// response may be a 401; the next request then has a new token.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_once<B: AsSendBody>(
        &self,
        request: Request<B>,
    ) -> Result<Response<ureq::Body>, Error> {
        self.call_service_once(None, request)
    }

    pub(crate) fn call_service_once<B: AsSendBody>(
        &self,
        service: Option<&EndpointQuery>,
        request: Request<B>,
    ) -> Result<Response<ureq::Body>, Error> {
        let (mut call, body) = Call::new(self.driver(), &self.scope, service, request)?;
        let grant = self.grant_within(call.wanted(), PATIENCE)?;
        let head = call.authorize_once(grant, |_| ())?;
        let response = self.http().call(head.map(|()| body)).map_err(Error::transport)?;
        // The decision is always to deliver, but the session must learn of a 401.
        let _ = call.decide(response.status(), false);
        Ok(response)
    }

    /// Sends an [`IdentityRequest`] to the identity service, with the token if the request needs
    /// it. The rule for a 401 is that of [`call`](Self::call).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and as [`IdentityRequest::parse`].
    pub fn run<E: IdentityRequest>(&self, identity: &E) -> Result<E::Output, Error> {
        let request = identity.request()?;
        if !identity.authenticated() {
            let response = self.http().ask(request).map_err(Error::transport)?;
            return Ok(parse(identity, response)?);
        }
        let (mut call, mut body) = Call::new(self.driver(), &self.scope, None, request)?;
        loop {
            let grant = self.grant_within(call.wanted(), PATIENCE)?;
            let request = call.authorize(grant, |_| ())?.clone().map(|()| body);
            let response = self.http().ask(request).map_err(Error::transport)?;
            if call.decide(response.status(), true) == RetryDecision::Deliver {
                return Ok(call.parse(identity, response)?);
            }
            body = identity.request()?.into_body();
        }
    }

    /// Answers an [`Error::NeedFactor`].
    ///
    /// # Errors
    ///
    /// As [`Session::submit_factor`](auth_proto::Session::submit_factor).
    pub fn submit_factor(&self, factor: Factor) -> Result<(), Error> {
        Ok(self.driver().change(|session| session.submit_factor(&self.scope, factor))?)
    }

    /// Replaces the credential, for all clients of the session.
    ///
    /// # Errors
    ///
    /// As [`Session::replace_credential`](auth_proto::Session::replace_credential).
    pub fn replace_credential(&self, credential: Credential) -> Result<(), Error> {
        Ok(self.driver().change(|session| session.replace_credential(credential))?)
    }

    /// Closes the session, for all its clients: waiting callers get an error, and the tokens are
    /// forgotten. A caller that is sending a login gets the error after the response or the
    /// time-out.
    pub fn close(&self) {
        self.driver().close();
    }

    pub(crate) fn wanted<'a>(&'a self, service: Option<&'a EndpointQuery>) -> Wanted<'a> {
        Wanted { scope: &self.scope, service }
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.handle.shared.driver
    }

    fn http(&self) -> &Http {
        &self.handle.shared.http
    }

    fn grant_within(&self, wanted: Wanted<'_>, patience: Duration) -> Result<Grant, Error> {
        let granted = blocking::grant(self.driver(), self.http(), wanted, patience, Mode::Caller);
        Ok(granted?)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("cloud", &self.cloud())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The default time of a caller.
const PATIENCE: Duration = Duration::from_secs(30);
