//! Secrets, and the spellings in which a service may give one back.

use std::fmt::Write;

use auth_proto::limits;

/// Random choices from a seed (splitmix64).
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn pick_char(&mut self, all: &str) -> char {
        all.chars().nth(self.below(all.chars().count())).unwrap()
    }
}

/// Bytes of a text that is searched whole, less what is put around it.
const LONGEST: usize = limits::REDACTION_INPUT - 100;

/// The shortest secret, in bytes, that is replaced alone.
const SHORTEST: usize = 4;

/// A secret of visible ASCII, as tokens and receipts are.
pub(super) fn token(draw: &mut Draw) -> String {
    let length = SHORTEST + draw.below(40);
    (0..length).map(|_| char::from(b'!' + u8::try_from(draw.below(94)).unwrap())).collect()
}

/// Any secret. Characters that mean something in an escape are frequent.
pub(super) fn password(draw: &mut Draw) -> String {
    const ALPHABETS: [&str; 8] = [
        "%\\&#;\"'<>/+-_ =x",
        "0123456789abcdefABCDEF",
        "uUxXnrtbNamplquotgs",
        "éèÄÖßüÿÀçµ×",
        "ключ가你ŉſİıKǅςẞΐȺ",
        "😀🔑🦀𝒜",
        "\0\n\t\r\u{8}\u{c}\u{1}\u{7f}\u{200b}\u{202e}\u{a0}",
        "the quick brown fox",
    ];
    let of = [draw.pick(&ALPHABETS), draw.pick(&ALPHABETS), draw.pick(&ALPHABETS)];
    let longest = if draw.one_in(4) { 60 } else { 20 };
    let length = 1 + draw.below(longest);
    let mut secret = String::new();
    while secret.chars().count() < length || secret.len() < SHORTEST {
        let alphabet = draw.pick(&of);
        secret.push(draw.pick_char(alphabet));
    }
    secret
}

/// One spelling of a secret: the text to hide, and what stays before and after it.
pub(super) struct Spelled {
    pub(super) before: String,
    pub(super) hidden: String,
    pub(super) after: String,
}

impl Spelled {
    pub(super) fn text(&self) -> String {
        format!("{}{}{}", self.before, self.hidden, self.after)
    }

    /// The secret with up to `levels` levels of escapes, in a text that is searched whole.
    pub(super) fn of(draw: &mut Draw, secret: &str, levels: usize) -> Self {
        let mut spelled = match draw.below(8) {
            0 => base64(draw, secret.as_bytes()),
            1 => base64(draw, &quoted(secret)),
            2 => alone(hexadecimal(draw, secret)),
            _ => alone(other_case(draw, secret)),
        };
        for _ in 0..draw.below(levels + 1) {
            // A part before another one must not end within an escape.
            let next = Self {
                before: escaped(draw, &spelled.before, true),
                hidden: escaped(draw, &spelled.hidden, !spelled.after.is_empty()),
                after: escaped(draw, &spelled.after, false),
            };
            if next.text().len() > LONGEST {
                break;
            }
            spelled = next;
        }
        spelled
    }
}

fn alone(hidden: String) -> Spelled {
    Spelled { before: String::new(), hidden, after: String::new() }
}

fn other_case(draw: &mut Draw, secret: &str) -> String {
    let change = draw.below(4);
    let mut out = String::new();
    for c in secret.chars() {
        match if change == 3 { draw.below(3) } else { change } {
            0 => out.push(c),
            1 => out.extend(c.to_lowercase()),
            _ => out.extend(c.to_uppercase()),
        }
    }
    out
}

fn hexadecimal(draw: &mut Draw, secret: &str) -> String {
    let capitals = draw.one_in(2);
    secret.bytes().fold(String::new(), |mut out, byte| {
        let _ = if capitals { write!(out, "{byte:02X}") } else { write!(out, "{byte:02x}") };
        out
    })
}

/// The inside of a JSON string.
fn quoted(secret: &str) -> Vec<u8> {
    let json = serde_json::to_string(secret).unwrap();
    json.as_bytes()[1..json.len() - 1].to_vec()
}

