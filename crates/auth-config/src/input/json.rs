//! A JSON reader with the limits of the YAML reader. Numbers and booleans stay text: `1.10` keeps
//! its zero. The rules interpret them.
//!
//! serde_json checks the syntax, and splits objects and lists into the texts of their values. The
//! place of such a text within the file is the value's origin. Strings are decoded here, because
//! serde_json decodes escapes in a buffer that it does not wipe.

use std::{fmt, path::Path, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::{
    limits,
    report::{error::Error, origin::ValueOrigin},
    value::{Map, NODE_WEIGHT, Node, Value},
};

/// The root of a file, and the places of duplicate keys.
pub(super) fn read(path: &Path, text: &str) -> Result<(Node, Vec<ValueOrigin>), Error> {
    let lines = text.match_indices('\n').map(|(end, _)| end + 1);
    let lines = std::iter::once(0).chain(lines).collect();
    let mut reader = Reader { text, lines, path: path.into(), weight: 0, duplicates: Vec::new() };
    let root = reader.parse(text, 0)?;
    let root = reader.node(root, "", 1)?;
    Ok((root, reader.duplicates))
}

struct Reader<'a> {
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    path: Arc<Path>,
    /// The weight of all nodes so far.
    weight: usize,
    duplicates: Vec<ValueOrigin>,
}

impl<'a> Reader<'a> {
    fn node(&mut self, raw: &'a RawValue, key: &str, depth: usize) -> Result<Node, Error> {
        let (json, at) = (raw.get(), self.offset(raw));
        if depth > limits::DEPTH {
            return Err(self.error(at, DEEP));
        }
        // The weight is added before the node is built, so that memory stays bounded.
        let is_text = !json.starts_with(['{', '[']);
        let weight = NODE_WEIGHT + key.len() + if is_text { json.len() } else { 0 };
        self.weight = self.weight.saturating_add(weight);
        if self.weight > limits::WEIGHT {
            return Err(self.error(at, "too much data; keep the clouds that are used"));
        }
        let value = match json.as_bytes() {
            [b'{', ..] => self.map(json, at, key, depth)?,
            [b'[', ..] => self.list(json, at, key, depth)?,
            [b'"', ..] => Value::Text(self.string(json, at)?.as_str().into()),
            b"null" => Value::Null,
            _ => Value::Text(json.into()),
        };
        Ok(Node { value, origin: self.origin(at, key) })
    }

    fn list(&mut self, json: &'a str, at: usize, key: &str, depth: usize) -> Result<Value, Error> {
        let items: Vec<&RawValue> = self.parse(json, at)?;
        let node = |(index, raw)| self.node(raw, &format!("{key}[{index}]"), depth + 1);
        Ok(Value::List(items.into_iter().enumerate().map(node).collect::<Result<_, _>>()?))
    }

    fn map(&mut self, json: &'a str, at: usize, key: &str, depth: usize) -> Result<Value, Error> {
        let Entries(entries) = self.parse(json, at)?;
        let mut map = Map::new();
        for (name, raw) in entries {
            let below = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            self.weight += name.len();
            let node = self.node(raw, &below, depth + 1)?;
            if map.insert(name, node).is_some() {
                self.duplicates.push(self.origin(self.offset(raw), &below));
            }
        }
        Ok(Value::Map(map))
    }

    /// A string without its quotes and escapes.
    fn string(&self, json: &str, at: usize) -> Result<Zeroizing<String>, Error> {
        let quoted = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
        let mut rest = quoted.unwrap_or_default();
        // Allocated once: an escape is longer than its character.
        let mut text = Zeroizing::new(String::with_capacity(rest.len()));
        while let Some((plain, escape)) = rest.split_once('\\') {
            text.push_str(plain);
            let Some((letter, after)) = unescaped(escape) else {
                return Err(self.error(at + json.len() - escape.len() - 2, HALF));
            };
            text.push(letter);
            rest = after;
        }
        text.push_str(rest);
        Ok(text)
    }

