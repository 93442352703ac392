use std::io::Read;

use auth_driver::json;
use http::Response;
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
    fn read_json<T: DeserializeOwned>(self) -> Result<T, Error>;
}

impl ResponseExt for Response<ureq::Body> {
    fn read_json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (head, incoming) = self.into_parts();
        let mut body = Vec::new();
        let mut reader = incoming.into_reader().take(json::longest(head.status) as u64);
        reader.read_to_end(&mut body).map_err(|error| transport(error.into()))?;
        json::read(head.status, &head.extensions, &body)
    }
}
