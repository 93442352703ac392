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
    /// Whether another value is set in another place: in a file of another directory, or one of the
    /// two in a file and the other in a variable. The caller's choices and built-in values are not
    /// elsewhere.
    pub(crate) fn is_elsewhere(&self, other: &Self) -> bool {
        let (place, other) = (self.place(), other.place());
        place.is_some() && other.is_some() && place != other
    }

    fn place(&self) -> Option<Place<'_>> {
        match self {
            Self::File { path, .. } => Some(Place::Directory(path.parent())),
            Self::Variable(_) => Some(Place::Environment),
            Self::Choice | Self::Default | Self::Profile(_) => None,
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

/// All values of a place can be set by the same users.
#[derive(PartialEq)]
enum Place<'a> {
    Directory(Option<&'a Path>),
    Environment,
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice => f.write_str("the caller"),
            Self::Default => f.write_str("default"),
            // The root of a file has no key.
            Self::File { path, line, key } if key.is_empty() => {
                write!(f, "{}:{line}", shown_path(path))
            }
            Self::File { path, line, key } => {
                write!(f, "{}:{line}, {}", shown_path(path), shown(key))
            }
            Self::Profile(name) => write!(f, "built-in profile {}", shown(name)),
            Self::Variable(name) => write!(f, "variable {}", shown(name)),
        }
    }
}
