use auth_proto::{Endpoint, EndpointQuery, Scope};
use bytes::Bytes;
use http::Request;

use crate::{client::Client, error::Error};

/// One service of a cloud: its endpoint, and calls with a token of the scope that it wants. Made by
/// [`Client::service`]. Cheap to make and to clone.
#[derive(Clone, Debug)]
pub struct ServiceClient {
    client: Client,
    want: EndpointQuery,
}

impl ServiceClient {
    pub(crate) fn new(client: Client, want: EndpointQuery) -> Self {
        Self { client, want }
    }

    /// What the tokens for this service are good for: the client's own scope, or the user's domain
    /// for a global service.
    ///
    /// # Errors
    ///
    /// As [`Session::scope_for`](auth_proto::Session::scope_for).
    pub fn scope(&self) -> Result<Scope, Error> {
        self.client.scope_for(&self.want)
    }

    /// Where the service is: the URL, without a slash added at its end.
    ///
    /// # Errors
    ///
    /// As [`scope`](Self::scope) and [`Client::endpoint`].
    pub async fn endpoint(&self) -> Result<String, Error> {
        self.scoped()?.endpoint(&self.want).await
    }

    /// Sends a request to the service as [`Client::call`] does. A URI that is a path alone, such as
    /// `/servers?limit=1`, goes [under the endpoint](auth_proto::Endpoint::join); one with a host
    /// goes there.
    ///
    /// # Errors
    ///
    /// As [`endpoint`](Self::endpoint), [`Endpoint::join`](auth_proto::Endpoint::join) and
    /// [`Client::call`].
    pub async fn call<B: Into<Bytes>>(
        &self,
        request: Request<B>,
    ) -> Result<reqwest::Response, Error> {
        let client = self.scoped()?;
        let request = self.located(&client, request).await?;
        client.call(request).await
    }

    /// The same with a body that cannot be sent twice, as [`Client::call_once`] does.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_once<B: Into<reqwest::Body>>(
        &self,
        request: Request<B>,
    ) -> Result<reqwest::Response, Error> {
        let client = self.scoped()?;
        let request = self.located(&client, request).await?;
        client.call_once(request).await
    }

    fn scoped(&self) -> Result<Client, Error> {
        Ok(self.client.scoped(self.scope()?))
    }

    async fn located<B>(
        &self,
        client: &Client,
        mut request: Request<B>,
    ) -> Result<Request<B>, Error> {
        if request.uri().scheme().is_none() {
            Endpoint::check_path(request.uri())?;
            let token = client.token().await?;
            let cloud = client.cloud();
            *request.uri_mut() = cloud.endpoint(&token, &self.want)?.join(request.uri())?;
        }
        Ok(request)
    }
}
