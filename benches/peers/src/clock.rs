//! The clock and the allocator. The allocator counts on request only, because counting takes time.

use std::time::{Duration, Instant};

use benches::allocator::{Counting, Watched};

/// The time and the allocations of some work.
pub struct Taken {
    pub time: Duration,
    /// Allocated blocks; 0 outside [`counting`].
    pub blocks: usize,
}

pub struct Stopwatch {
    start: Instant,
    blocks: usize,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { blocks: ALLOCATOR.0.blocks(), start: Instant::now() }
    }

    pub fn stop(self) -> Taken {
        let time = self.start.elapsed();
        Taken { time, blocks: ALLOCATOR.0.blocks() - self.blocks }
    }
}

/// Counts the blocks that all threads allocate during `act`.
pub fn counting<T>(act: impl FnOnce() -> T) -> T {
    ALLOCATOR.0.turn_on();
    let done = act();
    ALLOCATOR.0.turn_off();
    done
}

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting::new());
