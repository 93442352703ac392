//! The token that an exchange is about.

use http::{Method, Request, Response};
use secrecy::{ExposeSecret, SecretString};

use super::{expect_taken, get, v3_path};
use crate::{
    cloud::Cloud,
    error::{ConfigError, Error, ProtocolError},
    model::{body::Body, token::secret_header},
    wire::SUBJECT_TOKEN,
};

/// A token that somebody asks about, who shows another one or the same in `X-Auth-Token`.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    cloud: Cloud,
    token: SecretString,
}

impl Subject {
    pub(super) fn new(cloud: &Cloud, token: impl Into<SecretString>) -> Self {
        Self { cloud: cloud.clone(), token: token.into() }
    }

    /// `/v3/auth/tokens` and this query, with this token in `X-Subject-Token`, which is marked
    /// sensitive.
    pub(super) fn request(&self, method: Method, query: &str) -> Result<Request<Body>, Error> {
        let field = "token";
        let subject = secret_header(self.expose().as_bytes(), field).map_err(|why| match why {
            ProtocolError::MissingToken { .. } => ConfigError::Empty { field },
            ProtocolError::TooLarge { limit, .. } => ConfigError::TooLong { field, limit },
            _ => ConfigError::Characters { field },
        })?;
        let mut request = get(&v3_path(&self.cloud, &format!("/auth/tokens{query}"))?)?;
        *request.method_mut() = method;
        request.headers_mut().insert(SUBJECT_TOKEN, subject);
        Ok(request)
    }

    /// Passes a success on. A 401 says nothing about this token: it is the caller's own that is
    /// not taken.
    pub(super) fn expect_success(&self, response: &Response<&[u8]>) -> Result<(), Error> {
        expect_taken(&self.cloud, response, &[self.expose()])
    }

    pub(super) fn expose(&self) -> &str {
        self.token.expose_secret()
    }
}
