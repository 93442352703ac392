//! Every bound that the crate keeps, in one place.

/// Bytes of a configuration file.
pub const FILE: usize = 1024 * 1024;

/// Levels of mappings and lists in a file. A cloud's `auth` is the fourth.
pub const DEPTH: usize = 32;

/// Characters of a name that an error shows.
pub const ERROR_TEXT: usize = 80;

/// About how many bytes a file may take once its aliases are followed.
pub const WEIGHT: usize = 4 * FILE;

/// Unknown keys of a cloud that are told of. No person wrote a file with more.
pub const UNKNOWN_KEYS: usize = 100;
