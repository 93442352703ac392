use std::{fmt, sync::Arc, time::Duration};

use auth_proto::{
    Cloud, Credential, EndpointQuery, Factor, IdentityRequest, RetryDecision, Scope, ServiceCall,
    Session, Token,
};
use http::{Request, Response, StatusCode};
use ureq::AsSendBody;

use crate::{builder::Builder, drive::Shared, error::Error, send::Http, service::ServiceClient};

/// A user of a cloud who is logged in whenever that is needed. Cheap to clone; made to be shared
/// between threads. The account is closed with its last client.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
    scope: Scope,
}

/// What all clients of an account hold, and a renewal in the background does not: the account is
/// closed with the last client.
struct Handle {
    shared: Arc<Shared<Http>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Client {
    /// A client with the usual settings. Nothing is sent before it is used.
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

    pub(crate) fn from_parts(shared: Shared<Http>, scope: Scope) -> Self {
        Self { handle: Arc::new(Handle { shared: Arc::new(shared) }), scope }
    }

    /// The same user with another scope: the same account and connections, a token of its own.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> Self {
        Self { handle: Arc::clone(&self.handle), scope }
    }

    /// A service, whose tokens have the scope that it wants: this client's, but the user's domain
    /// where the service is a global one ([`Cloud::scope_hint`]) and this client's scope is a
    /// project or the default.
    #[must_use]
    pub fn service(&self, want: impl Into<EndpointQuery>) -> ServiceClient {
        ServiceClient::new(self.clone(), want.into())
    }

    /// What the tokens are good for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The cloud, with its API version once that is known.
    pub fn cloud(&self) -> Cloud {
        self.handle.shared.lock().cloud().clone()
    }

