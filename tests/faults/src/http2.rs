//! A server that speaks HTTP/2 without TLS and refuses every request.

use std::io::{self, Read, Write};

use testing::Connection;

/// Answers every request with 401 and a header of this many bytes.
pub(crate) fn refuse(
    connection: &mut Connection,
    header: usize,
    arrived: &dyn Fn(),
) -> io::Result<()> {
    connection.read_exact(&mut [0; PREFACE.len()])?;
    connection.write_all(&frame(SETTINGS, 0, 0, b""))?;
    loop {
        let (kind, flags, stream) = read_frame(connection)?;
        if kind == SETTINGS && flags & ACK == 0 {
            connection.write_all(&frame(SETTINGS, ACK, 0, b""))?;
        }
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            arrived();
            let fields = [field(":status", "401"), field("x-large", &"x".repeat(header))].concat();
            connection.write_all(&response(stream, &fields))?;
            connection.flush()?;
        }
    }
}

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// Headers in frames of a permitted size, and no body.
fn response(stream: u32, fields: &[u8]) -> Vec<u8> {
    let count = fields.len().div_ceil(FRAME);
    let part = |(number, part)| {
        let (kind, begin) = if number == 0 { (HEADERS, END_STREAM) } else { (CONTINUATION, 0) };
        let end = if number + 1 == count { END_HEADERS } else { 0 };
        frame(kind, begin | end, stream, part)
    };
    fields.chunks(FRAME).enumerate().flat_map(part).collect()
}

/// Less than every client accepts.
const FRAME: usize = 16_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A literal field that goes into no table.
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

/// A frame's kind, flags and stream.
fn read_frame(stream: &mut impl Read) -> io::Result<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let [a, b, c, kind, flags, of @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(of)))
}
