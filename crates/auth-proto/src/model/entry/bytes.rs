//! The bytes of a store's entry.
//!
//! ```text
//! answer   01 | 02 (v2.0) or 03 (v3) | life | label | length of the token, u32 | token | body
//! pause    01 | 00, or 01 (credential refused) | rest | label | status, u16 | code | title | message
//!
//! life, rest       milliseconds, u64
//! label            texts: identity service, user, scope
//! code             00, or 01 and a number, i64, or 02 and a text
//! title, message   texts; empty if there is none
//! text             length in bytes, u16 | UTF-8
//! ```
//!
//! Numbers are big-endian. An entry has one form only: whatever differs from it in any byte is no
//! entry, and a process that meets it logs in.

use std::time::Duration;

use http::StatusCode;
use zeroize::Zeroizing;

use crate::{
    error::fault::{Code, Fault},
    limits,
    model::{
        body::Body,
        entry::{Entry, Label, Shared, SharedAnswer, SharedPause},
        token::secret_header,
    },
    text::is_unprintable,
    url::ApiVersion,
};

/// Changes with every other byte of the format, so that old and new processes pass over each other's
/// entries.
const FORMAT: u8 = 1;

const PAUSE: u8 = 0;
const REFUSAL: u8 = 1;
const V2_ANSWER: u8 = 2;
const V3_ANSWER: u8 = 3;

const NO_CODE: u8 = 0;
const NUMBER: u8 = 1;
const TEXT: u8 = 2;

impl Entry {
    /// The entry for a store. The bytes contain the token, and are wiped from memory on drop: a
    /// store seals them before it writes them anywhere.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let label = write_label(&self.label);
        match &self.shared {
            Shared::Answer(answer) => write_answer(answer, &label),
            Shared::Pause(pause) => write_pause(pause, &label),
        }
    }

    /// The entry of these bytes. `None` if they are not the bytes of an entry, as after a change of
    /// the format: a store then acts as if it had none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut input = Input(bytes);
        if input.byte()? != FORMAT {
            return None;
        }
        let (kind, life) =
            (input.byte()?, Duration::from_millis(u64::from_be_bytes(input.array()?)));
        let [identity_service, user, scope] = [input.text()?, input.text()?, input.text()?];
        let label = Label { identity_service, user, scope };
        let shared = match kind {
            PAUSE | REFUSAL => Shared::Pause(read_pause(input, kind == REFUSAL, life)?),
            V2_ANSWER => Shared::Answer(read_answer(input, ApiVersion::V2, life)?),
            V3_ANSWER => Shared::Answer(read_answer(input, ApiVersion::V3, life)?),
            _ => return None,
        };
        Some(Self { label, shared })
    }
}

fn write_label(label: &Label) -> Vec<u8> {
    let mut out = Vec::new();
    for text in [&label.identity_service, &label.user, &label.scope] {
        write_text(&mut out, text);
    }
    out
}

fn write_answer(answer: &SharedAnswer, label: &[u8]) -> Zeroizing<Vec<u8>> {
    let kind = match answer.api_version {
        ApiVersion::V2 => V2_ANSWER,
        ApiVersion::V3 => V3_ANSWER,
    };
    let token = answer.header.as_ref().map_or(&b""[..], |header| header.as_bytes());
    let parts: [&[u8]; 6] = [
        &[FORMAT, kind],
        &milliseconds(answer.life).to_be_bytes(),
        label,
        &u32::try_from(token.len()).unwrap_or(u32::MAX).to_be_bytes(),
        token,
        answer.body.as_bytes(),
    ];
    // Allocated once: a vector that grows leaves copies of the token behind.
    Zeroizing::new(parts.concat())
}

fn read_answer(mut input: Input<'_>, version: ApiVersion, life: Duration) -> Option<SharedAnswer> {
    let length = usize::try_from(u32::from_be_bytes(input.array()?)).ok()?;
    let token = input.take(length)?;
    let header = match version {
        ApiVersion::V2 if token.is_empty() => None,
        ApiVersion::V2 => return None,
        ApiVersion::V3 => Some(secret_header(token, "entry").ok()?),
    };
    let is_trimmed = header.as_ref().is_none_or(|header| header.as_bytes() == token);
    let Input(body) = input;
    let is_within = life <= limits::TOKEN_LIFETIME && body.len() <= limits::BODY;
    let body = is_within.then(|| Body::new(Zeroizing::new(body.to_vec())))?;
    is_trimmed.then_some(SharedAnswer { api_version: version, header, body, life })
}

