//! HTTP/2, which reqwest speaks to whoever offers it by ALPN and ureq never does: what a server can
//! do with frames. A request that it says it has not looked at is the account's to send again, by the
//! account's own count, and nobody's below.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use auth_proto::{Cloud, limits};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{
    ADAPTERS, LONG, SHORT,
    clients::{Adapter, Async, Way},
    in_parallel,
    rows::{GOOD, good},
    server::read_request,
    tls::{Authority, finish},
};

/// What is sent for a request of this number, from 1 on, which has this stream: once, and then again
/// and again for as long as somebody takes it.
type Says = fn(usize, u32) -> (Vec<u8>, Vec<u8>);

#[rustfmt::skip]
const ROWS: &[(&str, Says, &str)] = &[
    ("a good one", |_, stream| once(&[answer(stream, &[]), body(stream)]), "1 token t1."),
    // What was not looked at, the server says.
    ("refused before it was looked at", |_, stream| once(&[reset(stream, REFUSED_STREAM)]), "3 Io"),
    ("refused, and then taken", |number, stream| match number {
        1 => once(&[reset(stream, REFUSED_STREAM)]),
        _ => once(&[answer(stream, &[]), body(stream)]),
    }, "2 token t1."),
    ("gone away before it was looked at", |_, _| once(&[go_away(0, NO_ERROR)]), "3 Io"),
    ("gone away with it", |_, stream| once(&[go_away(stream, NO_ERROR), reset(stream, CANCEL)]), "3 Io"),
    ("gone away after the answer", |_, stream| once(&[answer(stream, &[]), body(stream), go_away(stream, NO_ERROR)]), "1 token t1."),
    ("calm is wanted", |_, _| once(&[go_away(0, ENHANCE_YOUR_CALM)]), "3 Io"),
    ("HTTP/1.1 is wanted", |_, stream| once(&[reset(stream, HTTP_1_1_REQUIRED)]), "3 Io"),
    ("broken off after the headers", |_, stream| once(&[answer(stream, &[]), reset(stream, CANCEL)]), "3 Io"),
    // Fields.
    ("two tokens", |_, stream| once(&[answer(stream, &[("x-subject-token", "t2")]), body(stream)]), "2 AmbiguousToken"),
    ("a token that goes on in the next line", |_, stream| once(&[answer(stream, &[("x-subject-token", "t1\r\nx-evil: 1")]), body(stream)]), "3 Io"),
    ("a NUL in a value", |_, stream| once(&[answer(stream, &[("x-said", "a\0b")]), body(stream)]), "3 Io"),
    ("a name in capitals", |_, stream| once(&[answer(stream, &[("X-Said", "a")]), body(stream)]), "3 Io"),
    ("a header of HTTP/1.1", |_, stream| once(&[answer(stream, &[("transfer-encoding", "chunked")]), body(stream)]), "3 Io"),
    ("a second status", |_, stream| once(&[answer(stream, &[(":status", "401")]), body(stream)]), "3 Io"),
    ("no status", |_, stream| once(&[headers(stream, END_HEADERS, &field("x-subject-token", "t1")), body(stream)]), "3 Io"),
    ("a length that is too short", |_, stream| once(&[answer(stream, &[("content-length", "3")]), body(stream)]), "3 Io"),
    ("a field that is in no table", |_, stream| once(&[headers(stream, END_HEADERS, &[0xff, 0xff, 0x7f]), body(stream)]), "3 Io"),
    ("fields as large as they may be", |_, stream| once(&[full(stream, 0), body(stream)]), "1 token t1."),
    ("a byte larger", |_, stream| once(&[full(stream, 1), body(stream)]), "3 Io"),
    ("a field larger than all of them may be", |_, stream| once(&[answer(stream, &[]), long(stream)]), "3 Io"),
    ("64 MiB of fields by reference", |_, stream| once(&[bomb(stream), body(stream)]), "3 Io"),
    ("fields without end", |_, stream| (headers(stream, 0, &field(":status", "201")), frame(CONTINUATION, 0, stream, &field("x-more", "x"))), "3 Io"),
    ("empty fields without end", |_, stream| (headers(stream, 0, &field(":status", "201")), frame(CONTINUATION, 0, stream, b"")), "3 Io"),
    // Frames.
    ("bodies of nothing without end", |_, stream| (answer(stream, &[]), frame(DATA, 0, stream, b"")), "3 Io"),
    // What keeps a connection busy keeps it open: the account's next tries are streams of the same one,
    // which this server never comes to.
    ("a body without end", |_, stream| (answer(stream, &[]), frame(DATA, 0, stream, &[b' '; 16_384])), "1 Timeout"),
    ("pings without end", |_, _| (Vec::new(), frame(PING, 0, 0, b"12345678")), "1 Timeout"),
    ("settings without end", |_, _| (Vec::new(), frame(SETTINGS, 0, 0, b"")), "1 Timeout"),
    ("answers before the answer without end", |_, stream| (Vec::new(), headers(stream, END_HEADERS, &field(":status", "103"))), "1 Timeout"),
    ("a promise of another answer", |_, stream| once(&[frame(PUSH_PROMISE, END_HEADERS, stream, &[b"\0\0\0\x02".as_slice(), &field(":status", "201")].concat())]), "3 Io"),
    ("an answer to nobody", |_, stream| once(&[answer(stream + 2, &[]), body(stream + 2)]), "3 Io"),
    ("an answer to the connection", |_, _| once(&[body(0)]), "3 Io"),
    ("a frame past all others", |_, _| once(&[b"\xff\xff\xff\0\0\0\0\0\x01".to_vec()]), "3 Io"),
    ("a frame that is cut", |_, stream| once(&[frame(DATA, 0, stream, b"abc")[..10].to_vec()]), "3 "),
    ("frames that nobody knows", |_, stream| once(&[frame(0xee, 0xff, stream, b"s3cret"), answer(stream, &[]), body(stream)]), "1 token t1."),
    ("HTTP/1.1 all the same", |_, _| once(&[good()]), "3 Io"),
];

