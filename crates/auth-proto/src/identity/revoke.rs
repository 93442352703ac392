//! Revokes a token.

use http::{Method, Request, Response, StatusCode};
use secrecy::SecretString;

use super::{IdentityRequest, subject::Subject};
use crate::{
    cloud::Cloud,
    error::{Error, ProtocolError},
    model::body::Body,
};

/// Revokes a token: `DELETE /v3/auth/tokens`, with the token in question in `X-Subject-Token`
/// (Identity API v3, "Revoke token"). It may be the caller's own token.
///
/// 404 counts as a success like 204, because the token no longer exists: repeating the request
/// after a lost response gives no error. A 401 is an error, because it concerns the caller's own
/// token.
///
/// Keystone (as of version 30) answers 404 for a token of an application credential with access
/// rules and does not revoke it. Delete the application credential instead.
///
/// A [`Session`](crate::Session) does not notice that its token was revoked, and uses it until a
/// service answers 401.
#[derive(Clone, Debug)]
pub struct Revoke(Subject);

impl Revoke {
    /// Revokes this token.
    pub fn new(cloud: &Cloud, subject: impl Into<SecretString>) -> Self {
        Self(Subject::new(cloud, subject))
    }
}

impl IdentityRequest for Revoke {
    type Output = ();

    fn request(&self) -> Result<Request<Body>, Error> {
        self.0.request(Method::DELETE, "")
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        match response.status() {
            _ if Subject::is_unknown(&response) => return Ok(()),
            StatusCode::OK | StatusCode::NO_CONTENT => return Ok(()),
            _ => self.0.expect_success(&response)?,
        }
        // After a 202, for example, the token is not revoked yet.
        Err(ProtocolError::Status { status: response.status() }.into())
    }
}
