//! Every bound of `limits`: at its edge a configuration is taken, and one past it is not.

use auth_config::{Error, limits};
use crate::support::{of_file, warned, with};

/// A bound, what comes of a thing of its size and of one so much larger, and what is told past it.
struct Row {
    name: &'static str,
    measure: fn(usize) -> Result<(), String>,
    told: &'static str,
}

#[rustfmt::skip]
const ROWS: [Row; 6] = [
    Row { name: "DEPTH", measure: depth, told: "nested too deep" },
    Row { name: "DEPTH", measure: depth_by_aliases, told: "nested too deep" },
    Row { name: "FILE", measure: file, told: "larger than 1048576 bytes" },
    Row { name: "ERROR_TEXT", measure: shown, told: "cut" },
    Row { name: "UNKNOWN_KEYS", measure: unknown, told: "one is not told of" },
    Row { name: "WEIGHT", measure: weight, told: "too much data" },
];

#[test]
fn every_bound_holds_at_its_edge() {
    for Row { name, measure, told } in ROWS {
        assert_eq!(measure(0), Ok(()), "{name}, at its edge");
        let past = measure(1).expect_err(name);
        assert!(past.contains(told), "{name}, one past it: {past}");
    }
}

#[test]
fn every_bound_has_a_row() {
    let source = include_str!("../../src/limits.rs");
    let bounds =
        source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let names: Vec<_> = bounds.collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        assert!(ROWS.iter().any(|row| row.name == name), "limits::{name} has no row: add one");
    }
}

fn told<T>(result: Result<T, Error>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

/// Levels around a text, in which the whole file is the first.
fn depth(past: usize) -> Result<(), String> {
    // clouds, c, x: the lists begin on the fourth level, and the text is the last.
    let lists = limits::DEPTH - 4 + past;
    told(with("username: u", &format!("x: {}y{}", "[".repeat(lists), "]".repeat(lists))))
}

fn depth_by_aliases(past: usize) -> Result<(), String> {
    let half = (limits::DEPTH - 4) / 2;
    let inner = format!("{}z{}", "[".repeat(half), "]".repeat(half));
    let lists = limits::DEPTH - 4 - half + past;
    let outer = format!("{}*a{}", "[".repeat(lists), "]".repeat(lists));
    told(with("username: u", &format!("a: &a {inner}, x: {outer}")))
}

fn file(past: usize) -> Result<(), String> {
    let text = "clouds: {c: {}}\n#";
    told(of_file(&format!("{text}{}", "x".repeat(limits::FILE - text.len() + past))))
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
    if count == keys { Ok(()) } else { Err("one is not told of".to_owned()) }
}

/// A text that many aliases repeat, and another one that fills up what is left to the byte. Besides its
/// text a node weighs 16 bytes, and the keys that lead there.
fn weight(past: usize) -> Result<(), String> {
    const ALIASES: usize = 200;
    const NODES: usize = 11_466;
    let text = "x".repeat(limits::WEIGHT / ALIASES - 500);
    let rest = limits::WEIGHT - NODES - (ALIASES + 2) * text.len();
    let (rest, aliases) = ("x".repeat(rest + past), vec!["*a"; ALIASES].join(", "));
    told(of_file(&format!("clouds: {{c: {{x: &a {text}, y: [{aliases}], z: {rest}}}}}")))
}
