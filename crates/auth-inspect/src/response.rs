//! HTTP responses as text, the way `curl -i` prints them.

use std::fmt;

use auth_proto::limits;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

/// The longest text that [`read_response`] takes, in bytes: the largest body that `auth-proto`
/// reads, and a mebibyte for the headers.
pub const MAX_RESPONSE: usize = limits::BODY + 1024 * 1024;

/// The most headers of one header block.
pub const MAX_HEADERS: usize = 256;

/// Reads a response: status line, headers, blank line, body. Lines end with LF or CRLF; one text
/// may contain both. The rest of the text is the body: `Content-Length` and `Transfer-Encoding` are
/// ignored, because the program that recorded the response has already decoded it.
///
/// Changes that editors and pipes make are undone: a byte order mark before the status line is
/// skipped, and a text that ends within its headers is read as if the blank line followed.
///
/// The last of several header blocks counts: `curl` prints those of interim answers, proxies,
/// redirects and the first round of a digest login first. A body that itself begins with `HTTP/`
/// and a digit is read as another block.
///
/// ```
/// let text = b"HTTP/1.1 100 Continue\n\nHTTP/2 201 \r\nX-Subject-Token: abc\r\n\r\n{}";
/// let response = auth_inspect::read_response(text)?;
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers()["x-subject-token"], "abc");
/// assert_eq!(response.body(), b"{}");
///
/// let trimmed = auth_inspect::read_response(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0")?;
/// assert_eq!(trimmed.status(), 401);
/// # Ok::<(), auth_inspect::ResponseError>(())
/// ```
///
/// # Errors
///
/// [`ResponseError`] if the text is not an HTTP response or exceeds a limit.
pub fn read_response(text: &[u8]) -> Result<Response<Vec<u8>>, ResponseError> {
    if text.len() > MAX_RESPONSE {
        return Err(ResponseError::TooLong);
    }
    let mut rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    loop {
        let (head, body) = head(rest)?;
        if !starts_head(body) {
            return Ok(head.map(|()| body.to_vec()));
        }
        rest = body;
    }
}

/// Why a text is not an HTTP response. Repeats no part of the text, which may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The text is empty.
    Empty,
    /// A line of the header block is not a header.
    Header,
    /// The header block has more than [`MAX_HEADERS`] headers.
    Headers,
    /// The text does not begin with a status line.
    StatusLine,
    /// The text is longer than [`MAX_RESPONSE`].
    TooLong,
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("not an HTTP response: the text is empty"),
            Self::Header => {
                f.write_str("not an HTTP response: a line of the header block is not `Name: value`")
            }
            Self::Headers => write!(f, "not an HTTP response: more than {MAX_HEADERS} headers"),
            Self::StatusLine => f.write_str(
                "not an HTTP response: the text does not begin with a status line such as \
                 HTTP/1.1 200 OK",
            ),
            Self::TooLong => write!(f, "the text is longer than {MAX_RESPONSE} bytes"),
        }
    }
}

impl std::error::Error for ResponseError {}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One header block, and the text after its blank line.
fn head(text: &[u8]) -> Result<(Response<()>, &[u8]), ResponseError> {
    if text.is_empty() {
        return Err(ResponseError::Empty);
    }
    let end = text.iter().position(|byte| *byte == b'\n');
    let (line, text) = text.split_at(end.map_or(text.len(), |end| end + 1));
    let mut head = Response::new(());
    *head.status_mut() = status(line).ok_or(ResponseError::StatusLine)?;

    let (headers, body) = match read_headers(text)? {
        Some((headers, end)) => (headers, &text[end..]),
        None => {
            let ended = read_headers(&[text, b"\n\n"].concat())?;
            (ended.ok_or(ResponseError::Header)?.0, &[][..])
        }
    };
    *head.headers_mut() = headers;
    Ok((head, body))
}

/// The headers before the blank line, and where that line ends; `None` if there is no blank line.
fn read_headers(text: &[u8]) -> Result<Option<(HeaderMap, usize)>, ResponseError> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let (end, lines) = match httparse::parse_headers(text, &mut lines) {
        Ok(httparse::Status::Complete(read)) => read,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ResponseError::Headers),
        Err(_) => return Err(ResponseError::Header),
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        let name =
            HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| ResponseError::Header)?;
        let mut value = HeaderValue::from_bytes(line.value).map_err(|_| ResponseError::Header)?;
        // Debug shows no header value: any of them may be a token.
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(Some((headers, end)))
}

/// Reads `HTTP/1.1 200 OK`. `httparse` refuses `HTTP/2 200`, which has neither a minor version nor
/// a reason.
fn status(line: &[u8]) -> Option<StatusCode> {
    let line = line.strip_prefix(b"HTTP/")?.trim_ascii_end();
    let (version, rest) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
    if !matches!(version, [b'0'..=b'9'] | [b'0'..=b'9', b'.', b'0'..=b'9']) {
        return None;
    }
    let (status, reason) = rest[1..].split_at_checked(3)?;
    if !matches!(reason, [] | [b' ', ..]) {
        return None;
    }
    StatusCode::from_bytes(status).ok()
}

fn starts_head(body: &[u8]) -> bool {
    matches!(body.strip_prefix(b"HTTP/"), Some([b'0'..=b'9', ..]))
}
