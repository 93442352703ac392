//! Entries as a store sees them: bytes and a life.

use std::time::Duration;

use auth_proto::{Entry, limits};
use proptest::{collection::vec, prelude::*};

use crate::support::cases;

/// The start of an entry, with this kind and this many milliseconds to live, and an empty label.
fn start(kind: u8, milliseconds: u64) -> Vec<u8> {
    [&[1, kind][..], &milliseconds.to_be_bytes(), &[0; 6]].concat()
}

fn answer(token: &str, body: &[u8]) -> Vec<u8> {
    let length = (token.len() as u32).to_be_bytes();
    [&start(3, 60_000)[..], &length, token.as_bytes(), body].concat()
}

fn pause(kind: u8) -> Vec<u8> {
    [&start(kind, 60_000)[..], b"\x01\xf7\0\0\0\0\x02no"].concat()
}

#[test]
fn a_refusal_is_known_after_its_pause() {
    let life = |bytes: &[u8]| Entry::from_bytes(bytes).unwrap().life();
    assert_eq!(life(&answer("t", b"{}")), Duration::from_secs(60));
    assert_eq!(life(&pause(0)), Duration::from_secs(60));
    assert_eq!(life(&pause(1)), Duration::from_secs(60 + 4 * 3600));
}

#[test]
fn an_entry_gives_its_token_for_revocation() {
    let token = |bytes: &[u8]| {
        let entry = Entry::from_bytes(bytes).unwrap();
        (entry.is_pause(), entry.expose_token().map(|token| token.to_string()))
    };
    assert_eq!(token(&answer("t", b"{}")), (false, Some("t".to_owned())));
    assert_eq!(token(&pause(0)), (true, None));
    let body = br#"{"access": {"token": {"id": "t2", "expires": "2020-02-20T20:20:20Z"}}}"#;
    let v2 = |body: &[u8]| [&start(2, 60_000)[..], &[0; 4], body].concat();
    assert_eq!(token(&v2(body)), (false, Some("t2".to_owned())));
    assert_eq!(token(&v2(b"{}")), (false, None));
}

#[test]
fn an_entry_shows_no_token() {
    let entry = Entry::from_bytes(&answer("t0ps3cret", b"{\"t0ps3cret\": 1}")).unwrap();
    let shown = format!("{entry:?}");
    assert!(shown.contains("60s") && !shown.contains("s3cret"), "{shown}");
    let shown = format!("{:?}", Entry::from_bytes(&pause(0)).unwrap());
    assert!(shown.contains("503") && shown.contains("no"), "{shown}");
}

/// The bytes of a label's longest text: each character escaped, and the mark of a cut.
const LONGEST: u16 = (limits::ERROR_TEXT * r"\u{e0041}".len() + '…'.len_utf8()) as u16;

/// The largest entry is read.
pub(crate) fn largest(past: usize) -> Result<(), String> {
    let token = "t".repeat(limits::TOKEN);
    let text = [&LONGEST.to_be_bytes()[..], &[b'x'; LONGEST as usize]].concat();
    let bytes = answer(&token, &vec![b' '; limits::BODY + past]);
    let bytes = [&bytes[..10], &text, &text, &text, &bytes[16..]].concat();
    if bytes.len() != limits::ENTRY + past {
        return Err(format!("the largest entry has {} bytes", bytes.len() - past));
    }
    Entry::from_bytes(&bytes).map(drop).ok_or_else(|| "no entry".to_owned())
}

proptest! {
    #![proptest_config(cases(5000))]

    #[test]
    fn an_entry_has_one_form(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..40),
            vec(any::<u8>(), 0..20).prop_map(|body| answer("t", &body)),
            (0..2u8, vec(any::<u8>(), 0..20)).prop_map(|(kind, rest)| {
                [&start(kind, 60_000)[..], &[1, 0xf7], &rest].concat()
            }),
        ],
        flip in any::<(usize, u8)>(),
    ) {
        let mut bytes = bytes;
        if let Some(byte) = bytes.get_mut(flip.0 % 64) {
            *byte = flip.1;
        }
        if let Some(entry) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(&*entry.to_bytes(), &bytes);
            prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Some(entry));
        }
    }
}
