//! Standard output. A server's text is made harmless to terminals.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Read, Write},
};

use auth_proto::text::is_unprintable;
use comfy_table::{Table, presets};
use http::Uri;
use serde::Serialize;

use super::Failure;

/// Writes text to standard output. A reader that stops early is not an error.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    bytes(text.as_bytes())
}

/// Writes bytes to standard output. A reader that stops early is not an error.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    done(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Copies a reader to standard output as the bytes arrive: unchanged for other programs, as
/// harmless text for a terminal.
pub(crate) fn stream(mut from: impl Read) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let is_terminal = out.is_terminal();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return done(out.flush()),
            Ok(read) => &buffer[..read],
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(Failure::unavailable(format!("the answer ended early: {why}"))),
        };
        let written = match is_terminal {
            true => out.write_all(harmless(read).as_bytes()),
            false => out.write_all(read),
        };
        if written.is_err() {
            return done(written);
        }
    }
}

fn done(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "cannot write to standard output: {why}; check the disk space"
        ))),
        _ => Ok(()),
    }
}

/// Bytes as text for a terminal. A character that is split between two reads is shown as two
/// replacement characters.
fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let clean =
        |c: char| if is_unprintable(c) && !matches!(c, '\n' | '\t') { '\u{FFFD}' } else { c };
    text.replace("\r\n", "\n").chars().map(clean).collect()
}

/// Writes a value as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|why| Failure::failed(format!("cannot write JSON: {why}")))?;
    text(&format!("{}\n", escaped(&json)))
}

/// Writes a table: with borders on a terminal, plain for other programs.
pub(crate) fn table(
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<(), Failure> {
    let mut table = Table::new();
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)).collect::<Vec<_>>());
    }
    if io::stdout().is_terminal() {
        table.load_style(presets::UTF8_FULL_CONDENSED);
    } else {
        table.load_style(presets::NOTHING);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }
    text(&format!("{}\n", table.trim_fmt()))
}

/// Writes a warning to standard error.
pub(crate) fn warning(what: &impl Display) {
    // A closed standard error is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "warning: {}", clean(&what.to_string()));
}

/// Scheme, host and port of a URL, without user info.
pub(crate) fn origin(url: &str) -> String {
    let url = Uri::try_from(url).unwrap_or_default();
    let (scheme, host) = (url.scheme_str().unwrap_or("https"), url.host().unwrap_or_default());
    let port = url.port_u16().unwrap_or(if scheme == "http" { 80 } else { 443 });
    clean(&format!("{scheme}://{host}:{port}"))
}

/// A server's text on one line, harmless to a terminal: a run of line breaks and tabs becomes one
/// blank, any other unprintable character the replacement character.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_break = false;
    for c in text.chars() {
        let is_break = matches!(c, '\n' | '\r' | '\t');
        match c {
            _ if is_break && in_break => {}
            _ if is_break => out.push(' '),
            c if is_unprintable(c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
        in_break = is_break;
    }
    out
}

/// JSON with every unprintable character escaped. Outside of strings JSON has no such character but
/// line ends, so the value stays the same.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' => out.push(c),
            c if is_unprintable(c) => {
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|u| out.push_str(&format!("\\u{u:04x}")));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_is_one_printable_line() {
        assert_eq!(clean("a\u{1b}[31mb\r\n\u{9b}c\u{202e}d"), "a\u{fffd}[31mb \u{fffd}c\u{fffd}d");
        assert_eq!(clean("a\tb\r\n\t\n c\rd"), "a b  c d");
        assert_eq!(clean("a\u{61c}b\u{200b}c\u{e0041}é😀"), "a\u{fffd}b\u{fffd}c\u{fffd}é😀");
    }

    #[test]
    fn a_body_stays_readable_on_a_terminal() {
        let body = "é\tb\r\nc\u{1b}[2J\rd\u{9b}".as_bytes();
        assert_eq!(harmless(body), "é\tb\nc\u{fffd}[2J\u{fffd}d\u{fffd}");
        assert_eq!(harmless(b"a\xff\0"), "a\u{fffd}\u{fffd}");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({
            "a\u{7f}": ["\u{1b}[2J\u{9b}", "é\u{202e}\n"],
            "b": "\u{61c}\u{e0041}😀",
        });
        let json = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!json.chars().any(|c| c != '\n' && is_unprintable(c)), "{json}");
        assert!(json.contains(r#""\u061c\udb40\udc41😀""#), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
    }
}
