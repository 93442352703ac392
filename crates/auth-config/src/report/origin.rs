//! The place in the configuration where a value is set.

use std::{fmt, path::Path, sync::Arc};

use crate::text::{shown, shown_path};

/// Where a value is set: the place that a user edits to change it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueOrigin {
    /// [`Choices`](crate::Choices): the program itself, or its command line.
    Choice,
    /// The built-in default.
    Default,
    /// A file.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line, counted from 1.
        line: usize,
        /// The path of keys, such as `clouds.mine.auth.password`.
        key: String,
    },
    /// A profile that is built into this crate.
    Profile(String),
    /// An environment variable.
    Variable(String),
}

impl ValueOrigin {
    /// The directory of the file.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => path.parent(),
            _ => None,
        }
    }

    /// The same place without the last key, which may be part of a secret.
    pub(crate) fn above(self) -> Self {
        match self {
            Self::File { path, line, key } => {
                let (above, _) = key.rsplit_once('.').unwrap_or_default();
                Self::File { path, line, key: above.to_owned() }
            }
            other => other,
        }
    }
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice => f.write_str("the caller"),
            Self::Default => f.write_str("default"),
            Self::File { path, line, key } => {
                write!(f, "{}:{line}, {}", shown_path(path), shown(key))
            }
            Self::Profile(name) => write!(f, "built-in profile {}", shown(name)),
            Self::Variable(name) => write!(f, "variable {}", shown(name)),
        }
    }
}
