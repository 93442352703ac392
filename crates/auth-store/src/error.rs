//! Why a file, a directory, a server or a key is not used.

use std::{error::Error, fmt, io, path::Path};

/// A file, a directory, a variable or a server that a store does not use, and the reason. The text shows
/// its path, its name or its address, and nothing of its content.
#[derive(Debug)]
pub struct StoreError {
    place: String,
    problem: Problem,
}

/// The reason in a [`StoreError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The answer is not one of those that the store's scripts give.
    BadAnswer,
    /// A key is 64 hexadecimal digits. This is something else.
    BadKey,
    /// A part of the server's URL is missing, cannot be read, or is not supported.
    BadUrl {
        /// The part: `scheme`, `host or port`, `user or password`, `database`, `query or fragment`.
        part: &'static str,
    },
    /// The content does not open: a byte of it has changed, or it was sealed with another key.
    Damaged,
    /// The content says that it was written later than now, so the machine's clock went back.
    FromTheFuture,
    /// The operating system refuses. A full disk is one of the causes.
    Io(io::Error),
    /// A link, which could lead to any other file.
    Link,
    /// Another process has had the lock for too long.
    Locked,
    /// Neither the variable for the user's caches nor a home directory is set.
    NoHome,
    /// The URL asks for TLS, and this crate was built without its feature `redis-tls`.
    NoTls,
    /// It is not a directory. A link to a directory is not one either.
    NotADirectory,
    /// It is not a regular file.
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
    /// The server refuses. Its user may lack a right, it may be full, or a replica.
    Refused {
        /// The first word of the answer, such as `NOPERM`, `OOM`, `READONLY` or `WRONGPASS`.
        code: String,
        /// What is wrong and what to do, in words that do not come from the server.
        meaning: &'static str,
    },
    /// The server did not answer in time: before the caller went on.
    TimedOut,
    /// The file, or the server's answer, has more bytes than it may have.
    TooLarge {
        /// The bytes that it may have.
        limit: usize,
    },
    /// The resolver has found no address of the host in time.
    Unresolved,
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
            Problem::BadAnswer => {
                write!(f, "{place} gives an answer that no script of the store gives")
            }
            Problem::BadKey => {
                write!(f, "{place} has no key: write 64 hexadecimal digits (openssl rand -hex 32)")
            }
            Problem::BadUrl { part } => write!(
                f,
                "{place} has a bad {part}: write redis://USER:PASSWORD@HOST:PORT/DATABASE, \
                 percent-encoded"
            ),
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
            Problem::NoTls => write!(f, "{place} asks for TLS: build with the feature redis-tls"),
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
            Problem::Refused { code, meaning } => write!(f, "{place} refuses ({code}): {meaning}"),
            Problem::TimedOut => write!(f, "{place} did not answer in time"),
            Problem::TooLarge { limit } => write!(f, "{place} has more than {limit} bytes"),
            Problem::Unresolved => write!(
                f,
                "{place} is not found in time: the resolver has no address for its name yet; check the \
                 host in the URL and this machine's DNS"
            ),
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
