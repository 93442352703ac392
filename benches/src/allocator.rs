//! The system's allocator under watch: how often memory is taken, how much, and what is in it when it
//! is given back. The workspace's only `unsafe`.
//!
//! A program that wants to know makes one its own:
//!
//! ```
//! use benches::allocator::{Counting, Watched};
//!
//! #[global_allocator]
//! static ALLOCATOR: Watched<Counting> = Watched(Counting::new());
//!
//! ALLOCATOR.0.turn_on();
//! let (text, count) = ALLOCATOR.0.count(|| "text".repeat(10));
//! assert_eq!((text.len(), count.blocks, count.kept), (40, 1, 40));
//! ```

#![allow(unsafe_code, reason = "an allocator is unsafe by its nature")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    slice,
    sync::atomic::{
        AtomicBool, AtomicIsize, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
};

/// Who watches an allocator. None of this may take memory, or it has to know when it does.
pub trait Watch: Sync {
    /// Whether blocks are looked into. All memory is zeroed then, and no block grows in its place.
    const LOOKS: bool;

    /// A block of so many bytes is given out, or one grows by so many.
    fn given(&self, _bytes: usize) {}

    /// A block was made smaller by so many bytes, which takes no memory.
    fn shrunk(&self, _bytes: usize) {}

    /// A block of so many bytes is given back.
    fn given_back(&self, _bytes: usize) {}

    /// What is in a block that is given back.
    fn look(&self, _block: &[u8]) {}
}

/// The allocator, and who watches it.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "nobody else's")]
pub struct Watched<W>(pub W);

// SAFETY: every call is handed on to the system's allocator as it came, but for those of one who looks
// into blocks: fresh memory is zeroed for them, so that what is read of it later was written before,
// and holds nothing of blocks that were looked into already; and a block that changes its size is
// another one, with what was in the first, so that none moves without being looked into.
unsafe impl<W: Watch> GlobalAlloc for Watched<W> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.given(layout.size());
        // SAFETY: the caller's own promises.
        unsafe { if W::LOOKS { System.alloc_zeroed(layout) } else { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.0.given(layout.size());
        // SAFETY: the caller's own promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.0.given_back(layout.size());
        if W::LOOKS {
            // SAFETY: the block was given out by `alloc` with this layout, is initialised by it, and
            // is nobody else's any more.
            self.0.look(unsafe { slice::from_raw_parts(block, layout.size()) });
        }
        // SAFETY: the caller's own promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if W::LOOKS {
            // SAFETY: the caller promises that the size is a layout's, and the block is as large as
            // its layout says, nobody else's, and not the new one.
            return unsafe {
                let other = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !other.is_null() {
                    other.copy_from_nonoverlapping(block, size.min(layout.size()));
                    self.dealloc(block, layout);
                }
                other
            };
        }
        match size > layout.size() {
            true => self.0.given(size - layout.size()),
            false => self.0.shrunk(layout.size() - size),
        }
        // SAFETY: the caller's own promises.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Counts, on every thread.
#[derive(Debug, Default)]
pub struct Counting {
    is_on: AtomicBool,
    blocks: AtomicUsize,
    /// Bytes in use, above what was when it was turned on; and at most.
    live: AtomicIsize,
    peak: AtomicIsize,
}

/// What was asked of an allocator while something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "nobody else's")]
pub struct Count {
    /// Blocks that were given out, or grew.
    pub blocks: usize,
    /// Bytes in use at the end, above what was at the beginning.
    pub kept: usize,
    /// The same, at most in between.
    pub peak: usize,
}

impl Counting {
    /// One that is off.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            is_on: AtomicBool::new(false),
            blocks: AtomicUsize::new(0),
            live: AtomicIsize::new(0),
            peak: AtomicIsize::new(0),
        }
    }

    /// Counts from here on. Under a profiler it had better not, which would count the counting.
    pub fn turn_on(&self) {
        self.is_on.store(true, SeqCst);
    }

    /// Counts no more.
    pub fn turn_off(&self) {
        self.is_on.store(false, SeqCst);
    }

    /// Counts while this is done.
    pub fn count<T>(&self, act: impl FnOnce() -> T) -> (T, Count) {
        let (blocks, live) = (self.blocks.load(Relaxed), self.live.load(Relaxed));
        self.peak.store(live, Relaxed);
        let done = act();
        let above = |count: &AtomicIsize| (count.load(Relaxed) - live).max(0).unsigned_abs();
        let count = Count {
            blocks: self.blocks.load(Relaxed) - blocks,
            kept: above(&self.live),
            peak: above(&self.peak),
        };
        (done, count)
    }

    fn add(&self, bytes: isize) {
        let live = self.live.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(live, Relaxed);
    }

    fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }
}

impl Watch for Counting {
    const LOOKS: bool = false;

    fn given(&self, bytes: usize) {
        if self.is_on() {
            self.blocks.fetch_add(1, Relaxed);
            self.add(bytes.cast_signed());
        }
    }

    fn shrunk(&self, bytes: usize) {
        self.given_back(bytes);
    }

    fn given_back(&self, bytes: usize) {
        if self.is_on() {
            self.add(-bytes.cast_signed());
        }
    }
}
