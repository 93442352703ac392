//! Reads the contents of a configuration file.

use std::path::Path;

use crate::{
    input::{json, yaml},
    limits,
    report::{error::Error, origin::ValueOrigin, problem::FileProblem},
    value::Node,
};

/// The root of a file, and the places of duplicate keys. As with openstacksdk, the name decides the
/// format: `clouds.json` is JSON, any other name YAML.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<(Node, Vec<ValueOrigin>), Error> {
    if bytes.len() > limits::FILE {
        let (path, problem) = (path.to_path_buf(), FileProblem::TooLarge);
        return Err(Error::File { setting: None, path, problem });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
        let problem = "not UTF-8; save the file as UTF-8";
        Error::Syntax { path: path.to_path_buf(), line, column, problem }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        true => json::read(path, text),
        false => yaml::read(path, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_format() {
        let read = |name: &str, text: &str| read(Path::new(name), text.as_bytes());
        for (name, is_json) in
            [("c.json", true), ("c.JSON", true), ("c.yaml", false), ("json", false)]
        {
            assert_eq!(read(name, "{a: 1}").is_err(), is_json, "{name}");
            assert!(read(name, "\u{feff}{\"a\": 1}").is_ok(), "{name}");
        }
    }

    #[test]
    fn bytes_are_checked_before_they_are_parsed() {
        for name in ["c.json", "c.yaml"] {
            let said = |bytes: &[u8]| read(Path::new(name), bytes).unwrap_err().to_string();
            let bytes = b"{\"ok\": 1,\n\"x\": \"\xff\"}";
            assert_eq!(said(bytes), format!("{name}:2:7: not UTF-8; save the file as UTF-8"));
            assert!(said(&[b' '; limits::FILE + 1]).contains("larger than 1048576 bytes"));
        }
    }
}
