//! The clock and the allocator. The allocator counts on request only, because counting takes time.

use std::{
    sync::atomic::{
        AtomicBool, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
    time::{Duration, Instant},
};

use benches::allocator::{Watch, Watched};

/// The time and the allocations of some work.
pub struct Taken {
    pub time: Duration,
    /// Allocated blocks; 0 outside [`counting`].
    pub blocks: usize,
}

pub struct Clock {
    start: Instant,
    blocks: usize,
}

impl Clock {
    pub fn start() -> Self {
        Self { blocks: ALLOCATOR.0.blocks.load(SeqCst), start: Instant::now() }
    }

    pub fn stop(self) -> Taken {
        let time = self.start.elapsed();
        Taken { time, blocks: ALLOCATOR.0.blocks.load(SeqCst) - self.blocks }
    }
}

/// Counts the blocks that all threads allocate during `act`.
pub fn counting<T>(act: impl FnOnce() -> T) -> T {
    ALLOCATOR.0.is_on.store(true, SeqCst);
    let done = act();
    ALLOCATOR.0.is_on.store(false, SeqCst);
    done
}

#[global_allocator]
static ALLOCATOR: Watched<Blocks> =
    Watched(Blocks { is_on: AtomicBool::new(false), blocks: AtomicUsize::new(0) });

struct Blocks {
    is_on: AtomicBool,
    blocks: AtomicUsize,
}

impl Watch for Blocks {
    const LOOKS: bool = false;

    fn given(&self, _bytes: usize) {
        if self.is_on.load(Relaxed) {
            self.blocks.fetch_add(1, Relaxed);
        }
    }
}
