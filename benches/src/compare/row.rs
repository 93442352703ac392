//! Rows of the table: counted or measured values, with their goals.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
};

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct CostRow {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// The largest allowed value, if there is a goal.
    pub(crate) goal: Option<f64>,
    /// Whether the goal holds, if that can be judged.
    pub(crate) ok: Option<bool>,
    /// The reason why there is no value.
    #[serde(skip)]
    pub(crate) why: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    Json,
    Table,
}

impl CostRow {
    /// A value with an optional goal.
    pub(crate) fn at_most(
        goal: impl Into<Option<f64>>,
        name: impl Into<String>,
        value: f64,
    ) -> Self {
        let goal = goal.into();
        let ok = goal.map(|goal| value <= goal);
        Self { goal, ok, ..Self::reported(name, value) }
    }

    /// The same without a result if `only_reported`: a time on a busy machine, or a count of
    /// another compiler.
    pub(crate) fn unless(self, only_reported: bool) -> Self {
        Self { ok: self.ok.filter(|_| !only_reported), ..self }
    }

    /// A value without a bound.
    pub(crate) fn reported(name: impl Into<String>, value: f64) -> Self {
        // Four decimals are significant.
        let value = (value * 1e4).round() / 1e4;
        Self { name: name.into(), value, goal: None, ok: None, why: None }
    }

    /// A value, or a red row with the reason for the missing value.
    pub(crate) fn tried(
        goal: f64,
        name: impl Into<String>,
        value: Result<f64, impl ToString>,
    ) -> Self {
        match value {
            Ok(value) => Self::at_most(goal, name, value),
            Err(why) => {
                let why = Some(why.to_string());
                Self { ok: Some(false), why, ..Self::at_most(goal, name, f64::NAN) }
            }
        }
    }
}

impl fmt::Display for CostRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.why {
            return write!(f, "{}: {why}", self.name);
        }
        write!(f, "{}: {}", self.name, self.value)?;
        self.goal.map_or(Ok(()), |goal| write!(f, ", at most {goal}"))
    }
}

pub(crate) fn print(rows: &[CostRow], format: RowFormat) -> io::Result<()> {
    match format {
        RowFormat::Json => writeln!(io::stdout(), "{}", serde_json::to_string_pretty(rows)?),
        RowFormat::Table => table(rows),
    }
}

fn table(rows: &[CostRow]) -> io::Result<()> {
    let mut table = Table::new();
    table.set_header(["name", "value", "at most", "ok"]);
    for row in rows {
        let ok = match row.ok {
            None => "",
            Some(false) => "RED",
            Some(true) => "ok",
        };
        let goal = row.goal.map(|goal| goal.to_string()).unwrap_or_default();
        table.add_row([row.name.clone(), row.value.to_string(), goal, ok.to_owned()]);
    }
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_red_above_its_goal_only() {
        for (value, ok) in [(0.9, true), (1.0, true), (1.1, false)] {
            let row = CostRow::at_most(1.0, "row", value);
            assert_eq!((row.ok, row.goal), (Some(ok), Some(1.0)));
            assert_eq!(CostRow::at_most(1.0, "row", value).unless(true).ok, None);
        }
        assert_eq!(CostRow::at_most(1.00001, "row", 1.00002).ok, Some(false));
        assert_eq!(CostRow::reported("row", 2.0).ok, None);
    }

    #[test]
    fn a_missing_value_is_red_with_a_reason() {
        let row = CostRow::tried(1.0, "row", Err("no server"));
        assert_eq!(row.to_string(), "row: no server");
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(json, r#"{"name":"row","value":null,"goal":1.0,"ok":false}"#);
        assert_eq!(CostRow::tried(1.0, "row", Ok::<_, String>(0.5)).ok, Some(true));
    }
}
