//! Validates a token and returns its data.

use http::{Method, Request, Response};
use secrecy::SecretString;

use super::{IdentityRequest, subject::Subject};
use crate::{
    cloud::Cloud,
    error::Error,
    model::{
        body::Body,
        token::{Token, secret_header},
    },
    wire::{self, SUBJECT_TOKEN},
};

/// Validates a token: `GET /v3/auth/tokens`, with the token in question in `X-Subject-Token`.
/// KakaoCloud asks its users to verify a token before they rely on it (API Preparations, "Changes
/// or expiration of API authentication token permissions").
///
/// The result is the token with its current data, or `None` if it has ended, was revoked, or never
/// existed. A 401 is an error, because it concerns the caller's own token.
///
/// The result is also `None` for a token of an application credential with access rules: Keystone
/// returns its data only to clients that enforce access rules, and this crate does not read them.
#[derive(Clone, Debug)]
pub struct Validate {
    subject: Subject,
    catalog: bool,
}

impl Validate {
    /// Validates this token.
    pub fn new(cloud: &Cloud, subject: impl Into<SecretString>) -> Self {
        Self { subject: Subject::new(cloud, subject), catalog: true }
    }

    /// Validates without fetching the token's catalog, which may be large.
    #[must_use]
    pub fn without_catalog(self) -> Self {
        Self { catalog: false, ..self }
    }
}

impl IdentityRequest for Validate {
    type Output = Option<Token>;

    fn request(&self) -> Result<Request<Body>, Error> {
        match self.catalog {
            true => self.subject.request(Method::GET, ""),
            false => self.subject.request(Method::GET, "?nocatalog=true"),
        }
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        if Subject::is_unknown(&response) {
            return Ok(None);
        }
        self.subject.expect_success(&response)?;
        let mut headers = response.headers().clone();
        // Some clouds do not repeat the token in the response. Reading fails if it is another one.
        let place = SUBJECT_TOKEN;
        headers.append(place, secret_header(self.subject.expose().as_bytes(), place)?);
        Ok(Some(wire::read_body(&response, |body| wire::v3::read_token(&headers, body))?))
    }
}
