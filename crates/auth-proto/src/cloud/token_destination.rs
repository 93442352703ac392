//! The hosts that a token may be sent to.

use http::{Request, Uri};

use super::Cloud;
use crate::{
    error::{EndpointError, Error},
    model::token::Token,
    url::{Origin, fast_path},
};

impl Cloud {
    /// Sets the header of a request that shows the token, `X-Auth-Token` as a rule, if the token may
    /// be sent to the request's host.
    ///
    /// # Errors
    ///
    /// [`EndpointError::Refused`] for plain http and for loopback, link-local and metadata
    /// addresses, except the host of the identity service and origins that are allowed by
    /// [`allow_origin`](Self::allow_origin) or [`with_override`](Self::with_override), and plain
    /// http after [`allow_plain_http`](Self::allow_plain_http); [`EndpointError::Url`] for an
    /// invalid URI. The request is unchanged then.
    #[inline]
    pub fn authorize<B>(&self, token: &Token, request: &mut Request<B>) -> Result<(), Error> {
        if !fast_path::is_target(request.uri()) {
            self.check_fully(request.uri())?;
        }
        token.insert_into(request.headers_mut());
        Ok(())
    }

    /// Checks whether a token may be sent to this URI. The check needs no token, so a caller can
    /// refuse a bad target before a login sends the password.
    ///
    /// # Errors
    ///
    /// As [`authorize`](Self::authorize).
    pub fn check_target(&self, uri: &Uri) -> Result<(), Error> {
        match fast_path::is_target(uri) {
            true => Ok(()),
            false => self.check_fully(uri),
        }
    }

    /// The full check. A URI with the text of the identity service's origin passes without parsing:
    /// some clouds have all services there.
    fn check_fully(&self, uri: &Uri) -> Result<(), Error> {
        if self.0.base.has_same_text_origin(uri) {
            return Ok(());
        }
        let origin = Origin::of(uri).map_err(|problem| {
            let target = "the request".to_owned();
            EndpointError::Url { target, problem }
        })?;
        self.check_origin(&origin)
    }

    /// Refuses an origin that tokens must not be sent to.
    pub(super) fn check_origin(&self, origin: &Origin<'_>) -> Result<(), Error> {
        let identity = &self.0.base.origin;
        let why = match origin.special() {
            _ if self.0.allowed.contains(origin) => return Ok(()),
            // The host of the identity service, unless that is a downgrade to plain http.
            _ if origin.has_host_of(identity) && (origin.is_https() || !identity.is_https()) => {
                return Ok(());
            }
            Some(why) => why,
            None if origin.is_https() || self.0.plain_http => return Ok(()),
            None => "it is plain http",
        };
        Err(EndpointError::Refused { origin: origin.to_string(), why }.into())
    }
}
