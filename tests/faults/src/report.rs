//! The rows as JSON, as a table, and as the table of the README.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Table, presets};

use crate::scenario::{ScenarioRow, Subject};

pub(crate) fn json(rows: &[ScenarioRow]) -> io::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(rows)?)
}

pub(crate) fn table(rows: &[ScenarioRow]) -> io::Result<()> {
    let mut table = Table::new();
    table.set_header([
        "id",
        "adapter",
        "ok",
        "callers",
        "logins",
        "in flight",
        "lost",
        "auth err",
        "slowest",
        "canary",
        "figures",
        "scenario",
        "bound",
    ]);
    for row in rows {
        table.add_row([
            row.id.to_owned(),
            row.subject.name().to_owned(),
            if row.ok { "ok" } else { "RED" }.to_owned(),
            row.callers.to_string(),
            row.logins.to_string(),
            row.max_in_flight.to_string(),
            row.lost.to_string(),
            row.auth_errors.to_string(),
            format!("{} ms", row.slowest_ms),
            row.canary_bytes.to_string(),
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

fn cell(row: &ScenarioRow) -> String {
    let logins = match (row.logins, row.stopped) {
        (1, false) => "1 login".to_owned(),
        (count, false) => format!("{count} logins"),
        (count, true) => format!("{count} logins and more"),
    };
    match row.figures.is_empty() {
        true => logins,
        false => format!("{logins}; {}", figures(row)),
    }
}

fn figures(row: &ScenarioRow) -> String {
    let figures: Vec<_> =
        row.figures.iter().map(|figure| format!("{} {}", figure.count, figure.name)).collect();
    figures.join(", ")
}

/// The README's table: one line for each fault, the adapters' figures beside the naive client's.
pub(crate) fn readme(rows: &[ScenarioRow]) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "| fault | `auth-ureq` | `auth-reqwest` | thirty lines without the library |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    let lines: Vec<_> = rows.iter().filter_map(|row| row.readme).collect();
    let mut written = Vec::new();
    for line in lines {
        if written.contains(&line) {
            continue;
        }
        written.push(line);
        let cells: Vec<_> = [Subject::Ureq, Subject::Reqwest, Subject::Naive]
            .into_iter()
            .map(|subject| {
                let mut own =
                    rows.iter().filter(|row| (row.readme, row.subject) == (Some(line), subject));
                own.next().map_or_else(|| "-".to_owned(), cell)
            })
            .collect();
        writeln!(out, "| {line} | {} |", cells.join(" | "))?;
    }
    Ok(())
}
