//! Responses of the provider, and the errors of OAuth.

use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

/// An error of RFC 6749, section 5.2.
#[derive(Debug)]
pub(super) struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl OauthError {
    /// An error with status 400.
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description: description.into() }
    }

    /// The request is not one of the protocol.
    pub(super) fn malformed(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// The client is unknown, or has not proved its secret.
    pub(super) fn client(description: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::new("invalid_client", description) }
    }

    /// A failure requested by a test.
    pub(super) fn scripted(status: StatusCode) -> Self {
        let error = match status {
            StatusCode::UNAUTHORIZED => "invalid_client",
            StatusCode::INTERNAL_SERVER_ERROR => "server_error",
            status if status.is_server_error() => "temporarily_unavailable",
            StatusCode::TOO_MANY_REQUESTS => "temporarily_unavailable",
            _ => "invalid_request",
        };
        Self { status, ..Self::new(error, "The request failed.") }
    }

    pub(super) fn response(&self) -> Response<Vec<u8>> {
        let body = json!({ "error": self.error, "error_description": self.description });
        let response = value(self.status, &body);
        match self.status {
            StatusCode::UNAUTHORIZED => {
                with_header(response, WWW_AUTHENTICATE, "Basic realm=\"provider\"")
            }
            _ => response,
        }
    }
}

/// An answer that must not be stored.
pub(super) fn value(status: StatusCode, value: &Value) -> Response<Vec<u8>> {
    let response = respond(status, value.to_string(), "application/json");
    with_header(response, CACHE_CONTROL, "no-store")
}

/// A page for a person.
pub(super) fn page(status: StatusCode, content: &str) -> Response<Vec<u8>> {
    let page = format!("<!doctype html>\n<html lang=en>\n<title>Provider</title>\n{content}\n");
    respond(status, page, "text/html; charset=utf-8")
}

pub(super) fn no_such_path() -> Response<Vec<u8>> {
    page(StatusCode::NOT_FOUND, "<h1>Not Found</h1>")
}

pub(super) fn no_such_method(allowed: &'static str) -> Response<Vec<u8>> {
    with_header(page(StatusCode::METHOD_NOT_ALLOWED, "<h1>Method Not Allowed</h1>"), ALLOW, allowed)
}

fn respond(status: StatusCode, body: String, media: &'static str) -> Response<Vec<u8>> {
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = status;
    with_header(response, CONTENT_TYPE, media)
}

fn with_header(
    mut response: Response<Vec<u8>>,
    name: http::HeaderName,
    value: &'static str,
) -> Response<Vec<u8>> {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
