//! Frames of HTTP/2, for servers whose answers no library writes.

use std::io::{self, Read, Write};

use crate::Connection;

/// The kind of a frame with a part of a body.
pub const DATA: u8 = 0;
/// The kind of a frame with fields.
pub const HEADERS: u8 = 1;
/// The kind of a frame with settings.
pub const SETTINGS: u8 = 4;
/// The kind of a frame with more fields.
pub const CONTINUATION: u8 = 9;

/// The flag of the last frame of a request or a response.
pub const END_STREAM: u8 = 1;
/// The flag of the last frame with fields.
pub const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Less than every client accepts.
const FRAME: usize = 16_000;

/// Serves a connection until the client closes it: `answer` gets the stream and the body of each
/// request.
pub fn serve(
    connection: &mut Connection,
    mut answer: impl FnMut(&mut Connection, u32, Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    connection.read_exact(&mut [0; PREFACE.len()])?;
    connection.write_all(&frame(SETTINGS, 0, 0, b""))?;
    let mut body = Vec::new();
    loop {
        let (kind, flags, stream, payload) = read_frame(connection)?;
        match kind {
            SETTINGS if flags & ACK == 0 => connection.write_all(&frame(SETTINGS, ACK, 0, b""))?,
            DATA => body.extend(payload),
            _ => {}
        }
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            answer(connection, stream, std::mem::take(&mut body))?;
            connection.flush()?;
        }
    }
}

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields in frames of a permitted size. The flags are those of the first frame.
pub fn fields(stream: u32, flags: u8, fields: &[u8]) -> Vec<u8> {
    let count = fields.len().div_ceil(FRAME);
    let part = |(number, part)| {
        let (kind, flags) = if number == 0 { (HEADERS, flags) } else { (CONTINUATION, 0) };
        let end = if number + 1 == count { END_HEADERS } else { 0 };
        frame(kind, flags | end, stream, part)
    };
    fields.chunks(FRAME).enumerate().flat_map(part).collect()
}

/// A literal field that goes into no table.
pub fn field(name: &str, value: &str) -> Vec<u8> {
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

/// A frame's kind, flags, stream and payload.
fn read_frame(stream: &mut impl Read) -> io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let [a, b, c, kind, flags, of @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(of), payload))
}
