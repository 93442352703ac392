//! Whether a token is still good, and what for.

use http::{Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::{Exchange, expect_success, get, v3_path};
use crate::{
    body::Body,
    cloud::Cloud,
    error::{ConfigError, Error, ProtocolError},
    token::{Token, secret_header},
    wire::{self, SUBJECT_TOKEN},
};

/// Asks the service about a token: `GET /v3/auth/tokens`, with the token in question in
/// `X-Subject-Token`. KakaoCloud asks its users to verify a token before they rely on it (API
/// Preparations, "Changes or expiration of API authentication token permissions").
///
/// The answer is the token as the service sees it now, or `None` if the service knows no such
/// token: it has ended, was revoked, or never was.
#[derive(Clone, Debug)]
pub struct Validate {
    cloud: Cloud,
    subject: SecretString,
}

impl Validate {
    /// Asks about this token.
    pub fn new(cloud: &Cloud, subject: impl Into<SecretString>) -> Self {
        Self { cloud: cloud.clone(), subject: subject.into() }
    }
}

impl Exchange for Validate {
    type Output = Option<Token>;

    fn request(&self) -> Result<Request<Body>, Error> {
        let field = "token";
        let subject = secret_header(self.subject.expose_secret().as_bytes(), field);
        let subject = subject.map_err(|why| match why {
            ProtocolError::MissingToken { .. } => ConfigError::Empty { field },
            ProtocolError::TooLarge { limit, .. } => ConfigError::TooLong { field, limit },
            _ => ConfigError::Characters { field },
        })?;
        let mut request = get(&v3_path(&self.cloud, "/auth/tokens")?)?;
        request.headers_mut().insert(SUBJECT_TOKEN, subject);
        Ok(request)
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        expect_success(&self.cloud, &response, &[self.subject.expose_secret()])?;
        let mut headers = response.headers().clone();
        if !headers.contains_key(SUBJECT_TOKEN) {
            // Some clouds do not repeat what was asked about.
            let place = SUBJECT_TOKEN;
            headers.insert(place, secret_header(self.subject.expose_secret().as_bytes(), place)?);
        }
        Ok(Some(wire::v3::read_token(&headers, response.body())?))
    }
}
