//! Removes the caller's secrets from a server's text.

mod escape;
mod reading;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use self::reading::{Reading, Spelling, spellings};
use crate::{limits, text::shown};

/// Replaces every secret in these texts, in all spellings of a server: upper or lower case, escaped
/// for JSON, Python, Rust, a URL or HTML (up to three times, each character in its own way),
/// hexadecimal, or base64, also of a longer text around the secret. Of a secret longer than [`PART`]
/// bytes, each part of that length is replaced.
///
/// The whole text is replaced if it holds a secret of fewer than four bytes, since the gaps would
/// give such a secret away, or if the secrets are longer than [`limits::SECRETS`] together, since
/// the search would take too long. A text is cut to [`limits::REDACTION_INPUT`] bytes.
pub(crate) fn redact(texts: &mut [&mut String], secrets: &[&str]) {
    let mut secrets: Vec<&str> = secrets.iter().copied().filter(|s| !s.is_empty()).collect();
    secrets.sort_unstable();
    secrets.dedup();
    if secrets.iter().map(|secret| secret.len()).sum::<usize>() > limits::SECRETS {
        let texts = texts.iter_mut().filter(|text| !text.is_empty());
        return texts.for_each(|text| replace(text, REDACTED.to_owned()));
    }
    let (long, short): (Vec<&str>, Vec<&str>) =
        secrets.into_iter().partition(|secret| is_long(secret));
    let searched: Vec<&str> =
        texts.iter().map(|text| within(text, limits::REDACTION_INPUT)).collect();
    let search = Search::of(&searched);
    let (mut hidden, given_away) = (search.hidden(&long), search.hidden(&short));
    let lengths: Vec<usize> = searched.iter().map(|text| text.len()).collect();
    let mut start = 0;
    for (text, length) in texts.iter_mut().zip(lengths) {
        let range = start..start + length;
        start = range.end;
        keep_marks(&text[..length], &mut hidden[range.clone()]);
        if given_away[range.clone()].contains(&true) {
            replace(text, REDACTED.to_owned());
        } else if length < text.len() {
            // A secret that begins in the tail may end behind the cut, and is not recognised.
            let mut shown = without(within(text, length - TAIL), &hidden[range]);
            shown.push('…');
            replace(text, shown);
        } else if hidden[range.clone()].contains(&true) {
            let shown = without(text, &hidden[range]);
            replace(text, shown);
        }
    }
}

/// Whether a secret is replaced alone. A shorter one takes the whole text with it.
pub(crate) fn is_long(secret: &str) -> bool {
    secret.len() >= SHORTEST
}

/// Server text without these secrets, [fit for display](shown). They are replaced first: escaped or
/// cut, they would not be found.
pub(crate) fn cleaned(mut text: String, secrets: &[&str]) -> String {
    redact(&mut [&mut text], secrets);
    let clean = shown(&text);
    replace(&mut text, clean);
    text
}

/// Replaces a text that may hold a secret, and wipes it.
pub(crate) fn replace(text: &mut String, by: String) {
    drop(Zeroizing::new(std::mem::replace(text, by)));
}

const REDACTED: &str = "[redacted]";

/// The shortest secret, in bytes, that is replaced alone. A shorter one also occurs inside words.
const SHORTEST: usize = 4;

/// The number of bytes that a text and a secret do not have in common by chance.
const PART: usize = 12;

/// The number of readings of a text: as it is, and with up to three levels of escapes resolved. A
/// request in a message in a document has two levels.
const READINGS: usize = 4;

/// More bytes than an escaped secret of fewer than [`PART`] bytes has.
const TAIL: usize = 1024;

/// The start of a text, at most `limit` bytes.
fn within(text: &str, limit: usize) -> &str {
    let ends = (0..=limit.min(text.len())).rev();
    &text[..ends.into_iter().find(|end| text.is_char_boundary(*end)).unwrap_or(0)]
}

/// The mark of an earlier search stays whole, although a secret may be a part of it (`edac`).
fn keep_marks(text: &str, hidden: &mut [bool]) {
    for (at, mark) in text.match_indices(REDACTED) {
        hidden[at..at + mark.len()].fill(false);
    }
}

/// The text with one [`REDACTED`] for each run of hidden bytes.
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

/// Several texts in all readings. Positions count through the texts as if they were one.
struct Search {
    readings: Vec<Reading>,
    /// Bytes of all texts together.
    length: usize,
}

impl Search {
    fn of(texts: &[&str]) -> Self {
        let (mut readings, mut length) = (Vec::new(), 0);
        for text in texts {
            let positions: Vec<usize> = (length..=length + text.len()).collect();
            length += text.len();
            let mut reading = Reading::of(text.as_bytes(), &positions);
            for _ in 1..READINGS {
                let Some(next) = reading.unescaped() else { break };
                readings.push(std::mem::replace(&mut reading, next));
            }
            readings.push(reading);
        }
        Self { readings, length }
    }

    /// For each byte of the texts, whether it is part of a secret.
    fn hidden(&self, secrets: &[&str]) -> Vec<bool> {
        let spellings: Vec<_> = secrets.iter().copied().flat_map(spellings).collect();
        let mut hidden = vec![false; self.length];
        for length in 1..=PART {
            self.hide_parts(length, &spellings, &mut hidden);
        }
        self.hide_cut_off(&spellings, &mut hidden);
        hidden
    }

