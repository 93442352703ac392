//! A server's text, without what it repeats of our secrets.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// Replaces every secret in a text, however a server has spelled it: in either case of its letters,
/// escaped for JSON, a URL or HTML, several times over, or in base64 or hexadecimal digits, be it
/// with what stood around it. So much as [`PART`] bytes in a row of a longer one are replaced too.
/// Whether there was any.
///
/// A secret of fewer than four characters takes the whole text with it: the places where it was cut
/// out would give it away.
pub(crate) fn redact(text: &mut String, secrets: &[&str]) -> bool {
    let (long, short): (Vec<&str>, Vec<&str>) =
        secrets.iter().partition(|secret| secret.len() >= SHORTEST);
    if short.iter().any(|secret| !secret.is_empty() && text.contains(secret)) {
        replace(text, REDACTED.to_owned());
        return true;
    }
    let mut hidden = vec![false; text.len()];
    // What is left of one where the text was cut before.
    if let Some(rest) = text.strip_suffix('…') {
        let is_left = |at: &usize| long.iter().any(|secret| secret.starts_with(&rest[*at..]));
        let start = rest.char_indices().map(|(at, _)| at).find(is_left);
        let start = start.filter(|start| rest.len() - start >= SHORTEST);
        hidden[start.unwrap_or(rest.len())..rest.len()].fill(true);
    }
    let spellings: Vec<_> = long.into_iter().flat_map(spellings).collect();
    let mut reading = Reading::of(text);
    for _ in 0..READINGS {
        reading.hide(&spellings, &mut hidden);
        reading = reading.unescaped();
    }
    let found = hidden.contains(&true);
    if found {
        let shown = without(text, &hidden);
        replace(text, shown);
    }
    found
}

/// Puts another text in the place of one that may hold a secret, which is wiped.
pub(crate) fn replace(text: &mut String, by: String) {
    drop(Zeroizing::new(std::mem::replace(text, by)));
}

const REDACTED: &str = "[redacted]";
/// What is shorter is found in the midst of words.
const SHORTEST: usize = 4;
/// No text has so many bytes in common with a secret by chance.
const PART: usize = 12;
/// A request within a message within a document is escaped twice.
const READINGS: usize = 4;

/// The text with one mark for each stretch that is hidden.
fn without(text: &str, hidden: &[bool]) -> String {
    let mut out = String::new();
    let mut was_hidden = false;
    for (at, c) in text.char_indices() {
        let is_hidden = hidden[at..at + c.len_utf8()].contains(&true);
        match (is_hidden, was_hidden) {
            (true, false) => out.push_str(REDACTED),
            (true, true) => {}
            (false, _) => out.push(c),
        }
        was_hidden = is_hidden;
    }
    out
}

/// A text with some of its escapes resolved, in lower case.
struct Reading {
    bytes: Zeroizing<Vec<u8>>,
    /// Where in the text each byte begins, and where the last one ends.
    from: Vec<usize>,
}

impl Reading {
    fn of(text: &str) -> Self {
        let mut bytes = Zeroizing::new(text.as_bytes().to_vec());
        bytes.make_ascii_lowercase();
        Self { bytes, from: (0..=text.len()).collect() }
    }

