//! What a scenario counts, and the bounds that it broke.

use std::{
    fmt::Display,
    ops::{Deref, DerefMut},
    time::Duration,
};

use serde::Serialize;

/// Counts and times of a scenario, each with a column of its own.
pub trait Counts: Default + Send + Serialize {
    /// The columns of the table.
    const COLUMNS: &'static [&'static str];

    /// The cells of these columns.
    fn cells(&self) -> Vec<String>;

    /// Whether the scenario gets another try although a bound on a count is broken.
    fn is_excused(&self) -> bool {
        false
    }
}

/// Counts and times of a scenario, and the bounds that it broke.
#[derive(Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Tally<C> {
    #[serde(flatten)]
    counts: C,
    /// What else was counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// Broken bounds on counts.
    #[serde(skip)]
    pub broken: Vec<String>,
    /// Broken bounds on times. They are tried again, because the machine may be busy.
    #[serde(skip)]
    pub late: Vec<String>,
}

/// A count of a scenario and its name.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Figure {
    /// The name, in the plural.
    pub name: String,
    /// The count.
    pub count: u64,
}

impl<C> From<C> for Tally<C> {
    fn from(counts: C) -> Self {
        Self { counts, figures: Vec::new(), broken: Vec::new(), late: Vec::new() }
    }
}

impl<C> Deref for Tally<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.counts
    }
}

impl<C> DerefMut for Tally<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.counts
    }
}

impl<C> Tally<C> {
    /// Whether all bounds held.
    pub fn is_ok(&self) -> bool {
        self.broken.is_empty() && self.late.is_empty()
    }

    /// The further counts, in words.
    pub fn figures(&self) -> String {
        let figures = self.figures.iter().map(|figure| format!("{} {}", figure.count, figure.name));
        figures.collect::<Vec<_>>().join(", ")
    }

    /// Shows a count in the table.
    pub fn figure(&mut self, name: impl Into<String>, count: u64) {
        self.figures.push(Figure { name: name.into(), count });
    }

    /// Requires a count to equal `want`.
    pub fn exactly<T: PartialEq + Display>(&mut self, what: impl Display, got: T, want: T) {
        if got != want {
            self.broke(format!("{what}: {got}, not {want}"));
        }
    }

    /// Requires a count of at most `most`.
    pub fn at_most<T: PartialOrd + Display>(&mut self, what: impl Display, got: T, most: T) {
        if got > most {
            self.broke(format!("{what}: {got}, more than {most}"));
        }
    }

    /// Requires a condition.
    pub fn holds(&mut self, what: impl Display, holds: bool) {
        if !holds {
            self.broke(format!("not so: {what}"));
        }
    }

    /// Requires a time of at most `most`.
    pub fn within(&mut self, what: impl Display, got: Duration, most: Duration) {
        if got > most {
            self.late.push(format!("{what}: {got:.1?}, longer than {most:.1?}"));
        }
    }

    /// Records a reason once.
    pub fn broke(&mut self, why: String) {
        if !self.broken.contains(&why) {
            self.broken.push(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_apart() {
        let mut tally = Tally::<()>::default();
        tally.exactly("one", 1, 1);
        tally.at_most("two", 2, 2);
        tally.holds("three", true);
        tally.within("four", Duration::from_secs(4), Duration::from_secs(4));
        assert!(tally.is_ok());
        tally.exactly("one", 0, 1);
        tally.at_most("two", 3, 2);
        tally.holds("three", false);
        tally.within("four", Duration::from_secs(5), Duration::from_secs(4));
        assert_eq!((tally.broken.len(), tally.late.len()), (3, 1));
    }
}
