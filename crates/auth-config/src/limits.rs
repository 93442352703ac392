//! All limits of the crate.

use std::time::Duration;

/// Size of the output of a command that prints a secret, in bytes.
pub const COMMAND_OUTPUT: usize = 64 * 1024;

/// Time for a command that prints a secret, until it has ended.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Size of a file that a configuration names, in bytes.
pub const FILE: usize = 1024 * 1024;

/// Time to read a file until its end, which a pipe may keep open.
pub const FILE_TIMEOUT: Duration = Duration::from_secs(5);

/// Levels of mappings and lists in a file. A cloud's `auth` is on the fourth.
pub const DEPTH: usize = 32;

/// Length of a name in an error text, in characters.
pub const ERROR_TEXT: usize = 80;

/// Approximate size of a file in memory with its aliases expanded, in bytes.
pub const WEIGHT: usize = 4 * FILE;

/// Unknown keys of a cloud that are reported. A longer list is not hand-written.
pub const UNKNOWN_KEYS: usize = 100;
