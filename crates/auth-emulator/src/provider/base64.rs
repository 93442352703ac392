//! Base64, for HTTP Basic and for the parts of an ID token.

/// The bytes of a text in the usual alphabet, with or without padding; `None` if it is not one.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = USUAL.iter().position(|own| *own == letter)?;
        buffer = buffer << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    Some(bytes)
}

/// The bytes in the alphabet for URLs, without padding.
pub(super) fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or_default());
        let buffer = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..=chunk.len() {
            text.push(FOR_URLS[(buffer >> (18 - 6 * place) & 63) as usize].into());
        }
    }
    text
}

const USUAL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648, section 10.
    #[test]
    fn the_examples_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(bytes.as_bytes()));
            assert_eq!(encoded(bytes.as_bytes()), text.trim_end_matches('='));
        }
        assert_eq!(encoded(&[0xfb, 0xff]), "-_8");
        assert_eq!(decoded("-_8"), None);
        assert_eq!(decoded("a b"), None);
    }
}
