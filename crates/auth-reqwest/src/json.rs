use auth_driver::json;
use reqwest::Response;
use serde::de::DeserializeOwned;

use crate::error::{Error, transport};

/// Typed answers, from a response of [`Client::call`](crate::Client::call) and the other calls.
pub trait ResponseExt {
    /// Reads the body as JSON, at most 64 MiB. An empty body counts as `null`, so that `()` fits a
    /// deletion.
    ///
    /// # Errors
    ///
    /// [`Error::Status`] with the service's reason if the status is no success, [`Error::Json`] if
    /// the body does not fit the type, [`Error::Transport`].
    fn read_json<T: DeserializeOwned>(self) -> impl Future<Output = Result<T, Error>> + Send;
}

impl ResponseExt for Response {
    async fn read_json<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        let status = self.status();
        let mut body = Vec::new();
        while body.len() < json::longest(status)
            && let Some(chunk) = self.chunk().await.map_err(transport)?
        {
            body.extend_from_slice(&chunk);
        }
        json::read(status, self.extensions(), &body)
    }
}