fn write_pause(pause: &SharedPause, label: &[u8]) -> Zeroizing<Vec<u8>> {
    let SharedPause { status, fault, is_refusal, rest } = pause;
    let mut out = vec![FORMAT, if *is_refusal { REFUSAL } else { PAUSE }];
    out.extend(milliseconds(*rest).to_be_bytes());
    out.extend(label);
    out.extend(status.as_u16().to_be_bytes());
    match &fault.code {
        None => out.push(NO_CODE),
        Some(Code::Number(number)) => {
            out.push(NUMBER);
            out.extend(number.to_be_bytes());
        }
        Some(Code::Text(text)) => {
            out.push(TEXT);
            write_text(&mut out, text);
        }
    }
    for text in [&fault.title, &fault.message] {
        write_text(&mut out, text.as_deref().unwrap_or_default());
    }
    Zeroizing::new(out)
}

fn read_pause(mut input: Input<'_>, is_refusal: bool, rest: Duration) -> Option<SharedPause> {
    let status = StatusCode::from_u16(u16::from_be_bytes(input.array()?)).ok()?;
    let code = match input.byte()? {
        NO_CODE => None,
        NUMBER => Some(Code::Number(i64::from_be_bytes(input.array()?))),
        TEXT => Some(Code::Text(input.text()?)),
        _ => return None,
    };
    let [title, message] =
        [input.text()?, input.text()?].map(|text| (!text.is_empty()).then_some(text));
    let is_error = status.is_client_error() || status.is_server_error();
    let is_within = rest <= limits::RETRY_AFTER && input.0.is_empty();
    let fault = Fault { code, title, message, encoding: None };
    (is_error && is_within).then_some(SharedPause { status, fault, is_refusal, rest })
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Every text of a fault and of a label is shorter: `text::shown` has cut it.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend(length.to_be_bytes());
    out.extend(text.as_bytes());
}

