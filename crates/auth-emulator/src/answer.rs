use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CONNECTION, CONTENT_TYPE, LOCATION, RETRY_AFTER, VARY, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

use crate::{
    call::Call,
    documents::{HUAWEI_400, HUAWEI_401},
    system::System,
};

/// Why a login was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// The request is not what the API describes.
    pub(crate) fn malformed(what: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: format!(
                "{what} The server could not comply with the request since it is either malformed \
                 or otherwise incorrect. The client is assumed to be in error."
            ),
        }
    }

    /// Keystone says no more than this about a wrong credential, user or scope.
    pub(crate) fn unauthorized() -> Self {
        Self::unauthorized_because(REQUIRES_AUTHENTICATION)
    }

    pub(crate) fn unauthorized_because(message: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, message: message.to_owned() }
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self { status: StatusCode::FORBIDDEN, message: message.to_owned() }
    }

    pub(crate) fn not_found(message: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, message }
    }

    /// The refusal as the system that was called words it.
    pub(crate) fn answer(&self, call: &Call<'_>) -> Response<Vec<u8>> {
        documented(call, self.status).unwrap_or_else(|| error(call, self.status, &self.message))
    }
}

/// A failure that a test asked for, with the body that the vendor documents for its status.
pub(crate) fn failure(call: &Call<'_>, status: StatusCode) -> Response<Vec<u8>> {
    documented(call, status).unwrap_or_else(|| error(call, status, message(status)))
}

/// An error in Keystone's shape.
pub(crate) fn error(call: &Call<'_>, status: StatusCode, message: &str) -> Response<Vec<u8>> {
    challenged(call, keystone(status, message))
}

/// An answer with this status that no system gave: an error in Keystone's shape, else nothing.
pub(crate) fn scripted(status: StatusCode) -> Response<Vec<u8>> {
    if status.is_client_error() || status.is_server_error() {
        keystone(status, message(status))
    } else {
        empty(status)
    }
}

/// The token in `X-Auth-Token` is none that lives.
pub(crate) fn unauthorized(call: &Call<'_>) -> Response<Vec<u8>> {
    error(call, StatusCode::UNAUTHORIZED, REQUIRES_AUTHENTICATION)
}

/// Nothing is there. Stock Keystone's web framework says so in HTML.
pub(crate) fn no_such_path(call: &Call<'_>) -> Response<Vec<u8>> {
    match call.system {
        System::Kakao => html(StatusCode::NOT_FOUND),
        System::NhnIaas | System::NhnCompute | System::Otc | System::Huawei => {
            failure(call, StatusCode::NOT_FOUND)
        }
    }
}

/// Something is there, but not for this method. Stock Keystone's web framework answers without the
/// `error` object that all its other errors have.
pub(crate) fn no_such_method(call: &Call<'_>, allowed: &'static str) -> Response<Vec<u8>> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let answer = match call.system {
        System::Kakao => value(status, &json!({ "message": message(status) })),
        System::NhnIaas | System::NhnCompute | System::Otc | System::Huawei => {
            failure(call, status)
        }
    };
    with_header(answer, ALLOW, allowed)
}

/// The body is larger than Keystone takes.
pub(crate) fn too_large() -> Response<Vec<u8>> {
    with_header(html(StatusCode::PAYLOAD_TOO_LARGE), CONNECTION, "close")
}

/// No system is there.
pub(crate) fn nowhere() -> Response<Vec<u8>> {
    html(StatusCode::NOT_FOUND)
}

/// A list of versions, which comes with a status that some HTTP clients take for a redirect.
pub(crate) fn choices(body: &Value, location: &str) -> Response<Vec<u8>> {
    with_header(value(StatusCode::MULTIPLE_CHOICES, body), LOCATION, location)
}

pub(crate) fn value(status: StatusCode, value: &Value) -> Response<Vec<u8>> {
    json(status, value.to_string())
}

pub(crate) fn json(status: StatusCode, text: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    let answer = respond(status, text.into());
    with_header(with_header(answer, CONTENT_TYPE, "application/json"), VARY, "X-Auth-Token")
}

pub(crate) fn empty(status: StatusCode) -> Response<Vec<u8>> {
    with_header(respond(status, Vec::new()), VARY, "X-Auth-Token")
}

pub(crate) fn with_subject(answer: Response<Vec<u8>>, token: &str) -> Response<Vec<u8>> {
    with_header(answer, "x-subject-token", token)
}

pub(crate) fn with_retry_after(
    mut answer: Response<Vec<u8>>,
    retry_after: HeaderValue,
) -> Response<Vec<u8>> {
    answer.headers_mut().insert(RETRY_AFTER, retry_after);
    answer
}

/// The error bodies that the system's document prints: only Huawei's prints any.
fn documented(call: &Call<'_>, status: StatusCode) -> Option<Response<Vec<u8>>> {
    let body = match (call.system, status) {
        (System::Huawei, StatusCode::BAD_REQUEST) => HUAWEI_400,
        (System::Huawei, StatusCode::UNAUTHORIZED) => HUAWEI_401,
        _ => return None,
    };
    Some(challenged(call, json(status, body)))
}

/// Keystone names its own scheme with every 401.
fn challenged(call: &Call<'_>, answer: Response<Vec<u8>>) -> Response<Vec<u8>> {
    if answer.status() != StatusCode::UNAUTHORIZED {
        return answer;
    }
    with_header(
        answer,
        WWW_AUTHENTICATE,
        &format!("Keystone uri=\"{}{}\"", call.identity_root(), call.system.version()),
    )
}

fn keystone(status: StatusCode, message: &str) -> Response<Vec<u8>> {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({ "error": { "code": status.as_u16(), "message": message, "title": title } });
    value(status, &body)
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
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}

/// Adds a header. A value that no header can carry is left out: every value here is made of
/// checked parts, and an answer without it beats none.
fn with_header(
    mut answer: Response<Vec<u8>>,
    name: impl http::header::IntoHeaderName,
    value: &str,
) -> Response<Vec<u8>> {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
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