    /// Parses a part of the file that begins at `at`.
    fn parse<T: Deserialize<'a>>(&self, json: &'a str, at: usize) -> Result<T, Error> {
        serde_json::from_str(json).map_err(|error| {
            // The error's own text may quote a secret.
            let problem = if error.is_eof() { CUT } else { MALFORMED };
            let before = json.split_inclusive('\n').take(error.line().saturating_sub(1));
            let line = before.map(str::len).sum::<usize>();
            self.error(at + line + error.column().saturating_sub(1), problem)
        })
    }

    /// Where a part of the file begins.
    fn offset(&self, part: &RawValue) -> usize {
        part.get().as_ptr().addr() - self.text.as_ptr().addr()
    }

    /// The line of an offset, counted from 1.
    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start <= offset)
    }

    fn origin(&self, offset: usize, key: &str) -> ValueOrigin {
        let (path, line) = (Arc::clone(&self.path), self.line(offset));
        ValueOrigin::File { path, line, key: key.to_owned() }
    }

    fn error(&self, offset: usize, problem: &'static str) -> Error {
        let line = self.line(offset);
        let before = self.text.as_bytes().get(self.lines[line - 1]..offset).unwrap_or_default();
        // All bytes of a character but the first have this form.
        let letters = before.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        Error::Syntax { path: self.path.to_path_buf(), line, column: letters + 1, problem }
    }
}

/// The entries of an object, with duplicates.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The character of an escape, which begins after its backslash, and the text after it. `None` if
/// it is one half of a surrogate pair.
fn unescaped(escape: &str) -> Option<(char, &str)> {
    let name = escape.chars().next()?;
    let rest = &escape[name.len_utf8()..];
    let letter = match name {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(rest),
        // serde_json has refused all but quotes, slashes and backslashes.
        other => other,
    };
    Some((letter, rest))
}

/// A character of four hexadecimal digits, or of a surrogate pair: `\ud83d\udd11`.
fn unicode(digits: &str) -> Option<(char, &str)> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let (first, rest) = (unit(digits)?, digits.get(4..)?);
    if let Some(letter) = char::from_u32(first.into()) {
        return Some((letter, rest));
    }
    let second = rest.strip_prefix("\\u")?;
    let pair = [first, unit(second)?];
    Some((char::decode_utf16(pair).next()?.ok()?, second.get(4..)?))
}

