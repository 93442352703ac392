//! Faults of responses, and the requests that a script sees.

use std::{fmt, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::LOCATION};

use crate::{machine::resource::RequestKind, system::System};

/// The fault of one response of a [`Server`](crate::Server).
///
/// The options combine. The emulator handles a request when it arrives, even if the response is
/// late or broken: a login with an incomplete response still counts as a login. Only
/// [`status`](Self::status) and [`redirect`](Self::redirect) bypass the emulator.
///
/// Times have a precision of a millisecond.
///
/// ```
/// use std::{io::{Read, Write}, net::TcpStream, time::Duration};
///
/// use auth_emulator::{Fault, Server, System};
/// use http::StatusCode;
///
/// let server = Server::start()?;
/// // The first login is refused late. Responses to other requests than logins are cut.
/// server.script(|arrival| match (arrival.login, arrival.number) {
///     (Some(System::Otc), 0) => {
///         let status = StatusCode::SERVICE_UNAVAILABLE;
///         Some(Fault::new().delay(Duration::from_millis(20)).status(status))
///     }
///     (Some(_), _) => None,
///     (None, _) => Some(Fault::new().cut(12)),
/// });
///
/// let ask = |request: &str| {
///     let mut stream = TcpStream::connect(server.address())?;
///     write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
///     let mut response = String::new();
///     stream.read_to_string(&mut response)?;
///     std::io::Result::Ok(response)
/// };
/// assert!(ask("POST /otc/v3/auth/tokens")?.starts_with("HTTP/1.1 503 "));
/// assert!(ask("POST /otc/v3/auth/tokens")?.starts_with("HTTP/1.1 400 "));
/// assert_eq!(ask("GET /otc/v3")?, "HTTP/1.1 200");
///
/// let traffic = server.traffic();
/// assert_eq!((traffic.requests, traffic.logins, traffic.logins_in_flight), (3, 2, 0));
/// // The first login bypassed the emulator.
/// assert_eq!(server.emulator().logins(System::Otc), 1);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fault {
    pub(crate) delay: Duration,
    pub(crate) drip: Option<Drip>,
    pub(crate) cut: Option<usize>,
    pub(crate) reset: bool,
    pub(crate) silence: bool,
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<usize>,
}

impl Fault {
    /// A response without a fault.
    pub fn new() -> Self {
        Self::default()
    }

    /// Delays the start of the response.
    ///
    /// The response is computed when the request arrives; only its `Date` is later.
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Sends the response in pieces of this many bytes, at least one, with a pause before each.
    pub fn drip(self, bytes: usize, every: Duration) -> Self {
        Self { drip: Some(Drip { bytes: bytes.max(1), every }), ..self }
    }

    /// Closes the connection after this many bytes of the response, including the status line.
    ///
    /// A shorter response is complete, and its connection stays open.
    pub fn cut(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    /// Ends the connection with a TCP reset, at the [cut](Self::cut) or else before the first byte.
    pub fn reset(self) -> Self {
        Self { reset: true, ..self }
    }

    /// Sends no byte. The connection stays open until the client closes it.
    pub fn silence(self) -> Self {
        Self { silence: true, ..self }
    }

    /// Responds with this status instead of the emulator's response. The emulator does not see the
    /// request.
    ///
    /// From 400 the body is an error in Keystone's shape, or in OAuth's for the identity provider;
    /// below 400 it is empty.
    pub fn status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Adds a header, which may be repeated.
    ///
    /// `Content-Length` cannot be false. To announce more than is sent, combine [`body`](Self::body)
    /// and [`cut`](Self::cut).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Responds with this status and a `Location` instead of the emulator's response.
    ///
    /// # Panics
    ///
    /// If the location is not a valid header value.
    pub fn redirect(self, status: StatusCode, location: &str) -> Self {
        let location = HeaderValue::from_str(location).expect("a location without control codes");
        self.status(status).header(LOCATION, location)
    }

    /// Replaces the body by this many spaces; the rest of the response is unchanged.
    ///
    /// The body is streamed, so that it may have any size. Its length is announced, unless the
    /// fault has the [header](Self::header) `Transfer-Encoding: chunked`.
    pub fn body(self, bytes: usize) -> Self {
        Self { body: Some(bytes), ..self }
    }
}

/// The size of the pieces of a response, and the pause before each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drip {
    pub(crate) bytes: usize,
    pub(crate) every: Duration,
}

/// A complete request as a [script](crate::Server::script) sees it.
#[non_exhaustive]
pub struct Arrival<'a> {
    /// The number of earlier requests since the start or the last reset of the traffic.
    pub number: u64,
    /// The system of a login: a `POST` to its token path.
    pub login: Option<System>,
    /// The kind, which tells an exchange from other logins and names the identity provider's
    /// requests.
    pub kind: RequestKind,
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, or its first mebibyte approximately.
    pub body: &'a [u8],
}

/// Shows neither headers nor body, because they contain passwords and tokens.
impl fmt::Debug for Arrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, login, kind, method, path, headers: _, body: _ } = self;
        f.debug_struct("Arrival")
            .field("number", number)
            .field("login", login)
            .field("kind", kind)
            .field("method", method)
            .field("path", path)
            .finish_non_exhaustive()
    }
}
