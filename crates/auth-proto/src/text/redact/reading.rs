//! Texts and secrets in a form in which different spellings are equal bytes.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{
    SHORTEST,
    escape::{Escaped, escape},
};

/// A secret in one spelling, [folded](Reading::folded).
pub(super) type Spelling = Zeroizing<Vec<u8>>;

/// A text with some levels of escapes resolved, [folded](Self::folded).
pub(super) struct Reading {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The position of each byte in the original texts, and the end of the last byte.
    positions: Vec<usize>,
}

impl Reading {
    /// In lower case. Invalid UTF-8 is read as Latin-1. Characters that form encoding and the two
    /// base64 alphabets exchange are folded together.
    pub(super) fn folded(bytes: &[u8], positions: &[usize]) -> Self {
        // No character grows beyond twice its length, so the buffer never moves: a move would leave
        // a copy.
        let mut folded = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
        let mut folded_positions = Vec::with_capacity(2 * bytes.len() + 1);
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
            folded_positions.resize(folded.len(), positions[at]);
            at += length;
        };
        for chunk in bytes.utf8_chunks() {
            chunk.valid().chars().for_each(|c| push(c, c.len_utf8()));
            chunk.invalid().iter().for_each(|byte| push(char::from(*byte), 1));
        }
        folded_positions.extend(positions.last());
        Self { bytes: folded, positions: folded_positions }
    }

    /// Marks the original bytes of this range as hidden.
    pub(super) fn hide(&self, range: Range<usize>, hidden: &mut [bool]) {
        hidden[self.positions[range.start]..self.positions[range.end]].fill(true);
    }

    /// One more level of escapes resolved.
    pub(super) fn unescaped(&self) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.bytes.len()));
        let mut positions = Vec::with_capacity(self.bytes.len() + 1);
        let mut at = 0;
        while at < self.bytes.len() {
            let (c, length) =
                escape(&self.bytes[at..]).unwrap_or((Escaped::Byte(self.bytes[at]), 1));
            match c {
                Escaped::Byte(byte) => bytes.push(byte),
                // An escape is at least as long as its character, so the buffer never moves.
                Escaped::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            positions.resize(bytes.len(), self.positions[at]);
            at += length;
        }
        positions.extend(self.positions.last());
        Self::folded(&bytes, &positions)
    }
}

/// The bytes that a secret may have in a reading.
pub(super) fn spellings(secret: &str) -> Vec<Spelling> {
    let positions: Vec<usize> = (0..=secret.len()).collect();
    let plain = Reading::folded(secret.as_bytes(), &positions);
    // A part of the secret that looks like an escape is resolved in a reading.
    let once = plain.unescaped();
    let twice = once.unescaped();
    // Characters whose Latin-1 bytes look like UTF-8 are read as UTF-8.
    let mut latin = Zeroizing::new(Vec::with_capacity(secret.len()));
    for c in secret.chars() {
        match u8::try_from(c) {
            Ok(byte) => latin.push(byte),
            Err(_) => latin.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    let latin = Reading::folded(&latin, &positions[..=latin.len()]);
    // With this capacity the buffer never moves.
    let mut quoted = Zeroizing::new(Vec::with_capacity(6 * secret.len() + 2));
    serde_json::to_writer(&mut *quoted, secret)
        .expect("any text is JSON, and a vector accepts all bytes");
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

/// The base64 of a text inside a longer one, [folded](Reading::folded): the characters that depend
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
