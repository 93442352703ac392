//! The manifests of all crates: `unsafe` is refused in each of them, and in one that is added.

#![allow(clippy::unwrap_used, reason = "a panic is a failure with a line number")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The only file with `unsafe`: an allocator that tests and benches use. It is not published.
const EXCEPTION: &str = "benches/src/allocator.rs";

/// The folders of all crates of the workspace.
fn crates(root: &Path) -> Vec<PathBuf> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    let members = members.split('"').skip(1).step_by(2);
    let folders = members.flat_map(|member| match member.strip_suffix("/*") {
        None => vec![root.join(member)],
        Some(parent) => {
            fs::read_dir(root.join(parent)).unwrap().map(|entry| entry.unwrap().path()).collect()
        }
    });
    folders.filter(|folder| folder.join("Cargo.toml").exists()).collect()
}

/// The Rust files under a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) =
        paths.filter(|path| !path.ends_with("target")).partition(|path| path.is_dir());
    let files = files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

#[test]
fn every_crate_refuses_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let lints = workspace.split("[workspace.lints.rust]").nth(1).unwrap();
    let lints = lints.split("\n[").next().unwrap();
    assert!(lints.lines().any(|line| line == r#"unsafe_code = "deny""#), "{lints}");

    let crates = crates(&root);
    assert!(crates.len() > 15, "{crates:?}");
    let allow = ["allow", "expect"].map(|level| format!("{level}(unsafe_code"));
    let mut wrong = Vec::new();
    for folder in crates {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        if !manifest.contains("\n[lints]\nworkspace = true\n") {
            wrong.push(format!("{}: does not inherit the lints", folder.display()));
        }
        let is_published = folder.starts_with(root.join("crates"));
        let roots = ["lib.rs", "main.rs"].map(|file| folder.join("src").join(file));
        for file in sources(&folder) {
            let text = fs::read_to_string(&file).unwrap();
            if allow.iter().any(|allow| text.contains(allow)) && !file.ends_with(EXCEPTION) {
                wrong.push(format!("{}: allows unsafe code", file.display()));
            }
            let is_root = is_published && roots.contains(&file);
            if is_root && !text.contains("\n#![forbid(unsafe_code)]\n") {
                wrong.push(format!("{}: does not forbid unsafe code", file.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}
