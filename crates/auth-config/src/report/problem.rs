//! The reasons why a file or another source of a secret is not read.

use std::{fmt, io};

use crate::limits;

/// The reason why a file is not read. A configuration may name regular files and pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileProblem {
    /// It is a device.
    Device,
    /// It is a directory.
    Directory,
    /// Its end did not come within [`limits::FILE_TIMEOUT`].
    Slow,
    /// It is a socket.
    Socket,
    /// It is larger than [`limits::FILE`].
    TooLarge,
    /// The system's error.
    Unreadable(io::ErrorKind),
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device => f.write_str("is a device; name a regular file or a pipe"),
            Self::Directory => f.write_str("is a directory; name a file"),
            Self::Slow => write!(
                f,
                "has no end within {} s; check the program that writes to this pipe",
                limits::FILE_TIMEOUT.as_secs()
            ),
            Self::Socket => f.write_str("is a socket; name a regular file or a pipe"),
            Self::TooLarge => {
                write!(f, "larger than {} bytes; check that it is the right file", limits::FILE)
            }
            Self::Unreadable(io::ErrorKind::NotFound) => {
                f.write_str("does not exist; name a readable file")
            }
            Self::Unreadable(kind) => write!(f, "cannot be read ({kind}); name a readable file"),
        }
    }
}

/// The reason why a secret cannot be read from its file, variable or command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretProblem {
    /// It is empty, or only a line end.
    Empty,
    /// The command has ended with this exit status.
    Exit(i32),
    /// The file cannot be read.
    File(FileProblem),
    /// A signal has ended the command.
    Killed,
    /// It is not UTF-8, or has a NUL byte.
    NotText,
    /// A link leads out of the folder of a configuration that was found in the working directory.
    Outside,
    /// The command, or a process that it has started and that keeps its output open, has not ended
    /// within [`limits::COMMAND_TIMEOUT`].
    Slow,
    /// The command cannot be started: the system's error.
    Start(io::ErrorKind),
    /// The command has printed more than [`limits::COMMAND_OUTPUT`].
    TooLarge,
    /// The source is not one of this configuration's.
    Unknown,
    /// The variable is not set.
    Unset,
}

impl fmt::Display for SecretProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BY_HAND: &str = "run the command by hand to see its messages";
        match self {
            Self::Empty => f.write_str("is empty; it must give the secret"),
            Self::Exit(status) => write!(f, "ended with exit status {status}; {BY_HAND}"),
            Self::File(problem) => problem.fmt(f),
            Self::Killed => write!(f, "was ended by a signal; {BY_HAND}"),
            Self::NotText => f.write_str("is not UTF-8, or has a NUL byte; it must give a text"),
            Self::Outside => f.write_str(
                "leads out of the folder of the configuration in the working directory; name the \
                 configuration with OS_CLIENT_CONFIG_FILE to allow that",
            ),
            Self::Slow => write!(
                f,
                "has not ended within {} s and was stopped; {BY_HAND}",
                limits::COMMAND_TIMEOUT.as_secs()
            ),
            Self::Start(kind) => {
                write!(f, "cannot be started ({kind}); check the program's path and permissions")
            }
            Self::TooLarge => write!(
                f,
                "printed more than {} bytes; it must print the secret alone",
                limits::COMMAND_OUTPUT
            ),
            Self::Unknown => {
                f.write_str("not a source of this configuration; ask the reader of its own cloud")
            }
            Self::Unset => f.write_str("is not set; export it"),
        }
    }
}
