//! The rows as JSON and as a table.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Table, presets};

use crate::scenario::Row;

pub(crate) fn json(rows: &[Row]) -> io::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(rows)?)
}

pub(crate) fn table(rows: &[Row]) -> io::Result<()> {
    let mut table = Table::new();
    table.set_header([
        "id",
        "store",
        "ok",
        "processes",
        "logins",
        "slowest",
        "lost",
        "tries",
        "took",
        "figures",
        "scenario",
        "bound",
    ]);
    for row in rows {
        table.add_row([
            row.id.to_owned(),
            row.store.to_owned(),
            if row.ok { "ok" } else { "RED" }.to_owned(),
            row.processes.to_string(),
            row.logins.to_string(),
            format!("{} ms", row.slowest_ms),
            row.lost.to_string(),
            row.tries.to_string(),
            format!("{} ms", row.took_ms),
            figures(row),
            row.scenario.clone(),
            row.bound.to_owned(),
        ]);
    }
    if io::stdout().is_terminal() {
        table.load_style(presets::UTF8_FULL_CONDENSED);
    } else {
        table.load_style(presets::NOTHING);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }
    writeln!(io::stdout(), "{}", table.trim_fmt())
}

fn figures(row: &Row) -> String {
    let figures: Vec<_> =
        row.figures.iter().map(|figure| format!("{} {}", figure.count, figure.name)).collect();
    figures.join(", ")
}
