//! A client for raw bytes on a TCP connection.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use auth_emulator::{Fault, Server, documents};

/// A connection that is kept open.
pub(crate) struct RawClient {
    pub(crate) stream: TcpStream,
}

impl RawClient {
    pub(crate) fn new(server: &Server) -> Self {
        let stream = TcpStream::connect_timeout(&server.address(), TOO_LONG).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(TOO_LONG)).unwrap();
        Self { stream }
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Reads the head and the body of the next response, by its `Content-Length`.
    pub(crate) fn answer(&mut self) -> (String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    pub(crate) fn ask(&mut self, request: &str) -> (String, String) {
        self.send(request);
        self.answer()
    }

    /// All bytes until the connection ends, and the error if it ends with one.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, Option<ErrorKind>) {
        let mut bytes = Vec::new();
        let end = self.stream.read_to_end(&mut bytes);
        (bytes, end.err().map(|error| error.kind()))
    }

    /// Whether neither bytes nor the end of the connection arrive for 150 ms.
    pub(crate) fn receives_nothing(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
        let read = self.stream.read(&mut [0]);
        matches!(
            read.map_err(|error| error.kind()),
            Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)
        )
    }
}

pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

pub(crate) fn faulty(fault: Fault) -> Server {
    let server = Server::start().unwrap();
    server.script(move |_| Some(fault.clone()));
    server
}

pub(crate) fn login() -> String {
    let body = documents::KAKAO_ID_REQUEST;
    let length = body.len();
    format!(
        "POST /kakao/identity/v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Waits until another thread makes the condition true.
#[track_caller]
pub(crate) fn soon(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < TOO_LONG, "the condition stayed false");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The time after which a waiting test fails.
const TOO_LONG: Duration = Duration::from_secs(20);
/// A request that needs no token.
pub(crate) const GET: &str = "GET /otc/v3 HTTP/1.1\r\nHost: localhost\r\n\r\n";
