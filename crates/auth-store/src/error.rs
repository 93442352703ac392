//! Why a file, a directory or a key is not used.

use std::{error::Error, fmt, io, path::Path};

/// A file, a directory or a variable that a store does not use, and the reason. The text shows its
/// path or its name, and nothing of its content.
#[derive(Debug)]
pub struct StoreError {
    place: String,
    problem: Problem,
}

/// The reason in a [`StoreError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// A key is 64 hexadecimal digits. This is something else.
    BadKey,
    /// The content does not open: a byte of it has changed, or it was sealed with another key.
    Damaged,
    /// The content says that it was written later than now, so the machine's clock went back.
    FromTheFuture,
    /// The operating system refuses. A full disk is one of the causes.
    Io(io::Error),
    /// A link, which could lead to any other file.
    Link,
    /// Another process has held the lock for too long.
    Locked,
    /// Neither the variable for the user's caches nor a home directory is set.
    NoHome,
    /// No directory. A link to one is none either.
    NotADirectory,
    /// No regular file.
    NotAFile,
    /// Other users may read or write it.
    OpenToOthers {
        /// The permissions.
        mode: u32,
    },
    /// It belongs to another user.
    OtherOwner {
        /// The number of that user.
        owner: u32,
    },
    /// The file has more bytes than it may have.
    TooLarge {
        /// The bytes that it may have.
        limit: usize,
    },
}

impl StoreError {
    pub(crate) fn new(place: impl Into<String>, problem: Problem) -> Self {
        Self { place: place.into(), problem }
    }

    /// The path is escaped, because it may contain any characters.
    pub(crate) fn at(path: &Path, problem: Problem) -> Self {
        Self::new(format!("{path:?}"), problem)
    }

    /// The reason.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.problem {
            Problem::BadKey => {
                write!(f, "{place} has no key: write 64 hexadecimal digits (openssl rand -hex 32)")
            }
            Problem::Damaged => {
                write!(f, "{place} does not open: it is damaged, or sealed with another key")
            }
            Problem::FromTheFuture => {
                write!(f, "{place} was written later than now: the clock went back")
            }
            Problem::Io(error) => write!(f, "{place}: {error}"),
            Problem::Link => write!(f, "{place} is a link: name the file itself"),
            Problem::Locked => write!(f, "{place} is locked by another process"),
            Problem::NoHome => write!(f, "{place} is not set: name a directory for the store"),
            Problem::NotADirectory => write!(f, "{place} is no directory"),
            Problem::NotAFile => write!(f, "{place} is no regular file"),
            Problem::OpenToOthers { mode } => {
                write!(
                    f,
                    "{place} is open to other users (mode {mode:04o}): remove it, or chmod go="
                )
            }
            Problem::OtherOwner { owner } => {
                write!(f, "{place} belongs to the user {owner}: use a path of your own")
            }
            Problem::TooLarge { limit } => write!(f, "{place} has more than {limit} bytes"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            _ => None,
        }
    }
}
