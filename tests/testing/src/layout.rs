//! The layout test of a crate: its folders are layers, and imports go down.
//!
//! The file uses the standard library alone, so that a crate without a dependency on this one can
//! include it by `#[path]`.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The most `.rs` files directly in one folder.
const FILES: usize = 17;

/// The most lines of one file.
const LINES: usize = 450;

/// Panics with a list of all violations, if there are any.
///
/// `layers` names the folders and files directly under `src` from top to bottom: a folder by its
/// name, a file with its `.rs`, and the crate's root first. Folders in one layer are siblings. A
/// violation is
///
/// - an import that does not go down, to a lower layer: into a higher one, into a sibling, or of a
///   name that the crate's root re-exports. With all imports downward no circle between folders is
///   possible;
/// - a folder or file that no layer names;
/// - a folder of more than 17 files, a file of more than 450 lines.
///
/// Imports are `use` trees and inline paths that begin with `crate`, `super` or `self`, those of
/// test modules included.
pub fn check(src: &Path, layers: &[&[&str]]) {
    let mut violations = Vec::new();
    for file in rust_files(src, &mut violations) {
        let path = file.strip_prefix(src).expect("a file under src").display().to_string();
        let text = fs::read_to_string(&file).expect("a readable file");
        if text.lines().count() > LINES {
            violations.push(format!("{path}: more than {LINES} lines; split it"));
        }
        violations.extend(violations_of(&path, &text, layers));
    }
    assert!(violations.is_empty(), "layout of {}:\n{}", src.display(), violations.join("\n"));
}

/// The `.rs` files under a folder.
fn rust_files(folder: &Path, violations: &mut Vec<String>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let mut files: Vec<_> =
        files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs")).collect();
    if files.len() > FILES {
        violations.push(format!("{}: more than {FILES} files; split it", folder.display()));
    }
    folders.iter().for_each(|folder| files.extend(rust_files(folder, violations)));
    files
}

/// The violations in one file, whose path is relative to `src`.
fn violations_of(path: &str, text: &str, layers: &[&[&str]]) -> Vec<String> {
    let layer = |entry: &str| layers.iter().position(|entries| entries.contains(&entry));
    let entry = path.split('/').next().unwrap_or(path);
    let Some(own) = layer(entry) else {
        return vec![format!("{path}: no layer names {entry}; place it in the layout test")];
    };
    let mut module: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    module.pop_if(|last| ["lib", "main", "mod"].contains(last));
    let mut violations = Vec::new();
    for import in imports(text, &module) {
        let name = import.split("::").next().unwrap_or_default();
        let file = format!("{name}.rs");
        if [name, &file].contains(&entry) {
            continue;
        }
        // Any other name is one that the crate's root exports.
        let target = layer(name).or_else(|| layer(&file)).unwrap_or(0);
        if own > 0 && target <= own {
            violations.push(format!("{path}: imports {import}, which does not go down"));
        }
    }
    violations
}

/// The full paths that the text of this module imports or names.
fn imports(text: &str, module: &[&str]) -> Vec<String> {
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let lines: Vec<&str> = text.lines().filter(|line| !is_comment(line)).collect();
    let mut imports = Vec::new();
    let mut inline = None;
    for (at, line) in lines.iter().enumerate() {
        // rustfmt writes an inline module's first and last line without indentation.
        match line.split_once("mod ") {
            Some((before, name)) if !before.starts_with(' ') && name.ends_with(" {") => {
                inline = Some(name.trim_end_matches(" {"));
            }
            _ if *line == "}" => inline = None,
            _ => {}
        }
        let module: Vec<&str> = module.iter().copied().chain(inline).collect();
        for start in path_starts(line) {
            let rest = [&line[start..], &lines[at + 1..].join("\n")].join("\n");
            read_tree(&rest, &module, &mut imports);
        }
    }
    imports
}

/// The columns where a path begins with `crate`, `super` or `self`.
fn path_starts(line: &str) -> Vec<usize> {
    let continues = |before: &str| before.ends_with(|c: char| is_name(c) || c == ':');
    let roots = ["crate::", "super::", "self::"].into_iter();
    let starts = roots.flat_map(|root| line.match_indices(root).map(|(start, _)| start));
    starts.filter(|start| !continues(&line[..*start])).collect()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '*'
}

/// Reads a path, or a tree of paths in braces, below this module. Returns the text behind it.
fn read_tree<'t>(text: &'t str, module: &[&str], imports: &mut Vec<String>) -> &'t str {
    let mut path = module.to_vec();
    let mut rest = text.trim_start();
    loop {
        if let Some(list) = rest.strip_prefix('{') {
            return read_list(list, &path, imports);
        }
        let (name, after) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
        match name {
            "crate" => path.clear(),
            "super" => drop(path.pop()),
            "self" => {}
            name => path.push(name),
        }
        let Some(next) = after.strip_prefix("::") else {
            imports.push(path.join("::"));
            return after;
        };
        rest = next;
    }
}

/// Reads a tree's entries up to the closing brace. Returns the text behind it.
fn read_list<'t>(list: &'t str, module: &[&str], imports: &mut Vec<String>) -> &'t str {
    let mut rest = list.trim_start();
    while !rest.is_empty() && !rest.starts_with('}') {
        // An `as NAME` may follow the path.
        let after = read_tree(rest, module, imports).trim_start_matches(|c| !",}".contains(c));
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
    rest.strip_prefix('}').unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &[&[&str]] =
        &[&["lib.rs"], &["top"], &["left", "right"], &["base"], &["limits.rs"]];

    fn violations(path: &str, text: &str) -> usize {
        violations_of(path, text, LAYERS).len()
    }

    #[test]
    fn imports_that_go_down_pass() {
        for (path, text) in [
            ("lib.rs", "pub use top::Top;\nuse crate::base::{A, B as C};"),
            ("top/mod.rs", "use self::x::X;\nuse crate::{\n    base::{self, *},\n    left,\n};"),
            ("top/x/y.rs", "use super::super::z;"),
            ("left/mod.rs", "fn f() -> crate::base::A<super::base::B> {}"),
            ("left/x.rs", "mod tests {\n    use super::super::y;\n}"),
            ("base/x.rs", "//! [`crate::top`]\nuse crate::limits;"),
            ("limits.rs", "use std::time;"),
        ] {
            assert_eq!(violations(path, text), 0, "{path}: {text}");
        }
    }

    #[test]
    fn every_other_import_is_found() {
        for (path, text, count) in [
            ("left/x.rs", "use crate::top;", 1),
            ("left/x.rs", "use crate::right::R;", 1),
            ("left/x.rs", "use super::super::right::R;", 1),
            ("left/mod.rs", "use super::{right, base, top::{T as U, V}};", 3),
            ("left/x.rs", "use crate::{\n    base::B,\n    top as other, left::L,\n};", 1),
            ("base/x.rs", "fn f() -> crate::Exported {}", 1),
            ("base/x.rs", "fn f(at: &crate::left::L, to: crate::right::R) {}", 2),
            ("base/x.rs", "mod tests {\n    use super::super::super::left::L;\n}", 1),
            ("limits.rs", "use crate::base;", 1),
            ("other/x.rs", "", 1),
            ("other.rs", "", 1),
        ] {
            assert_eq!(violations(path, text), count, "{path}: {text}");
        }
    }
}