    /// One more level of escapes resolved.
    fn unescaped(&self) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.bytes.len()));
        let mut from = Vec::with_capacity(self.from.len());
        let mut at = 0;
        while at < self.bytes.len() {
            let (c, length) =
                escape(&self.bytes[at..]).unwrap_or((Escaped::Byte(self.bytes[at]), 1));
            let before = bytes.len();
            match c {
                Escaped::Byte(byte) => bytes.push(byte.to_ascii_lowercase()),
                // No escape is shorter than what it stands for, so that there is room.
                Escaped::Char(c) => {
                    bytes.extend(c.to_ascii_lowercase().encode_utf8(&mut [0; 4]).bytes());
                }
            }
            from.extend((before..bytes.len()).map(|_| self.from[at]));
            at += length;
        }
        from.extend(self.from.last());
        Self { bytes, from }
    }

    fn hide(&self, spellings: &[Zeroizing<Vec<u8>>], hidden: &mut [bool]) {
        let mut hide = |at: usize, length| hidden[self.from[at]..self.from[at + length]].fill(true);
        let mut places: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for (at, part) in self.bytes.windows(PART).enumerate() {
            places.entry(part).or_default().push(at);
        }
        for spelling in spellings {
            if spelling.len() < PART {
                let windows = self.bytes.windows(spelling.len()).enumerate();
                let found = windows.filter(|(_, window)| *window == &spelling[..]);
                found.for_each(|(at, window)| hide(at, window.len()));
            }
            for part in spelling.windows(PART) {
                // What is hidden once need not be looked for again.
                places.remove(part).into_iter().flatten().for_each(|at| hide(at, PART));
            }
        }
    }
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// What an escape at the beginning of the text stands for, and its length.
fn escape(text: &[u8]) -> Option<(Escaped, usize)> {
    match text {
        [b'%', ..] | [b'\\', b'x', ..] => {
            let start = if text[0] == b'%' { 1 } else { 2 };
            let byte = u8::try_from(hex(text.get(start..start + 2)?)?).ok()?;
            Some((Escaped::Byte(byte), start + 2))
        }
        [b'\\', b'u', ..] => {
            let unit = |at| u16::try_from(hex(text.get(at..at + 4)?)?).ok();
            let first = unit(2)?;
            let second = text.get(6..8).filter(|next| next == b"\\u").and_then(|_| unit(8));
            let units = [Some(first), second];
            let c = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
            Some((Escaped::Char(c), 6 * c.len_utf16()))
        }
        [b'\\', c, ..] => {
            let byte = match c {
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => *other,
            };
            Some((Escaped::Byte(byte), 2))
        }
        [b'&', ..] => {
            let (name, byte) =
                ENTITIES.iter().find(|(name, _)| text.starts_with(name.as_bytes()))?;
            Some((Escaped::Byte(*byte), name.len()))
        }
        _ => None,
    }
}

const ENTITIES: [(&str, u8); 9] = [
    ("&#34;", b'"'),
    ("&#39;", b'\''),
    ("&#x22;", b'"'),
    ("&#x27;", b'\''),
    ("&amp;", b'&'),
    ("&apos;", b'\''),
    ("&gt;", b'>'),
    ("&lt;", b'<'),
    ("&quot;", b'"'),
];

fn hex(digits: &[u8]) -> Option<u32> {
    let digit = |value: u32, digit: &u8| Some(value << 4 | char::from(*digit).to_digit(16)?);
    digits.iter().try_fold(0, digit)
}

