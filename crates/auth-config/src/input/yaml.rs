//! A YAML reader with limits on size, depth and aliases. Scalars stay text: an id of digits keeps
//! its leading zeros. The rules interpret booleans and numbers.

use std::{borrow::Cow, collections::HashMap, path::Path, sync::Arc};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};
use zeroize::Zeroizing;

use crate::{
    limits,
    report::{error::Error, origin::ValueOrigin},
    value::{Map, NODE_WEIGHT, Node, Value},
};

/// The root of a file, and the places of duplicate keys.
pub(super) fn read(path: &Path, text: &str) -> Result<(Node, Vec<ValueOrigin>), Error> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        path: path.into(),
        anchors: HashMap::new(),
        weight: 0,
        duplicates: Vec::new(),
    };
    let root = reader.document()?;
    Ok((root, reader.duplicates))
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    path: Arc<Path>,
    anchors: HashMap<usize, Node>,
    /// The weight of all nodes so far, including the copies that aliases make.
    weight: usize,
    duplicates: Vec<ValueOrigin>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, Error> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => {
                    let origin = self.origin(span.start, "");
                    return Ok(root.unwrap_or_else(|| Node::null(origin)));
                }
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(self.error(
                        span.start,
                        "a second document starts here; keep one document per file",
                    ));
                }
                Event::DocumentStart(_) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, "", 1)?);
                }
                _ => return Err(self.error(span.start, MALFORMED)),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            // The parser's message may quote a secret.
            Some(Err(error)) => Err(self.error(*error.marker(), MALFORMED)),
            None => Err(self.error(Marker::new(0, 0, 0), MALFORMED)),
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: Span,
        key: &str,
        depth: usize,
    ) -> Result<Node, Error> {
        let at = span.start;
        if depth > limits::DEPTH {
            return Err(self.error(at, DEEP));
        }
        // The weight is added before the node is built, so that memory stays bounded. `key` counts
        // because the node's origin keeps it.
        self.add_weight(NODE_WEIGHT + key.len(), at)?;
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.alias(anchor, at, depth),
            Event::Scalar(text, style, anchor, tag) => {
                self.add_weight(text.len(), at)?;
                // The text may be a secret: wipe the parser's copy.
                let text = Zeroizing::new(text.into_owned());
                (anchor, self.scalar(&text, style, tag, at)?)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), at)?;
                (anchor, self.list(key, depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), at)?;
                (anchor, self.map(key, depth)?)
            }
            _ => return Err(self.error(at, MALFORMED)),
        };
        let node = Node { value, origin: self.origin(at, key) };
        // The parser numbers anchors from 1. The stored copy counts like one more alias.
        if anchor > 0 {
            self.add_weight(node.weight(), at)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, at: Marker, depth: usize) -> Result<Node, Error> {
        // An anchor is stored after its node, so an alias inside its own anchor is not found.
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.error(at, "an alias inside its own anchor; remove it"));
        };
        if depth + node.height() > limits::DEPTH + 1 {
            return Err(self.error(at, DEEP));
        }
        self.add_weight(node.weight(), at)?;
        Ok(node)
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'_, Tag>>,
        at: Marker,
    ) -> Result<Value, Error> {
        let is_text = tag.as_deref().is_some_and(|tag| tag.suffix == "str");
        self.check_tag(tag.as_deref(), at)?;
        let plain = style == ScalarStyle::Plain && !is_text;
        if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            return Ok(Value::Null);
        }
        Ok(Value::Text(text.into()))
    }

    fn check_tag(&self, tag: Option<&Tag>, at: Marker) -> Result<(), Error> {
        let is_core = |tag: &Tag| tag.is_yaml_core_schema() && CORE.contains(&tag.suffix.as_str());
        match tag.is_none_or(is_core) {
            true => Ok(()),
            false => Err(self.error(at, "unsupported tag (!…); remove it")),
        }
    }

    fn list(&mut self, key: &str, depth: usize) -> Result<Value, Error> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => {
                    let key = format!("{key}[{}]", items.len());
                    items.push(self.node(event, span, &key, depth + 1)?);
                }
            }
        }
    }

    fn map(&mut self, key: &str, depth: usize) -> Result<Value, Error> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        loop {
            let (name, span) = match self.next()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(name, ..), span) => (name, span),
                (_, span) => {
                    return Err(
                        self.error(span.start, "a key that is not text; write a plain text")
                    );
                }
            };
            self.add_weight(name.len(), span.start)?;
            let below = if key.is_empty() { name.to_string() } else { format!("{key}.{name}") };
            let (event, span) = self.next()?;
            let node = self.node(event, span, &below, depth + 1)?;
            if name == "<<" {
                merged.push((node, span.start));
            } else if map.insert(name.into_owned(), node).is_some() {
                self.duplicates.push(self.origin(span.start, &below));
            }
        }
        for (node, at) in merged {
            self.merge_key(&mut map, node, at)?;
        }
        Ok(Value::Map(map))
    }

    /// Fills the gaps of a mapping from the mapping, or list of mappings, under its key `<<`.
    fn merge_key(&self, map: &mut Map, node: Node, at: Marker) -> Result<(), Error> {
        let sources = match node.value {
            Value::List(items) => items,
            value => vec![Node { value, origin: node.origin }],
        };
        for source in sources {
            let Value::Map(source) = source.value else {
                return Err(self.error(
                    at,
                    "<< merges a value that is not a mapping; name an anchored mapping",
                ));
            };
            for (key, node) in source {
                map.entry(key).or_insert(node);
            }
        }
        Ok(())
    }

    fn add_weight(&mut self, weight: usize, at: Marker) -> Result<(), Error> {
        self.weight = self.weight.saturating_add(weight);
        match self.weight <= limits::WEIGHT {
            true => Ok(()),
            false => Err(self
                .error(at, "too much data once aliases are expanded; remove aliases of aliases")),
        }
    }

    fn origin(&self, at: Marker, key: &str) -> ValueOrigin {
        ValueOrigin::File { path: self.path.clone(), line: at.line().max(1), key: key.to_owned() }
    }

    fn error(&self, at: Marker, problem: &'static str) -> Error {
        let (line, column) = (at.line().max(1), at.col() + 1);
        Error::Syntax { path: self.path.to_path_buf(), line, column, problem }
    }
}

