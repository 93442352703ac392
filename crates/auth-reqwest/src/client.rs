use std::{fmt, sync::Arc, time::Duration};

use auth_proto::{
    Account, Call, Cloud, Credential, Exchange, Factor, Scope, Select, Token, Verdict,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::{
    builder::Builder,
    drive::Shared,
    error::Error,
    send::{Http, normalized},
};

/// A user of a cloud who is logged in whenever that is needed. Cheap to clone; made to be shared
/// between tasks.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared<Http>>,
    scope: Scope,
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
        Self { shared: Arc::new(shared), scope }
    }

    /// The same user with another scope: the same account and connections, a token of its own.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> Self {
        Self { shared: Arc::clone(&self.shared), scope }
    }

    /// What the tokens are good for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The cloud, with its dialect once that is known.
    pub fn cloud(&self) -> Cloud {
        self.shared.lock().cloud().clone()
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
        self.shared.token(&self.scope, patience, Account::poll).await
    }

    /// Where a service is: the URL, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`Cloud::endpoint`], or because there is no token to look it up in.
    pub async fn endpoint(&self, want: &Select) -> Result<String, Error> {
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
        let mut call = Call::new();
        let mut request = request.map(Into::into);
        loop {
            let token = self.authorize(&mut request).await?;
            let answer = self.shared.http.call_with_bytes(request.clone()).await;
            let answer = answer.map_err(Error::transport)?;
            match self.verdict(&mut call, &token, answer.status(), true) {
                Verdict::Deliver => return Ok(answer),
                Verdict::Retry => {}
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
        let token = self.authorize(&mut request).await?;
        let answer = self.shared.http.call(request).await.map_err(Error::transport)?;
        // There is nothing to choose here, but the account has to know of a 401.
        let _ = self.verdict(&mut Call::new(), &token, answer.status(), false);
        Ok(answer)
    }

    /// Asks the identity service something: see [`Exchange`]. With the token if that is needed, and
    /// with the same rule for a 401 as [`call`](Self::call).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and what the exchange finds wrong with the answer.
    pub async fn run<E: Exchange>(&self, exchange: &E) -> Result<E::Output, Error> {
        let mut call = Call::new();
        loop {
            let mut request = exchange.request()?;
            let token = match exchange.authenticated() {
                true => Some(self.authorize(&mut request).await?),
                false => None,
            };
            let answer = self.shared.http.ask(request).await.map_err(Error::transport)?;
            let verdict = token.as_ref().map_or(Verdict::Deliver, |token| {
                self.verdict(&mut call, token, answer.status(), true)
            });
            if verdict == Verdict::Deliver {
                let (head, body) = answer.into_parts();
                let parsed = exchange.parse(Response::from_parts(head, body.as_bytes()));
                // The exchange does not know the token that was added to its request.
                return Ok(parsed.map_err(|error| match &token {
                    Some(token) => error.without_secret(token.expose()),
                    None => error,
                })?);
            }
        }
    }

    /// Answers an [`Error::NeedFactor`].
    ///
    /// # Errors
    ///
    /// As [`Account::answer`].
    pub fn answer(&self, factor: Factor) -> Result<(), Error> {
        self.shared.change(|account| account.answer(&self.scope, factor))?;
        Ok(())
    }

    /// Goes on with another credential, for all clients of the account.
    ///
    /// # Errors
    ///
    /// As [`Account::replace_credential`].
    pub fn replace_credential(&self, credential: Credential) -> Result<(), Error> {
        self.shared.change(|account| account.replace_credential(credential))?;
        Ok(())
    }

    /// Ends it, for all clients of the account: whoever waits is told, a login that is being sent is
    /// broken off, and tokens are forgotten.
    pub fn close(&self) {
        self.shared.close();
    }

    async fn authorize<B>(&self, request: &mut Request<B>) -> Result<Arc<Token>, Error> {
        if let Some(uri) = normalized(request.uri()) {
            *request.uri_mut() = uri;
        }
        self.cloud().check_target(request.uri())?;
        let token = self.token().await?;
        self.cloud().authorize(&token, request)?;
        Ok(token)
    }

    fn verdict(
        &self,
        call: &mut Call,
        token: &Token,
        status: StatusCode,
        replayable: bool,
    ) -> Verdict {
        let mut judge = |account: &mut Account| {
            call.verdict(account, token, status, replayable, self.shared.now())
        };
        match status {
            // The account may drop its token: whoever waits looks again.
            StatusCode::UNAUTHORIZED => self.shared.change(judge),
            _ => judge(&mut self.shared.lock()),
        }
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
