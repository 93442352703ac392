//! Responses and errors in the form of each system.

use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CONNECTION, CONTENT_TYPE, LOCATION, RETRY_AFTER, VARY, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

use crate::{
    documents::{HUAWEI_400, HUAWEI_401},
    message::routed::RoutedRequest,
    system::System,
};

/// The refusal of a login.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
    /// A further field of the error, which Keystone sends with some refusals.
    identity: Option<Value>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: String) -> Self {
        Self { status, message, identity: None }
    }

    /// The request does not match the API.
    pub(crate) fn malformed(what: &str) -> Self {
        Self::invalid(&format!(
            "{what} The server could not comply with the request since it is either malformed or \
             otherwise incorrect. The client is assumed to be in error."
        ))
    }

    /// The request does not match the API, without Keystone's usual explanation.
    pub(crate) fn invalid(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message.to_owned())
    }

    /// A wrong credential, user or scope. Keystone does not say which.
    pub(crate) fn unauthorized() -> Self {
        Self::unauthorized_because(REQUIRES_AUTHENTICATION)
    }

    pub(crate) fn unauthorized_because(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message.to_owned())
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message.to_owned())
    }

    /// The caller may not do this.
    pub(crate) fn no_action(action: &str) -> Self {
        Self::forbidden(&format!(
            "You are not authorized to perform the requested action: {action}."
        ))
    }

    pub(crate) fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Adds the field `identity` to the error.
    pub(crate) fn with_identity(self, identity: Value) -> Self {
        Self { identity: Some(identity), ..self }
    }

    /// The response in the wording of the called system.
    pub(crate) fn response(&self, request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
        documented(request, self.status).unwrap_or_else(|| {
            let mut body = error_body(self.status, &self.message);
            if let Some(identity) = &self.identity {
                body["error"]["identity"] = identity.clone();
            }
            with_challenge(request, value(self.status, &body))
        })
    }
}

/// A failure requested by a test, with the vendor's documented body for the status.
pub(crate) fn failure(request: &RoutedRequest<'_>, status: StatusCode) -> Response<Vec<u8>> {
    documented(request, status).unwrap_or_else(|| error(request, status, message(status)))
}

/// An error in Keystone's shape.
pub(crate) fn error(
    request: &RoutedRequest<'_>,
    status: StatusCode,
    message: &str,
) -> Response<Vec<u8>> {
    with_challenge(request, keystone(status, message))
}

/// A scripted response with this status: an error in Keystone's shape, or an empty body below 400.
pub(crate) fn scripted(status: StatusCode) -> Response<Vec<u8>> {
    if status.is_client_error() || status.is_server_error() {
        keystone(status, message(status))
    } else {
        empty(status)
    }
}

/// The token in `X-Auth-Token` is missing or not valid.
pub(crate) fn unauthorized(request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
    error(request, StatusCode::UNAUTHORIZED, REQUIRES_AUTHENTICATION)
}

/// The path does not exist. The web framework of stock Keystone responds in HTML.
pub(crate) fn no_such_path(request: &RoutedRequest<'_>) -> Response<Vec<u8>> {
    match request.system {
        System::Kakao | System::Keystone => {
            with_header(html(StatusCode::NOT_FOUND), VARY, "X-Auth-Token")
        }
        System::NhnIaas | System::NhnCompute | System::Otc | System::Huawei => {
            failure(request, StatusCode::NOT_FOUND)
        }
    }
}

/// The path does not allow this method. The web framework of stock Keystone responds without the
/// `error` object of other errors.
pub(crate) fn no_such_method(
    request: &RoutedRequest<'_>,
    allowed: &'static str,
) -> Response<Vec<u8>> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let response = match request.system {
        System::Kakao | System::Keystone => value(status, &json!({ "message": message(status) })),
        System::NhnIaas | System::NhnCompute | System::Otc | System::Huawei => {
            failure(request, status)
        }
    };
    with_header(response, ALLOW, allowed)
}

/// The body is larger than Keystone's limit.
pub(crate) fn too_large() -> Response<Vec<u8>> {
    with_header(html(StatusCode::PAYLOAD_TOO_LARGE), CONNECTION, "close")
}

/// Neither host nor path belongs to a system.
pub(crate) fn no_such_system() -> Response<Vec<u8>> {
    html(StatusCode::NOT_FOUND)
}

