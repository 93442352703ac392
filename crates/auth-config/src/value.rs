//! What a file or variable holds: a tree whose every node knows where it came from.

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret, SecretString};

use crate::{error::Error, origin::Origin};

/// Keys and what they hold. The order of keys never matters.
pub(crate) type Map = BTreeMap<String, Node>;

/// A value and its origin.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A value. Any text may be a secret, whatever its key is called, so that none is ever shown but by
/// those who know better.
#[derive(Clone)]
pub(crate) enum Value {
    List(Vec<Node>),
    Map(Map),
    Null,
    Text(SecretString),
}

impl Node {
    pub(crate) fn text(text: impl Into<SecretString>, origin: Origin) -> Self {
        Self { value: Value::Text(text.into()), origin }
    }

    pub(crate) fn null(origin: Origin) -> Self {
        Self { value: Value::Null, origin }
    }

    /// The text, if it is one and not empty: an empty one stands for nothing everywhere.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text.expose_secret()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

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

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Strictly: what is neither true nor false is refused, never guessed at.
    pub(crate) fn as_bool(&self, key: &str) -> Result<Option<bool>, Error> {
        if self.is_null() {
            return Ok(None);
        }
        let word = self.as_text().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "true" | "yes" | "on" | "1" => Ok(Some(true)),
            "false" | "no" | "off" | "0" => Ok(Some(false)),
            _ => Err(Error::Bool { key: key.to_owned(), origin: self.origin.clone() }),
        }
    }

    /// The texts of a list, or the parts of a text between commas.
    pub(crate) fn as_list(&self) -> Vec<(&str, &Origin)> {
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

    /// How many levels there are, this one included.
    pub(crate) fn height(&self) -> usize {
        let below = match &self.value {
            Value::List(items) => items.iter().map(Self::height).max(),
            Value::Map(map) => map.values().map(Self::height).max(),
            Value::Null | Value::Text(_) => None,
        };
        1 + below.unwrap_or(0)
    }

    /// About how many bytes it takes.
    pub(crate) fn weight(&self) -> usize {
        let key = match &self.origin {
            Origin::File { key, .. } => key.len(),
            _ => 0,
        };
        NODE_WEIGHT
            + key
            + match &self.value {
                Value::List(items) => items.iter().map(Self::weight).sum(),
                Value::Map(map) => map.iter().map(|(key, node)| key.len() + node.weight()).sum(),
                Value::Null => 0,
                Value::Text(text) => text.expose_secret().len(),
            }
    }
}

pub(crate) const NODE_WEIGHT: usize = 16;

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::List(items) => items.fmt(f),
            // A password in braces and without quotes is a key.
            Value::Map(map) => write!(f, "{{{} keys}}", map.len()),
            Value::Null => f.write_str("null"),
            Value::Text(_) => f.write_str("…"),
        }
    }
}

/// `over` wins, key by key and at every depth; lists are replaced whole.
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

/// `over` wins, key by key; `auth` is merged a level deeper, all else replaced whole.
pub(crate) fn overlay(base: &mut Map, over: &Map) {
    for (key, node) in over {
        match (base.get_mut(key), node) {
            (Some(Node { value: Value::Map(old), .. }), Node { value: Value::Map(new), .. })
                if key == AUTH =>
            {
                old.extend(new.iter().map(|(key, node)| (key.clone(), node.clone())));
            }
            // Nothing under `auth` says nothing.
            (Some(_), node) if key == AUTH && node.is_null() => {}
            _ => drop(base.insert(key.clone(), node.clone())),
        }
    }
}

pub(crate) const AUTH: &str = "auth";

/// Hyphens in keys stand for underscores, at every depth.
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
