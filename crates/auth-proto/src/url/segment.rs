//! An id as a part of a path.

use crate::{
    error::{ConfigError, ConfigField},
    limits,
};

/// An id as one segment of a URL's path, percent-encoded.
pub(crate) fn path_segment(field: ConfigField, id: &str) -> Result<String, ConfigError> {
    if id.is_empty() {
        return Err(ConfigError::Empty { field });
    }
    if id == "." || id == ".." || id.len() > limits::PATH_ID {
        return Err(ConfigError::Id { field });
    }
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(out)
}