#[test]
fn every_row_of_frames_comes_to_what_it_says() {
    let ca = Authority::new();
    let said = in_parallel(ROWS, |(name, says, want)| {
        let server = Server::start(&ca, &[b"h2"], *says);
        let timeout = if want.contains("Timeout") { 5 * SHORT } else { LONG };
        let came = server.ask(&Async, &ca, timeout);
        crate::judged(name, &Async, &came, want, server.wrong())
    });
    finish(&said, said.len());
}

/// A server that speaks both is spoken to in what each client knows.
#[test]
fn each_client_takes_what_it_speaks() {
    let ca = Authority::new();
    for (client, speaks) in ADAPTERS.into_iter().zip([None, Some("h2")]) {
        let server = Server::start(&ca, &[b"h2", b"http/1.1"], ROWS[0].1);
        assert_eq!(server.ask(client, &ca, LONG), "1 token t1", "{}", client.name());
        let spoken = server.seen.lock().unwrap().spoken.clone();
        assert_eq!(spoken, [speaks.map(str::to_owned)], "{}", client.name());
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;
const HTTP_1_1_REQUIRED: u32 = 13;

fn once(frames: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    (frames.concat(), Vec::new())
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn headers(stream: u32, flags: u8, fields: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, fields)
}

/// 201 with a token, and these after it.
fn answer(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let fields = [(":status", "201"), ("x-subject-token", "t1")];
    let fields = fields.iter().chain(more).flat_map(|(name, value)| field(name, value));
    headers(stream, END_HEADERS, &fields.collect::<Vec<_>>())
}

fn body(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, GOOD.as_bytes())
}

fn reset(stream: u32, why: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &why.to_be_bytes())
}

fn go_away(last: u32, why: u32) -> Vec<u8> {
    frame(GO_AWAY, 0, 0, &[last.to_be_bytes(), why.to_be_bytes()].concat())
}

/// Trailers with a field of twice what is taken.
fn long(stream: u32) -> Vec<u8> {
    in_frames(stream, END_STREAM, &field("x-long", &"x".repeat(2 * limits::HEADERS)))
}

/// A good answer whose fields are so much larger than the largest that are taken, which is a byte less
/// than the limit. Each counts for 32 bytes more than it has.
fn full(stream: u32, past: usize) -> Vec<u8> {
    let good = [field(":status", "201"), field("x-subject-token", "t1")].concat();
    let counted = ":status201x-subject-tokent1x-more".len() + 3 * 32;
    let more = field("x-more", &"x".repeat(limits::HEADERS - 1 - counted + past));
    in_frames(stream, 0, &[good, more].concat())
}