    /// A living token, within 30 seconds. The account's own if it has one, else by a login.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] why there is none, [`Error::NeedFactor`] if a person must be asked,
    /// [`Error::Deadline`].
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        self.token_within(PATIENCE)
    }

    /// A living token, within this time.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub fn token_within(&self, patience: Duration) -> Result<Arc<Token>, Error> {
        self.handle.shared.token(&self.scope, patience, Session::poll)
    }

    /// What keeps this scope's token alive in the background, so that no caller ever waits for a
    /// login: it logs in at once, and renews long before the end. To be called on a thread of its
    /// own: `thread::spawn(client.refresh_loop())`. It ends when the account is [closed](Self::close),
    /// or when its last client is dropped; a login that it is sending then is waited for.
    ///
    /// It tells nobody of failures: callers are told by [`token`](Self::token), operators by
    /// [`tracing`](crate#what-is-told). Should it end in a panic of the clock or of whoever listens,
    /// callers renew the token themselves, shortly before its end.
    pub fn refresh_loop(&self) -> impl FnOnce() + Send + use<> {
        let (shared, scope) = (Arc::clone(&self.handle.shared), self.scope.clone());
        move || shared.renew(&scope)
    }

    /// Where a service is: the URL, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`Cloud::endpoint`], or because there is no token to look it up in.
    pub fn endpoint(&self, want: &EndpointQuery) -> Result<String, Error> {
        let token = self.token()?;
        let cloud = self.cloud();
        Ok(cloud.endpoint(&token, want)?.url().to_owned())
    }

    /// Sends a request to a service, with the token, and hands on the answer whatever its status.
    /// After a 401 it is sent once more with a new token, where the core finds that worth it.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token); [`Error::Auth`] if the token must not go there;
    /// [`Error::Transport`].
    pub fn call<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Response<ureq::Body>, Error> {
        let mut call = ServiceCall::new();
        let (mut request, body) = split(request);
        loop {
            let token = self.authorize(&mut request)?;
            let (head, ()) = request.clone().into_parts();
            let answer = self.handle.shared.http.call_with_bytes(head, body.as_ref());
            let answer = answer.map_err(Error::transport)?;
            match self.verdict(&mut call, &token, answer.status(), true) {
                RetryDecision::Deliver => return Ok(answer),
                RetryDecision::Retry => {}
            }
        }
    }

    /// The same with a body that cannot be sent twice: a file, a reader. The answer may be a 401;
    /// the next request then has a new token.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_once<B: AsSendBody>(
        &self,
        request: Request<B>,
    ) -> Result<Response<ureq::Body>, Error> {
        let (mut request, body) = split(request);
        let token = self.authorize(&mut request)?;
        let answer =
            self.handle.shared.http.call(request.map(|()| body)).map_err(Error::transport)?;
        // There is nothing to choose here, but the account has to know of a 401.
        let _ = self.verdict(&mut ServiceCall::new(), &token, answer.status(), false);
        Ok(answer)
    }

    /// Asks the identity service something: see [`IdentityRequest`]. With the token if that is needed, and
    /// with the same rule for a 401 as [`call`](Self::call).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and what the exchange finds wrong with the answer.
    pub fn run<E: IdentityRequest>(&self, exchange: &E) -> Result<E::Output, Error> {
        let (mut call, mut tokens) = (ServiceCall::new(), Vec::new());
        loop {
            let mut request = exchange.request()?;
            let token = match exchange.authenticated() {
                true => Some(self.authorize(&mut request)?),
                false => None,
            };
            let http = &self.handle.shared.http;
            let answer = http.ask(request, http.identity_timeout).map_err(Error::transport)?;
            let verdict = token.as_ref().map_or(RetryDecision::Deliver, |token| {
                self.verdict(&mut call, token, answer.status(), true)
            });
            // The exchange does not know the tokens that were added to its requests.
            tokens.extend(token);
            if verdict == RetryDecision::Deliver {
                let (head, body) = answer.into_parts();
                let parsed = exchange.parse(Response::from_parts(head, body.as_bytes()));
                return Ok(parsed.map_err(|error| {
                    tokens.iter().fold(error, |error, token| error.without_secret(token.expose()))
                })?);
            }
        }
    }

    /// Answers an [`Error::NeedFactor`].
    ///
    /// # Errors
    ///
    /// As [`Session::submit_factor`].
    pub fn submit_factor(&self, factor: Factor) -> Result<(), Error> {
        self.handle.shared.change(|account| account.submit_factor(&self.scope, factor))?;
        Ok(())
    }

    /// Goes on with another credential, for all clients of the account.
    ///
    /// # Errors
    ///
    /// As [`Session::replace_credential`].
    pub fn replace_credential(&self, credential: Credential) -> Result<(), Error> {
        self.handle.shared.change(|account| account.replace_credential(credential))?;
        Ok(())
    }

    /// Ends it, for all clients of the account: whoever waits is told, and tokens are forgotten.
    /// A login that is being sent right now is told when its answer or its time-out comes.
    pub fn close(&self) {
        self.handle.shared.close();
    }

    pub(crate) fn scope_for(&self, want: &EndpointQuery) -> Result<Scope, Error> {
        Ok(self.handle.shared.lock().scope_for(want, &self.scope)?)
    }

    fn authorize<B>(&self, request: &mut Request<B>) -> Result<Arc<Token>, Error> {
        self.cloud().check_target(request.uri())?;
        let token = self.token()?;
        self.cloud().authorize(&token, request)?;
        Ok(token)
    }

    fn verdict(
        &self,
        call: &mut ServiceCall,
        token: &Token,
        status: StatusCode,
        replayable: bool,
    ) -> RetryDecision {
        // The core has nothing to say to any other, and so nobody has to be asked.
        if status != StatusCode::UNAUTHORIZED {
            return RetryDecision::Deliver;
        }
        self.handle.shared.judge(&self.scope, |account: &mut Session| {
            call.verdict(account, token, status, replayable, self.handle.shared.now())
        })
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

/// How long a caller waits who says nothing about it.
const PATIENCE: Duration = Duration::from_secs(30);

fn split<B>(request: Request<B>) -> (Request<()>, B) {
    let (head, body) = request.into_parts();
    (Request::from_parts(head, ()), body)
}
