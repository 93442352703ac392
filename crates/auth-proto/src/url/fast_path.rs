//! What nearly every URL and every target of a request looks like, seen at a glance.
//!
//! Each request of each caller is asked whether a token may go there, and each look-up whether its
//! URL is one. [`url`](crate::url) answers that, whatever the URL; but nearly all are https to a
//! name under a top-level domain, to which it has nothing to say, and that is seen in a tenth of the
//! time. `false` leaves the answer to it. Nothing is compared here, so that there is no second
//! reading of a URL that could differ from the first: what is not as plain as can be is not ordinary.

use http::Uri;

use crate::limits;

/// Whether a token may go to this URI in any cloud.
#[inline]
pub(crate) fn is_target(uri: &Uri) -> bool {
    match uri.authority() {
        Some(authority) => uri.scheme_str() == Some("https") && is_domain(authority.as_str()),
        None => false,
    }
}

/// Whether this is a URL, whose path leads nowhere else, and a token may go there in any cloud.
pub(crate) fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.split('/').next().unwrap_or(rest);
    let is_letter = |b: u8| (b | 0x20).is_ascii_lowercase();
    // No branches, and no more than this, so that sixteen bytes are one step.
    let is_odd = |b| !(is_letter(b) | matches!(b, b'-'..=b':') | (b == b'_'));
    text.len() <= limits::URL
        && is_domain(authority)
        && !any_byte(rest, is_odd)
        && !rest.contains("/.")
}

/// Whether an authority is a name under a top-level domain, and perhaps a port.
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
    let Some(end) = host.as_bytes().last_chunk::<{ LETTERS + 1 }>() else { return false };
    let Some(dot) = end.iter().rposition(|b| *b == b'.') else { return false };
    // Numbers begin otherwise, and names for this machine or for metadata have more letters.
    let is_top = end.get(dot + 1).is_some_and(u8::is_ascii_lowercase);
    // User info, brackets, a port and capitals are from `:` to `` ` ``.
    let is_odd = |b| matches!(b, b':'..=b'`');
    is_top && host.len() < LONG && !any_byte(host, is_odd)
}

/// At most as many has a top-level domain here: `localhost`, `internal` and `metadata` have more.
const LETTERS: usize = 6;

/// No name of a host is as long: that there is a bound makes the search for odd bytes short.
const LONG: usize = 128;

/// Whether any byte is such a one. All of them are looked at, sixteen at once, which is faster than
/// to stop.
#[inline]
pub(crate) fn any_byte(text: &str, is: impl Fn(u8) -> bool) -> bool {
    let among = |bytes: &[u8]| bytes.iter().fold(false, |any, byte| any | is(*byte));
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
    use crate::url::{LOOPBACK_NAMES, METADATA_NAMES, Origin, parsed};

    #[test]
    fn what_clouds_list_is_ordinary() {
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
    fn the_rest_is_left_to_who_reads_it() {
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
    fn no_name_that_is_special_is_ordinary() {
        for name in LOOPBACK_NAMES.iter().chain(&METADATA_NAMES) {
            for (url, uri) in ["", ".", ":443", "/v3"].map(|end| {
                let url = format!("https://{name}{end}");
                (url.clone(), url.parse::<Uri>().unwrap())
            }) {
                assert!(!is_url(&url) && !is_target(&uri), "{url}");
            }
        }
    }

    #[test]
    fn every_byte_is_looked_at() {
        for length in 0..50 {
            assert!(!any_byte(&"a".repeat(length), |b| b == b'@'));
            for at in 0..length {
                let text = format!("{}@{}", "a".repeat(at), "a".repeat(length - at - 1));
                assert!(any_byte(&text, |b| b == b'@'), "{text}");
            }
        }
    }

    /// What may be in a URL, the parts that mean something more often than by chance.
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
                "com", "[", "]", "::1", "@", "%2e", "..", "\\",
            ]).prop_map(str::to_owned),
        ];
        let rest = prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat());
        rest.prop_map(|rest| format!("https://{rest}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_to_be_said_to_what_is_ordinary(text in texts()) {
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
