//! HTTP/2, which reqwest speaks if ALPN offers it and ureq never speaks: the frames of a hostile
//! server. Only the session retries a request that the server says it did not process; the HTTP
//! client must not retry it by itself.

use std::{
    io::{self, Write},
    time::Duration,
};

use auth_proto::limits;
use testing::{
    Adapter, Authority, Connection, Loopback, Reply,
    http2::{
        self, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, field, fields, frame,
    },
};

use crate::{
    LONG, SHORT,
    clients::{Route, token},
    in_parallel,
    rows::{GOOD, good},
    tls::finish,
};

/// The frames for a request, by its number from 1 on and its stream: first those to send once, then
/// those to repeat until the client closes the connection.
type Frames = fn(usize, u32) -> (Vec<u8>, Vec<u8>);

#[rustfmt::skip]
const ROWS: &[(&str, Frames, &str)] = &[
    ("a good one", |_, stream| once(&[answer(stream, &[]), body(stream)]), "1 token t1."),
    // Requests that the server says it did not process.
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
    // A busy connection stays open: the session's next tries are streams of the same connection,
    // which this server never reads.
    ("a body without end", |_, stream| (answer(stream, &[]), frame(DATA, 0, stream, &[b' '; 16_384])), "1 Timeout"),
    ("pings without end", |_, _| (Vec::new(), frame(PING, 0, 0, b"12345678")), "1 Timeout"),
    ("settings without end", |_, _| (Vec::new(), frame(SETTINGS, 0, 0, b"")), "1 Timeout"),
    ("answers before the answer without end", |_, stream| (Vec::new(), headers(stream, END_HEADERS, &field(":status", "103"))), "1 Timeout"),
    ("a promise of another answer", |_, stream| once(&[frame(PUSH_PROMISE, END_HEADERS, stream, &[b"\0\0\0\x02".as_slice(), &field(":status", "201")].concat())]), "3 Io"),
    ("an answer to no request", |_, stream| once(&[answer(stream + 2, &[]), body(stream + 2)]), "3 Io"),
    ("an answer to the connection", |_, _| once(&[body(0)]), "3 Io"),
    ("a frame past all others", |_, _| once(&[b"\xff\xff\xff\0\0\0\0\0\x01".to_vec()]), "3 Io"),
    ("a frame that is cut", |_, stream| once(&[frame(DATA, 0, stream, b"abc")[..10].to_vec()]), "3 "),
    ("frames of an unknown kind", |_, stream| once(&[frame(0xee, 0xff, stream, b"s3cret"), answer(stream, &[]), body(stream)]), "1 token t1."),
    ("HTTP/1.1 all the same", |_, _| once(&[good()]), "3 Io"),
];

#[test]
fn every_row_of_frames_has_its_outcome() {
    let ca = Authority::new();
    let lines = in_parallel(ROWS, |(name, frames, want)| {
        let server = start(&ca, &[b"h2"], *frames);
        let timeout = if want.contains("Timeout") { 5 * SHORT } else { LONG };
        let outcome = ask(&server, Adapter::Reqwest, &ca, timeout);
        let is_login = server.last().starts_with("{\"auth\"");
        let wrong = if is_login { "" } else { ", and another request was sent" };
        crate::judged(name, Adapter::Reqwest, &outcome, want, wrong)
    });
    finish(&lines, lines.len());
}

/// A server that offers both protocols gets the one that each client speaks.
#[test]
fn each_client_takes_what_it_speaks() {
    let ca = Authority::new();
    for (adapter, protocol) in [(Adapter::Ureq, None), (Adapter::Reqwest, Some("h2"))] {
        let server = start(&ca, &[b"h2", b"http/1.1"], ROWS[0].1);
        assert_eq!(ask(&server, adapter, &ca, LONG), "1 token t1", "{adapter}");
        assert_eq!(server.protocols(), [protocol.map(str::to_owned)], "{adapter}");
    }
}

fn start(ca: &Authority, protocols: &[&[u8]], frames: Frames) -> Loopback {
    let mut config = ca.server("127.0.0.1");
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Loopback::accept(Some(config), move |connection| serve(connection, frames))
}

/// The number of requests, and the outcome.
fn ask(server: &Loopback, adapter: Adapter, ca: &Authority, timeout: Duration) -> String {
    let outcome = token(adapter, server.cloud(), timeout, &Route::Trusting(ca.pem()));
    format!("{} {outcome}", server.requests().len())
}

const RST_STREAM: u8 = 3;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;

const NO_ERROR: u32 = 0;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;
const HTTP_1_1_REQUIRED: u32 = 13;

fn once(frames: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    (frames.concat(), Vec::new())
}

fn headers(stream: u32, flags: u8, fields: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, fields)
}

/// 201 with a token, and more fields after it.
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

/// Trailers with a field of twice the permitted size.
fn long(stream: u32) -> Vec<u8> {
    fields(stream, END_STREAM, &field("x-long", &"x".repeat(2 * limits::HEADERS)))
}

/// A good response whose fields exceed the largest permitted size by this many bytes. That size is a
/// byte below the limit, and each field counts 32 bytes more than its text.
fn full(stream: u32, past: usize) -> Vec<u8> {
    let good = [field(":status", "201"), field("x-subject-token", "t1")].concat();
    let counted = ":status201x-subject-tokent1x-more".len() + 3 * 32;
    let more = field("x-more", &"x".repeat(limits::HEADERS - 1 - counted + past));
    fields(stream, 0, &[good, more].concat())
}

/// A field of 4,000 bytes that goes into the table, and 16,000 references to it.
fn bomb(stream: u32) -> Vec<u8> {
    const KEPT: u8 = 0x40;
    const PLACE: u8 = 0x80 | 62;
    let mut kept = field("x-long", &"x".repeat(3_900));
    kept[0] = KEPT;
    let first = [field(":status", "201"), kept].concat();
    let more = frame(CONTINUATION, END_HEADERS, stream, &[PLACE; 16_000]);
    [headers(stream, 0, &first), more].concat()
}

fn serve(connection: &mut Connection, frames: Frames) -> io::Result<()> {
    if connection.protocol() != Some(b"h2") {
        return connection.serve(&|_| Reply::bytes(good()));
    }
    http2::serve(connection, |connection, stream, body| {
        let request = String::from_utf8_lossy(&body).into_owned();
        let number = connection.record(request).number + 1;
        let (first, flood) = frames(number, stream);
        connection.write_all(&first)?;
        while !flood.is_empty() {
            connection.write_all(&flood)?;
        }
        Ok(())
    })
}
