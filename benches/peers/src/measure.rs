//! The order of the measurements and their results.

use std::time::Duration;

use crate::{
    clock::counting,
    rows::{Cell, Column, Content, Row, Work},
};

/// The measured value of a cell.
pub struct Figure {
    pub row: Row,
    pub column: Column,
    pub label: &'static str,
    pub value: Value,
}

pub enum Value {
    /// Nanoseconds of one repetition, and its allocations if they can be counted.
    Time {
        median: f64,
        min: f64,
        allocations: Option<usize>,
    },
    Text(String),
}

/// Measures all cells. In each round every cell of a row has one turn, so that other load of the
/// machine affects all cells alike. The order changes from round to round.
pub fn measure(mut cells: Vec<Cell>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for row in Row::ALL {
        let (of_row, others) = cells.into_iter().partition(|cell| cell.row == row);
        cells = others;
        figures.extend(measure_row(of_row));
    }
    figures
}

/// The number of turns of each cell.
const ROUNDS: usize = 101;
/// The minimum time of a turn: long beside the clock's resolution, and short beside the scheduler's
/// time slice, so that most turns are not interrupted.
const TURN: Duration = Duration::from_millis(2);
/// The maximum number of repetitions in a turn.
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

/// The number of repetitions in a turn that is long enough. Also warms up.
fn times_of_a_turn(work: &mut Work) -> usize {
    let mut times = 1;
    while work(times).time < TURN && times < MOST {
        times *= 2;
    }
    times
}

/// The average of allocations, because a buffer grows now and then.
fn allocations_of(work: &mut Work) -> usize {
    const TIMES: usize = 16;
    let blocks = counting(|| work(TIMES)).blocks;
    (blocks + TIMES / 2) / TIMES
}
