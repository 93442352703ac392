//! An allocator that counts.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fmt,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// What was asked of it while something was done.
pub(crate) struct Count {
    /// Blocks that were given out, or grew.
    pub(crate) blocks: usize,
    /// Blocks that were made smaller, which takes no memory.
    pub(crate) shrunk: usize,
    /// Bytes in use at the end, above what was at the beginning; and at most in between.
    pub(crate) kept: usize,
    pub(crate) peak: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { blocks, shrunk, kept, peak } = self;
        write!(f, "{blocks} blocks ({shrunk} made smaller), {kept} bytes kept of {peak}")
    }
}

/// Counts while this is done, on every thread.
pub(crate) fn count<T>(act: impl FnOnce() -> T) -> (T, Count) {
    let [blocks, shrunk, before] = [&BLOCKS, &SHRUNK, &LIVE].map(|count| count.load(Relaxed));
    PEAK.store(before, Relaxed);
    let done = act();
    let count = Count {
        blocks: BLOCKS.load(Relaxed) - blocks,
        shrunk: SHRUNK.load(Relaxed) - shrunk,
        kept: LIVE.load(Relaxed).saturating_sub(before),
        peak: PEAK.load(Relaxed) - before,
    };
    (done, count)
}

static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static SHRUNK: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        given(layout.size());
        // SAFETY: the caller's own promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        given(layout.size());
        // SAFETY: the caller's own promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's own promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match size > layout.size() {
            true => given(size - layout.size()),
            false => {
                SHRUNK.fetch_add(1, Relaxed);
                LIVE.fetch_sub(layout.size() - size, Relaxed);
            }
        }
        // SAFETY: the caller's own promises.
        unsafe { System.realloc(block, layout, size) }
    }
}

fn given(bytes: usize) {
    BLOCKS.fetch_add(1, Relaxed);
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
}
