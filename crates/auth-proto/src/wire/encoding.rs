//! Compressed bodies. No request of this crate accepts one, and the crate decodes none.

use http::{HeaderMap, header};

use crate::limits;

/// The encoding of a body that is compressed, by its header or its first bytes. A body that is JSON
/// or HTML is not, whatever its header says: HTTP clients that decode a body may keep the header.
pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Option<&'static str> {
    let start = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body).trim_ascii_start();
    let is_text = matches!(start, [] | [b'{' | b'[' | b'<', ..]) && body.len() <= limits::BODY;
    match is_text && std::str::from_utf8(body).is_ok() {
        true => None,
        false => named(headers).or_else(|| recognised(body)),
    }
}

fn named(headers: &HeaderMap) -> Option<&'static str> {
    let values = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut names = names
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"));
    let name = names.next()?;
    let known = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    Some(known.map_or("an unknown encoding", |(_, encoding)| encoding))
}

const NAMES: [(&str, &str); 7] = [
    ("br", "br"),
    ("compress", "compress"),
    ("deflate", "deflate"),
    ("gzip", "gzip"),
    ("x-compress", "compress"),
    ("x-gzip", "gzip"),
    ("zstd", "zstd"),
];

/// By the first bytes of the format. `br` has none of its own.
fn recognised(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x1f, 0x9d, ..] => Some("compress"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some("deflate"),
        _ => None,
    }
}
