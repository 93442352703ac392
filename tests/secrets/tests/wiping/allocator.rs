//! An allocator that looks into every block that is given back.

use std::{
    backtrace::Backtrace,
    cell::Cell,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use benches::allocator::{Watch, Watched};

/// What every secret here begins with, so that a block that holds one is found with one search.
pub(crate) const MARK: &[u8] = b"t0ps3cret";

/// A block that was given back with a secret in it: by whom.
pub(crate) type Finding = String;

/// What is found while this is done, by any thread.
pub(crate) fn watch<T>(act: impl FnOnce() -> T) -> (T, Vec<Finding>) {
    FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).clear();
    WATCHED.fetch_add(1, Relaxed);
    let done = act();
    WATCHED.fetch_sub(1, Relaxed);
    (done, std::mem::take(&mut *FINDINGS.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Whether the innermost function that belongs to anybody is one of these libraries'.
pub(crate) fn is_of(trace: &str, libraries: &[&str]) -> bool {
    let symbols =
        trace.lines().filter_map(|line| line.trim().split_once(": ")).map(|(_, name)| name);
    let mut owners = symbols.flat_map(|symbol| {
        let words = symbol.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("auth_") || libraries.contains(word))
    });
    owners.next().is_some_and(|owner| libraries.contains(&owner))
}

/// How many blocks were looked into so far.
pub(crate) fn looked_into() -> usize {
    BLOCKS.load(Relaxed)
}

static WATCHED: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static FINDINGS: Mutex<Vec<Finding>> = Mutex::new(Vec::new());

thread_local! {
    /// Whether this thread is writing a finding down, which takes memory itself.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

struct Searching;

#[global_allocator]
static ALLOCATOR: Watched<Searching> = Watched(Searching);

impl Watch for Searching {
    const LOOKS: bool = true;

    fn look(&self, block: &[u8]) {
        if WATCHED.load(Relaxed) == 0 {
            return;
        }
        BLOCKS.fetch_add(1, Relaxed);
        if block.windows(MARK.len()).any(|window| window == MARK) {
            // A thread that ends has no such cell any more: what it gives back then counts as well.
            let is_free = BUSY.try_with(|busy| !busy.replace(true)).unwrap_or(true);
            if is_free {
                let finding = Backtrace::force_capture().to_string();
                FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
                let _ = BUSY.try_with(|busy| busy.set(false));
            }
        }
    }
}
