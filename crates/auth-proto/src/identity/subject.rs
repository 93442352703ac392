//! The token that a request is about.

use http::{Method, Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::{expect_authorized, get, v3_path};
use crate::{
    cloud::Cloud,
    error::{ConfigError, ConfigField, Error, ProtocolError},
    model::{body::Body, token::secret_header},
    wire::{SUBJECT_TOKEN, http_time::has_retry_after},
};

/// The token in `X-Subject-Token`. The token in `X-Auth-Token` may be the same or another one.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    cloud: Cloud,
    token: SecretString,
}

impl Subject {
    pub(super) fn new(cloud: &Cloud, token: impl Into<SecretString>) -> Self {
        Self { cloud: cloud.clone(), token: token.into() }
    }

    /// A request to `/v3/auth/tokens` with this query. The header with the token is marked
    /// sensitive.
    pub(super) fn request(&self, method: Method, query: &str) -> Result<Request<Body>, Error> {
        let field = ConfigField::SubjectToken;
        let subject =
            secret_header(self.expose().as_bytes(), SUBJECT_TOKEN).map_err(|why| match why {
                ProtocolError::MissingToken { .. } => ConfigError::Empty { field },
                ProtocolError::TooLarge { limit, .. } => ConfigError::TooLong { field, limit },
                _ => ConfigError::Characters { field },
            })?;
        let mut request = get(&v3_path(&self.cloud, &format!("/auth/tokens{query}"))?)?;
        *request.method_mut() = method;
        request.headers_mut().insert(SUBJECT_TOKEN, subject);
        Ok(request)
    }

    /// Accepts a success. A 401 concerns the caller's own token, not this one.
    pub(super) fn expect_success(&self, response: &Response<&[u8]>) -> Result<(), Error> {
        expect_authorized(&self.cloud, response, &[self.expose()])
    }

    /// Whether the service does not know the token. (A 404 with `Retry-After` does not say so.)
    pub(super) fn is_unknown(response: &Response<&[u8]>) -> bool {
        response.status() == StatusCode::NOT_FOUND && !has_retry_after(response.headers())
    }

    pub(super) fn expose(&self) -> &str {
        self.token.expose_secret()
    }
}
