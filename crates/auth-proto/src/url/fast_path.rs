//! A fast check that recognises ordinary URLs.
//!
//! Each request needs the check of its target, and each lookup the check of its URL. The full
//! checks are in [`url`](crate::url). Nearly every URL is https to a name under a top-level domain,
//! which passes them all; this module recognises it in a tenth of the time. `false` means that the
//! full check decides. This module compares no hosts, so that its reading of a URL cannot
//! contradict the parser's: it accepts only URLs that every parser reads alike.

use http::Uri;

use crate::limits;

/// Whether a token may go to this URI at every cloud.
#[inline]
pub(crate) fn is_target(uri: &Uri) -> bool {
    match uri.authority() {
        Some(authority) => uri.scheme_str() == Some("https") && is_domain(authority.as_str()),
        None => false,
    }
}

/// Whether a text is a URL without `.` or `..` in its path, and a token may go there at every
/// cloud.
pub(crate) fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.split('/').next().unwrap_or(rest);
    let is_letter = |b: u8| (b | 0x20).is_ascii_lowercase();
    // Without branches the compiler checks sixteen bytes at once.
    let is_odd = |b| !(is_letter(b) | matches!(b, b'-'..=b':') | (b == b'_'));
    text.len() <= limits::URL
        && is_domain(authority)
        && !any_byte(rest, is_odd)
        && !rest.contains("/.")
}

/// Whether an authority is a name under a top-level domain, with or without a port.
#[inline(always)]
fn is_domain(authority: &str) -> bool {
    match authority.as_bytes().last() {
        Some(last) if last.is_ascii_digit() => has_port(authority),
        _ => is_host(authority),
    }
}

#[inline(never)]
fn has_port(authority: &str) -> bool {
    let Some((host, port)) = authority.rsplit_once(':') else { return false };
    let is_port = port.len() < 5 && port.bytes().all(|b| b.is_ascii_digit());
    is_port && !port.starts_with('0') && is_host(host)
}

#[inline(always)]
fn is_host(host: &str) -> bool {
    let Some(end) = host.as_bytes().last_chunk::<{ MAX_TOP_LETTERS + 1 }>() else { return false };
    let Some(dot) = end.iter().rposition(|b| *b == b'.') else { return false };
    // A number begins with a digit; the last label of a special name has more letters.
    let is_top = end.get(dot + 1).is_some_and(u8::is_ascii_lowercase);
    // Capitals, `@` of user info, brackets and `:` of a port are all from `:` to `` ` ``.
    let is_odd = |b| matches!(b, b':'..=b'`');
    is_top && host.len() < MAX_HOST && !may_be_metadata(host) && !any_byte(host, is_odd)
}

/// Whether a host begins as a metadata service's name under a public top-level domain.
#[inline(always)]
fn may_be_metadata(host: &str) -> bool {
    matches!(host.as_bytes().first_chunk::<8>(), Some(b"metadata" | b"api.meta"))
}

/// The most letters of a top-level domain. `localhost`, `internal` and `metadata` have more.
const MAX_TOP_LETTERS: usize = 6;

/// A bound on the length of a host's name, which lets the compiler simplify the search.
const MAX_HOST: usize = 128;

