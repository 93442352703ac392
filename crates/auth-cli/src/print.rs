//! What goes to standard output, and how it is kept harmless.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Read, Write},
};

use auth_proto::text::is_unprintable;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::failure::Failure;

/// Writes this to standard output. Whoever reads it may stop early: that is no failure.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    bytes(text.as_bytes())
}

/// The same of what may be no text.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    done(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Writes what comes to standard output as it comes: as it is for other programs, and harmless to a
/// terminal.
pub(crate) fn stream(mut from: impl Read) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let is_terminal = out.is_terminal();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return done(out.flush()),
            Ok(read) => &buffer[..read],
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(Failure::unavailable(format!("the answer broke off: {why}"))),
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
            "cannot write to standard output: {why}; is there room for it?"
        ))),
        _ => Ok(()),
    }
}

/// Bytes as text for a terminal. A character that is cut in two between reads is shown as two that
/// are not there.
fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let clean =
        |c: char| if is_unprintable(c) && !matches!(c, '\n' | '\t') { '\u{FFFD}' } else { c };
    text.replace("\r\n", "\n").chars().map(clean).collect()
}

/// Writes this as JSON for people and programs.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|why| Failure::failed(format!("cannot write JSON: {why}")))?;
    text(&format!("{}\n", escaped(&json)))
}

/// Writes a table: with lines on a terminal, plain for other programs.
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

/// Tells of what is odd, but no reason to stop.
pub(crate) fn warning(what: &impl Display) {
    // If nobody listens, nobody is warned.
    let _ = writeln!(io::stderr().lock(), "warning: {}", clean(&what.to_string()));
}

/// A server's text made fit for a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { '\u{FFFD}' } else { c }).collect()
}

/// JSON with every harmful character escaped. Outside of its strings JSON has none but line ends, so
/// that the value stays the same.
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
    fn terminals_are_not_steered() {
        assert_eq!(
            clean("a\u{1b}[31mb\r\n\u{9b}c\u{202e}d"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}\u{fffd}c\u{fffd}d"
        );
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
