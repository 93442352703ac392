//! Scenarios with bounds, run and printed row by row.
//!
//! A [`Case`] is a scenario for one subject, an adapter or a store. [`run`] gives it a [`Tally`], in
//! which it counts and checks its bounds, and makes a [`Row`] of it. [`json`] and
//! [`table`] print the rows, and [`conclude`] reports those that broke a bound.

mod case;
mod print;
mod tally;

pub use case::{Case, Label, Row, chosen, run};
pub use print::{aligned, conclude, json, milliseconds, table};
pub use tally::{Counts, Figure, Tally};
