//! The layout test: imports go down.

use std::{fs, path::Path};

/// The folders and top-level files, from the top. Those of one line never import each other.
const FLOORS: &[&[&str]] =
    &[&["main"], &["cli"], &["commands", "demo"], &["login"], &["cloud"], &["output"]];

#[test]
fn imports_go_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for (room, text) in files(&src, &src) {
        let from = floor(&room).unwrap_or_else(|| panic!("{room} has no floor"));
        for target in imports(&text) {
            if target == room {
                continue;
            }
            let to = floor(&target).unwrap_or_else(|| panic!("{room} imports {target}, unplaced"));
            assert!(from < to, "{room} imports {target}, which is not below it");
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked} imports");
}

#[test]
fn grouped_imports_are_found() {
    let text = "use crate::{\n    cloud::{A, B},\n    output::print,\n};\nuse crate::login::C;";
    assert_eq!(imports(text), ["cloud", "output", "login"]);
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// The files with their rooms, without the helpers of tests.
fn files(src: &Path, folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(src, &path));
            continue;
        }
        let inner = path.strip_prefix(src).unwrap().with_extension("");
        let room = inner.iter().next().unwrap().to_str().unwrap().to_owned();
        if !["layout", "test_server"].contains(&room.as_str()) {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("\nmod tests {").next().unwrap().to_owned();
            all.push((room, text));
        }
    }
    all
}

/// The first segment of each path after `crate::`, in groups too.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("crate::").skip(1) {
        let Some(group) = part.strip_prefix('{') else {
            found.push(word(part));
            continue;
        };
        let mut depth = 1;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if (depth == 1 && c == ',') || depth == 0 {
                found.push(word(&group[start..at]));
                start = at + 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