/// The tags of YAML's core schema, such as `!!str`.
const CORE: &[&str] = &["bool", "float", "int", "map", "null", "seq", "str"];
const DEEP: &str = "nested too deep; at most 32 levels are read";
const MALFORMED: &str =
    "not valid YAML; check the indentation, and quote texts that contain : or #";

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        read(Path::new("clouds.yaml"), text).unwrap_err().to_string()
    }

    fn fine(text: &str) -> Node {
        read(Path::new("clouds.yaml"), text).unwrap().0
    }

    #[test]
    fn text_stays_as_it_was_written() {
        let node =
            fine("id: 0123\nno: no\nempty:\ntilde: ~\nquoted: \"null\"\ntagged: !!str null\n");
        let map = node.as_map().unwrap();
        assert_eq!(map["id"].as_text(), Some("0123"));
        assert_eq!(map["no"].as_text(), Some("no"));
        assert!(map["empty"].is_null() && map["tilde"].is_null());
        assert_eq!(map["quoted"].as_text(), Some("null"));
        assert_eq!(map["tagged"].as_text(), Some("null"));
    }

    #[test]
    fn origins_name_line_and_key() {
        let node = fine("a:\n  b:\n  - x\n  - c: y\n");
        let origin = |node: &Node| node.origin.to_string();
        let list = &node.as_map().unwrap()["a"].as_map().unwrap()["b"];
        let Value::List(items) = &list.value else { panic!("no list") };
        assert_eq!(origin(&items[0]), "clouds.yaml:3, a.b[0]");
        assert_eq!(origin(&items[1].as_map().unwrap()["c"]), "clouds.yaml:4, a.b[1].c");
    }

    #[test]
    fn merge_keys_fill_gaps() {
        let node = fine("x: &x {a: 1, b: 2}\ny: &y {a: 3, c: 4}\nz: {<<: [*x, *y], b: 5}\n");
        let z = node.as_map().unwrap()["z"].as_map().unwrap();
        let texts: Vec<_> = z.values().filter_map(Node::as_text).collect();
        assert_eq!(texts, ["1", "5", "4"]);
    }

    #[test]
    fn of_duplicate_keys_the_last_wins() {
        let (node, duplicates) = read(Path::new("c"), "a: 1\na: 2\n").unwrap();
        assert_eq!(node.as_map().unwrap()["a"].as_text(), Some("2"));
        assert_eq!(duplicates.len(), 1);
    }

    #[test]
    fn limits_hold() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(problem(&deep).contains("deep"), "{}", problem(&deep));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..20 {
            bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
        }
        assert!(problem(&bomb).contains("too much"), "{}", problem(&bomb));
        let mut ladder = "a0: &a0 [x]\n".to_owned();
        for n in 1..100 {
            ladder += &format!("a{n}: &a{n} [*a{}]\n", n - 1);
        }
        assert!(problem(&ladder).contains("deep"));
        assert!(problem("a: &a [*a]\n").contains("own anchor"));
        let long = format!("? {}\n: [{}]\n", "x".repeat(4096), "y, ".repeat(2000));
        assert!(problem(&long).contains("too much"));
    }

    #[test]
    fn errors_name_the_place_and_quote_nothing() {
        let said = problem("clouds:\n  mine:\n    password: \"hunter2\n");
        assert!(said.starts_with("clouds.yaml:") && !said.contains("hunter2"), "{said}");
        let said = problem("a: 1\n---\nb: 2\n");
        assert!(said.starts_with("clouds.yaml:2:1: "), "{said}");
        assert!(problem("a: !!python/object:os.system hunter2\n").contains("tag"));
        assert!(problem("? [a]\n: b\n").contains("key"));
    }
}
