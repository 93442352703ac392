//! A server on loopback that says, byte by byte, what a row wants.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use auth_proto::limits;

/// What is sent to whoever has asked, and how it ends.
pub(crate) struct Answer {
    parts: Vec<Part>,
    end: End,
    /// Whether the client has to give up by itself.
    pub(crate) is_slow: bool,
}

enum Part {
    Bytes(Vec<u8>),
    Drip(Vec<u8>, Duration),
    Flood(Vec<u8>, u64),
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Close,
    /// The connection stays open until the client ends it.
    Hold,
    /// Before anything is read or sent.
    Reset,
}

/// These bytes and no others.
pub(crate) fn bytes(raw: impl Into<Vec<u8>>) -> Answer {
    Answer { parts: vec![Part::Bytes(raw.into())], end: End::Close, is_slow: false }
}

/// A status and headers, each with its line end; how the body goes is said next.
pub(crate) fn answer(status: &str, headers: impl AsRef<[u8]>) -> Answer {
    bytes([format!("HTTP/1.1 {status} Said\r\n").as_bytes(), headers.as_ref()].concat())
}

impl Answer {
    /// A body, and its length.
    pub(crate) fn body(self, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len();
        self.said(length, body)
    }

    /// A body, and what is said to be its length.
    pub(crate) fn said(self, length: impl ToString, body: impl AsRef<[u8]>) -> Self {
        let length = format!("Content-Length: {}\r\n\r\n", length.to_string());
        self.then(length).then(body)
    }

    /// A body that ends with the connection.
    pub(crate) fn unsaid(self, body: impl AsRef<[u8]>) -> Self {
        self.then("\r\n").then(body)
    }

    /// A body in these chunks, and what comes after the last one.
    pub(crate) fn chunks(self, chunks: &[&str], end: &str) -> Self {
        let chunks = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
        let all: String = chunks.collect();
        self.then("Transfer-Encoding: chunked\r\n\r\n").then(all).then(end)
    }

    pub(crate) fn then(mut self, more: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::Bytes(more.as_ref().to_vec()));
        self
    }

    /// The same bytes again and again, so many in all.
    pub(crate) fn flood(mut self, piece: impl AsRef<[u8]>, bytes: u64) -> Self {
        // Large writes, so that the client is what limits.
        let piece = piece.as_ref();
        self.parts.push(Part::Flood(piece.repeat(65_536 / piece.len() + 1), bytes));
        self
    }

    /// All of it byte by byte, with a pause before each.
    pub(crate) fn drip(mut self, every: Duration) -> Self {
        for part in &mut self.parts {
            if let Part::Bytes(bytes) = part {
                *part = Part::Drip(std::mem::take(bytes), every);
            }
        }
        self.is_slow = !every.is_zero();
        self
    }

    /// And then nothing, for as long as the client waits.
    pub(crate) fn hold(self) -> Self {
        Self { end: End::Hold, is_slow: true, ..self }
    }

    /// What never comes to a limit: the client has to give up by itself.
    pub(crate) fn slow(self) -> Self {
        Self { is_slow: true, ..self }
    }

    /// Instead of all that, the connection breaks.
    pub(crate) fn reset(self) -> Self {
        Self { end: End::Reset, ..self }
    }
}

/// What came of one row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: usize,
    /// How many of them are over: all is said, or the client has hung up.
    pub(crate) ended: usize,
    /// The most bytes that one answer came to.
    pub(crate) sent: u64,
    /// How long a client went on with an answer that was already larger than any that is read: the
    /// least of its tries, since the machine may have had other things to do.
    pub(crate) late: Option<Duration>,
    /// The last request.
    pub(crate) request: String,
}

/// Which row is asked for is the first segment of the path.
pub(crate) struct Server {
    port: u16,
    seen: Arc<Mutex<HashMap<String, Seen>>>,
}

pub(crate) trait Script: Fn(&str) -> Answer + Send + Sync + 'static {}

impl<F: Fn(&str) -> Answer + Send + Sync + 'static> Script for F {}

impl Server {
    /// It ends with the process.
    pub(crate) fn start(script: impl Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::default());
        let (script, shared) = (Arc::new(script), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&shared));
                // A client that hangs up is no concern of the others.
                thread::spawn(move || drop(serve(stream, &*script, &seen)));
            }
        });
        Self { port, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What has come of a row once its client has hung up, which it may take its time for.
    pub(crate) fn seen(&self, row: &str) -> Seen {
        let started = Instant::now();
        loop {
            let seen = self.seen.lock().unwrap().get(row).cloned().unwrap_or_default();
            if seen.ended >= seen.requests || started.elapsed() > 2 * PATIENCE {
                return seen;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn serve(
    mut stream: TcpStream,
    script: &dyn Fn(&str) -> Answer,
    seen: &Mutex<HashMap<String, Seen>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // Whoever has stopped reading and does not hang up either is as good as waiting.
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = [0; 1024];
    let length = stream.peek(&mut head)?;
    let row = row(&String::from_utf8_lossy(&head[..length]));
    let said = say(&mut stream, &script(&row), |change| {
        change(seen.lock().unwrap().entry(row.clone()).or_default());
    });
    drop(stream);
    seen.lock().unwrap().entry(row).or_default().ended += 1;
    said
}

fn say(
    stream: &mut TcpStream,
    answer: &Answer,
    see: impl Fn(&dyn Fn(&mut Seen)),
) -> io::Result<()> {
    let request = match answer.end {
        // Closed with a request in it that nobody has read, a connection is reset.
        End::Reset => String::new(),
        End::Close | End::Hold => read_request(stream)?,
    };
    see(&|seen| {
        seen.requests += 1;
        seen.request.clone_from(&request);
    });
    if answer.end == End::Reset {
        return Ok(());
    }
    let mut written = Written { stream, sent: 0, past: None };
    let result = answer.parts.iter().try_for_each(|part| written.part(part));
    let Written { stream, sent, past } = written;
    if result.is_ok() && answer.end == End::Hold {
        io::copy(stream, &mut io::sink())?;
    }
    let late = past.map(|past| past.elapsed());
    see(&|seen| {
        seen.sent = seen.sent.max(sent);
        seen.late = seen.late.into_iter().chain(late).min();
    });
    result
}

const PATIENCE: Duration = Duration::from_secs(5);

fn row(request: &str) -> String {
    request.split('/').nth(1).unwrap_or_default().to_owned()
}

pub(crate) fn read_request(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            return Ok(text);
        }
    }
}

/// What has been written of an answer.
struct Written<'a> {
    stream: &'a mut TcpStream,
    sent: u64,
    /// When it became larger than anything that is read to its end.
    past: Option<Instant>,
}

impl Written<'_> {
    fn part(&mut self, part: &Part) -> io::Result<()> {
        match part {
            Part::Bytes(bytes) => self.write(bytes),
            Part::Drip(bytes, every) => bytes.chunks(1).try_for_each(|byte| {
                thread::sleep(*every);
                self.write(byte)
            }),
            Part::Flood(piece, bytes) => {
                let mut left = *bytes;
                while left > 0 {
                    let next = left.min(piece.len() as u64);
                    self.write(&piece[..next as usize])?;
                    left -= next;
                }
                Ok(())
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.sent += bytes.len() as u64;
        if self.sent > (limits::BODY + limits::HEADERS) as u64 {
            self.past.get_or_insert_with(Instant::now);
        }
        Ok(())
    }
}