/// Fields in frames of a size that is taken.
fn in_frames(stream: u32, flags: u8, fields: &[u8]) -> Vec<u8> {
    let mut parts: Vec<_> = fields.chunks(16_000).collect();
    let (first, last) = (parts.remove(0), parts.pop().unwrap());
    let mut frames = headers(stream, flags, first);
    frames.extend(parts.into_iter().flat_map(|part| frame(CONTINUATION, 0, stream, part)));
    frames.extend(frame(CONTINUATION, END_HEADERS, stream, last));
    frames
}

/// One field of 4,000 bytes that is kept, and 16,000 times the same by its place in the table.
fn bomb(stream: u32) -> Vec<u8> {
    const KEPT: u8 = 0x40;
    const PLACE: u8 = 0x80 | 62;
    let mut kept = field("x-long", &"x".repeat(3_900));
    kept[0] = KEPT;
    let first = [field(":status", "201"), kept].concat();
    let more = frame(CONTINUATION, END_HEADERS, stream, &[PLACE; 16_000]);
    [headers(stream, 0, &first), more].concat()
}

/// A field as it stands in a section, spelled out and kept in no table.
fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0], &*text(name), &*text(value)].concat()
}

fn text(text: &str) -> Vec<u8> {
    const PREFIX: usize = 127;
    let mut out = Vec::new();
    match text.len().checked_sub(PREFIX) {
        None => out.push(text.len() as u8),
        Some(mut rest) => {
            out.push(PREFIX as u8);
            while rest >= 128 {
                out.push((rest % 128 + 128) as u8);
                rest /= 128;
            }
            out.push(rest as u8);
        }
    }
    out.extend(text.bytes());
    out
}

/// What has come of a row.
#[derive(Default)]
struct Seen {
    requests: usize,
    /// What each connection agreed on.
    spoken: Vec<Option<String>>,
    /// The last request's body.
    body: Vec<u8>,
}

struct Server {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// It ends with the process.
    fn start(ca: &Authority, protocols: &[&[u8]], says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut config = ca.config("127.0.0.1", |_| {});
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let (config, seen) = (Arc::new(config), Arc::new(Mutex::default()));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, seen) = (Arc::clone(&config), Arc::clone(&shared));
                // A client that hangs up has had enough.
                thread::spawn(move || drop(serve(stream, config, says, &seen)));
            }
        });
        Self { port, seen }
    }

    /// What a client gets here, after the requests that it took.
    fn ask(&self, client: &dyn Adapter, ca: &Authority, timeout: Duration) -> String {
        let cloud = Cloud::keystone(&format!("https://127.0.0.1:{}/v3", self.port)).unwrap();
        let came = client.token(cloud, timeout, &Way::Trusting(ca.pem()));
        format!("{} {came}", self.seen.lock().unwrap().requests)
    }

    fn wrong(&self) -> &'static str {
        match self.seen.lock().unwrap().body.starts_with(b"{\"auth\"") {
            true => "",
            false => ", and another request was sent",
        }
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    says: Says,
    seen: &Mutex<Seen>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    let spoken = stream.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    let see = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    see().spoken.push(spoken.clone());
    if spoken.is_none_or(|name| name != "h2") {
        read_request(&mut stream)?;
        see().requests += 1;
        stream.write_all(&good())?;
        stream.conn.send_close_notify();
        return stream.flush();
    }
    stream.read_exact(&mut [0; PREFACE.len()])?;
    stream.write_all(&frame(SETTINGS, 0, 0, b""))?;
    let mut heard = Vec::new();
    loop {
        let (kind, flags, of, payload) = read_frame(&mut stream)?;
        match kind {
            SETTINGS if flags & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, b""))?,
            DATA => heard.extend(payload),
            _ => {}
        }
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            let number = {
                let mut seen = see();
                seen.requests += 1;
                seen.body = std::mem::take(&mut heard);
                seen.requests
            };
            let (first, flood) = says(number, of);
            stream.write_all(&first)?;
            while !flood.is_empty() {
                stream.write_all(&flood)?;
            }
            stream.flush()?;
        }
    }
}

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Its kind, its flags, its stream, and what is in it.
fn read_frame(stream: &mut impl Read) -> io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let [a, b, c, kind, flags, of @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(of), payload))
}
