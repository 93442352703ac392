//! Checks whether a token is still good.

use http::{Method, Request, Response, StatusCode};
use secrecy::SecretString;

use super::{IdentityRequest, subject::Subject};
use crate::{
    cloud::Cloud,
    error::{Error, ProtocolError},
    model::body::Body,
};

/// Checks whether a token is still good: `HEAD /v3/auth/tokens`, with the token in question in
/// `X-Subject-Token` (Identity API v3, "Check token"). [`Validate`](crate::Validate) also returns
/// the token's data.
///
/// The result is `true` for 200 and 204: the document has both, clouds answer 200. It is `false`
/// for 404: the token has ended, was revoked, or never existed. A 401 is an error, because it
/// concerns the caller's own token. A token with access rules gives `false`, as `None` in
/// [`Validate`](crate::Validate).
#[derive(Clone, Debug)]
pub struct Check(Subject);

impl Check {
    /// Checks this token.
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
            _ if Subject::is_unknown(&response) => return Ok(false),
            StatusCode::OK | StatusCode::NO_CONTENT => return Ok(true),
            _ => self.0.expect_success(&response)?,
        }
        // Without a body, no other success proves that the token is good.
        Err(ProtocolError::Status { status: response.status() }.into())
    }
}
