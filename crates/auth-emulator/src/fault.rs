use std::{fmt, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::LOCATION};

use crate::system::System;

/// What goes wrong with one answer of a [`Server`](crate::Server).
///
/// The options combine. The emulator judges a request when it arrives, however late or broken its
/// answer then is: a login whose answer never comes out whole has been a login all the same. Only
/// [`status`](Self::status) and [`redirect`](Self::redirect) keep a request from it.
///
/// Times are kept to the millisecond.
///
/// ```
/// use std::{io::{Read, Write}, net::TcpStream, time::Duration};
///
/// use auth_emulator::{Fault, Server, System};
/// use http::StatusCode;
///
/// let server = Server::start()?;
/// // The first login is refused late, and every answer that is no login's breaks off.
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
///     let mut answer = String::new();
///     stream.read_to_string(&mut answer)?;
///     std::io::Result::Ok(answer)
/// };
/// assert!(ask("POST /otc/v3/auth/tokens")?.starts_with("HTTP/1.1 503 "));
/// assert!(ask("POST /otc/v3/auth/tokens")?.starts_with("HTTP/1.1 400 "));
/// assert_eq!(ask("GET /otc/v3")?, "HTTP/1.1 200");
///
/// let traffic = server.traffic();
/// assert_eq!((traffic.requests, traffic.logins, traffic.logins_in_air), (3, 2, 0));
/// // The emulator never saw the login that the script answered.
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
    /// Nothing wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// The answer starts so much later.
    ///
    /// It is the answer of the moment when the request arrived; only its `Date` is later.
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The answer goes out in pieces of so many bytes, at least one, with a pause before each.
    pub fn drip(self, bytes: usize, every: Duration) -> Self {
        Self { drip: Some(Drip { bytes: bytes.max(1), every }), ..self }
    }

    /// After so many bytes of the answer, status line included, the connection is closed.
    ///
    /// An answer that is shorter comes out whole, and its connection stays.
    pub fn cut(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    /// The connection ends with a TCP reset in place of an orderly end: at the [cut](Self::cut) if
    /// there is one, else before the first byte.
    pub fn reset(self) -> Self {
        Self { reset: true, ..self }
    }

    /// Not one byte, ever: the connection stays open until the client ends it.
    pub fn silence(self) -> Self {
        Self { silence: true, ..self }
    }

    /// This status in place of the emulator's own answer, which is not asked.
    ///
    /// From 400 on there is a body in the shape of Keystone's errors, below there is none.
    pub fn status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    /// A header more. It may be repeated.
    ///
    /// `Content-Length` cannot lie; to announce more than is sent, combine [`body`](Self::body) and
    /// [`cut`](Self::cut).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// This status with a `Location`, in place of the emulator's own answer.
    ///
    /// # Panics
    ///
    /// If no header can carry the location.
    pub fn redirect(self, status: StatusCode, location: &str) -> Self {
        let location = HeaderValue::from_str(location).expect("a location without control codes");
        self.status(status).header(LOCATION, location)
    }

    /// A body of so many spaces in place of the answer's own; the rest of the answer stays.
    ///
    /// It is made as it goes out, so that it may be of any size. Its length is announced, unless the
    /// fault has the [header](Self::header) `Transfer-Encoding: chunked`.
    pub fn body(self, bytes: usize) -> Self {
        Self { body: Some(bytes), ..self }
    }
}

/// The pieces of an answer, and the pause before each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drip {
    pub(crate) bytes: usize,
    pub(crate) every: Duration,
}

/// A request, whole, as a [script](crate::Server::script) sees it.
#[non_exhaustive]
pub struct Arrival<'a> {
    /// How many requests arrived before it, since the start or since the traffic was reset.
    pub number: u64,
    /// The system that is asked for a token, if it is a `POST` to its token path.
    pub login: Option<System>,
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, or the first mebibyte or so of it.
    pub body: &'a [u8],
}

/// Without headers and body: they are where passwords and tokens travel.
impl fmt::Debug for Arrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, login, method, path, headers: _, body: _ } = self;
        f.debug_struct("Arrival")
            .field("number", number)
            .field("login", login)
            .field("method", method)
            .field("path", path)
            .finish_non_exhaustive()
    }
}
