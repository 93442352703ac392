//! Who has a turn when, and what comes of it.

use std::time::Duration;

use crate::{
    clock::counting,
    rows::{Cell, Column, Content, Row, Work},
};

/// A cell, measured.
pub struct Figure {
    pub row: Row,
    pub column: Column,
    pub label: &'static str,
    pub value: Value,
}

pub enum Value {
    /// Nanoseconds of one time, and allocations where they can be seen.
    Time {
        median: f64,
        min: f64,
        allocations: Option<usize>,
    },
    Text(String),
}

/// All cells of all rows. Within a row, everybody has a turn in each round, so that whatever else the
/// machine does is spread over them all; who begins changes from round to round.
pub fn measure(mut cells: Vec<Cell>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for row in Row::ALL {
        let (of_row, others) = cells.into_iter().partition(|cell| cell.row == row);
        cells = others;
        figures.extend(measure_row(of_row));
    }
    figures
}

/// How many turns each has.
const ROUNDS: usize = 101;
/// How long a turn is, at least: long for the clock, and short for the scheduler, so that most turns
/// are not broken off.
const TURN: Duration = Duration::from_millis(2);
/// How many times at most in a turn.
const MOST: usize = 8_192;

fn measure_row(cells: Vec<Cell>) -> Vec<Figure> {
    let mut entries: Vec<_> = cells.into_iter().map(Entry::new).collect();
    let count = entries.len();
    for round in 0..ROUNDS {
        for turn in 0..count {
            entries[(round + turn) % count].take_turn();
        }
    }
    entries.into_iter().map(Entry::into_figure).collect()
}

struct Entry {
    cell: Cell,
    times: usize,
    samples: Vec<f64>,
    allocations: Option<usize>,
}

impl Entry {
    fn new(mut cell: Cell) -> Self {
        let (mut times, mut allocations) = (1, None);
        if let Content::Work(work) = &mut cell.content {
            times = times_of_a_turn(work);
            if cell.column != Column::Keystoneauth {
                allocations = Some(allocations_of(work));
            }
        }
        Self { cell, times, samples: Vec::with_capacity(ROUNDS), allocations }
    }

    fn take_turn(&mut self) {
        if let Content::Work(work) = &mut self.cell.content {
            let taken = work(self.times).time.as_nanos();
            self.samples.push(taken as f64 / self.times as f64);
        }
    }

    fn into_figure(mut self) -> Figure {
        let Cell { row, column, label, content } = self.cell;
        let value = match content {
            Content::Text(text) => Value::Text(text),
            Content::Work(_) => {
                self.samples.sort_by(f64::total_cmp);
                let (median, min) = (self.samples[ROUNDS / 2], self.samples[0]);
                Value::Time { median, min, allocations: self.allocations }
            }
        };
        Figure { row, column, label, value }
    }
}

/// So many that a turn is long enough for the clock. It also warms up.
fn times_of_a_turn(work: &mut Work) -> usize {
    let mut times = 1;
    while work(times).time < TURN && times < MOST {
        times *= 2;
    }
    times
}

/// On average, because here and there a buffer grows.
fn allocations_of(work: &mut Work) -> usize {
    const TIMES: usize = 16;
    let blocks = counting(|| work(TIMES)).blocks;
    (blocks + TIMES / 2) / TIMES
}
