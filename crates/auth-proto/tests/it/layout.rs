//! The layout of the crate: a folder is a layer, and imports go down.

use std::path::Path;

#[expect(clippy::disallowed_methods, reason = "the test reads the crate's own sources")]
#[expect(unreachable_pub, reason = "the file is part of a library, too")]
#[path = "../../../../tests/testing/src/layout.rs"]
mod checker;

/// From top to bottom. The pages of the manual import nothing.
const LAYERS: &[&[&str]] = &[
    &["lib.rs"],
    &["session"],
    &["login"],
    &["identity"],
    &["cloud", "wire"],
    &["model"],
    &["url"],
    &["error"],
    &["text"],
    &["limits.rs", "manual", "tutorial"],
];

#[test]
fn imports_go_down() {
    checker::check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), LAYERS);
}
