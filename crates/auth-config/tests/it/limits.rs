//! Every constant of `limits`: a configuration at the limit is accepted, one past it is not.

use crate::support::{of, of_file, warned, with};
use auth_config::{Error, Files, limits};
use auth_proto::SecretSource;
use checker::LimitRow;

#[path = "../../../../tests/testing/limits.rs"]
mod checker;

#[rustfmt::skip]
const ROWS: [LimitRow; 7] = [
    LimitRow { name: "COMMAND_OUTPUT", measure: output, says: "printed more than 65536 bytes" },
    LimitRow { name: "DEPTH", measure: depth, says: "nested too deep" },
    LimitRow { name: "DEPTH", measure: depth_by_aliases, says: "nested too deep" },
    LimitRow { name: "FILE", measure: file, says: "larger than 1048576 bytes" },
    LimitRow { name: "ERROR_TEXT", measure: shown, says: "cut" },
    LimitRow { name: "UNKNOWN_KEYS", measure: unknown, says: "one is not reported" },
    LimitRow { name: "WEIGHT", measure: weight, says: "too much data" },
];

#[test]
fn every_limit_holds_at_its_edge() {
    checker::check(&ROWS);
}

#[test]
fn every_limit_has_a_row() {
    checker::check_names(
        include_str!("../../src/limits.rs"),
        &ROWS,
        &["COMMAND_TIMEOUT", "FILE_TIMEOUT"],
    );
}

fn as_text<T>(result: Result<T, Error>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

/// A command whose output has no line end.
fn output(past: usize) -> Result<(), String> {
    let length = limits::COMMAND_OUTPUT + past;
    let script = format!("yes | tr -d '[:space:]' | head -c {length}");
    let text = format!(
        "clouds: {{c: {{auth: {{username: u, password_command: [sh, -c, \"{script}\"]}}}}}}"
    );
    let files = Files::in_directory(env!("CARGO_TARGET_TMPDIR")).with("clouds.yaml", text);
    let named = [("OS_CLIENT_CONFIG_FILE", "clouds.yaml")];
    let reader = of(&files, &named).unwrap().secret_reader();
    as_text(reader.read(&SecretSource::new("password_command (sh)")))
}

/// Nested lists around a text; the file itself is the first level.
fn depth(past: usize) -> Result<(), String> {
    // clouds, c, x: the lists begin on the fourth level, and the text is the last.
    let lists = limits::DEPTH - 4 + past;
    as_text(with("username: u", &format!("x: {}y{}", "[".repeat(lists), "]".repeat(lists))))
}

fn depth_by_aliases(past: usize) -> Result<(), String> {
    let half = (limits::DEPTH - 4) / 2;
    let inner = format!("{}z{}", "[".repeat(half), "]".repeat(half));
    let lists = limits::DEPTH - 4 - half + past;
    let outer = format!("{}*a{}", "[".repeat(lists), "]".repeat(lists));
    as_text(with("username: u", &format!("a: &a {inner}, x: {outer}")))
}

fn file(past: usize) -> Result<(), String> {
    let text = "clouds: {c: {}}\n#";
    as_text(of_file(&format!("{text}{}", "x".repeat(limits::FILE - text.len() + past))))
}

fn shown(past: usize) -> Result<(), String> {
    let name = "x".repeat(limits::ERROR_TEXT + past);
    let cloud = of_file(&format!("clouds: {{{name}: {{}}}}")).unwrap();
    let said = cloud.cloud().unwrap_err().to_string();
    if said.contains(&name) { Ok(()) } else { Err("cut".to_owned()) }
}

fn unknown(past: usize) -> Result<(), String> {
    let keys = limits::UNKNOWN_KEYS + past;
    let all: Vec<_> = (0..keys).map(|number| format!("x{number}: y")).collect();
    let warnings = warned(&with("username: u", &all.join(", ")).unwrap());
    let count = warnings.iter().filter(|warning| warning.contains("unknown key")).count();
    if count == keys { Ok(()) } else { Err("one is not reported".to_owned()) }
}

/// A text that many aliases repeat, and another that fills the rest to the byte. A node weighs its
/// text, its path of keys and 16 bytes.
fn weight(past: usize) -> Result<(), String> {
    const ALIASES: usize = 200;
    const NODES: usize = 11_466;
    let text = "x".repeat(limits::WEIGHT / ALIASES - 500);
    let rest = limits::WEIGHT - NODES - (ALIASES + 2) * text.len();
    let (rest, aliases) = ("x".repeat(rest + past), vec!["*a"; ALIASES].join(", "));
    as_text(of_file(&format!("clouds: {{c: {{x: &a {text}, y: [{aliases}], z: {rest}}}}}")))
}
