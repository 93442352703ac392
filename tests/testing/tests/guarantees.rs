//! The tables of reports and guarantees in `tests/README.md`: each test that they name exists.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

use std::{fs, path::Path};

/// The rows of a section's table: the promise or report, and the tests as `path::function`.
fn rows(readme: &str, section: &str) -> Vec<(String, Vec<(String, String)>)> {
    let section = readme.split(&format!("\n## {section}\n")).nth(1).unwrap();
    let table = section.split("\n## ").next().unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let tests = cells[1].split('`').filter_map(|test| test.split_once("::"));
        let tests = tests.map(|(path, name)| (path.to_owned(), name.to_owned())).collect();
        (cells[0].to_owned(), tests)
    };
    lines.map(row).collect()
}

#[test]
fn every_row_names_existing_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("tests/README.md")).unwrap();
    let [reports, guarantees] = ["Reports", "Guarantees"].map(|section| rows(&readme, section));
    assert!(reports.len() > 20 && guarantees.len() > 80, "{reports:?} {guarantees:?}");
    let mut missing = Vec::new();
    for (promise, tests) in reports.into_iter().chain(guarantees) {
        if tests.is_empty() {
            missing.push(format!("no test: {promise}"));
        }
        for (path, name) in tests {
            let source = fs::read_to_string(root.join(&path)).unwrap_or_default();
            let is_there = |line: &str| {
                let line = line.trim_start();
                line.contains(&format!("fn {name}(")) || line.starts_with(&format!("{name}() {{"))
            };
            if !source.lines().any(is_there) {
                missing.push(format!("{path}::{name}"));
            }
        }
    }
    assert_eq!(missing, [""; 0], "tests/README.md names these, and the tree has none of them");
}

#[test]
fn rows_are_read() {
    let table = "# T\n\n| a | `x.rs::y` |\n\n## Guarantees\n\ntext\n\n| promise | test | command |\n\
                 | --- | --- | --- |\n| one | `a/b.rs::c`, `d.rs::e` | `x` |\n";
    let tests = [("a/b.rs", "c"), ("d.rs", "e")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(rows(table, "Guarantees"), [("one".to_owned(), tests.to_vec())]);
}