/// Base64 of some text with the secret in it. The characters at both ends of the secret that also
/// depend on the other text stay.
fn base64(draw: &mut Draw, secret: &[u8]) -> Spelled {
    let (start, end) = (draw.below(5), draw.below(5));
    let bytes = [&b"abcde"[..start], secret, &b"vwxyz"[..end]].concat();
    let url = draw.one_in(2);
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().chain(&[0, 0]).take(3).fold(0_u32, |all, b| all << 8 | u32::from(*b));
        for at in 0..=chunk.len() {
            let digit = group >> (18 - 6 * at) & 63;
            text.push(match u8::try_from(digit).unwrap() {
                value @ 0..=25 => char::from(b'A' + value),
                value @ 26..=51 => char::from(b'a' + value - 26),
                value @ 52..=61 => char::from(b'0' + value - 52),
                62 => {
                    if url {
                        '-'
                    } else {
                        '+'
                    }
                }
                _ => {
                    if url {
                        '_'
                    } else {
                        '/'
                    }
                }
            });
        }
    }
    if draw.one_in(2) {
        text.push_str(&"=="[..(3 - bytes.len() % 3) % 3]);
    }
    let (from, to) = ((start * 8).div_ceil(6), (start + secret.len()) * 8 / 6);
    Spelled {
        before: text[..from].to_owned(),
        hidden: text[from..to].to_owned(),
        after: text[to..].to_owned(),
    }
}

/// The text with one more level of escapes, which is each character's own. What begins an escape is
/// always escaped, as every encoder does: otherwise the text would mean something else.
fn escaped(draw: &mut Draw, text: &str, closed: bool) -> String {
    let density = draw.pick(&[1, 2, 8]);
    // In Latin-1, a byte that could continue a character of UTF-8 could be read in two ways.
    let latin = draw.one_in(3) && !text.contains(|c| ('\u{80}'..'\u{c0}').contains(&c));
    let mut out = String::new();
    let mut open: Option<Open> = None;
    for c in text.chars() {
        let must = matches!(c, '\\' | '%' | '&');
        let (next, next_open) = match must || draw.one_in(density) {
            true => escape(draw, c, latin),
            false => (c.to_string(), None),
        };
        close(&mut out, open, next.chars().next());
        out.push_str(&next);
        open = next_open;
    }
    close(&mut out, open, closed.then_some(';'));
    out
}

/// An escape of HTML without its semicolon, which some next characters need.
#[derive(Clone, Copy)]
struct Open {
    radix: u32,
}

fn close(out: &mut String, open: Option<Open>, next: Option<char>) {
    let needs = |open: Open, next: char| next == ';' || next.is_digit(open.radix);
    if let (Some(open), Some(next)) = (open, next)
        && needs(open, next)
    {
        out.push(';');
    }
}

/// One escape of a character.
fn escape(draw: &mut Draw, c: char, latin: bool) -> (String, Option<Open>) {
    let code = u32::from(c);
    let capitals = draw.one_in(2);
    let hex = |value: u32, width: usize| match capitals {
        true => format!("{value:0width$X}"),
        false => format!("{value:0width$x}"),
    };
    let bytes = |start: &str| {
        if latin && (0xc0..0x100).contains(&code) {
            return format!("{start}{}", hex(code, 2));
        }
        let utf_8 = c.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
        utf_8.iter().map(|byte| format!("{start}{}", hex(u32::from(*byte), 2))).collect()
    };
    let text = match draw.below(10) {
        // Python's bytes that it could not decode.
        9 if !c.is_ascii() => bytes(if capitals { "\\UDC" } else { "\\udc" }),
        0 => bytes("%"),
        1 => bytes("\\x"),
        2 => c
            .encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{}", hex((*unit).into(), 4)))
            .collect(),
        3 => format!("\\U{}", hex(code, 8)),
        4 => format!("\\u{{{}}}", hex(code, 1)),
        5 | 6 => {
            let width = draw.pick(&[0, 0, 4, 8]);
            let (number, radix) = match draw.one_in(2) {
                true => (format!("&#{code:0width$}"), 10),
                false => {
                    (format!("&#{}{}", if capitals { "X" } else { "x" }, hex(code, width)), 16)
                }
            };
            return (number, Some(Open { radix }));
        }
        _ => match c {
            '&' => return (draw.pick(&["&amp", "&AMP"]).to_owned(), Some(Open { radix: 2 })),
            '<' => return ("&lt".to_owned(), Some(Open { radix: 2 })),
            '>' => return ("&gt".to_owned(), Some(Open { radix: 2 })),
            '"' => draw.pick(&["&quot;", "\\\""]).to_owned(),
            '\'' => draw.pick(&["&apos;", "\\'"]).to_owned(),
            '\\' => "\\\\".to_owned(),
            '/' => "\\/".to_owned(),
            ' ' => "+".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '\0' => "\\0".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            _ => bytes("%"),
        },
    };
    // An open escape may be closed.
    (text, None)
}
