//! The end of a token before its time.

use http::{Method, Request, Response, StatusCode};
use secrecy::SecretString;

use super::{IdentityRequest, subject::Subject};
use crate::{
    cloud::Cloud,
    error::{Error, ProtocolError},
    model::body::Body,
};

/// Ends a token: `DELETE /v3/auth/tokens`, with the token in question in `X-Subject-Token`
/// (Identity API v3, "Revoke token"). It may be the caller's own.
///
/// A 404 is as good as a 204: the token is gone, which is what was wanted, and who repeats the
/// request after a lost answer gets no error for it. A 401 is an error: it is about the caller's
/// own token.
///
/// One token outlives this: Keystone (as of version 30) answers 404 for that of an application
/// credential with access rules, and does not revoke it. Delete the application credential.
///
/// An [`Session`](crate::Session) is not told. One whose token is revoked goes on showing it until
/// a service answers 401.
#[derive(Clone, Debug)]
pub struct Revoke(Subject);

impl Revoke {
    /// Ends this token.
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
            StatusCode::NOT_FOUND | StatusCode::OK | StatusCode::NO_CONTENT => return Ok(()),
            _ => self.0.expect_success(&response)?,
        }
        // Such as 202: a token that will be revoked is not.
        Err(ProtocolError::Status { status: response.status() }.into())
    }
}
