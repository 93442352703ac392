//! The layout of the source: a file imports only from layers below its own, and files of one folder
//! import each other without a circle.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Files and folders of `src` from the lowest layer. Those in one layer do not import each other.
const LAYERS: &[&[&str]] = &[
    &["limits"],
    &["text"],
    &["report"],
    &["value"],
    &["input"],
    &["rules"],
    &["cloud"],
    &["config"],
    &["load"],
    &["lib"],
];

#[test]
fn imports_go_down_and_have_no_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "{files:?}");
    let modules: BTreeMap<String, String> = files
        .iter()
        .map(|file| (module(file.strip_prefix(&root).unwrap()), fs::read_to_string(file).unwrap()))
        .collect();
    assert_eq!(problems(&modules, LAYERS), [""; 0]);
}

#[test]
fn wrong_imports_are_found() {
    let found = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        problems(&files.collect(), &[&["low", "side"], &["high"]])
    };
    assert_eq!(found(&[("low", ""), ("side", ""), ("high", "use crate::low::X;")]), [""; 0]);
    let upward =
        found(&[("low", "use crate::{\n    high::{Y, z},\n};"), ("side", ""), ("high", "")]);
    assert_eq!(upward, ["low imports high, which is not below it"]);
    let inline = found(&[("low", "fn f() { crate::side::g() }"), ("side", ""), ("high", "")]);
    assert_eq!(inline, ["low imports side, which is not below it"]);
    let unplaced = found(&[("low", ""), ("side", ""), ("high", ""), ("new", "")]);
    assert_eq!(unplaced, ["new has no layer"]);
    assert_eq!(found(&[("low", ""), ("side", "")]), ["high does not exist"]);
    let circle = found(&[
        ("low::a", "use crate::low::b::B;"),
        ("low::b", "use crate::low::a::A;"),
        ("side", ""),
        ("high", "// crate::nosuch"),
    ]);
    assert_eq!(
        circle,
        ["low::a imports itself by way of others", "low::b imports itself by way of others"]
    );
}

/// All violations of the layout.
fn problems(modules: &BTreeMap<String, String>, layers: &[&[&str]]) -> Vec<String> {
    let layer = |name: &str| layers.iter().position(|layer| layer.contains(&name));
    let mut problems = BTreeSet::new();
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, text) in modules {
        let Some(own) = layer(top(name)) else {
            problems.insert(format!("{} has no layer", top(name)));
            continue;
        };
        for path in imports(text) {
            let other = top(&path);
            if other != top(name) && layer(other).is_none_or(|other| other >= own) {
                problems.insert(format!("{name} imports {other}, which is not below it"));
            }
            // The module that declares the imported item: the longest known prefix of its path.
            let ends = path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
            let known = ends.filter_map(|at| modules.get_key_value(&path[..at])).last();
            graph.entry(name).or_default().extend(known.map(|(known, _)| known.as_str()));
        }
    }
    for name in graph.keys() {
        if reachable(&graph, name).contains(name) {
            problems.insert(format!("{name} imports itself by way of others"));
        }
    }
    for placed in layers.iter().copied().flatten() {
        if !modules.keys().any(|name| top(name) == *placed) {
            problems.insert(format!("{placed} does not exist"));
        }
    }
    problems.into_iter().collect()
}

fn reachable<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = graph[from].iter().copied().collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(graph.get(next).into_iter().flatten());
        }
    }
    seen
}

fn top(module: &str) -> &str {
    module.split("::").next().unwrap()
}

/// `rules/mod.rs` is `rules`, `rules/region.rs` is `rules::region`.
fn module(file: &Path) -> String {
    let path = file.with_extension("").to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "::");
    path.strip_suffix("::mod").unwrap_or(&path).to_owned()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The paths after `crate::`, with braces expanded. Comments are skipped.
fn imports(text: &str) -> Vec<String> {
    let code: Vec<_> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        tree(&mut code[at + "crate::".len()..].chars().peekable(), "", &mut found);
    }
    found
}

/// Reads one tree of a `use` declaration.
fn tree(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    prefix: &str,
    found: &mut Vec<String>,
) {
    let mut path = prefix.to_owned();
    while let Some(&letter) = rest.peek() {
        match letter {
            '{' => {
                rest.next();
                while rest.peek().is_some_and(|&letter| letter != '}') {
                    tree(rest, &path, found);
                    while rest.next_if(|&letter| letter == ',' || letter.is_whitespace()).is_some()
                    {
                    }
                }
                rest.next();
                return;
            }
            _ if letter == ':' || letter == '_' || letter.is_alphanumeric() => path.push(letter),
            _ if letter.is_whitespace() && path == prefix => {}
            _ => break,
        }
        rest.next();
    }
    // The rest of an entry, such as ` as name` or `*`.
    while rest.next_if(|&letter| !matches!(letter, ',' | '}' | ';' | '\n')).is_some() {}
    if path != prefix {
        found.push(path);
    }
}
