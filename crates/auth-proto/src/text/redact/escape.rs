//! The escapes of JSON, Python, URLs and HTML, in lower case.

pub(super) enum Escaped {
    Byte(u8),
    Char(char),
}

/// The character of an escape at the start of the text, and the escape's length.
pub(super) fn escape(text: &[u8]) -> Option<(Escaped, usize)> {
    match text {
        [b'%', ..] | [b'\\', b'x', ..] => {
            let start = if text[0] == b'%' { 1 } else { 2 };
            let byte = u8::try_from(number(text.get(start..start + 2)?, 16)?).ok()?;
            Some((Escaped::Byte(byte), start + 2))
        }
        [b'\\', b'u', ..] => {
            let unit = |at| u16::try_from(number(text.get(at..at + 4)?, 16)?).ok();
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
        [b'&', b'#', rest @ ..] => {
            let length = rest.iter().take(MAX_DIGITS).position(|byte| *byte == b';')?;
            let code = match &rest[..length] {
                [b'x', digits @ ..] => number(digits, 16),
                digits => number(digits, 10),
            };
            Some((Escaped::Char(char::from_u32(code?)?), length + 3))
        }
        [b'&', ..] => {
            let (name, byte) =
                ENTITIES.iter().find(|(name, _)| text.starts_with(name.as_bytes()))?;
            Some((Escaped::Byte(*byte), name.len()))
        }
        _ => None,
    }
}

const ENTITIES: [(&str, u8); 5] =
    [("&amp;", b'&'), ("&apos;", b'\''), ("&gt;", b'>'), ("&lt;", b'<'), ("&quot;", b'"')];

/// The most digits of a character's number, with some leading zeros.
const MAX_DIGITS: usize = 12;

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digit = |value: u32, digit: &u8| {
        value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)
    };
    digits.iter().try_fold(0, digit).filter(|_| !digits.is_empty())
}
