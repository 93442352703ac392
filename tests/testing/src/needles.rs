//! The search for secrets in many spellings, in texts and in hex dumps.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD as BASE64};

/// The secrets to search for.
pub struct Needles {
    automaton: AhoCorasick,
    /// The spelling of each pattern.
    spellings: Vec<Found>,
    longest: usize,
}

/// A found secret, without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "not published")]
pub struct Found {
    /// How it was spelled.
    pub spelling: &'static str,
    /// Bytes of the secret, not of its spelling.
    pub bytes: u64,
}

impl Needles {
    /// A search for all of these at once.
    pub fn new(canaries: &[&str]) -> Self {
        let (mut patterns, mut spellings) = (Vec::new(), Vec::new());
        let mut known = HashSet::new();
        for canary in canaries {
            for (spelling, pattern) in spelled(canary) {
                if known.insert(pattern.clone()) {
                    patterns.push(pattern);
                    spellings.push(Found { spelling, bytes: canary.len() as u64 });
                }
            }
        }
        // Hexadecimal digits come in both cases, and header names change theirs on the way.
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&patterns);
        let automaton = automaton.expect("a few short patterns fit");
        let longest = patterns.iter().map(String::len).max().unwrap_or_default();
        Self { automaton, spellings, longest }
    }

    /// All secrets in a text, in any spelling.
    pub fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Found> + 'a {
        self.automaton.find_iter(text).map(|hit| self.spellings[hit.pattern()])
    }
}

/// The bytes of a hex dump whose rows are separate messages.
#[derive(Default)]
pub struct Dump(Vec<u8>);

impl Dump {
    /// Adds the next message, and returns the secret that it completes.
    pub fn add(&mut self, message: &str, needles: &Needles) -> Option<Found> {
        let Some(row) = row(message) else {
            self.0.clear();
            return None;
        };
        self.0.extend(row);
        let found = needles.find(&self.0).next();
        if found.is_some() {
            self.0.clear();
        }
        // The rest may be the beginning of a secret.
        let done = self.0.len().saturating_sub(needles.longest);
        self.0.drain(..done);
        found.map(|found| Found { spelling: "hex dump", ..found })
    }
}