fn milliseconds(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

/// The bytes that are not read yet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(u8::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A text as [`text::shown`](crate::text) writes it.
    fn text(&mut self) -> Option<String> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        let is_clean = length <= limits::SHOWN_BYTES && !text.chars().any(is_unprintable);
        is_clean.then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label() -> Label {
        let [identity_service, user, scope] = ["http://k", "ü", ""].map(str::to_owned);
        Label { identity_service, user, scope }
    }

    /// The bytes of the label.
    const LABEL: &[u8] = b"\0\x08http://k\0\x02\xc3\xbc\0\0";

    fn answer(api_version: ApiVersion, token: &str, body: &str) -> Entry {
        let header = (!token.is_empty()).then(|| secret_header(token.as_bytes(), "test").unwrap());
        let body = Body::new(body.as_bytes().to_vec().into());
        let life = Duration::from_millis(0x0102_0304);
        let shared = Shared::Answer(SharedAnswer { api_version, header, body, life });
        Entry { label: label(), shared }
    }

    fn pause(code: Option<Code>, message: &str) -> Entry {
        let message = Some(message.to_owned()).filter(|text| !text.is_empty());
        let fault = Fault { code, title: None, message, encoding: None };
        let status = StatusCode::UNAUTHORIZED;
        let rest = Duration::from_millis(0x0102_0304);
        let shared = Shared::Pause(SharedPause { status, fault, is_refusal: true, rest });
        Entry { label: label(), shared }
    }

    /// One entry of each kind, and its bytes after the label.
    fn entries() -> [(Entry, u8, Vec<u8>); 5] {
        let text = Code::Text("a.1".to_owned());
        [
            (answer(ApiVersion::V2, "", "{}"), 2, b"\0\0\0\0{}".to_vec()),
            (answer(ApiVersion::V3, "t0", ""), 3, b"\0\0\0\x02t0".to_vec()),
            (pause(None, ""), 1, b"\x01\x91\0\0\0\0\0".to_vec()),
            (pause(Some(text), "no"), 1, b"\x01\x91\x02\0\x03a.1\0\0\0\x02no".to_vec()),
            (
                pause(Some(Code::Number(401)), "é"),
                1,
                b"\x01\x91\x01\0\0\0\0\0\0\x01\x91\0\0\0\x02\xc3\xa9".to_vec(),
            ),
        ]
    }

    #[test]
    fn entries_have_these_bytes() {
        for (entry, kind, rest) in entries() {
            let bytes = [&[1, kind, 0, 0, 0, 0, 1, 2, 3, 4][..], LABEL, &rest].concat();
            assert_eq!(*entry.to_bytes(), bytes, "{entry:?}");
            assert_eq!(Entry::from_bytes(&bytes), Some(entry));
        }
    }

    #[test]
    fn what_is_cut_short_is_no_entry() {
        for (entry, _, _) in entries() {
            let bytes = entry.to_bytes();
            // The body of an answer ends where the bytes end.
            let body = match &entry.shared {
                Shared::Answer(answer) => answer.body.as_bytes().len(),
                Shared::Pause(_) => 0,
            };
            for length in 0..bytes.len() - body {
                assert_eq!(Entry::from_bytes(&bytes[..length]), None, "{length} of {entry:?}");
            }
        }
    }

    #[test]
    fn odd_bytes_are_no_entry() {
        let life = [0, 0, 0, 0, 1, 2, 3, 4];
        let long = [0, 0, 0, 0, 0x9a, 0x7e, 0xc8, 0x01]; // 30 days and 1 ms
        let day = [0, 0, 0, 0, 5, 0x26, 0x5c, 1]; // a day and 1 ms
        type Row<'a> = (&'a str, u8, u8, [u8; 8], &'a [u8]);
        let whole = |format, kind, life: [u8; 8], label, rest: &[u8]| {
            Entry::from_bytes(&[&[format, kind][..], &life, label, rest].concat())
        };
        let no_label = b"\0\0\0\0\0\0";
        assert!(whole(1, 0, life, no_label, b"\x01\xf7\0\0\0\0\0").is_some());
        for label in [&b"\0\0\0\x01\x1b\0\0"[..], b"\0\x01\xff\0\0\0\0", b"\0\0\0\0\xff\xff"] {
            assert_eq!(whole(1, 0, life, label, b"\x01\xf7\0\0\0\0\0"), None, "{label:?}");
        }
        let rows: [Row<'_>; 17] = [
            ("another format", 2, 3, life, b"\0\0\0\x01t"),
            ("another kind", 1, 4, life, b"\0\0\0\x01t"),
            ("v3 without a token", 1, 3, life, b"\0\0\0\0{}"),
            ("v2.0 with a token", 1, 2, life, b"\0\0\0\x01t{}"),
            ("a blank in the token", 1, 3, life, b"\0\0\0\x03t t{}"),
            ("a blank after the token", 1, 3, life, b"\0\0\0\x02t {}"),
            ("a line break in the token", 1, 3, life, b"\0\0\0\x03t\r\n{}"),
            ("a token longer than the entry", 1, 3, life, b"\xff\xff\xff\xfft{}"),
            ("a token of more than 30 days", 1, 3, long, b"\0\0\0\x01t{}"),
            ("a pause of more than a day", 1, 1, day, b"\x01\x91\0\0\0\0\0"),
            ("the status of a success", 1, 0, life, b"\0\xc8\0\0\0\0\0"),
            ("no status", 1, 0, life, b"\0\x01\0\0\0\0\0"),
            ("another code", 1, 0, life, b"\x01\xf7\x03\0\0\0\0"),
            ("bytes after a pause", 1, 0, life, b"\x01\xf7\0\0\0\0\0\0"),
            ("no UTF-8", 1, 0, life, b"\x01\xf7\0\0\x01\xff\0\0"),
            ("an escape sequence", 1, 0, life, b"\x01\xf7\0\0\x02\x1b[\0\0"),
            ("a turn of direction", 1, 0, life, b"\x01\xf7\0\0\0\0\x03\xe2\x80\xae"),
        ];
        for (what, format, kind, life, rest) in rows {
            assert_eq!(whole(format, kind, life, no_label, rest), None, "{what}");
        }
    }

    #[test]
    fn a_text_has_a_limit() {
        let with = |length| Entry::from_bytes(&pause(None, &"x".repeat(length)).to_bytes());
        assert!(with(limits::SHOWN_BYTES).is_some());
        assert_eq!(with(limits::SHOWN_BYTES + 1), None);
        // Whatever an error shows fits.
        let text = "\u{e0041}".repeat(2 * limits::ERROR_TEXT);
        let fault = Fault { message: Some(text), ..Fault::default() }.cleaned(&[]);
        assert!(with(fault.message.unwrap().len()).is_some());
    }
}
