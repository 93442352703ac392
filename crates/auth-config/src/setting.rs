//! Settings for people: each with its origin, none with a secret.

use std::fmt;

use crate::{
    keys,
    origin::Origin,
    text::shown,
    value::{Map, Node, Value},
};

/// One setting of a cloud. Its text is shown by `Display` and `Debug` unless it is a secret, or
/// under a key that is not known: a misspelled password is one all the same.
pub struct Setting<'a> {
    key: String,
    node: &'a Node,
    is_public: bool,
}

impl Setting<'_> {
    /// The key, such as `auth.username` or `region_name`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where the value comes from.
    pub fn origin(&self) -> &Origin {
        &self.node.origin
    }

    /// The value, made fit to be shown; `None` in the place of a secret.
    pub fn value(&self) -> Option<String> {
        let text = self.is_public.then(|| self.node.as_text().unwrap_or_default())?;
        // A URL may carry a password where a host is expected.
        let has_user = text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
        (!has_user).then(|| shown(text))
    }
}

impl fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value();
        let value = value.as_deref().unwrap_or("(hidden)");
        write!(f, "{}: {value}  # {}", shown(&self.key), self.node.origin)
    }
}

impl fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All texts of a cloud, sorted by key.
pub(crate) fn all(map: &Map) -> Vec<Setting<'_>> {
    let mut all = Vec::new();
    for (key, node) in map {
        let is_public = key == crate::value::AUTH || keys::is_public(key);
        collect(key.clone(), node, is_public, &mut all);
    }
    all
}

fn collect<'a>(key: String, node: &'a Node, is_public: bool, all: &mut Vec<Setting<'a>>) {
    match &node.value {
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(format!("{key}[{index}]"), item, is_public, all);
            }
        }
        // What stands under a key that is not known may be a password in braces, and so a key.
        Value::Map(_) if !is_public => all.push(Setting { key, node, is_public }),
        Value::Map(map) => {
            for (name, node) in map {
                // Within a known key, each has to be known, too.
                let is_public = keys::is_public(name);
                collect(format!("{key}.{name}"), node, is_public, all);
            }
        }
        Value::Null => {}
        Value::Text(_) => all.push(Setting { key, node, is_public }),
    }
}
