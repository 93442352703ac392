//! Rows as JSON and as a table.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use comfy_table::{Table, presets};
use serde::Serializer;

use crate::{
    case::{Case, Row},
    tally::Counts,
};

/// Prints the rows as JSON.
pub fn json<C: Case>(rows: &[Row<'_, C>]) -> io::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(rows)?)
}

/// Prints the rows as a table.
pub fn table<C: Case>(rows: &[Row<'_, C>]) -> io::Result<()> {
    let mut header = vec!["id", C::SUBJECT, "ok"];
    header.extend(C::Counts::COLUMNS);
    header.extend(["tries", "took", "figures", "scenario", "bound"]);
    let table = aligned(header, rows.iter().map(cells));
    writeln!(io::stdout(), "{table}")
}

fn cells<C: Case>(row: &Row<'_, C>) -> Vec<String> {
    let label = row.case.label();
    let ok = if row.ok { "ok" } else { "RED" };
    let mut cells = [label.id, label.subject, ok].map(str::to_owned).to_vec();
    cells.extend(row.tally.cells());
    cells.extend([row.tries.to_string(), format!("{} ms", row.took.as_millis())]);
    cells.extend([row.tally.figures(), label.scenario.to_owned(), label.bound.to_owned()]);
    cells
}

/// A table: with lines on a terminal, and with two spaces between its columns elsewhere.
pub fn aligned<R: Into<comfy_table::Row>>(
    header: impl Into<comfy_table::Row>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut table = Table::new();
    table.set_header(header).add_rows(rows);
    if io::stdout().is_terminal() {
        table.load_style(presets::UTF8_FULL_CONDENSED);
    } else {
        table.load_style(presets::NOTHING);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }
    table.trim_fmt()
}

/// A time in JSON.
pub fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_millis() as u64)
}

/// Tells a terminal that a row is done.
pub(crate) fn progress<C: Case>(row: &Row<'_, C>) {
    if io::stderr().is_terminal() {
        let (label, result) = (row.case.label(), if row.ok { "ok" } else { "red" });
        eprintln!("{} {} {}: {result}", label.id, label.subject, label.scenario);
    }
}

/// Reports the rows that broke a bound. The program fails if there is one.
pub fn conclude<'a, C: Case + 'a>(rows: impl IntoIterator<Item = &'a Row<'a, C>>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for row in rows.into_iter().filter(|row| !row.ok) {
        let (label, tally) = (row.case.label(), &row.tally);
        let why = [&tally.broken[..], &tally.late].concat().join("; ");
        eprintln!("RED: {} {}: {}: {why}", label.id, label.subject, label.scenario);
        code = ExitCode::FAILURE;
    }
    code
}
