use std::sync::Arc;

use auth_driver::BoxError;
use auth_proto::{Destination, EndpointQuery, RetryDecision, Scope, Token};
use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use reqwest::{Body, Response};

use crate::{
    client::{Client, NEVER, PATIENCE},
    error::Error,
};

/// One service of a cloud: its endpoint, and calls with a token of the scope that the service
/// needs. Made by [`Client::service`]. Cheap to make and to clone.
#[derive(Clone, Debug)]
pub struct ServiceClient {
    client: Client,
    want: EndpointQuery,
}

impl ServiceClient {
    pub(crate) fn new(client: Client, want: EndpointQuery) -> Self {
        Self { client, want }
    }

    /// The scope of the tokens for this service: the client's own scope, or the user's domain for a
    /// global service.
    ///
    /// # Errors
    ///
    /// As [`Session::scope_for`](auth_proto::Session::scope_for).
    pub fn scope(&self) -> Result<Scope, Error> {
        let own = self.client.scope();
        Ok(self.client.driver().read(|session| session.scope_for(&self.want, own))?)
    }

    /// The URL of the service, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`scope`](Self::scope) and [`Client::endpoint`].
    pub async fn endpoint(&self) -> Result<String, Error> {
        let grant = self.client.grant(Some(&self.want), Destination::Unknown, PATIENCE).await?;
        Ok(grant.endpoint(&self.want)?)
    }

    /// Sends a request to the service as [`Client::call`] does. A URI that is only a path, such as
    /// `/servers?limit=1`, goes [under the endpoint](auth_proto::Endpoint::join). A URI with a host
    /// goes to that host.
    ///
    /// # Errors
    ///
    /// As [`endpoint`](Self::endpoint), [`Endpoint::join`](auth_proto::Endpoint::join) and
    /// [`Client::call`].
    pub async fn call<B: Into<Bytes>>(&self, request: Request<B>) -> Result<Response, Error> {
        self.client.call_service(Some(&self.want), request).await
    }

    /// As [`call`](Self::call), with a body that cannot be sent twice: see [`Client::call_once`].
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_once<B: Into<Body>>(&self, request: Request<B>) -> Result<Response, Error> {
        self.client.upload(Some(&self.want), request.map(Into::into), NEVER).await
    }

    /// As [`call`](Self::call), with a request that the closure makes again for a second try: see
    /// [`Client::call_with`].
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call) and [`Client::call_with`].
    pub async fn call_with<B, F>(&self, mut request: impl FnMut() -> F) -> Result<Response, Error>
    where
        B: Into<Body>,
        F: Future<Output = Result<Request<B>, BoxError>>,
    {
        let first = request().await.map_err(Error::Request)?;
        self.client.upload(Some(&self.want), first, Some(request)).await
    }

    /// A valid token of this service's scope: see [`Client::token`].
    ///
    /// # Errors
    ///
    /// As [`scope`](Self::scope) and [`Client::token`].
    pub async fn token(&self) -> Result<Arc<Token>, Error> {
        Ok(self.client.grant(Some(&self.want), Destination::Unknown, PATIENCE).await?.token)
    }

    /// A valid token of this service's scope for a request to this URL: see [`Client::token_at`].
    ///
    /// # Errors
    ///
    /// As [`scope`](Self::scope) and [`Client::token`].
    pub async fn token_at(&self, url: &Uri) -> Result<Arc<Token>, Error> {
        Ok(self.client.grant(Some(&self.want), Destination::At(url), PATIENCE).await?.token)
    }

    /// Reports the status of a response to a request with this token: see [`Client::report`].
    pub fn report(&self, token: &Token, url: &Uri, status: StatusCode) -> RetryDecision {
        self.client.report(token, url, status)
    }
}
