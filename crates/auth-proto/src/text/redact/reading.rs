//! Texts and secrets in a form in which different spellings are equal bytes.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{
    SHORTEST,
    escape::{Escaped, escape},
};

/// A secret in one spelling, [folded](fold).
pub(super) type Spelling = Zeroizing<Vec<u8>>;

/// A text with some levels of escapes resolved.
pub(super) struct Reading {
    /// In UTF-8, with capitals: escapes are told apart by them.
    text: Positioned,
    folded: Positioned,
}

/// Bytes, and the position of each in the original texts, followed by the end of the last byte.
struct Positioned {
    bytes: Zeroizing<Vec<u8>>,
    positions: Vec<usize>,
}

impl Reading {
    /// Invalid UTF-8 is read as Latin-1.
    pub(super) fn of(bytes: &[u8], positions: &[usize]) -> Self {
        let mut text = Positioned::with_capacity(MAX_LATIN_GROWTH * bytes.len());
        let mut folded = Positioned::with_capacity(MAX_FOLDED_GROWTH * bytes.len());
        let mut at = 0;
        let mut push = |c: char, length: usize| {
            text.push(c, positions[at]);
            fold(c, |c| folded.push(c, positions[at]));
            at += length;
        };
        for chunk in bytes.utf8_chunks() {
            chunk.valid().chars().for_each(|c| push(c, c.len_utf8()));
            chunk.invalid().iter().for_each(|byte| push(char::from(*byte), 1));
        }
        text.positions.extend(positions.last());
        folded.positions.extend(positions.last());
        Self { text, folded }
    }

    /// The text in the form in which it is compared.
    pub(super) fn folded(&self) -> &[u8] {
        &self.folded.bytes
    }

    pub(super) fn into_folded(self) -> Spelling {
        self.folded.bytes
    }

    /// Marks the original bytes of this range of the folded text as hidden.
    pub(super) fn hide(&self, range: Range<usize>, hidden: &mut [bool]) {
        let positions = &self.folded.positions;
        hidden[positions[range.start]..positions[range.end]].fill(true);
    }

    /// One more level of escapes resolved; `None` if there is no escape.
    pub(super) fn unescaped(&self) -> Option<Self> {
        let text = &self.text.bytes;
        // An escape is at least as long as its character.
        let mut plain = Positioned::with_capacity(text.len());
        let (mut at, mut has_escape) = (0, false);
        while at < text.len() {
            let found = escape(&text[at..]);
            has_escape |= found.is_some();
            let (c, length) = found.unwrap_or((Escaped::Byte(text[at]), 1));
            match c {
                Escaped::Byte(byte) => plain.push_bytes(&[byte], self.text.positions[at]),
                Escaped::Char(c) => plain.push(c, self.text.positions[at]),
            }
            at += length;
        }
        plain.positions.extend(self.text.positions.last());
        has_escape.then(|| Self::of(&plain.bytes, &plain.positions))
    }
}

impl Positioned {
    /// With enough capacity the buffer never moves: a move would leave a copy.
    fn with_capacity(bytes: usize) -> Self {
        let positions = Vec::with_capacity(bytes + 1);
        Self { bytes: Zeroizing::new(Vec::with_capacity(bytes)), positions }
    }

    fn push(&mut self, c: char, position: usize) {
        self.push_bytes(c.encode_utf8(&mut [0; 4]).as_bytes(), position);
    }

    fn push_bytes(&mut self, bytes: &[u8], position: usize) {
        self.bytes.extend(bytes);
        self.positions.resize(self.bytes.len(), position);
    }
}

/// How much longer a byte becomes that is read as Latin-1.
const MAX_LATIN_GROWTH: usize = 2;

/// How much longer a character becomes: `ΐ` has two bytes, and three characters in capitals.
const MAX_FOLDED_GROWTH: usize = 3;

/// The characters that a character is compared by: the same for upper and lower case, also where
/// one has more letters (`ß`, `SS`), and for the characters that form encoding and the two base64
/// alphabets exchange.
fn fold(c: char, mut push: impl FnMut(char)) {
    match c {
        ' ' | '-' => push('+'),
        '_' => push('/'),
        _ if c.is_ascii() => push(c.to_ascii_lowercase()),
        _ => {
            let upper = c.to_lowercase().flat_map(char::to_uppercase);
            upper.flat_map(char::to_lowercase).for_each(push);
        }
    }
}

/// The bytes that a secret may have in a reading.
pub(super) fn spellings(secret: &str) -> Vec<Spelling> {
    let positions: Vec<usize> = (0..=secret.len()).collect();
    let plain = Reading::of(secret.as_bytes(), &positions);
    // A part of the secret that looks like an escape is resolved in a reading.
    let once = plain.unescaped();
    let twice = once.as_ref().and_then(Reading::unescaped);
    // Characters whose Latin-1 bytes look like UTF-8 are read as UTF-8.
    let mut latin = Zeroizing::new(Vec::with_capacity(secret.len()));
    for c in secret.chars() {
        match u8::try_from(c) {
            Ok(byte) => latin.push(byte),
            Err(_) => latin.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    let latin = Reading::of(&latin, &positions[..=latin.len()]);
    // With this capacity the buffer never moves.
    let mut quoted = Zeroizing::new(Vec::with_capacity(6 * secret.len() + 2));
    serde_json::to_writer(&mut *quoted, secret)
        .expect("any text is JSON, and a vector accepts all bytes");
    let mut digits = Zeroizing::new(Vec::with_capacity(2 * secret.len()));
    for byte in secret.bytes() {
        digits.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    let mut all = vec![latin.into_folded(), digits];
    all.extend([once, twice].into_iter().flatten().map(Reading::into_folded));
    for text in [secret.as_bytes(), &quoted[1..quoted.len() - 1]] {
        all.extend((0..3).map(|before| base64(text, before)));
    }
    all.retain(|spelling| spelling.len() >= SHORTEST);
    all.push(plain.into_folded());
    all.sort_unstable_by(|a, b| a[..].cmp(&b[..]));
    all.dedup();
    all
}

/// The base64 of a text inside a longer one, [folded](fold): the characters that depend
/// on this text alone, if the number of bytes before it is `before` modulo 3.
fn base64(text: &[u8], before: usize) -> Spelling {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Without characters that hold a bit of another byte.
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

    fn folded(text: &str) -> String {
        let mut out = String::new();
        text.chars().for_each(|c| fold(c, |c| out.push(c)));
        out
    }

    #[test]
    fn both_cases_of_a_character_are_equal() {
        for c in '\0'..=char::MAX {
            let text = folded(&c.to_string());
            assert_eq!(folded(&c.to_lowercase().to_string()), text, "{c:?}");
            assert_eq!(folded(&c.to_uppercase().to_string()), text, "{c:?}");
            assert_eq!(folded(&text), text, "{c:?}");
            assert!(text.len() <= MAX_FOLDED_GROWTH * c.len_utf8(), "{c:?}");
        }
        for byte in 0x80..=u8::MAX {
            let text = folded(&char::from(byte).to_string());
            assert!(text.len() <= MAX_FOLDED_GROWTH, "{byte}");
        }
    }
}