/// What a secret looks like in a reading, in lower case.
fn spellings(secret: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let plain = Reading::of(secret);
    // Where a part of it looks like an escape itself, that is resolved with the others.
    let once = plain.unescaped();
    let twice = once.unescaped();
    let mut form = plain.bytes.clone();
    form.iter_mut().filter(|byte| **byte == b' ').for_each(|byte| *byte = b'+');
    let quoted = Zeroizing::new(serde_json::to_string(secret).unwrap_or_default());
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut digits = Zeroizing::new(Vec::with_capacity(2 * secret.len()));
    for byte in secret.bytes() {
        digits.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    let mut all = vec![once.bytes, twice.bytes, plain.bytes, form, digits];
    for text in [secret, inner] {
        all.extend((0..3).flat_map(|before| base64(text.as_bytes(), before)));
    }
    all.retain(|spelling| spelling.len() >= SHORTEST);
    all.sort_unstable_by(|a, b| a[..].cmp(&b[..]));
    all.dedup();
    all
}

/// The characters that are the same whatever follows and whichever `before` bytes come before, in
/// both alphabets, in lower case.
fn base64(text: &[u8], before: usize) -> [Zeroizing<Vec<u8>>; 2] {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789";
    // Those that hold a foreign bit are left out.
    let characters = (before * 8).div_ceil(6)..(before + text.len()) * 8 / 6;
    let bit = |at: usize| {
        let at = at - before * 8;
        text[at / 8] >> (7 - at % 8) & 1
    };
    [b"+/", b"-_"].map(|last| {
        let mut out = Zeroizing::new(Vec::with_capacity(characters.len()));
        out.extend(characters.clone().map(|at| {
            let value = (0..6).fold(0, |value, next| value << 1 | bit(at * 6 + next));
            let value = usize::from(value);
            LETTERS.get(value).copied().unwrap_or_else(|| last[value - LETTERS.len()])
        }));
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str, secrets: &[&str]) -> String {
        let mut text = text.to_owned();
        redact(&mut text, secrets);
        text
    }

    #[test]
    fn a_secret_is_replaced_however_it_is_spelled() {
        let secret = "pa\"s% +é\\w";
        for spelled in [
            r#"pa"s% +é\w"#,
            r#"PA"S% +é\W"#,
            r#"pa\"s% +é\\w"#,
            r#"pa\"s% +\u00e9\\w"#,
            r#"pa\"s% +\u00E9\\w"#,
            r#"pa\\\"s% +\\u00e9\\\\w"#,
            r#"pa\\\\\\\"s% +\\\\u00e9\\\\\\\\w"#,
            r"pa\x22s\x25\x20\x2b\xc3\xa9\x5cw",
            "pa%22s%25%20%2B%c3%a9%5Cw",
            "pa%22s%25+%2B%C3%A9%5Cw",
            "pa%2522s%2525%2520%252B%25C3%25A9%255Cw",
            "%70%61%22%73%25%20%2b%c3%a9%5c%77",
            "pa&quot;s% +é\\w",
            "pa&#34;s% +é\\w",
            "7061227325202bc3a95c77",
            "7061227325202BC3A95C77",
        ] {
            let message = format!("no, {spelled} is wrong");
            assert_eq!(redacted(&message, &[secret]), "no, [redacted] is wrong", "{spelled}");
        }
        let message = r"no, pa\b\f\n\r\tss is wrong";
        assert_eq!(redacted(message, &["pa\u{8}\u{c}\n\r\tss"]), "no, [redacted] is wrong");
    }

    #[test]
    fn a_letter_that_is_escaped_in_two_parts_is_read_as_one() {
        let message = r"no, pa\ud83d\uDE00ss is wrong";
        assert_eq!(redacted(message, &["pa😀ss"]), "no, [redacted] is wrong");
        // Whatever follows the two.
        assert_eq!(redacted(r"\ud83d\ude00s3cret", &["s3cret"]), r"\ud83d\ude00[redacted]");
    }

    #[test]
    fn a_secret_is_replaced_in_base64_wherever_it_lies() {
        // "before pa?s>word behind", and the same with one and two letters more before.
        for spelled in [
            "YmVmb3JlIHBhP3M+d29yZCBiZWhpbmQ=",
            "eGJlZm9yZSBwYT9zPndvcmQgYmVoaW5k",
            "eHhiZWZvcmUgcGE/cz53b3JkIGJlaGluZA==",
            "eHhiZWZvcmUgcGE_cz53b3JkIGJlaGluZA",
            "eHhiZWZvcmUgcGE%2Fcz53b3JkIGJlaGluZA%3D%3D",
            r"eHhiZWZvcmUgcGE\/cz53b3JkIGJlaGluZA==",
        ] {
            let shown = redacted(spelled, &["pa?s>word"]);
            let rest = shown.replace(REDACTED, "");
            assert!(rest.len() + 11 <= spelled.len() && shown != rest, "{shown}");
        }
    }

    #[test]
    fn a_part_of_a_long_secret_is_replaced_and_a_word_of_it_is_not() {
        let secret = "correct horse battery staple";
        assert_eq!(redacted("no horse battery", &[secret]), "no[redacted]");
        assert_eq!(redacted("a battery is no horse", &[secret]), "a battery is no horse");
        let token = "gAAAAABpIW".repeat(20);
        let shown = redacted(&format!("{}… and {}", &token[..100], &token[80..]), &[&token]);
        assert_eq!(shown, "[redacted]… and [redacted]");
        assert_eq!(redacted(&token[..PART], &[&token]), REDACTED);
        assert_eq!(redacted(&token[..PART - 1], &[&token]), token[..PART - 1]);
    }

    #[test]
    fn what_a_cut_has_left_of_a_secret_is_replaced() {
        assert_eq!(redacted("it is the-s…", &["the-s3cret"]), "it is [redacted]…");
        assert_eq!(redacted("it is the…", &["the-s3cret"]), "it is the…");
    }

    #[test]
    fn a_short_secret_takes_the_text_with_it() {
        assert_eq!(redacted("a bad day", &["", "bad"]), REDACTED);
        assert_eq!(redacted("a bad day", &["", "day!"]), "a bad day");
    }

    #[test]
    fn texts_without_a_secret_and_broken_escapes_stay_as_they_are() {
        for text in ["", "%", "%4", "%zz", "\\", "\\u12", "\\ud800", "\\x", "&", "&amp", "é\\"] {
            let mut shown = text.to_owned();
            assert!(!redact(&mut shown, &["s3cret", "a longer secret"]), "{text}");
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn a_large_text_of_one_letter_is_no_product_of_lengths() {
        let (text, secret) = ("a".repeat(64 * 1024), "a".repeat(32 * 1024));
        assert_eq!(redacted(&text, &[&secret, &secret[1..]]), REDACTED);
    }
}