const CUT: &str = "the file ends too early; close every quote, brace and bracket";
const DEEP: &str = "nested too deep; at most 32 levels are read";
const HALF: &str = "an escape that is half of a surrogate pair; write the character itself";
const MALFORMED: &str = "not valid JSON; check quotes, commas and brackets";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fine(text: &str) -> Node {
        read(Path::new("c.json"), text).unwrap().0
    }

    fn problem(text: &str) -> String {
        read(Path::new("c.json"), text).unwrap_err().to_string()
    }

    #[test]
    fn strings_are_decoded() {
        for (json, text) in [
            (r#""k\ud83d\udd11""#, "k\u{1f511}"),
            (r#""\uD83D\uDD11\uD83D\uDD12""#, "\u{1f511}\u{1f512}"),
            (r#""a\/b""#, "a/b"),
            (r#""\\u0041\"""#, "\\u0041\""),
            (r#""\\\\""#, "\\\\"),
            (r#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
            (r#""\u0041\u00e9\uffff""#, "Aé\u{ffff}"),
            (r#""요청 # : - {}""#, "요청 # : - {}"),
        ] {
            assert_eq!(fine(json).as_text(), Some(text), "{json}");
        }
    }

    proptest! {
        #[test]
        fn strings_are_read_as_serde_json_reads_them(text in any::<String>(), all in any::<bool>()) {
            let escaped = || text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            let json = match all {
                true => format!("\"{}\"", escaped().collect::<String>()),
                false => serde_json::to_string(&text).unwrap(),
            };
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), &*text);
            let node = fine(&json);
            prop_assert_eq!(node.as_text().unwrap_or_default(), text);
        }
    }

    #[test]
    fn numbers_keep_their_text() {
        for number in ["1.10", "-0", "1E400", "12345678901234567890123", "true", "false"] {
            assert_eq!(fine(number).as_text(), Some(number));
        }
        assert!(fine("null").is_null());
        assert_eq!(fine("\"\"").as_text(), None);
        assert!(problem("0123").starts_with("c.json:1:2: not valid JSON"), "{}", problem("0123"));
    }

    #[test]
    fn origins_name_line_and_key() {
        let node = fine("{\n \"a\": {\"é\": [1,\n  {\"c\": \"y\"}]}}");
        let Value::List(items) = &node.as_map().unwrap()["a"].as_map().unwrap()["é"].value else {
            panic!("no list")
        };
        assert_eq!(items[0].origin.to_string(), "c.json:2, a.é[0]");
        assert_eq!(items[1].as_map().unwrap()["c"].origin.to_string(), "c.json:3, a.é[1].c");
    }

    #[test]
    fn of_duplicate_keys_the_last_wins() {
        let (node, places) = read(Path::new("c"), "{\"a\": 1,\n\"\\u0061\": 2}").unwrap();
        assert_eq!(node.as_map().unwrap()["a"].as_text(), Some("2"));
        assert_eq!(places.iter().map(ToString::to_string).collect::<Vec<_>>(), ["c:2, a"]);
    }

    #[test]
    fn errors_name_the_place_and_quote_nothing() {
        for (text, says) in [
            ("{\"p\":\n \"é\\ud83d hunter2\"}", "c.json:2:4: an escape that is half"),
            ("[\"\\udd11\\ud83d hunter2\"]", "c.json:1:3: an escape that is half"),
            ("[\"\\ud83d\\u0041 hunter2\"]", "c.json:1:3: an escape that is half"),
            ("[\"hunter2\\ud83d\"]", "c.json:1:10: an escape that is half"),
            ("{\"\\ud83d hunter2\": 1}", "c.json:1:"),
            ("{\"p\": \"hunter2\",\n}", "c.json:2:1: not valid JSON"),
            ("{\"p\": hunter2}", "c.json:1:7: not valid JSON"),
            ("{'p': 'hunter2'}", "c.json:1:2: not valid JSON"),
            ("# hunter2\n{}", "c.json:1:1: not valid JSON"),
            ("{\"p\": \"hunter2\\x\"}", "c.json:1:16: not valid JSON"),
            ("{\"p\": \"hunter2\n\"}", "c.json:"),
            ("{\"p\": \"hunter2", "c.json:1:14: the file ends too early"),
            ("{}\n{\"p\": \"hunter2\"}", "c.json:2:1: not valid JSON"),
            ("", "c.json:1:1: the file ends too early"),
        ] {
            let said = problem(text);
            assert!(said.starts_with(says) && !said.contains("hunter2"), "{text}: {said}");
        }
    }

    /// The place of a node is not searched from the start of a line: there may be one line only.
    #[test]
    fn a_million_bytes_on_one_line_are_read() {
        let entries: Vec<_> = (0..20_000).map(|n| format!("\"{n}\":{{\"a\":\"xyz\"}}")).collect();
        let node = fine(&format!("{{{}}}", entries.join(",")));
        assert_eq!(node.as_map().unwrap().len(), 20_000);
    }

    #[test]
    fn limits_hold() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(Path::new("c"), &nested(limits::DEPTH)).is_ok());
        for depth in [limits::DEPTH + 1, 500_000] {
            assert!(problem(&nested(depth)).contains("nested too deep"));
        }
        assert!(problem(&format!("[{}1]", "1,".repeat(500_000))).contains("too much data"));
        let objects = format!("[{}1]", "{\"a\":1},".repeat(100_000));
        assert!(problem(&objects).contains("too much data"));
    }
}
