//! Settings for display: each with its origin, and without secrets.

use std::fmt;

use crate::{
    report::origin::ValueOrigin,
    text::shown,
    value::{AUTH, Map, Node, Value, keys},
};

/// One setting of a cloud. `Display` and `Debug` hide the value of a secret and of an unknown key,
/// which may be a misspelled `password`.
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

    /// Where the value is set.
    pub fn origin(&self) -> &ValueOrigin {
        &self.node.origin
    }

    /// The value, with unprintable characters escaped; `None` if it is hidden.
    pub fn value(&self) -> Option<String> {
        let is_public = self.is_public && !self.node.has_user_info();
        is_public.then(|| shown(self.node.as_text().unwrap_or_default()))
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

/// All settings of a cloud, sorted by key.
pub(crate) fn all(map: &Map) -> Vec<Setting<'_>> {
    let mut all = Vec::new();
    for (key, node) in map {
        let is_public = key == AUTH || keys::is_public(key);
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
        // The keys below an unknown key are hidden, too: one may be a password in braces.
        Value::Map(_) if !is_public => all.push(Setting { key, node, is_public }),
        Value::Map(map) => {
            for (name, node) in map {
                let is_public = keys::is_public(name);
                collect(format!("{key}.{name}"), node, is_public, all);
            }
        }
        Value::Null => {}
        Value::Text(_) => {
            let name = key.rsplit('.').next().unwrap_or(&key);
            let is_public = is_public && !node.is_pem_under(name);
            all.push(Setting { key, node, is_public });
        }
    }
}
