//! Requests to the identity service other than logins. Each takes one round trip.

mod catalog;
mod check;
mod page;
mod projects;
mod response;
mod revoke;
mod scopes;
mod subject;
mod validate;
mod versions;

pub use catalog::FetchCatalog;
pub use check::Check;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
pub use page::Page;
pub use projects::UserProjects;
pub use response::IdentityResponse;
pub use revoke::Revoke;
pub use scopes::{Domains, Projects, SystemScopes};
pub use validate::Validate;
pub use versions::Versions;

use crate::{
    cloud::Cloud,
    error::{ConfigError, ConfigField, Error, ErrorKind, ProtocolError, Refusal, UrlProblem},
    model::{body::Body, token::AUTH_TOKEN},
    url::{ApiVersion, Origin},
    wire::{RECEIPT, SUBJECT_TOKEN, fault::read_fault, http_time::has_retry_after},
};

/// One request to the identity service of a [`Cloud`], and the parser of its response.
///
/// A driver sends [`request`](Self::request), adds the token if the request is
/// [`authenticated`](Self::authenticated), and passes the response to [`parse`](Self::parse). Both
/// methods are pure and can be repeated.
pub trait IdentityRequest {
    /// The parsed response.
    type Output;

    /// Whether the request needs a token in `X-Auth-Token`.
    fn authenticated(&self) -> bool {
        true
    }

    /// The request, without the token.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the caller's input does not fit into a request.
    fn request(&self) -> Result<Request<Body>, Error>;

    /// Parses the response.
    ///
    /// # Errors
    ///
    /// The service's refusal, or the reason why its response cannot be used.
    fn parse(&self, response: Response<&[u8]>) -> Result<Self::Output, Error>;
}

/// A request without a body.
pub(crate) fn get(url: &str) -> Result<Request<Body>, Error> {
    let mut request = Request::get(url).body(Body::default()).map_err(|_| ConfigError::Url {
        field: ConfigField::IdentityUrl,
        problem: UrlProblem::Syntax,
    })?;
    set_accepted(request.headers_mut());
    Ok(request)
}

/// Accepts JSON that is not compressed: the core decodes nothing, and a driver need not.
pub(crate) fn set_accepted(headers: &mut HeaderMap) {
    headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// Accepts a success and returns an error for any other status. The error's text contains neither
/// these secrets nor those in the response's headers.
pub(crate) fn expect_success<B: AsRef<[u8]>>(
    cloud: &Cloud,
    response: &Response<B>,
    secrets: &[&str],
) -> Result<(), Error> {
    let status = response.status();
    let secrets = || [secrets, &header_secrets(response.headers())].concat();
    if status.is_success() {
        Ok(())
    } else if status.is_redirection() {
        Err(Error::from(redirect(response)).without_secrets(&secrets()))
    } else if status.is_client_error() || status.is_server_error() {
        let fault = read_fault(response).cleaned(&secrets());
        Err(cloud.refusal(status, fault, has_retry_after(response.headers())))
    } else {
        Err(ProtocolError::Status { status }.into())
    }
}

/// The same for a request with a token: a 401 means that the service refused this token.
pub(crate) fn expect_authorized<B: AsRef<[u8]>>(
    cloud: &Cloud,
    response: &Response<B>,
    secrets: &[&str],
) -> Result<(), Error> {
    let error = match expect_success(cloud, response, secrets) {
        Err(error) if response.status() == StatusCode::UNAUTHORIZED => error,
        other => return other,
    };
    match error.kind() {
        ErrorKind::Rejected(refusal) => {
            let remedy = "the caller's own token was refused; log in again";
            Err(ErrorKind::Rejected(Refusal { remedy, ..refusal.clone() }).into())
        }
        _ => Err(error),
    }
}

/// The secrets in a response's headers.
pub(crate) fn header_secrets(headers: &HeaderMap) -> Vec<&str> {
    let values = [RECEIPT, SUBJECT_TOKEN].into_iter().flat_map(|name| headers.get_all(name));
    let values = values.chain(headers.get_all(AUTH_TOKEN));
    values.filter_map(|value| value.to_str().ok()).collect()
}

/// Redirects are never followed. The error shows the new location without path and query.
pub(crate) fn redirect<B>(response: &Response<B>) -> ProtocolError {
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = match location.map(Origin::parse) {
        Some(Ok((origin, _))) => origin.to_string(),
        Some(Err(_)) => "another path".to_owned(),
        None => "an unknown location".to_owned(),
    };
    ProtocolError::Redirect { status: response.status(), location }
}

/// The URL of a v3 request.
fn v3_path(cloud: &Cloud, path: &str) -> Result<String, ConfigError> {
    match cloud.api_version() {
        Some(ApiVersion::V3) => Ok(cloud.identity_path(&format!("/v3{path}"))),
        Some(ApiVersion::V2) => Err(ConfigError::NotInV2),
        None if cloud.is_standalone() => Err(ConfigError::NoIdentity),
        None => Err(ConfigError::Version),
    }
}

pub(crate) const JSON: &str = "application/json";

/// Whether a response carries the receipt of a login that needs a further factor.
pub(crate) fn is_receipt(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED && headers.contains_key(RECEIPT)
}
