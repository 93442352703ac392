//! A server's text, without what it repeats of our secrets.

mod escape;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use self::escape::{Escaped, escape};
use crate::limits;

/// Replaces every secret in these texts, however a server has spelled it: in either case of its
/// letters, escaped for JSON, Python, a URL or HTML, several times over, or in base64 or hexadecimal
/// digits, be it with what stood around it. So much as [`PART`] bytes in a row of a longer one are
/// replaced too.
///
/// A secret of fewer than four characters takes the whole text with it: the places where it was cut
/// out would give it away. So do more secrets than [`limits::SECRETS`], since the search takes time,
/// and a text is cut to what is searched of it, [`limits::REDACTION_INPUT`].
pub(crate) fn redact(texts: &mut [&mut String], secrets: &[&str]) {
    let mut secrets: Vec<&str> = secrets.iter().copied().filter(|s| !s.is_empty()).collect();
    secrets.sort_unstable();
    secrets.dedup();
    if secrets.iter().map(|secret| secret.len()).sum::<usize>() > limits::SECRETS {
        let texts = texts.iter_mut().filter(|text| !text.is_empty());
        return texts.for_each(|text| replace(text, REDACTED.to_owned()));
    }
    let (long, short): (Vec<&str>, Vec<&str>) =
        secrets.into_iter().partition(|secret| secret.len() >= SHORTEST);
    let searched: Vec<&str> =
        texts.iter().map(|text| within(text, limits::REDACTION_INPUT)).collect();
    let search = Search::of(&searched);
    let (hidden, given_away) = (search.hidden(&long), search.hidden(&short));
    let lengths: Vec<usize> = searched.iter().map(|text| text.len()).collect();
    let mut start = 0;
    for (text, length) in texts.iter_mut().zip(lengths) {
        let range = start..start + length;
        start = range.end;
        if given_away[range.clone()].contains(&true) {
            replace(text, REDACTED.to_owned());
        } else if length < text.len() {
            // What begins at the end of it cannot be told.
            let mut shown = without(within(text, length - TAIL), &hidden[range]);
            shown.push('…');
            replace(text, shown);
        } else if hidden[range.clone()].contains(&true) {
            let shown = without(text, &hidden[range]);
            replace(text, shown);
        }
    }
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
/// Longer than any secret of fewer than [`PART`] bytes is when it is escaped.
const TAIL: usize = 1024;

/// The beginning of a text.
fn within(text: &str, limit: usize) -> &str {
    let ends = (0..=limit.min(text.len())).rev();
    &text[..ends.into_iter().find(|end| text.is_char_boundary(*end)).unwrap_or(0)]
}

/// The text with one mark for each stretch that is hidden.
fn without(text: &str, hidden: &[bool]) -> String {
    let mut out = String::with_capacity(text.len() + REDACTED.len() + '…'.len_utf8());
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

/// Texts, one behind the other, in every reading.
struct Search {
    readings: Vec<Reading>,
    length: usize,
}

impl Search {
    fn of(texts: &[&str]) -> Self {
        let (mut readings, mut length) = (Vec::new(), 0);
        for text in texts {
            let from: Vec<usize> = (length..=length + text.len()).collect();
            length += text.len();
            let mut reading = Reading::folded(text.as_bytes(), &from);
            for _ in 1..READINGS {
                let next = reading.unescaped();
                if next.bytes == reading.bytes {
                    break;
                }
                readings.push(std::mem::replace(&mut reading, next));
            }
            readings.push(reading);
        }
        Self { readings, length }
    }

    /// Which bytes are part of a secret.
    fn hidden(&self, secrets: &[&str]) -> Vec<bool> {
        let mut hidden = vec![false; self.length];
        let spellings: Vec<_> = secrets.iter().copied().flat_map(spellings).collect();
        for length in 1..=PART {
            let spellings = spellings.iter().filter(|spelling| spelling.len().min(PART) == length);
            let mut parts = spellings.flat_map(|spelling| spelling.windows(length)).peekable();
            if parts.peek().is_none() {
                continue;
            }
            let mut places: BTreeMap<&[u8], Vec<(&Reading, usize)>> = BTreeMap::new();
            for reading in &self.readings {
                for (at, part) in reading.bytes.windows(length).enumerate() {
                    places.entry(part).or_default().push((reading, at));
                }
            }
            for part in parts {
                // What is hidden once need not be looked for again.
                for (reading, at) in places.remove(part).into_iter().flatten() {
                    hidden[reading.from[at]..reading.from[at + length]].fill(true);
                }
            }
        }
        // What is left of one where the text was cut before.
        for reading in &self.readings {
            let Some(rest) = reading.bytes.strip_suffix("…".as_bytes()) else { continue };
            let is_left = |at: &usize| spellings.iter().any(|all| all.starts_with(&rest[*at..]));
            let starts = rest.len().saturating_sub(PART)..(rest.len() + 1).saturating_sub(SHORTEST);
            if let Some(start) = starts.into_iter().find(is_left) {
                hidden[reading.from[start]..reading.from[rest.len()]].fill(true);
            }
        }
        hidden
    }
}

/// A text with some of its escapes resolved, [folded](Self::folded).
struct Reading {
    bytes: Zeroizing<Vec<u8>>,
    /// Where each byte comes from, and where the last one ends.
    from: Vec<usize>,
}

impl Reading {
    /// In lower case, and as UTF-8: a byte that is none is a character of Latin-1. What forms and
    /// the two alphabets of base64 write for each other is the same.
    fn folded(bytes: &[u8], from: &[usize]) -> Self {
        // No character doubles, so that no copy is left behind when it grows.
        let mut folded = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
        let mut origins = Vec::with_capacity(2 * bytes.len() + 1);
        let mut at = 0;
        let mut push = |c: char, length: usize| {
            let c = match c {
                ' ' | '-' => '+',
                '_' => '/',
                other => other,
            };
            for lower in c.to_lowercase() {
                folded.extend(lower.encode_utf8(&mut [0; 4]).bytes());
            }
            origins.resize(folded.len(), from[at]);
            at += length;
        };
        for chunk in bytes.utf8_chunks() {
            chunk.valid().chars().for_each(|c| push(c, c.len_utf8()));
            chunk.invalid().iter().for_each(|byte| push(char::from(*byte), 1));
        }
        origins.extend(from.last());
        Self { bytes: folded, from: origins }
    }

    /// One more level of escapes resolved.
    fn unescaped(&self) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.bytes.len()));
        let mut from = Vec::with_capacity(self.bytes.len() + 1);
        let mut at = 0;
        while at < self.bytes.len() {
            let (c, length) =
                escape(&self.bytes[at..]).unwrap_or((Escaped::Byte(self.bytes[at]), 1));
            match c {
                Escaped::Byte(byte) => bytes.push(byte),
                // No escape is shorter than what it stands for, so that there is room.
                Escaped::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            from.resize(bytes.len(), self.from[at]);
            at += length;
        }
        from.extend(self.from.last());
        Self::folded(&bytes, &from)
    }
}