/// The bytes of a dump's row: an optional offset, groups of one or two bytes, the same as text.
fn row(message: &str) -> Option<Vec<u8>> {
    const WIDEST: usize = 32;
    let mut bytes = Vec::new();
    let mut groups = message.split_ascii_whitespace().peekable();
    groups.next_if(|group| group.ends_with(':') || group.len() == 8);
    for group in groups {
        let hex = matches!(group.len(), 2 | 4) && group.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex || bytes.len() >= WIDEST {
            // Some dumps end the last row with half a group.
            if group.len() == 4 && group.ends_with("--") {
                bytes.extend(group.get(..2).and_then(|byte| u8::from_str_radix(byte, 16).ok()));
            }
            break;
        }
        for at in (0..group.len()).step_by(2) {
            bytes.push(u8::from_str_radix(&group[at..at + 2], 16).ok()?);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn spelled(canary: &str) -> Vec<(&'static str, String)> {
    let each = |form: fn(u8) -> String, between: &str| {
        canary.bytes().map(form).collect::<Vec<_>>().join(between)
    };
    let mut all = vec![
        ("plain", canary.to_owned()),
        ("percent", each(|byte| format!("%{byte:02x}"), "")),
        ("percent", each(form_encoded, "")),
        ("hex", each(|byte| format!("{byte:02x}"), "")),
        ("hex", each(|byte| format!("{byte:02x}"), " ")),
        ("hex", each(|byte| format!("\\x{byte:02x}"), "")),
        ("hex", each(|byte| format!("0x{byte:02x}"), ", ")),
        // As `Debug` prints bytes.
        ("decimal", each(|byte| byte.to_string(), ", ")),
        ("json", each(|byte| format!("\\u{byte:04x}"), "")),
        ("json", canary.escape_default().to_string()),
        ("html", canary.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
        ("html", canary.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect()),
        ("html", canary.chars().map(by_number).collect()),
    ];
    all.extend(in_base64(canary).map(|text| ("base64", text)));
    all
}

/// As in a form or a query.
fn form_encoded(byte: u8) -> String {
    match byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        true => char::from(byte).into(),
        false => format!("%{byte:02x}"),
    }
}

/// As in HTML, where it may matter.
fn by_number(c: char) -> String {
    match c.is_ascii_alphanumeric() {
        true => c.into(),
        false => format!("&#{};", u32::from(c)),
    }
}

/// The part that does not depend on the text around, for all three alignments and both alphabets.
fn in_base64(canary: &str) -> impl Iterator<Item = String> {
    (0..3).flat_map(move |before| {
        let padded = [&b"xx"[..before], canary.as_bytes()].concat();
        let text = BASE64.encode(&padded);
        // A character has six bits. Characters with a bit of the text around are left out.
        let own = &text[(before * 8).div_ceil(6)..padded.len() * 8 / 6];
        [own.to_owned(), own.replace('+', "-").replace('/', "_")]
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    const CANARY: &str = "s3cr+t/ \"pass\"";

    fn found(text: &str) -> Vec<&'static str> {
        Needles::new(&[CANARY]).find(text.as_bytes()).map(|found| found.spelling).collect()
    }

    /// As `ureq_proto` dumps what is on the wire.
    fn dumped(wire: &[u8]) -> Vec<String> {
        let rows = wire.chunks(16).map(|row| {
            let mut text = String::new();
            for at in 0..16 {
                match row.get(at) {
                    Some(byte) => write!(text, "{byte:02x}").unwrap(),
                    None => text.push_str("--"),
                }
                text.push_str(if at % 2 == 1 { " " } else { "" });
            }
            let shown = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
            format!("{text} {}", row.iter().map(shown).collect::<String>())
        });
        rows.collect()
    }

    #[test]
    fn every_spelling_is_found() {
        let bytes = CANARY.as_bytes();
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        for (text, spelling) in [
            (CANARY.to_owned(), "plain"),
            (CANARY.to_uppercase(), "plain"),
            (serde_json::to_string(CANARY).unwrap(), "json"),
            (bytes.iter().map(|byte| format!("\\u{byte:04x}")).collect(), "json"),
            ("s3cr%2Bt%2F%20%22pass%22".to_owned(), "percent"),
            (hex.iter().map(|byte| format!("%{byte}")).collect(), "percent"),
            (hex.concat(), "hex"),
            (hex.join(" "), "hex"),
            ("s3cr&#43;t&#47;&#32;&#34;pass&#34;".to_owned(), "html"),
            (bytes.iter().map(|byte| format!("&#X{byte:X};")).collect(), "html"),
            (format!("{bytes:?}"), "decimal"),
            (format!("{bytes:#04x?}").replace("\n   ", "").replace(['\n'], ""), "hex"),
        ] {
            assert_eq!(found(&format!("before {text} behind")), [spelling], "{text}");
        }
        for before in ["", "a", "ab", "abc"] {
            for behind in ["", "z", "yz"] {
                let text = BASE64.encode(format!("{before}{CANARY}{behind}"));
                assert_eq!(found(&text), ["base64"], "{before}…{behind}");
                let url = text.replace('+', "-").replace('/', "_");
                assert_eq!(found(&url), ["base64"], "{before}…{behind}");
            }
        }
        assert!(found("s3cr+t/ \"pas").is_empty());
    }

    #[test]
    fn a_canary_is_found_across_the_rows_of_a_dump() {
        let needles = Needles::new(&[CANARY]);
        for before in 0..40 {
            for behind in [0, 1, 2, 15, 40] {
                let wire = [&vec![b'x'; before], CANARY.as_bytes(), &vec![b'y'; behind]].concat();
                let mut dump = Dump::default();
                let rows = dumped(&wire);
                let hits: Vec<_> = rows.iter().filter_map(|row| dump.add(row, &needles)).collect();
                assert_eq!(hits, [Found { spelling: "hex dump", bytes: 14 }], "{before} {behind}");
            }
        }
    }

    #[test]
    fn only_dumps_are_read_as_dumps() {
        let needles = Needles::new(&["password"]);
        let mut dump = Dump::default();
        assert_eq!(dump.add("00000000: 7061 7373  pass", &needles), None);
        assert!(dump.add("00000010: 776f 7264  word", &needles).is_some());
        assert_eq!(dump.add("7061 7373", &needles), None);
        assert_eq!(dump.add("another message", &needles), None);
        assert_eq!(dump.add("776f 7264", &needles), None);
    }

    #[test]
    fn a_long_dump_is_not_kept() {
        let needles = Needles::new(&[CANARY]);
        let mut dump = Dump::default();
        for row in dumped(&vec![b'x'; 1 << 16]) {
            assert_eq!(dump.add(&row, &needles), None);
        }
        assert!(dump.0.len() <= needles.longest);
    }
}
