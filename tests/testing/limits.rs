//! The limits test of a crate: each limit has a row, and each row holds at its edge.
//!
//! Tests include the file by `#[path]`.

/// A limit, the outcome of a value that exceeds it by this much, and the error past it.
pub(crate) struct LimitRow {
    /// The constant.
    pub(crate) name: &'static str,
    /// The outcome.
    pub(crate) measure: fn(usize) -> Result<(), String>,
    /// A part of the error of one past the limit.
    pub(crate) says: &'static str,
}

/// Panics unless the largest value is accepted and one more is refused.
#[expect(clippy::print_stdout, reason = "the rows are part of the output")]
pub(crate) fn check(rows: &[LimitRow]) {
    for LimitRow { name, measure, says } in rows {
        assert_eq!(measure(0), Ok(()), "{name}, at its edge");
        let past = measure(1).expect_err(name);
        assert!(past.contains(says), "{name}, one past it: {past}");
        println!("  {name}: {past}");
    }
}

/// Panics unless each constant of this source has a row, or is one of the `others`.
pub(crate) fn check_names(source: &str, rows: &[LimitRow], others: &[&str]) {
    let bounds =
        source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let names: Vec<_> = bounds.collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        let has_row = rows.iter().any(|row| row.name == name) || others.contains(&name);
        assert!(has_row, "limits::{name} has no row: add one");
    }
}