/// The web server in front of the stock Keystone refuses a bearer. Keystone does not see the request.
pub(crate) fn refused_bearer() -> Response<Vec<u8>> {
    let response = html(StatusCode::UNAUTHORIZED);
    with_header(response, WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}

/// A redirect with an empty body, as a web server sends it.
pub(crate) fn found(location: &str) -> Response<Vec<u8>> {
    with_header(respond(StatusCode::FOUND, Vec::new()), LOCATION, location)
}

/// A list of versions. Some HTTP clients treat its status, 300, as a redirect.
pub(crate) fn multiple_choices(body: &Value, location: &str) -> Response<Vec<u8>> {
    with_header(value(StatusCode::MULTIPLE_CHOICES, body), LOCATION, location)
}

pub(crate) fn value(status: StatusCode, value: &Value) -> Response<Vec<u8>> {
    json(status, value.to_string())
}

pub(crate) fn json(status: StatusCode, text: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    let response = respond(status, text.into());
    with_header(with_header(response, CONTENT_TYPE, "application/json"), VARY, "X-Auth-Token")
}

pub(crate) fn empty(status: StatusCode) -> Response<Vec<u8>> {
    with_header(respond(status, Vec::new()), VARY, "X-Auth-Token")
}

pub(crate) fn with_subject(response: Response<Vec<u8>>, token: &str) -> Response<Vec<u8>> {
    with_header(response, "x-subject-token", token)
}

/// A login that needs more factors. Keystone sends this 401 without a challenge.
pub(crate) fn with_receipt(response: Response<Vec<u8>>, receipt: &str) -> Response<Vec<u8>> {
    with_header(response, "openstack-auth-receipt", receipt)
}

pub(crate) fn with_retry_after(
    mut response: Response<Vec<u8>>,
    retry_after: HeaderValue,
) -> Response<Vec<u8>> {
    response.headers_mut().insert(RETRY_AFTER, retry_after);
    response
}

/// The documented error body. Only Huawei's document has any.
fn documented(request: &RoutedRequest<'_>, status: StatusCode) -> Option<Response<Vec<u8>>> {
    let body = match (request.system, status) {
        (System::Huawei, StatusCode::BAD_REQUEST) => HUAWEI_400,
        (System::Huawei, StatusCode::UNAUTHORIZED) => HUAWEI_401,
        _ => return None,
    };
    Some(with_challenge(request, json(status, body)))
}

/// Adds the `WWW-Authenticate` header that Keystone sends with every 401.
fn with_challenge(request: &RoutedRequest<'_>, response: Response<Vec<u8>>) -> Response<Vec<u8>> {
    if response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    with_header(
        response,
        WWW_AUTHENTICATE,
        &format!("Keystone uri=\"{}{}\"", request.identity_root(), request.system.version()),
    )
}

fn keystone(status: StatusCode, message: &str) -> Response<Vec<u8>> {
    value(status, &error_body(status, message))
}

fn error_body(status: StatusCode, message: &str) -> Value {
    let title = status.canonical_reason().unwrap_or("Error");
    json!({ "error": { "code": status.as_u16(), "message": message, "title": title } })
}

fn html(status: StatusCode) -> Response<Vec<u8>> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let body = format!(
        "<!doctype html>\n<html lang=en>\n<title>{} {reason}</title>\n<h1>{reason}</h1>\n<p>{}</p>\n",
        status.as_u16(),
        message(status),
    );
    with_header(respond(status, body.into()), CONTENT_TYPE, "text/html; charset=utf-8")
}

fn respond(status: StatusCode, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// Adds a header, unless its value is not valid. All values here consist of checked parts.
fn with_header(
    mut response: Response<Vec<u8>>,
    name: impl http::header::IntoHeaderName,
    value: &str,
) -> Response<Vec<u8>> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn message(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "The request body is invalid",
        StatusCode::UNAUTHORIZED => REQUIRES_AUTHENTICATION,
        StatusCode::FORBIDDEN => "You are not authorized to perform the requested action.",
        StatusCode::NOT_FOUND => "The requested resource cannot be found.",
        StatusCode::METHOD_NOT_ALLOWED => "The method is not allowed for the requested URL.",
        StatusCode::PAYLOAD_TOO_LARGE => "Request is too large.",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests.",
        StatusCode::INTERNAL_SERVER_ERROR => {
            "An unexpected error prevented the server from fulfilling your request."
        }
        StatusCode::SERVICE_UNAVAILABLE => "The service is currently unavailable.",
        _ => "The request failed.",
    }
}

const REQUIRES_AUTHENTICATION: &str = "The request you have made requires authentication.";