/// What a secret looks like in a reading.
fn spellings(secret: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let from: Vec<usize> = (0..=secret.len()).collect();
    let plain = Reading::folded(secret.as_bytes(), &from);
    // Where a part of it looks like an escape itself, that is resolved with the others.
    let once = plain.unescaped();
    let twice = once.unescaped();
    // Where its characters in Latin-1 look like UTF-8, they are taken for it.
    let mut latin = Zeroizing::new(Vec::with_capacity(secret.len()));
    for c in secret.chars() {
        match u8::try_from(c) {
            Ok(byte) => latin.push(byte),
            Err(_) => latin.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    let latin = Reading::folded(&latin, &from[..=latin.len()]);
    // Room for it, so that no copy is left behind when it grows.
    let mut quoted = Zeroizing::new(Vec::with_capacity(6 * secret.len() + 2));
    serde_json::to_writer(&mut *quoted, secret).expect("any text is JSON, and memory takes it");
    let mut digits = Zeroizing::new(Vec::with_capacity(2 * secret.len()));
    for byte in secret.bytes() {
        digits.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    let mut all = vec![once.bytes, twice.bytes, latin.bytes, digits];
    for text in [secret.as_bytes(), &quoted[1..quoted.len() - 1]] {
        all.extend((0..3).map(|before| base64(text, before)));
    }
    all.retain(|spelling| spelling.len() >= SHORTEST);
    all.push(plain.bytes);
    all.sort_unstable_by(|a, b| a[..].cmp(&b[..]));
    all.dedup();
    all
}

/// The characters that are the same whatever follows and whichever `before` bytes come before,
/// [folded](Reading::folded).
fn base64(text: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Those that hold a foreign bit are left out.
    let characters = (before * 8).div_ceil(6)..(before + text.len()) * 8 / 6;
    let bit = |at: usize| {
        let at = at - before * 8;
        text[at / 8] >> (7 - at % 8) & 1
    };
    let mut out = Zeroizing::new(Vec::with_capacity(characters.len()));
    out.extend(characters.map(|at| {
        let value = (0..6).fold(0, |value, next| value << 1 | bit(at * 6 + next));
        LETTERS[usize::from(value)]
    }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str, secrets: &[&str]) -> String {
        let mut text = text.to_owned();
        redact(&mut [&mut text], secrets);
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
    fn letters_are_found_by_number_as_bytes_and_in_either_case() {
        for (secret, spelled) in [
            ("pa/ss=word", "pa&#x2F;ss&#x3D;word"),
            ("pa/ss=word", "pa&#X2f;ss&#061;word"),
            ("pa/ss=word", "pa&amp;#x2F;ss&amp;#61;word"),
            ("password", "&#112;&#97;ssword"),
            ("pässwörd", "p&#228;ssw&#246;rd"),
            ("pässwörd", "P&#196;SSW&#xD6;RD"),
            ("pässwörd", r"p\xe4ssw\xf6rd"),
            ("pässwörd", r"p\xc3\xa4ssw\xc3\xb6rd"),
            ("pässwörd", "p%E4ssw%F6rd"),
            ("pÃ¤sswort", r"p\xc3\xa4sswort"),
            ("ключ€ä", r"\u043a\u043b\u044e\u0447\u20ac\xe4"),
            ("école-être", "ÉCOLE-être"),
            ("école-être", "%C3%89COLE-%C3%8aTRE"),
            ("KELVIN-İ", "kelvin-İ"),
            ("ȺȾ-pass", "ⱥⱦ-PASS"),
        ] {
            assert_eq!(redacted(spelled, &[secret]), REDACTED, "{secret}: {spelled}");
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
        assert_eq!(redacted(r#"{"password": "q\"x"}"#, &["q\"x"]), REDACTED);
        assert_eq!(redacted("Q&quot;X is wrong", &["q\"x"]), REDACTED);
    }

    #[test]
    fn texts_without_a_secret_and_broken_escapes_stay_as_they_are() {
        for text in ["", "%", "%4", "%zz", "\\", "\\u12", "\\ud800", "\\x", "&", "&amp", "é\\"] {
            let mut shown = text.to_owned();
            redact(&mut [&mut shown], &["s3cret", "a longer secret"]);
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn a_large_text_of_one_letter_is_no_product_of_lengths() {
        let (text, secret) = ("a".repeat(64 * 1024), "a".repeat(16 * 1024));
        assert_eq!(redacted(&text, &[&secret, &secret[1..]]), "[redacted]…");
    }
}