/// Whether any byte matches. Reading all bytes, sixteen at once, is faster than stopping at the
/// first match.
#[inline]
pub(crate) fn any_byte(text: &str, matches: impl Fn(u8) -> bool) -> bool {
    let among = |bytes: &[u8]| bytes.iter().fold(false, |any, byte| any | matches(*byte));
    let text = text.as_bytes();
    match text.last_chunk::<16>() {
        None => among(text),
        Some(last) => {
            let (chunks, _) = text.as_chunks::<16>();
            chunks.iter().fold(among(last), |any, chunk| any | among(chunk))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::url::{
        Origin, parsed,
        special::{HOST_NAMES, LOOPBACK_NAMES, METADATA_NAMES},
    };

    #[test]
    fn usual_endpoints_are_ordinary() {
        for url in [
            "https://compute.example.com",
            "https://compute.example.com/",
            "https://compute.example.com:8774/v2.1/0123456789abcdef",
            "https://iam.cn-north-1.example.com/v3/AUTH_x-y.z",
            "https://ab.cd.de",
            "https://4a.example.museum/v3",
        ] {
            assert!(is_url(url), "{url}");
            assert!(is_target(&url.parse().unwrap()), "{url}");
        }
    }

    #[test]
    fn other_urls_take_the_full_check() {
        for url in [
            "",
            "https://",
            "https:///v3",
            "http://compute.example.com",
            "https://Compute.example.com",
            "https://compute.example.com.",
            "https://compute.example.com:",
            "https://compute.example.com:0",
            "https://compute.example.com:080",
            "https://compute.example.com:65536",
            "https://compute:80.example.com",
            "https://user@compute.example.com",
            "https://user:1@compute.example.com:443",
            "https://[::1]",
            "https://[::1].com",
            "https://127.0.0.1",
            "https://127.1",
            "https://2130706433",
            "https://0x7f.0x1",
            "https://localhost",
            "https://x.localhost",
            "https://localhost.localdomain",
            "https://metadata.google.internal",
            "https://compute",
            "https://com",
            "https://.",
            "https://host.x.0xf",
            "https://metadata",
        ] {
            assert!(!is_url(url), "{url}");
            assert!(!url.parse().is_ok_and(|uri| is_target(&uri)), "{url}");
        }
        for url in [
            "HTTPS://compute.example.com",
            "https://compute.example.com/../v3",
            "https://compute.example.com/v3/.",
            "https://compute.example.com/%2e%2e/v3",
            "https://compute.example.com/a\\..\\b",
            "https://compute.example.com/{project_id}",
            "https://compute.example.com/%(project_id)s",
            "https://compute.example.com/$(project_id)s",
            "https://compute.example.com/a b",
            "https://compute.example.com?x",
            "https://compute.example.com#x",
            "https://compute.example.com/\u{e4}",
        ] {
            assert!(!is_url(url), "{url}");
        }
        let long = format!("https://compute.example.com/{}", "a".repeat(limits::URL));
        assert!(!is_url(&long));
        assert!(is_url(&long[..limits::URL]));
    }

    #[test]
    fn no_special_name_is_ordinary() {
        for name in LOOPBACK_NAMES.iter().chain(&HOST_NAMES).chain(&METADATA_NAMES) {
            for (url, uri) in ["", ".", ":443", "/v3"].map(|end| {
                let url = format!("https://{name}{end}");
                (url.clone(), url.parse::<Uri>().unwrap())
            }) {
                assert!(!is_url(&url) && !is_target(&uri), "{url}");
            }
        }
    }

    #[test]
    fn every_byte_is_checked() {
        for length in 0..50 {
            assert!(!any_byte(&"a".repeat(length), |b| b == b'@'));
            for at in 0..length {
                let text = format!("{}@{}", "a".repeat(at), "a".repeat(length - at - 1));
                assert!(any_byte(&text, |b| b == b'@'), "{text}");
            }
        }
    }

    /// Parts of URLs, those with a meaning more often than by chance.
    fn texts() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            4 => "[a-z]{1,8}",
            2 => "[a-z0-9-]{1,4}",
            4 => Just(".".to_owned()),
            1 => "[!-~]",
            1 => ":[0-9]{0,5}",
            1 => "/[a-zA-Z0-9._%{}()$-]{0,6}",
            1 => prop::sample::select(vec![
                "localhost", "localdomain", "metadata", "internal", "instance-data", "127", "0x7f",
                "metadata.packet.net", "api.metadata.cloud.ibm.com", "docker", "loopback",
                "com", "[", "]", "::1", "@", "%2e", "..", "\\",
            ]).prop_map(str::to_owned),
        ];
        let rest = prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat());
        rest.prop_map(|rest| format!("https://{rest}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

        #[test]
        fn ordinary_urls_pass_the_full_check(text in texts()) {
            if is_url(&text) {
                let uri = parsed(&text).unwrap();
                prop_assert!(is_target(&uri));
            }
            if let Ok(uri) = text.parse::<Uri>() && is_target(&uri) {
                let origin = Origin::of(&uri).unwrap();
                prop_assert!(origin.is_https());
                prop_assert_eq!(origin.special(), None);
            }
        }
    }
}
