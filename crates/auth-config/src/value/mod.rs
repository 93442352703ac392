//! The contents of a file or variable: a tree whose nodes each know their origin.

pub(crate) mod keys;
pub(crate) mod setting;

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret, SecretString};

use crate::report::{error::Error, origin::ValueOrigin};

/// Keys and their values. The order of keys in a file never matters.
pub(crate) type Map = BTreeMap<String, Node>;

/// A value and its origin.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: ValueOrigin,
}

/// A value. Any text may be a secret, even under a harmless key, so `Debug` hides all of them.
#[derive(Clone)]
pub(crate) enum Value {
    List(Vec<Node>),
    Map(Map),
    Null,
    Text(SecretString),
}

impl Node {
    pub(crate) fn text(text: impl Into<SecretString>, origin: ValueOrigin) -> Self {
        Self { value: Value::Text(text.into()), origin }
    }

    pub(crate) fn null(origin: ValueOrigin) -> Self {
        Self { value: Value::Null, origin }
    }

    /// The text, if it is not empty: an empty text counts as unset everywhere.
    pub(crate) fn as_text(&self) -> Option<&str> {
        self.as_secret().map(ExposeSecret::expose_secret)
    }

    /// The same as a secret.
    pub(crate) fn as_secret(&self) -> Option<&SecretString> {
        match &self.value {
            Value::Text(text) => Some(text).filter(|text| !text.expose_secret().is_empty()),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether the value under this key may be shown. A PEM text may hold a private key, and a URL a
    /// password.
    pub(crate) fn is_public(&self, key: &str) -> bool {
        keys::is_public(key) && !self.is_pem_under(key) && !self.has_user_info()
    }

    /// Whether the value is a URL that may hold a password before the host.
    pub(crate) fn has_user_info(&self) -> bool {
        let rest = self.as_text().and_then(|text| text.split_once("://"));
        rest.is_some_and(|(_, rest)| rest.contains('@'))
    }

    /// Whether the value of this key is PEM text.
    pub(crate) fn is_pem_under(&self, key: &str) -> bool {
        keys::takes_pem(key) && self.as_text().is_some_and(is_pem)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Whether the value is null, an empty text, an empty list or an empty mapping.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Value::List(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
            Value::Null | Value::Text(_) => self.as_text().is_none(),
        }
    }

    /// The value as a boolean, without guessing: any other word is an error.
    pub(crate) fn as_bool(&self, key: &str) -> Result<Option<bool>, Error> {
        if self.is_null() {
            return Ok(None);
        }
        // Compared in place: a copy of a secret would not be wiped.
        let word = self.as_text().unwrap_or_default();
        let is = |words: [&str; 4]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
        match () {
            () if is(["true", "yes", "on", "1"]) => Ok(Some(true)),
            () if is(["false", "no", "off", "0"]) => Ok(Some(false)),
            () => Err(Error::Bool { key: key.to_owned(), origin: self.origin.clone() }),
        }
    }

    /// The texts of a list, or the parts of a comma-separated text.
    pub(crate) fn as_list(&self) -> Vec<(&str, &ValueOrigin)> {
        let parts: Vec<_> = match &self.value {
            Value::List(items) => {
                items.iter().filter_map(|n| Some((n.as_text()?, &n.origin))).collect()
            }
            _ => self
                .as_text()
                .iter()
                .flat_map(|t| t.split(','))
                .map(|t| (t, &self.origin))
                .collect(),
        };
        parts.into_iter().map(|(text, origin)| (text.trim(), origin)).collect()
    }

    /// The number of levels, including this one.
    pub(crate) fn height(&self) -> usize {
        let below = match &self.value {
            Value::List(items) => items.iter().map(Self::height).max(),
            Value::Map(map) => map.values().map(Self::height).max(),
            Value::Null | Value::Text(_) => None,
        };
        1 + below.unwrap_or(0)
    }

    /// The approximate size in memory, in bytes. Includes the path of keys that each node keeps.
    pub(crate) fn weight(&self) -> usize {
        let path = match &self.origin {
            ValueOrigin::File { key, .. } => key.len(),
            _ => 0,
        };
        let contents = match &self.value {
            Value::List(items) => items.iter().map(Self::weight).sum(),
            Value::Map(map) => map.iter().map(|(key, node)| key.len() + node.weight()).sum(),
            Value::Null => 0,
            Value::Text(text) => text.expose_secret().len(),
        };
        NODE_WEIGHT + path + contents
    }
}

/// Whether a text is PEM or a damaged piece of it, not a path: it has a label or several lines, or it
/// is too long for a file's name. `cacert`, `cert` and `key` take either.
pub(crate) fn is_pem(text: &str) -> bool {
    const LONGEST_NAME: usize = 255;
    text.contains(['\n', '\r'])
        || text.contains("BEGIN ")
        || text.split('/').any(|name| name.len() > LONGEST_NAME)
}

/// The part of [`Node::weight`] that does not depend on the contents.
pub(crate) const NODE_WEIGHT: usize = 16;

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::List(items) => items.fmt(f),
            // An unquoted password in braces is parsed as a key.
            Value::Map(map) => write!(f, "{{{} keys}}", map.len()),
            Value::Null => f.write_str("null"),
            Value::Text(_) => f.write_str("…"),
        }
    }
}

/// The node as a mapping; null is an empty one. `key` names the node in the error.
pub(crate) fn mapping(node: Node, key: &str) -> Result<Map, Error> {
    match node.value {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        Value::List(_) | Value::Text(_) => Err(Error::InvalidValue {
            key: key.to_owned(),
            problem: "must be a mapping (key: value)",
            origin: node.origin,
        }),
    }
}

