//! Where a token may go.

use http::{HeaderName, Request, Uri};

use super::Cloud;
use crate::{
    error::{EndpointError, Error},
    model::token::Token,
    url::{Origin, fast_path},
};

impl Cloud {
    /// Sets the token on a request, if it may go where the request goes.
    ///
    /// # Errors
    ///
    /// [`EndpointError::Refused`] for plain http, loopback, link-local and metadata addresses,
    /// unless that is the identity service's own host or was named with
    /// [`allow_origin`](Self::allow_origin) or [`with_override`](Self::with_override). The request
    /// is unchanged then.
    #[inline]
    pub fn authorize<B>(&self, token: &Token, request: &mut Request<B>) -> Result<(), Error> {
        if !fast_path::is_target(request.uri()) {
            self.check_closely(request.uri())?;
        }
        request.headers_mut().insert(AUTH_TOKEN, token.header().clone());
        Ok(())
    }

    /// Whether a token may be sent to this URI, before there is one: a login for a request that
    /// must not go out would send the password for nothing.
    ///
    /// # Errors
    ///
    /// As [`authorize`](Self::authorize).
    pub fn check_target(&self, uri: &Uri) -> Result<(), Error> {
        match fast_path::is_target(uri) {
            true => Ok(()),
            false => self.check_closely(uri),
        }
    }

    /// The identity service's own origin needs no look at its parts, either: many a cloud has all of
    /// its services there.
    fn check_closely(&self, uri: &Uri) -> Result<(), Error> {
        if self.0.base.has_same_text_origin(uri) {
            return Ok(());
        }
        let origin = Origin::of(uri).map_err(|problem| {
            let target = "the request".to_owned();
            EndpointError::Url { target, problem }
        })?;
        self.trust(&origin)
    }

    pub(super) fn trust(&self, origin: &Origin<'_>) -> Result<(), Error> {
        let identity = &self.0.base.origin;
        let why = match origin.special() {
            _ if self.0.allowed.contains(origin) => return Ok(()),
            // The identity service's own host, unless that would be a step down to plain http.
            _ if origin.has_host_of(identity) && (origin.is_https() || !identity.is_https()) => {
                return Ok(());
            }
            Some(why) => why,
            None if origin.is_https() => return Ok(()),
            None => "it is plain http",
        };
        Err(EndpointError::Refused { origin: origin.to_string(), why }.into())
    }
}

pub(crate) const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
