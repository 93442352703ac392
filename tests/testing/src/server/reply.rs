use std::time::Duration;

/// What a [`Loopback`](crate::Loopback) sends for one request, and how the connection goes on.
///
/// The connection is closed afterwards, unless the reply says otherwise.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) parts: Vec<Part>,
    pub(crate) end: ReplyEnd,
    is_slow: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    /// A pause before each byte.
    Drip(Vec<u8>, Duration),
    /// The same bytes again and again, up to this number of bytes.
    Flood(Vec<u8>, u64),
    Pause(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyEnd {
    Close,
    /// The connection stays open until the client closes it.
    Hold,
    /// The next request is read from the same connection.
    KeepAlive,
    /// The connection is reset.
    Reset,
}

impl Reply {
    /// A whole response that closes the connection. Each line of `headers` ends with `\r\n`.
    pub fn new(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        Self::status(status, format!("Connection: close\r\n{headers}")).body(body)
    }

    /// These bytes, as they are.
    pub fn bytes(raw: impl Into<Vec<u8>>) -> Self {
        Self { parts: vec![Part::Bytes(raw.into())], end: ReplyEnd::Close, is_slow: false }
    }

    /// No byte; the connection stays open until the client closes it.
    pub fn silence() -> Self {
        Self::bytes("").hold()
    }

    /// A status line and headers; the framing and the body come next. Each line of `headers` ends
    /// with `\r\n`.
    pub fn status(status: impl ToString, headers: impl AsRef<[u8]>) -> Self {
        let line = format!("HTTP/1.1 {} Test\r\n", status.to_string());
        Self::bytes([line.as_bytes(), headers.as_ref()].concat())
    }

    /// A body and its length.
    #[must_use]
    pub fn body(self, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len();
        self.body_of(length, body)
    }

    /// A body, and any text as its length.
    #[must_use]
    pub fn body_of(self, length: impl ToString, body: impl AsRef<[u8]>) -> Self {
        self.then(format!("Content-Length: {}\r\n\r\n", length.to_string())).then(body)
    }

    /// A body that ends with the connection.
    #[must_use]
    pub fn body_to_end(self, body: impl AsRef<[u8]>) -> Self {
        self.then("\r\n").then(body)
    }

    /// A body in these chunks, then `end` as it is: the last chunk and trailers.
    #[must_use]
    pub fn chunks(self, chunks: &[&str], end: &str) -> Self {
        let chunks = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
        let all: String = chunks.collect();
        self.then("Transfer-Encoding: chunked\r\n\r\n").then(all).then(end)
    }

    /// More bytes.
    #[must_use]
    pub fn then(mut self, more: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::Bytes(more.as_ref().to_vec()));
        self
    }

    /// A pause before the next bytes.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.parts.push(Part::Pause(pause));
        self
    }

    /// The same bytes again and again, up to this number of bytes.
    #[must_use]
    pub fn flood(mut self, piece: impl AsRef<[u8]>, bytes: u64) -> Self {
        // Large writes, so that the client limits the rate.
        let piece = piece.as_ref();
        self.parts.push(Part::Flood(piece.repeat(65_536 / piece.len() + 1), bytes));
        self
    }

    /// All bytes so far one by one, with a pause before each.
    #[must_use]
    pub fn drip(mut self, every: Duration) -> Self {
        for part in &mut self.parts {
            if let Part::Bytes(bytes) = part {
                *part = Part::Drip(std::mem::take(bytes), every);
            }
        }
        self.is_slow = !every.is_zero();
        self
    }

    /// Keeps the connection open, silent, until the client closes it.
    #[must_use]
    pub fn hold(self) -> Self {
        Self { end: ReplyEnd::Hold, is_slow: true, ..self }
    }

    /// Reads the next request from the same connection.
    #[must_use]
    pub fn keep_alive(self) -> Self {
        Self { end: ReplyEnd::KeepAlive, ..self }
    }

    /// Resets the connection after the bytes.
    #[must_use]
    pub fn reset(self) -> Self {
        Self { end: ReplyEnd::Reset, ..self }
    }

    /// Marks a reply that only the client's timeout ends.
    #[must_use]
    pub fn slow(self) -> Self {
        Self { is_slow: true, ..self }
    }

    /// Whether only the client's timeout ends this reply.
    pub fn is_slow(&self) -> bool {
        self.is_slow
    }
}

impl From<String> for Reply {
    fn from(raw: String) -> Self {
        Self::bytes(raw)
    }
}