/// Merges two files. `over` wins key by key at every depth; lists are replaced.
pub(crate) fn merge(base: &mut Map, over: Map) {
    for (key, node) in over {
        match (base.get_mut(&key), node) {
            (Some(Node { value: Value::Map(old), .. }), Node { value: Value::Map(new), .. }) => {
                merge(old, new);
            }
            (_, node) => drop(base.insert(key, node)),
        }
    }
}

/// Lays a cloud's entry over its profile. `over` wins key by key, also within `auth`; all other
/// mappings are replaced.
pub(crate) fn overlay(base: &mut Map, over: &Map) {
    for (key, node) in over {
        match (base.get_mut(key), node) {
            (Some(Node { value: Value::Map(old), .. }), Node { value: Value::Map(new), .. })
                if key == AUTH =>
            {
                old.extend(new.iter().map(|(key, node)| (key.clone(), node.clone())));
            }
            // `auth: null` does not remove the profile's `auth`.
            (Some(_), node) if key == AUTH && node.is_null() => {}
            _ => drop(base.insert(key.clone(), node.clone())),
        }
    }
}

/// The key of a cloud's login options.
pub(crate) const AUTH: &str = "auth";

/// Replaces hyphens in keys with underscores, at every depth.
pub(crate) fn with_plain_keys(map: Map) -> Map {
    let plain = |(key, node): (String, Node)| {
        let value = match node.value {
            Value::Map(map) => Value::Map(with_plain_keys(map)),
            value => value,
        };
        (key.replace('-', "_"), Node { value, origin: node.origin })
    };
    map.into_iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    /// The texts of a tree by their paths. An empty map or list counts as a text.
    type Flat = BTreeMap<String, String>;

    fn flat(map: &Map) -> Flat {
        let mut all = Flat::new();
        for (key, node) in map {
            match &node.value {
                Value::Map(map) if !map.is_empty() => {
                    all.extend(flat(map).into_iter().map(|(path, t)| (format!("{key}.{path}"), t)));
                }
                Value::Text(text) => drop(all.insert(key.clone(), text.expose_secret().into())),
                Value::Map(_) => drop(all.insert(key.clone(), "{}".to_owned())),
                Value::List(_) => drop(all.insert(key.clone(), "[]".to_owned())),
                Value::Null => drop(all.insert(key.clone(), "null".to_owned())),
            }
        }
        all
    }

    fn node(value: Value) -> Node {
        Node { value, origin: ValueOrigin::Default }
    }

    fn leaf() -> impl Strategy<Value = Node> {
        prop_oneof![
            4 => "[a-z]{1,3}".prop_map(|text| Node::text(text, ValueOrigin::Default)),
            1 => Just(node(Value::Null)),
            1 => Just(node(Value::List(Vec::new()))),
        ]
    }

    /// Any tree.
    fn tree() -> impl Strategy<Value = Map> {
        let inner = leaf().prop_recursive(3, 20, 4, |inner| {
            btree_map("[ab]", inner, 0..3).prop_map(|map| node(Value::Map(map)))
        });
        btree_map("[ab]", inner, 0..3)
    }

    /// A tree in which the case of a key decides whether it holds a map.
    fn regular() -> impl Strategy<Value = Map> {
        let texts = || btree_map("[ab]", leaf(), 0..3);
        let maps = btree_map("[MN]", texts().prop_map(|map| node(Value::Map(map))), 0..3);
        (texts(), maps).prop_map(|(texts, maps)| texts.into_iter().chain(maps).collect())
    }

    fn merged(base: &Map, over: &Map) -> Map {
        let mut base = base.clone();
        merge(&mut base, over.clone());
        base
    }

    proptest! {
        #[test]
        fn the_upper_layer_wins_and_the_rest_stays(base in tree(), over in tree()) {
            let (below, above, both) = (flat(&base), flat(&over), flat(&merged(&base, &over)));
            let empty_above = |path: &str| above.get(path).is_some_and(|text| text == "{}");
            for (path, text) in &above {
                // An empty map does not change another map.
                let kept = empty_above(path) && below.keys().any(|b| within(b, path));
                prop_assert!(kept || both.get(path) == Some(text), "{}", path);
            }
            for (path, text) in &below {
                let hidden = above.keys().any(|a| {
                    a == path || within(a, path) || (within(path, a) && !empty_above(a))
                });
                prop_assert!(hidden || both.get(path) == Some(text), "{}", path);
            }
            prop_assert!(both.keys().all(|path| below.contains_key(path) || above.contains_key(path)));
        }

        #[test]
        fn merging_nothing_or_itself_changes_nothing(map in tree()) {
            for (base, over) in [(&map, &Map::new()), (&Map::new(), &map), (&map, &map)] {
                prop_assert_eq!(flat(&merged(base, over)), flat(&map));
            }
        }

        /// Only for regular trees: a text over a map removes the map that a third layer would
        /// extend.
        #[test]
        fn merging_regular_layers_is_associative(
            low in regular(), middle in regular(), high in regular(),
        ) {
            let left = merged(&merged(&low, &middle), &high);
            let right = merged(&low, &merged(&middle, &high));
            prop_assert_eq!(flat(&left), flat(&right));
        }
    }

    /// Whether a path is below another one.
    fn within(path: &str, above: &str) -> bool {
        path.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
    }
}
