//! The rows as the table of the README.

use std::io::{self, Write};

use rows::Row;

use crate::scenario::{Case, Subject};

/// The README's table: one line for each fault, the adapters' figures beside the naive client's.
pub(crate) fn readme(rows: &[Row<'_, Case>]) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "| fault | `auth-ureq` | `auth-reqwest` | thirty lines without the library |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    let lines: Vec<_> = rows.iter().filter_map(|row| row.case.readme).collect();
    let mut written = Vec::new();
    for line in lines {
        if written.contains(&line) {
            continue;
        }
        written.push(line);
        let cells: Vec<_> = [Subject::Ureq, Subject::Reqwest, Subject::Naive]
            .into_iter()
            .map(|subject| {
                let mut own = rows
                    .iter()
                    .filter(|row| (row.case.readme, row.case.subject) == (Some(line), subject));
                own.next().map_or_else(|| "-".to_owned(), cell)
            })
            .collect();
        writeln!(out, "| {line} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

fn cell(row: &Row<'_, Case>) -> String {
    let logins = match (row.tally.logins, row.tally.stopped) {
        (1, false) => "1 login".to_owned(),
        (count, false) => format!("{count} logins"),
        (count, true) => format!("{count} logins and more"),
    };
    match row.tally.figures.is_empty() {
        true => logins,
        false => format!("{logins}; {}", row.tally.figures()),
    }
}
