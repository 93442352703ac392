//! HTTP responses as text, the way `curl -i` prints them.

use std::fmt;

use auth_proto::limits;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

/// Bytes of a whole text: the largest body that the core reads, and ample headers.
pub const TEXT: usize = limits::BODY + 1024 * 1024;

/// Lines of one header block.
pub const HEADERS: usize = 256;

/// Reads a response: status line, headers, blank line, body. Lines end with LF or CRLF, both may
/// occur in one text. The body is what remains, whatever it is; `Content-Length` and
/// `Transfer-Encoding` are not heeded, because who prints a response has decoded it.
///
/// What editors and pipes do to a text is undone: a byte order mark before the status line is
/// skipped, and where a text without a body has lost the blank line after its headers, with or
/// without the end of the last line, the end of the text is the end of the headers.
///
/// Of several header blocks the last one counts: `curl` prints those of interim answers, proxies,
/// redirects and the first round of digest logins before the one that is meant. A body that itself
/// begins with `HTTP/` and a digit starts another block.
///
/// ```
/// let text = b"HTTP/1.1 100 Continue\n\nHTTP/2 201 \r\nX-Subject-Token: abc\r\n\r\n{}";
/// let response = auth_cli::raw::read(text)?;
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers()["x-subject-token"], "abc");
/// assert_eq!(response.body(), b"{}");
///
/// let trimmed = auth_cli::raw::read(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0")?;
/// assert_eq!(trimmed.status(), 401);
/// # Ok::<(), auth_cli::raw::Problem>(())
/// ```
///
/// # Errors
///
/// Why the text is no response.
pub fn read(text: &[u8]) -> Result<Response<Vec<u8>>, Problem> {
    if text.len() > TEXT {
        return Err(Problem::TooLong);
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

/// Why a text is no HTTP response. Nothing of the text is repeated: it may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// There is nothing.
    Empty,
    /// A line among the headers is no header.
    Header,
    /// There are more than [`HEADERS`] headers.
    Headers,
    /// It does not begin with a status line.
    StatusLine,
    /// It is longer than [`TEXT`].
    TooLong,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no HTTP response: the text is empty"),
            Self::Header => f.write_str("no HTTP response: a line among the headers is no header"),
            Self::Headers => write!(f, "no HTTP response: more than {HEADERS} headers"),
            Self::StatusLine => f.write_str(
                "no HTTP response: it does not begin with a status line such as HTTP/1.1 200 OK",
            ),
            Self::TooLong => write!(f, "the text is longer than {TEXT} bytes"),
        }
    }
}

impl std::error::Error for Problem {}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One header block, and what comes after its blank line.
fn head(text: &[u8]) -> Result<(Response<()>, &[u8]), Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let end = text.iter().position(|byte| *byte == b'\n');
    let (line, text) = text.split_at(end.map_or(text.len(), |end| end + 1));
    let mut head = Response::new(());
    *head.status_mut() = status(line).ok_or(Problem::StatusLine)?;

    let (headers, body) = match read_headers(text)? {
        Some((headers, end)) => (headers, &text[end..]),
        None => {
            let ended = read_headers(&[text, b"\n\n"].concat())?;
            (ended.ok_or(Problem::Header)?.0, &[][..])
        }
    };
    *head.headers_mut() = headers;
    Ok((head, body))
}

/// Header lines up to the blank line, and where that ends; `None` if the text ends before it.
fn read_headers(text: &[u8]) -> Result<Option<(HeaderMap, usize)>, Problem> {
    let mut lines = [httparse::EMPTY_HEADER; HEADERS];
    let (end, lines) = match httparse::parse_headers(text, &mut lines) {
        Ok(httparse::Status::Complete(read)) => read,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Problem::Headers),
        Err(_) => return Err(Problem::Header),
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Problem::Header)?;
        let mut value = HeaderValue::from_bytes(line.value).map_err(|_| Problem::Header)?;
        // Any of them may be a token: none is shown by Debug.
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(Some((headers, end)))
}

/// Reads `HTTP/1.1 200 OK`. `httparse` would refuse `HTTP/2 200`, which has no minor version and
/// no reason.
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
