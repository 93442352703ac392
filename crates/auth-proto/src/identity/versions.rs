//! Lists the API versions of a server.

use http::{Request, Response, StatusCode};

use super::{IdentityRequest, expect_success, get, redirect};
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, ProtocolError, Refusal},
    model::{body::Body, version::Version},
    text::shown,
    url::ApiVersion,
    wire::{self, discovery::read_versions},
};

/// Lists the API versions of a server: `GET` of the identity URL without its version (Identity API
/// v3, "List versions"). A [`Login`](crate::Login) does this if the identity URL names no version.
///
/// Keystone answers 300 with a list, other servers 200; all four known formats are read. Behind a
/// proxy, the links in the list often have a wrong scheme, host or path. Therefore each
/// [`Version::url`] is built from the configured identity URL; it is `None` for a version that this
/// crate does not support.
#[derive(Clone, Debug)]
pub struct Versions(Cloud);

impl Versions {
    /// Lists the versions of this cloud.
    pub fn new(cloud: &Cloud) -> Self {
        Self(cloud.clone())
    }

    fn no_list(&self, status: StatusCode) -> ProtocolError {
        ProtocolError::Discovery { url: shown(&self.0.identity_path("/")), status }
    }

    /// The refusal of a request without a credential has another remedy than that of a login.
    fn refused(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Rejected(refusal) => self.no_list(refusal.status).into(),
            ErrorKind::Unavailable(refusal) => {
                let remedy = "the request asked for the API versions, without a credential; try \
                              again later, or end the identity URL with its version";
                ErrorKind::Unavailable(Refusal { remedy, ..refusal.clone() }).into()
            }
            _ => error,
        }
    }
}

impl IdentityRequest for Versions {
    type Output = Vec<Version>;

    fn authenticated(&self) -> bool {
        false
    }

    fn request(&self) -> Result<Request<Body>, Error> {
        get(&self.0.identity_path("/"))
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error> {
        if response.status() != StatusCode::MULTIPLE_CHOICES {
            expect_success(&self.0, &response, &[]).map_err(|error| self.refused(error))?;
        }
        let versions = match wire::read_body(&response, read_versions) {
            Err(error @ ProtocolError::Encoded { .. }) => return Err(error.into()),
            // A 300 without versions is a redirect.
            Err(_) if response.status().is_redirection() => return Err(redirect(&response).into()),
            Err(error @ ProtocolError::Version) => return Err(error.into()),
            Err(_) => return Err(self.no_list(response.status()).into()),
            Ok(versions) => versions,
        };
        let repaired = |version: Version| {
            let path = version.api_version().map(ApiVersion::path);
            Version { url: path.map(|path| self.0.identity_path(path)), ..version }
        };
        Ok(versions.into_iter().map(repaired).collect())
    }
}
