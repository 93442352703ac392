//! The printed table and list.

use std::{collections::HashMap, fs, io, path::Path};

use comfy_table::{Table, presets};
use serde_json::json;

use crate::{
    measure::{Figure, Value},
    rows::{Cell, Column, Row},
};

/// The figures of the builds. Each line has a name, wall seconds, seconds of all processors, the
/// number of crates, and bytes.
pub fn built(file: &Path) -> io::Result<Vec<Cell>> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: HashMap<&str, Vec<&str>> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect();
    let mut cells = Vec::new();
    for column in Column::ALL {
        let name = column.to_string();
        let [time, crates, size] = match lines.get(name.as_str()).map(Vec::as_slice) {
            Some([wall, processors, crates, bytes]) => {
                let bytes: f64 = bytes.parse().map_err(io::Error::other)?;
                let size = format!("{:.1} MB", bytes / 1e6);
                [format!("{wall} s ({processors} s CPU)"), (*crates).to_owned(), size]
            }
            _ => ["—", "—", "—"].map(str::to_owned),
        };
        cells.push(Cell::text(Row::BuildTime, column, time));
        cells.push(Cell::text(Row::Crates, column, crates));
        cells.push(Cell::text(Row::Size, column, size));
    }
    Ok(cells)
}

/// Prints a Markdown table.
pub fn table(figures: &[Figure]) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let columns = Column::ALL.map(|column| column.to_string());
    table.set_header([String::new()].into_iter().chain(columns));
    for row in Row::ALL {
        let cells = Column::ALL.map(|column| {
            let of_cell =
                figures.iter().filter(|figure| figure.row == row && figure.column == column);
            let texts: Vec<_> = of_cell.map(text).collect();
            if texts.is_empty() { "—".to_owned() } else { texts.join("; ") }
        });
        table.add_row([row.to_string()].into_iter().chain(cells));
    }
    println!("{table}");
}

/// The text of a cell: the median, the minimum, and the allocations.
fn text(figure: &Figure) -> String {
    let text = match &figure.value {
        Value::Time { median, min, allocations } => {
            let time = format!("{} ({})", duration(*median), duration(*min));
            allocations.iter().fold(time, |time, count| format!("{time}, {count}"))
        }
        Value::Text(text) => text.clone(),
    };
    match figure.label {
        "" => text,
        label => format!("{label} {text}"),
    }
}

/// A time with three significant digits.
fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        few if few < 1e3 => (few, "ns"),
        some if some < 1e6 => (some / 1e3, "µs"),
        many => (many / 1e6, "ms"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

/// Prints a JSON list, with the minimum times.
pub fn json(figures: &[Figure]) {
    let rows = figures.iter().map(|figure| {
        let mut row = json!({
            "name": figure.row.to_string(), "of": figure.column.to_string(),
            "client": figure.label,
        });
        match &figure.value {
            Value::Time { median, min, allocations } => {
                row["median_ns"] = json!(median);
                row["min_ns"] = json!(min);
                row["allocations"] = json!(allocations);
            }
            Value::Text(text) => row["text"] = json!(text),
        }
        row
    });
    println!("{:#}", rows.collect::<serde_json::Value>());
}
