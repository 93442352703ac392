use std::{fmt, future::Ready, sync::Arc, time::Duration};

use auth_driver::{BoxError, Call, Driver, Grant, Mode, Replay, Wanted, nonblocking, parse};
use auth_proto::{
    Cloud, Counts, Credential, Destination, EndpointQuery, IdentityRequest, Reply, RetryDecision,
    Scope, Session, Token,
};
use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use reqwest::{Body, Response, Url};

use crate::{
    builder::Builder,
    error::{Error, outcome, transport},
    send::{Http, Unanswered, made, made_of_bytes, normalize},
    service::ServiceClient,
};

/// A user of a cloud, who is logged in when a call needs it. Cheap to clone, and made to be shared
/// between tasks. Dropping the last client closes the session.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
    scope: Scope,
    /// How much longer its tokens should live.
    life: Duration,
}

/// All clients of a session hold this. A background renewal does not, so that dropping the last
/// client closes the session.
struct Handle {
    driver: Arc<Driver>,
    http: Http,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.driver.close();
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
        let handle = Arc::new(Handle { driver: Arc::new(driver), http });
        Self { handle, scope, life: Duration::ZERO }
    }

    /// The same user with another scope: the same session and connections, another token.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> Self {
        Self { scope, ..self.clone() }
    }

    /// The same user with tokens that live at least this much longer when they are used, for a
    /// request that takes long: an upload, a job that passes the token on. A token that would end
    /// earlier is renewed first, if that is possible; [`Session::poll_for`] has the rules.
    ///
    /// [`Session::poll_for`]: auth_proto::Session::poll_for
    #[must_use]
    pub fn lasting(&self, life: Duration) -> Self {
        Self { life, ..self.clone() }
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

    /// How often something has happened in the session since it began, for an exporter of metrics:
    /// logins, refusals, pauses, and what the store gave.
    ///
    /// ```no_run
    /// # use auth_reqwest::{Client, auth_proto::{Cloud, Credential, Scope}};
    /// # let credential = Credential::password("user@example.com", "secretsecret");
    /// # let client = Client::new(Cloud::nhn(), credential, Scope::project_id("f5073eaa"))?;
    /// let counts = client.counts();
    /// println!("auth_logins_total {}", counts.logins());
    /// println!("auth_imports_total {}", counts.imports());
    /// # Ok::<(), auth_reqwest::Error>(())
    /// ```
    pub fn counts(&self) -> Counts {
        self.driver().read(Session::counts)
    }

    /// A valid token within 30 seconds: the session's token, or one from a login.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] with the reason why there is no token, [`Error::Ask`] if the login
    /// needs a user, [`Error::Deadline`].
    pub async fn token(&self) -> Result<Arc<Token>, Error> {
        self.token_within(PATIENCE).await
    }

    /// A valid token within this time.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_within(&self, patience: Duration) -> Result<Arc<Token>, Error> {
        Ok(self.grant(None, Destination::Unknown, patience).await?.token)
    }

    /// A valid token for a request to this URL, within 30 seconds. It differs from
    /// [`token`](Self::token) while the URL's origin has refused the session's token and other
    /// services still accept it.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_at(&self, url: &Uri) -> Result<Arc<Token>, Error> {
        Ok(self.grant(None, Destination::At(url), PATIENCE).await?.token)
    }

    fn wanted<'a>(&'a self, service: Option<&'a EndpointQuery>) -> Wanted<'a> {
        Wanted { scope: &self.scope, life: self.life, service }
    }

    pub(crate) async fn grant(
        &self,
        service: Option<&EndpointQuery>,
        to: Destination<'_>,
        patience: Duration,
    ) -> Result<Grant, Error> {
        let (wanted, mode) = (self.wanted(service), Mode::Caller(to));
        Ok(nonblocking::grant(self.driver(), self.http(), wanted, mode, patience).await?)
    }

    /// A background renewal of this scope's token, so that no caller waits for a login: it logs in
    /// at once, and renews long before the token ends. Spawn it:
    /// `tokio::spawn(client.refresh_loop())`. It ends when the session is [closed](Self::close) or
    /// its last client is dropped. It may be dropped at any point.
    ///
    /// It returns no errors: callers get them from [`token`](Self::token), operators from
    /// [`tracing`](crate#events). After it is dropped, or after a panic of the clock or of a
    /// subscriber, callers renew the token themselves, shortly before its end.
    pub fn refresh_loop(&self) -> impl Future<Output = ()> + Send + use<> {
        let (driver, http) = (Arc::clone(self.driver()), self.http().clone());
        let scope = self.scope.clone();
        async move { nonblocking::refresh_loop(&driver, &http, &scope).await }
    }

    /// The URL of a service, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token) and [`Cloud::endpoint`].
    pub async fn endpoint(&self, want: &EndpointQuery) -> Result<String, Error> {
        Ok(self.grant(None, Destination::Unknown, PATIENCE).await?.endpoint(want)?)
    }

    /// Sends a request to a service, with the token, and returns the response with any status.
    /// After a 401 it sends the request once more with a new token, if the session can get one.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token); [`Error::Auth`] if the token must not be sent there;
    /// [`Error::Transport`].
    pub async fn call<B: Into<Bytes>>(&self, request: Request<B>) -> Result<Response, Error> {
        self.call_service(None, request).await
    }

    pub(crate) async fn call_service<B: Into<Bytes>>(
        &self,
        service: Option<&EndpointQuery>,
        request: Request<B>,
    ) -> Result<Response, Error> {
        let mut request = request.map(Into::into);
        let mut url = normalize(&mut request);
        let (mut call, body) = Call::new(self.driver(), self.wanted(service), request)?;
        loop {
            let head = self.authorize(&mut call, &mut url).await?.clone();
            let sent = made_of_bytes(url.take(), head.map(|()| body.clone()));
            let result = self.http().call(sent).await;
            if call.judge(outcome(&result), Replay::AfterRefusal) == RetryDecision::Deliver {
                return delivered(&call, result);
            }
        }
    }

    /// As [`call`](Self::call), with a body that cannot be sent twice: a stream. The response may
    /// be a 401; the next request then has a new token. See [uploads](crate#uploads).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_once<B: Into<Body>>(&self, request: Request<B>) -> Result<Response, Error> {
        self.upload(None, request.map(Into::into), NEVER).await
    }

    /// As [`call`](Self::call), with a request that the closure makes again for a second try: with
    /// a file that it opens again, for example. The second try comes after a 401, and after a
    /// connection that broke while the body was being sent. See [uploads](crate#uploads).
    ///
    /// ```no_run
    /// # async fn example(client: &auth_reqwest::Client) -> Result<(), auth_reqwest::Error> {
    /// let url = "https://objects.example/v1/backups/disk.img";
    /// let put = || async { Ok(http::Request::put(url).body(std::fs::read("disk.img")?)?) };
    /// let response = client.call_with(put).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and [`Error::Request`] with the closure's error.
    pub async fn call_with<B, F>(&self, mut request: impl FnMut() -> F) -> Result<Response, Error>
    where
        B: Into<Body>,
        F: Future<Output = Result<Request<B>, BoxError>>,
    {
        let first = request().await.map_err(Error::Request)?;
        self.upload(None, first, Some(request)).await
    }

    /// Sends a request, and a second one if `again` makes it.
    pub(crate) async fn upload<B, F>(
        &self,
        service: Option<&EndpointQuery>,
        request: Request<B>,
        mut again: Option<impl FnMut() -> F>,
    ) -> Result<Response, Error>
    where
        B: Into<Body>,
        F: Future<Output = Result<Request<B>, BoxError>>,
    {
        let mut request = request.map(Into::into);
        let mut url = normalize(&mut request);
        let (mut call, mut body) = Call::new(self.driver(), self.wanted(service), request)?;
        loop {
            self.authorize(&mut call, &mut url).await?;
            let sent = made(url.take(), call.take_head().map(|()| body));
            let result = self.http().call(sent).await;
            let replay = if again.is_some() { Replay::Always } else { Replay::Never };
            let decision = call.judge(outcome(&result), replay);
            body = match &mut again {
                Some(again) if decision == RetryDecision::Retry => {
                    let mut request = again().await.map_err(Error::Request)?.map(Into::into);
                    url = normalize(&mut request);
                    call.replace(request)?
                }
                _ => return delivered(&call, result),
            };
        }
    }

    /// Sends an [`IdentityRequest`] to the identity service, with the token if the request needs
    /// it. The rule for a 401 is that of [`call`](Self::call).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and as [`IdentityRequest::parse`].
    pub async fn run<E: IdentityRequest>(&self, identity: &E) -> Result<E::Output, Error> {
        let mut request = identity.request()?;
        let unanswered = |none: Unanswered| transport(none.error);
        if !identity.authenticated() {
            let response = self.http().ask(request).await.map_err(unanswered)?;
            return Ok(parse(identity, response)?);
        }
        let mut url = normalize(&mut request);
        let (mut call, mut body) = Call::new(self.driver(), self.wanted(None), request)?;
        loop {
            let request = self.authorize(&mut call, &mut url).await?.clone().map(|()| body);
            let response = self.http().ask(request).await.map_err(unanswered)?;
            if call.decide(response.status(), true) == RetryDecision::Deliver {
                return Ok(call.parse(identity, response)?);
            }
            body = identity.request()?.into_body();
        }
    }

    /// Reports the status of a service's response to a request with this token, for programs that
    /// send requests without this client. A 401 is judged by the token's history, so report the
    /// other statuses too. After [`RetryDecision::Retry`], send the request once more, with the
    /// token of [`token_at`](Self::token_at).
    pub fn report(&self, token: &Token, url: &Uri, status: StatusCode) -> RetryDecision {
        self.driver().report(token, url, status)
    }

    /// Answers an [`Error::Ask`].
    ///
    /// # Errors
    ///
    /// As [`Session::answer`](auth_proto::Session::answer).
    pub fn answer(&self, reply: impl Into<Reply>) -> Result<(), Error> {
        Ok(self.driver().answer(&self.scope, reply)?)
    }

    /// Replaces the credential, for all clients of the session.
    ///
    /// # Errors
    ///
    /// As [`Session::replace_credential`](auth_proto::Session::replace_credential).
    pub fn replace_credential(&self, credential: Credential) -> Result<(), Error> {
        Ok(self.driver().change(|session| session.replace_credential(credential))?)
    }

    /// Closes the session, for all its clients: waiting callers get an error, a login that is being
    /// sent is cancelled, and the tokens are forgotten.
    pub fn close(&self) {
        self.driver().close();
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.handle.driver
    }

    fn http(&self) -> &Http {
        &self.handle.http
    }

    async fn authorize<'c>(
        &self,
        call: &'c mut Call<'_>,
        url: &mut Option<Url>,
    ) -> Result<&'c mut Request<()>, Error> {
        let spell = |head: &mut Request<()>| *url = normalize(head);
        Ok(nonblocking::authorize(call, self.http(), PATIENCE, spell).await?)
    }
}

fn delivered(call: &Call<'_>, result: Result<Response, reqwest::Error>) -> Result<Response, Error> {
    let mut response = result.map_err(transport)?;
    call.mark(response.status(), response.extensions_mut());
    Ok(response)
}

/// No closure makes a second request.
pub(crate) const NEVER: Option<fn() -> Ready<Made>> = None;
type Made = Result<Request<Body>, BoxError>;

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("cloud", &self.cloud())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The default time of a caller.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
