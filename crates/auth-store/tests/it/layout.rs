//! The layout of the crate: a folder is a layer, and imports go down.

use std::path::Path;

#[expect(unreachable_pub, reason = "the file is part of a library, too")]
#[path = "../../../../tests/testing/src/layout.rs"]
mod checker;

/// From top to bottom.
const LAYERS: &[&[&str]] = &[
    &["lib.rs"],
    &["file", "redis"],
    &["blocking.rs", "seal.rs"],
    &["key.rs"],
    &["answer.rs", "event.rs", "system"],
    &["error.rs"],
];

#[test]
fn imports_go_down() {
    checker::check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), LAYERS);
}
