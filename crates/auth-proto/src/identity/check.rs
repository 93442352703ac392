//! Whether a token is still good, and no more.

use http::{Method, Request, Response, StatusCode};
use secrecy::SecretString;

use super::{IdentityRequest, subject::Subject};
use crate::{
    cloud::Cloud,
    error::{Error, ProtocolError},
    model::body::Body,
};

/// Asks the service whether a token is still good: `HEAD /v3/auth/tokens`, with the token in
/// question in `X-Subject-Token` (Identity API v3, "Check token"). [`Validate`](crate::Validate)
/// asks what it is good for as well.
///
/// 200 and 204 mean that it is: the document says both, and clouds answer 200. 404 means that the
/// service knows no such token: it has ended, was revoked, or never was. A 401 is an error: it is
/// about the caller's own token. A token with access rules is none here, as in
/// [`Validate`](crate::Validate).
#[derive(Clone, Debug)]
pub struct Check(Subject);

impl Check {
    /// Asks about this token.
    pub fn new(cloud: &Cloud, subject: impl Into<SecretString>) -> Self {
        Self(Subject::new(cloud, subject))
    }
}

impl IdentityRequest for Check {
    type Output = bool;

    fn request(&self) -> Result<Request<Body>, Error> {
        self.0.request(Method::HEAD, "")
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        match response.status() {
            StatusCode::NOT_FOUND => return Ok(false),
            StatusCode::OK | StatusCode::NO_CONTENT => return Ok(true),
            _ => self.0.expect_success(&response)?,
        }
        // There is no body to tell more, so that no other success may pass for a yes.
        Err(ProtocolError::Status { status: response.status() }.into())
    }
}
