use std::{fmt, sync::Arc, time::Duration};

use auth_proto::{
    Cloud, Credential, EndpointQuery, Factor, IdentityRequest, RetryDecision, Scope, ServiceCall,
    Session, Token,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::{
    builder::Builder,
    drive::Shared,
    error::Error,
    send::{Http, made, made_of_bytes, normalize},
    service::ServiceClient,
};

/// A user of a cloud who is logged in whenever that is needed. Cheap to clone; made to be shared
/// between tasks. The account is closed with its last client.
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
    pub async fn token(&self) -> Result<Arc<Token>, Error> {
        self.token_within(PATIENCE).await
    }

    /// A living token, within this time.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_within(&self, patience: Duration) -> Result<Arc<Token>, Error> {
        self.handle.shared.token(&self.scope, patience, Session::poll).await
    }

    /// What keeps this scope's token alive in the background, so that no caller ever waits for a
    /// login: it logs in at once, and renews long before the end. To be spawned:
    /// `tokio::spawn(client.refresh_loop())`. It ends when the account is [closed](Self::close), or when
    /// its last client is dropped; it may be dropped at any point.
    ///
    /// It tells nobody of failures: callers are told by [`token`](Self::token), operators by
    /// [`tracing`](crate#what-is-told). Should it be dropped, or end in a panic of the clock or of
    /// whoever listens, callers renew the token themselves, shortly before its end.
    pub fn refresh_loop(&self) -> impl Future<Output = ()> + Send + use<> {
        let (shared, scope) = (Arc::clone(&self.handle.shared), self.scope.clone());
        async move { shared.renew(&scope).await }
    }

    /// Where a service is: the URL, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`Cloud::endpoint`], or because there is no token to look it up in.
    pub async fn endpoint(&self, want: &EndpointQuery) -> Result<String, Error> {
        let token = self.token().await?;
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
    pub async fn call<B: Into<Bytes>>(
        &self,
        request: Request<B>,
    ) -> Result<reqwest::Response, Error> {
        let mut call = ServiceCall::new();
        let mut request = request.map(Into::into);
        let mut url = normalize(&mut request);
        loop {
            let mut sent = request.clone();
            let token = self.authorize(&mut sent).await?;
            let sent = made_of_bytes(url.take(), sent).map_err(Error::transport)?;
            let answer = self.handle.shared.http.services.execute(sent).await;
            let answer = answer.map_err(Error::transport)?;
            match self.verdict(&mut call, &token, answer.status(), true) {
                RetryDecision::Deliver => return Ok(answer),
                RetryDecision::Retry => {}
            }
        }
    }

    /// The same with a body that cannot be sent twice: a file, a stream. The answer may be a 401;
    /// the next request then has a new token.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_once<B: Into<reqwest::Body>>(
        &self,
        request: Request<B>,
    ) -> Result<reqwest::Response, Error> {
        let mut request = request.map(Into::into);
        let url = normalize(&mut request);
        let token = self.authorize(&mut request).await?;
        let sent = made(url, request).map_err(Error::transport)?;
        let answer = self.handle.shared.http.services.execute(sent).await;
        let answer = answer.map_err(Error::transport)?;
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
    pub async fn run<E: IdentityRequest>(&self, exchange: &E) -> Result<E::Output, Error> {
        let (mut call, mut tokens) = (ServiceCall::new(), Vec::new());
        loop {
            let mut request = exchange.request()?;
            let token = match exchange.authenticated() {
                true => {
                    let _ = normalize(&mut request);
                    Some(self.authorize(&mut request).await?)
                }
                false => None,
            };
            let answer = self.handle.shared.http.ask(request).await.map_err(Error::transport)?;
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

    /// Ends it, for all clients of the account: whoever waits is told, a login that is being sent is
    /// broken off, and tokens are forgotten.
    pub fn close(&self) {
        self.handle.shared.close();
    }

    pub(crate) fn scope_for(&self, want: &EndpointQuery) -> Result<Scope, Error> {
        Ok(self.handle.shared.lock().scope_for(want, &self.scope)?)
    }

    /// Sets the token on a request whose URI is [spelled](normalize) as it will be read.
    async fn authorize<B>(&self, request: &mut Request<B>) -> Result<Arc<Token>, Error> {
        let cloud = self.cloud();
        cloud.check_target(request.uri())?;
        let token = self.token().await?;
        cloud.authorize(&token, request)?;
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
