//! The public types in the crates' sources, which `types` has to cover.
//!
//! `unreachable_pub` is a warning in this workspace, so each line that begins with `pub struct` or
//! `pub enum` declares a public type.

use std::{fs, path::Path};

/// A public type.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) package: String,
    pub(crate) name: String,
    /// The variants of an enum with a derived `Debug` whose fields may hold text.
    pub(crate) variants: Vec<String>,
}

/// All public types of the published crates.
pub(crate) fn types() -> Vec<Type> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates");
    let mut all = Vec::new();
    for package in CRATES {
        let source = crates.join(package).join("src");
        read(&source, &package.replace('-', "_"), &mut all);
    }
    all
}

const CRATES: [&str; 9] = [
    "auth-cli",
    "auth-config",
    "auth-driver",
    "auth-emulator",
    "auth-inspect",
    "auth-proto",
    "auth-reqwest",
    "auth-store",
    "auth-ureq",
];

fn read(directory: &Path, package: &str, all: &mut Vec<Type>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, package, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            find(&fs::read_to_string(&path).unwrap(), package, all);
        }
    }
}

fn find(source: &str, package: &str, all: &mut Vec<Type>) {
    let lines: Vec<_> = source.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let words = line.trim_start().strip_prefix("pub ").and_then(|item| item.split_once(' '));
        // An alias has no text of its own.
        let Some(("struct" | "enum" | "union", rest)) = words else { continue };
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        assert!(!name.is_empty(), "{package}: {line}");
        let above = lines[..number].iter().rev();
        let mut attributes = above.take_while(|line| line.trim_start().starts_with('#'));
        let is_derived = attributes.any(|line| line.contains("derive(") && line.contains("Debug"));
        let is_enum = line.contains("pub enum");
        let variants = match is_enum && is_derived {
            true => variants(&lines[number + 1..]),
            false => Vec::new(),
        };
        all.push(Type { package: package.to_owned(), name, variants });
    }
}

/// The variants, each on one line or on several, as rustfmt writes them.
fn variants(body: &[&str]) -> Vec<String> {
    let body = body.iter().take_while(|line| !line.starts_with('}'));
    let mut found: Vec<(String, String)> = Vec::new();
    for line in body.map(|line| line.split("//").next().unwrap_or(line)) {
        let is_variant = line.starts_with("    ") && line[4..].starts_with(char::is_uppercase);
        if is_variant {
            let name = line.trim().chars().take_while(|c| c.is_alphanumeric()).collect();
            found.push((name, String::new()));
        }
        if let Some((_, held)) = found.last_mut().filter(|_| !line.trim_start().starts_with('#')) {
            *held += line;
        }
    }
    let may_hold_text = |held: &str| TEXT.iter().any(|word| held.contains(word));
    let payload = |name: &str, held: &str| held.trim_start()[name.len()..].to_owned();
    found.retain(|(name, held)| may_hold_text(&payload(name, held)));
    found.into_iter().map(|(name, _)| name).collect()
}

/// Field types that may hold text. `&'static str`, numbers, timestamps and plain enums hold no secret.
const TEXT: [&str; 12] = [
    "Box<",
    "Challenge",
    "Error",
    "Failure",
    "Fault",
    "Origin",
    "Path",
    "Refusal",
    "Request",
    "Secret",
    "String",
    "Vec<",
];

#[test]
fn public_types_are_found_in_sources() {
    let source = r#"
/// A type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Odd<'a> {
    /// Nothing.
    Empty,
    /// The String that was meant.
    #[error("x: {name}")]
    Named {
        /// Its name.
        name: String,
    },
    Number(usize),
    Wrapped(Box<Odd>),
}

    pub struct Other(String);
pub(crate) struct Hidden;
"#;
    let mut all = Vec::new();
    find(source, "p", &mut all);
    let shown: Vec<_> = all.iter().map(|t| (t.name.as_str(), t.variants.join(" "))).collect();
    assert_eq!(shown, [("Odd", "Named Wrapped".to_owned()), ("Other", String::new())]);
}
