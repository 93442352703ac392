//! The system's allocator with a watcher, which counts allocations and can inspect freed blocks. The
//! workspace's only `unsafe`.
//!
//! A program installs it as its global allocator:
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

#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    slice,
    sync::atomic::{
        AtomicBool, AtomicIsize, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
};

/// The watcher of an allocator. Its methods must not allocate, or must expect the recursion.
pub trait Watch: Sync {
    /// Whether freed blocks are inspected. If so, new memory is zeroed and no block grows in place.
    const LOOKS: bool;

    /// A block of this size is allocated, or a block grows by this size.
    fn given(&self, _bytes: usize) {}

    /// A block shrinks by this size.
    fn shrunk(&self, _bytes: usize) {}

    /// A block of this size is freed.
    fn given_back(&self, _bytes: usize) {}

    /// The contents of a block before it is freed.
    fn look(&self, _block: &[u8]) {}
}

/// The system's allocator and its watcher.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "not published")]
pub struct Watched<W>(pub W);

// SAFETY: every call goes to the system's allocator unchanged, except if blocks are inspected. Then new
// memory is zeroed, so that a later inspection reads initialised bytes only, and a block that changes
// its size is copied into a new one, so that the old block is inspected too.
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
            // is not published any more.
            self.0.look(unsafe { slice::from_raw_parts(block, layout.size()) });
        }
        // SAFETY: the caller's own promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if W::LOOKS {
            // SAFETY: the caller promises that the size is a layout's, and the block is as large as
            // its layout says, not published, and not the new one.
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

/// A watcher that counts the allocations of all threads.
#[derive(Debug, Default)]
pub struct Counting {
    is_on: AtomicBool,
    blocks: AtomicUsize,
    /// Bytes in use since the start, and their maximum.
    live: AtomicIsize,
    peak: AtomicIsize,
}

/// The allocations of a piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "not published")]
pub struct HeapCount {
    /// Allocated or grown blocks.
    pub blocks: usize,
    /// Additional bytes in use at the end.
    pub kept: usize,
    /// The maximum of additional bytes in use.
    pub peak: usize,
}

impl Counting {
    /// A watcher that does not count yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            is_on: AtomicBool::new(false),
            blocks: AtomicUsize::new(0),
            live: AtomicIsize::new(0),
            peak: AtomicIsize::new(0),
        }
    }

    /// Starts to count. Under a profiler the counter would be profiled too.
    pub fn turn_on(&self) {
        self.is_on.store(true, SeqCst);
    }

    /// Stops to count.
    pub fn turn_off(&self) {
        self.is_on.store(false, SeqCst);
    }

    /// The blocks that were counted so far.
    pub fn blocks(&self) -> usize {
        self.blocks.load(SeqCst)
    }

    /// Counts the allocations of `act`.
    pub fn count<T>(&self, act: impl FnOnce() -> T) -> (T, HeapCount) {
        let (blocks, live) = (self.blocks.load(Relaxed), self.live.load(Relaxed));
        self.peak.store(live, Relaxed);
        let done = act();
        let above = |count: &AtomicIsize| (count.load(Relaxed) - live).max(0).unsigned_abs();
        let count = HeapCount {
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
