use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use auth_emulator::record::Inbound;
use auth_proto::limits;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{
    loopback::{Log, Received, Served, header},
    reply::{Part, Reply, ReplyEnd},
};
use crate::{configured, runtime};

/// A client that neither reads nor closes the connection for so long gets no more bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection of a [`Loopback`](crate::Loopback), which reads and writes what the client sees.
pub struct Connection {
    stream: Stream,
    record: Inbound,
    log: Arc<Log>,
    /// The request that is being replied to.
    current: Option<usize>,
    is_reset: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Connection {
    pub(crate) fn open(
        stream: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        log: Arc<Log>,
    ) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let record = Inbound::new(stream.local_addr()?.port());
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let stream = match tls {
            None => Stream::Plain(stream),
            Some(config) => {
                let connection = ServerConnection::new(config).map_err(io::Error::other)?;
                let mut stream = StreamOwned::new(connection, stream);
                while stream.conn.is_handshaking() {
                    stream.conn.complete_io(&mut stream.sock)?;
                }
                let protocol = stream.conn.alpn_protocol();
                let protocol = protocol.map(|name| String::from_utf8_lossy(name).into_owned());
                log.lock().protocols.push(protocol);
                Stream::Tls(Box::new(stream))
            }
        };
        Ok(Self { stream, record, log, current: None, is_reset: false })
    }

    /// The protocol that ALPN agreed on.
    pub fn protocol(&self) -> Option<&[u8]> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(stream) => stream.conn.alpn_protocol(),
        }
    }

    /// The socket.
    pub fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    /// Replies to HTTP/1.1 requests until a reply ends the connection.
    ///
    /// # Errors
    ///
    /// If the client closes the connection.
    pub fn serve(&mut self, reply: &dyn Fn(&Received) -> Reply) -> io::Result<()> {
        loop {
            let request = self.read_request()?;
            let reply = reply(&request);
            self.reply(&reply)?;
            if reply.end != ReplyEnd::KeepAlive {
                return Ok(());
            }
        }
    }

    /// Reads a whole HTTP/1.1 request, whose body has a length or is chunked, and records it.
    ///
    /// # Errors
    ///
    /// If the client closes the connection before the end.
    pub fn read_request(&mut self) -> io::Result<Received> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 16_384];
        loop {
            let count = self.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&buffer[..count]);
            if is_whole(&bytes) {
                return Ok(self.record(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }

    /// Records a request that a test has read by itself.
    pub fn record(&mut self, text: String) -> Received {
        let number = self.log.add(text.clone());
        self.current = Some(number);
        Received { number, text }
    }

    /// Sends a reply and ends the connection as the reply says, except that it is not closed yet.
    ///
    /// # Errors
    ///
    /// If the client closes the connection.
    pub fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        configured::catalog(reply);
        let mut past_limit = None;
        let sent = reply.parts.iter().try_for_each(|part| self.part(part, &mut past_limit));
        let sent = match reply.end {
            ReplyEnd::Hold => sent.and_then(|()| self.hold()),
            ReplyEnd::Close | ReplyEnd::KeepAlive => sent,
            ReplyEnd::Reset => {
                self.is_reset = true;
                sent
            }
        };
        self.see(|served| {
            served.is_over = true;
            served.read_past_limit = past_limit.map(|past: Instant| past.elapsed());
        });
        sent
    }

    fn part(&mut self, part: &Part, past_limit: &mut Option<Instant>) -> io::Result<()> {
        let mut sent = self.sent();
        let mut write = |bytes: &[u8]| {
            self.write_all(bytes)?;
            sent += bytes.len() as u64;
            if sent > (limits::BODY + limits::HEADERS) as u64 {
                past_limit.get_or_insert_with(Instant::now);
            }
            Ok(())
        };
        match part {
            Part::Bytes(bytes) => write(bytes),
            Part::Drip(bytes, every) => bytes.chunks(1).try_for_each(|byte| {
                thread::sleep(*every);
                write(byte)
            }),
            Part::Flood(piece, bytes) => {
                let mut left = *bytes;
                while left > 0 {
                    let next = left.min(piece.len() as u64);
                    write(&piece[..next as usize])?;
                    left -= next;
                }
                Ok(())
            }
            Part::Pause(pause) => {
                thread::sleep(*pause);
                Ok(())
            }
        }
    }

    /// Waits until the client closes the connection, and drops what it sends.
    ///
    /// # Errors
    ///
    /// If the connection breaks.
    pub fn hold(&mut self) -> io::Result<()> {
        self.flush()?;
        io::copy(self, &mut io::sink()).map(drop)
    }

    /// Closes the server's side, in TLS with a notice.
    ///
    /// # Errors
    ///
    /// If the connection is broken.
    pub fn finish_writing(&mut self) -> io::Result<()> {
        if let Stream::Tls(stream) = &mut self.stream {
            stream.conn.send_close_notify();
            stream.flush()?;
        }
        self.socket().shutdown(Shutdown::Write)
    }

    /// Resets a connection that is to be reset, and ends TLS with a notice otherwise.
    pub(crate) fn close(mut self) {
        self.see(|served| served.is_over = true);
        if self.is_reset {
            // Tokio's socket has what the standard library's lacks.
            let _guard = runtime().enter();
            let socket = self.socket().try_clone().and_then(|socket| {
                socket.set_nonblocking(true)?;
                tokio::net::TcpStream::from_std(socket)
            });
            let _ = socket.and_then(|socket| socket.set_zero_linger());
        } else if let Stream::Tls(stream) = &mut self.stream {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    }

    fn sent(&self) -> u64 {
        self.current.map_or(0, |number| self.log.lock().served[number].sent)
    }

    fn see(&self, change: impl FnOnce(&mut Served)) {
        if let Some(number) = self.current {
            change(&mut self.log.lock().served[number]);
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.stream {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }?;
        self.record.received(&buffer[..count]);
        Ok(count)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }?;
        self.see(|served| served.sent += written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

/// A response that comes before the last chunk would break a client that still writes.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]);
    let body = &request[end + 4..];
    match header(&head, "content-length") {
        Some(length) => body.len() >= length.parse().unwrap(),
        None => header(&head, "transfer-encoding").is_none() || body.ends_with(b"0\r\n\r\n"),
    }
}
