//! Requests with a query and a JSON body, and typed answers.

use std::{borrow::Borrow, fmt::Display, fmt::Write};

use auth_proto::{Fault, IdentityResponse, limits};
use http::{
    Extensions, HeaderValue, Request, Response, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE},
    request::Builder,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use thiserror::Error as ThisError;

use crate::{
    call::SentTokens,
    error::{BoxError, Error},
};

/// Adds path segments, a query and a JSON body to a request.
///
/// ```
/// use auth_driver::RequestExt;
/// use http::Request;
///
/// let request = Request::post("/servers")
///     .segment("a/b c")?
///     .query([("limit", "10"), ("name", "a&b")])
///     .json(&["x"])?;
/// assert_eq!(request.uri(), "/servers/a%2Fb%20c?limit=10&name=a%26b");
/// assert_eq!(request.body(), br#"["x"]"#);
/// # Ok::<(), auth_driver::RequestError>(())
/// ```
pub trait RequestExt: Sized {
    /// Appends one segment to the path: a name or an id, percent-encoded. A slash in it does not
    /// begin another segment.
    ///
    /// # Errors
    ///
    /// [`RequestError::Segment`] for an empty name, `.` and `..`.
    fn segment(self, name: &str) -> Result<Self, RequestError>;

    /// Appends pairs of names and values to the query, percent-encoded.
    fn query<K, V, P>(self, pairs: impl IntoIterator<Item = P>) -> Self
    where
        K: Display,
        V: Display,
        P: Borrow<(K, V)>;

    /// The request with this body, written as JSON. Sets `Content-Type`, and `Accept` if it is not
    /// set.
    ///
    /// # Errors
    ///
    /// [`RequestError::Json`] if the body cannot be written, [`RequestError::Http`] if the URI, the
    /// method or a header is not valid.
    fn json<T: Serialize + ?Sized>(self, body: &T) -> Result<Request<Vec<u8>>, RequestError>;
}

/// The reason why a request could not be made. It shows no value.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum RequestError {
    /// The URI, the method or a header is not valid.
    #[error("the request is not valid; encode other characters of the path with segment()")]
    Http(#[from] http::Error),
    /// The body cannot be written as JSON.
    #[error("the body cannot be written as JSON")]
    Json(#[source] BoxError),
    /// The segment is empty, `.` or `..`, which would lead to another path.
    #[error("a segment of the path is empty, `.` or `..`; pass a name or an id")]
    Segment,
}

impl<T> From<RequestError> for Error<T> {
    fn from(error: RequestError) -> Self {
        Self::Request(error.into())
    }
}

impl RequestExt for Builder {
    fn segment(self, name: &str) -> Result<Self, RequestError> {
        if ["", ".", ".."].contains(&name) {
            return Err(RequestError::Segment);
        }
        Ok(change(self, |uri| {
            let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
            let mark = if query.is_empty() { "" } else { "?" };
            format!("{}/{}{mark}{query}", path.trim_end_matches('/'), encoded(name))
        }))
    }

    fn query<K, V, P>(self, pairs: impl IntoIterator<Item = P>) -> Self
    where
        K: Display,
        V: Display,
        P: Borrow<(K, V)>,
    {
        change(self, |uri| {
            let mut uri = uri.to_owned();
            for pair in pairs {
                let (name, value) = pair.borrow();
                uri.push(if uri.contains('?') { '&' } else { '?' });
                uri += &encoded(&name.to_string());
                uri.push('=');
                uri += &encoded(&value.to_string());
            }
            uri
        })
    }

    fn json<T: Serialize + ?Sized>(self, body: &T) -> Result<Request<Vec<u8>>, RequestError> {
        let body = serde_json::to_vec(body).map_err(|error| RequestError::Json(error.into()))?;
        let mut request = self.body(body)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.entry(ACCEPT).or_insert(JSON);
        Ok(request)
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Rewrites the URI. An error that the builder already has stays.
fn change(builder: Builder, change: impl FnOnce(&str) -> String) -> Builder {
    match builder.uri_ref().map(Uri::to_string) {
        Some(uri) => builder.uri(change(&uri)),
        None => builder,
    }
}

/// Percent-encodes everything that has a meaning anywhere in a URI.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            // Writing to a string cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

/// How many bytes of an answer's body to read: the longest that [`read`] takes, and one more.
pub fn longest(status: StatusCode) -> usize {
    let longest = if status.is_success() { ANSWER } else { limits::ERROR_BODY };
    longest + 1
}

/// The most bytes of a typed answer.
const ANSWER: usize = 64 * 1024 * 1024;

/// Reads a service's answer to a [`Call`](crate::Call): its status, the extensions after
/// [`Call::mark`](crate::Call::mark), and at most [`longest`] bytes of its body. An empty body
/// counts as `null`, so that `()` fits a deletion.
///
/// # Errors
///
/// [`Error::Status`] if the status is no success, [`Error::Json`] if the body does not fit the type.
pub fn read<T: DeserializeOwned, E>(
    status: StatusCode,
    extensions: &Extensions,
    body: &[u8],
) -> Result<T, Error<E>> {
    if !status.is_success() {
        return Err(Error::Status { status, fault: fault(status, extensions.get(), body) });
    }
    if body.len() > ANSWER {
        return Err(Error::Json { reason: format!("it is longer than {ANSWER} bytes") });
    }
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| Error::Json { reason: reason(&error) })
}

/// The service's reason, cut and without the tokens that were sent.
fn fault(status: StatusCode, sent: Option<&SentTokens>, body: &[u8]) -> Fault {
    let fault = |body: &[u8]| {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        // The core removes the tokens in the headers of an answer from its texts.
        for token in sent.iter().flat_map(|SentTokens(tokens)| tokens).flatten() {
            response.headers_mut().append("x-auth-token", token.header().clone());
        }
        match IdentityResponse::read(&response, None) {
            Ok(IdentityResponse::Fault(_, fault)) => fault,
            _ => Fault::default(),
        }
    };
    match fault(body) {
        // Not one of the usual formats: the text itself, in one of them.
        unknown if unknown == Fault::default() => {
            let text = String::from_utf8_lossy(&body[..body.len().min(limits::REDACTION_INPUT)]);
            fault(json!({ "message": text }).to_string().as_bytes())
        }
        known => known,
    }
}

/// What is wrong with an answer, without its values: serde quotes them, and they may be secrets.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let quotes = ["invalid type", "invalid value", "invalid length", "unknown"];
    match text.rfind("expected ") {
        _ if !error.is_data() || text.starts_with("missing field") => text,
        Some(at) if quotes.iter().any(|quote| text.starts_with(quote)) => text[at..].to_owned(),
        _ => format!("at line {} column {}", error.line(), error.column()),
    }
}