    /// Hides the parts of this length: the whole of a spelling that is shorter than [`PART`], and
    /// each [`PART`] bytes of a longer one.
    fn hide_parts(&self, length: usize, spellings: &[Spelling], hidden: &mut [bool]) {
        let of_length = spellings.iter().filter(|spelling| spelling.len().min(PART) == length);
        let mut parts = of_length.flat_map(|spelling| spelling.windows(length)).peekable();
        if parts.peek().is_none() {
            return;
        }
        let mut occurrences = self.windows(length);
        for part in parts {
            // The entry is removed, since the same part in another spelling hides nothing more.
            for (reading, start) in occurrences.remove(part).into_iter().flatten() {
                reading.hide(start..start + length, hidden);
            }
        }
    }

    /// Each `length` bytes in a row in any reading, and the positions where they begin. One index
    /// for all parts keeps the search from taking text length times secret length.
    fn windows(&self, length: usize) -> BTreeMap<&[u8], Vec<(&Reading, usize)>> {
        let mut windows: BTreeMap<&[u8], Vec<_>> = BTreeMap::new();
        for reading in &self.readings {
            for (start, window) in reading.folded().windows(length).enumerate() {
                windows.entry(window).or_default().push((reading, start));
            }
        }
        windows
    }

    /// Hides the start of a secret, [`SHORTEST`] bytes or more, before a `…` at the end of a text:
    /// the server has cut the text there.
    fn hide_cut_off(&self, spellings: &[Spelling], hidden: &mut [bool]) {
        for reading in &self.readings {
            let Some(text) = reading.folded().strip_suffix("…".as_bytes()) else { continue };
            let begins_secret =
                |start: &usize| spellings.iter().any(|all| all.starts_with(&text[*start..]));
            let starts = text.len().saturating_sub(PART)..(text.len() + 1).saturating_sub(SHORTEST);
            if let Some(start) = starts.into_iter().find(begins_secret) {
                reading.hide(start..text.len(), hidden);
            }
        }
    }
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
    fn a_mark_of_an_earlier_search_stays() {
        for secret in ["edAc", "redacted", "[redacted]", "dact", "x[redacted]y"] {
            let once = redacted(&format!("a {secret} b"), &[secret]);
            assert_eq!(redacted(&once, &[secret]), once, "{secret}");
            assert!(once.starts_with("a [redacted]") && once.ends_with("] b"), "{once}");
        }
    }

    #[test]
    fn a_secret_is_replaced_in_every_spelling() {
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
    fn a_surrogate_pair_is_one_letter() {
        let message = r"no, pa\ud83d\uDE00ss is wrong";
        assert_eq!(redacted(message, &["pa😀ss"]), "no, [redacted] is wrong");
        // A text may follow the two.
        assert_eq!(redacted(r"\ud83d\ude00s3cret", &["s3cret"]), r"\ud83d\ude00[redacted]");
    }

    #[test]
    fn a_secret_is_replaced_inside_base64() {
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
    fn numbers_bytes_and_capitals_are_found() {
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
            ("straße", "STRASSE"),
            ("pa😀ss", r"pa\U0001f600ss"),
            ("pa😀ss", r"PA\U0001F600SS"),
            ("pa😀ss", r"pa\\U0001f600ss"),
            ("pa😀ss", r"pa\u{1f600}ss"),
            ("pa😀ss", "pa&#128512ss"),
            ("pa😀ss", "pa&#x1f600ss"),
            ("pa/ss=word", "pa&#x2Fss&#61word"),
            ("pa/ss=word", "pa&#0047ss&#x003Dword"),
            ("pa/ss=word", "pa&amp#x2Fss&amp;#61word"),
            ("pa<ss&word", "pa&ltss&ampword"),
            ("pa<ss>\"word", "pa&LTss&GT;&QUOT;word"),
            ("pässwörd", r"P\U00C4SSW\U00D6RD"),
            ("pässwörd", r"p\udcc3\udca4ssw\udcc3\udcb6rd"),
            ("pässwörd", r"p\\udce4ssw\\udcf6rd"),
            ("pa\0ss", r"pa\0ss"),
            ("pa\0ss", r"pa\\0ss"),
        ] {
            assert_eq!(redacted(spelled, &[secret]), REDACTED, "{secret}: {spelled}");
        }
    }

    #[test]
    fn a_long_part_is_replaced_and_a_word_is_not() {
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
    fn a_cut_secret_is_replaced() {
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
    fn broken_escapes_stay_as_they_are() {
        for text in ["", "%", "%4", "%zz", "\\", "\\u12", "\\ud800", "\\x", "&", "&amp", "é\\"] {
            let mut shown = text.to_owned();
            redact(&mut [&mut shown], &["s3cret", "a longer secret"]);
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn the_search_is_not_quadratic() {
        let (text, secret) = ("a".repeat(64 * 1024), "a".repeat(16 * 1024));
        assert_eq!(redacted(&text, &[&secret, &secret[1..]]), "[redacted]…");
    }
}
