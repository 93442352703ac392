//! The escapes of JSON, Python, Rust, URLs and HTML.

pub(super) enum Escaped {
    Byte(u8),
    Char(char),
}

/// The character of an escape at the start of the text, and the escape's length.
///
/// Letters count in both cases, since a server may change the case of a whole text. Only `\U` with
/// eight digits is Python's, and with four digits a `\u` in capitals.
pub(super) fn escape(text: &[u8]) -> Option<(Escaped, usize)> {
    match text {
        [b'%', ..] => byte(text, 1),
        [b'\\', b'x' | b'X', ..] => byte(text, 2),
        [b'\\', b'u' | b'U', b'{', ..] => braced(text),
        [b'\\', b'U', ..] => eight_digits(text).or_else(|| utf_16(text)),
        [b'\\', b'u', ..] => utf_16(text),
        [b'\\', c, ..] => {
            let byte = match c.to_ascii_lowercase() {
                b'0' => 0,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                _ => *c,
            };
            Some((Escaped::Byte(byte), 2))
        }
        [b'&', b'#', b'x' | b'X', ..] => numbered(text, 3, 16),
        [b'&', b'#', ..] => numbered(text, 2, 10),
        [b'&', ..] => named(text),
        _ => None,
    }
}

/// `%e9`, `\xe9`: two digits from `start`.
fn byte(text: &[u8], start: usize) -> Option<(Escaped, usize)> {
    let byte = u8::try_from(number(text.get(start..start + 2)?, 16)?).ok()?;
    Some((Escaped::Byte(byte), start + 2))
}

/// `\u00e9`; with two, a surrogate pair. A lone `\udce9` is Python's (`surrogateescape`): the byte
/// E9, which it could not decode.
fn utf_16(text: &[u8]) -> Option<(Escaped, usize)> {
    let unit = |at| u16::try_from(number(text.get(at..at + 4)?, 16)?).ok();
    let first = unit(2)?;
    if let (0xdc, byte @ 0x80..) = ((first >> 8), first.to_be_bytes()[1]) {
        return Some((Escaped::Byte(byte), 6));
    }
    let is_next = |next: &&[u8]| next.eq_ignore_ascii_case(b"\\u");
    let second = text.get(6..8).filter(is_next).and_then(|_| unit(8));
    let units = [Some(first), second];
    let c = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
    Some((Escaped::Char(c), 6 * c.len_utf16()))
}

/// `\U0001f600`.
fn eight_digits(text: &[u8]) -> Option<(Escaped, usize)> {
    let c = char::from_u32(number(text.get(2..10)?, 16)?)?;
    Some((Escaped::Char(c), 10))
}

/// `\u{1f600}`.
fn braced(text: &[u8]) -> Option<(Escaped, usize)> {
    let digits = &text[3..];
    let length = digits.iter().take(MAX_DIGITS).position(|byte| *byte == b'}')?;
    let c = char::from_u32(number(&digits[..length], 16)?)?;
    Some((Escaped::Char(c), length + 4))
}

/// `&#233;`, `&#xe9;`: digits from `start`, and a semicolon, which browsers do without.
fn numbered(text: &[u8], start: usize, radix: u32) -> Option<(Escaped, usize)> {
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let end = start + text[start..].iter().take(MAX_DIGITS).take_while(is_digit).count();
    let c = char::from_u32(number(&text[start..end], radix)?)?;
    Some((Escaped::Char(c), end + usize::from(text.get(end) == Some(&b';'))))
}

/// `&amp;`. Browsers do without the semicolon here, too.
fn named(text: &[u8]) -> Option<(Escaped, usize)> {
    let is_start = |name: &str| {
        text.get(1..1 + name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    let (name, byte) = ENTITIES.iter().find(|(name, _)| is_start(name))?;
    let end = 1 + name.len();
    Some((Escaped::Byte(*byte), end + usize::from(text.get(end) == Some(&b';'))))
}

const ENTITIES: [(&str, u8); 5] =
    [("amp", b'&'), ("apos", b'\''), ("gt", b'>'), ("lt", b'<'), ("quot", b'"')];

/// The most digits of a character's number, with some leading zeros.
const MAX_DIGITS: usize = 12;

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digit = |value: u32, digit: &u8| {
        value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)
    };
    digits.iter().try_fold(0, digit).filter(|_| !digits.is_empty())
}
