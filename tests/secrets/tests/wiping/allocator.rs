//! An allocator that searches every block when it is freed.

use std::{
    backtrace::Backtrace,
    cell::Cell,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use benches::allocator::{Watch, Watched};

/// The beginning of every secret here, so that one search finds them all.
pub(crate) const MARK: &[u8] = b"t0ps3cret";

/// The backtrace of a call that freed a block with a secret in it.
pub(crate) type Finding = String;

/// Runs `act`, and collects the findings of all threads meanwhile.
pub(crate) fn watch<T>(act: impl FnOnce() -> T) -> (T, Vec<Finding>) {
    FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).clear();
    WATCHED.fetch_add(1, Relaxed);
    let done = act();
    WATCHED.fetch_sub(1, Relaxed);
    (done, std::mem::take(&mut *FINDINGS.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Whether the innermost function of these libraries and of our crates is a library's.
pub(crate) fn is_of(trace: &str, libraries: &[&str]) -> bool {
    let symbols =
        trace.lines().filter_map(|line| line.trim().split_once(": ")).map(|(_, name)| name);
    let mut owners = symbols.flat_map(|symbol| {
        let words = symbol.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("auth_") || libraries.contains(word))
    });
    owners.next().is_some_and(|owner| libraries.contains(&owner))
}

/// The number of searched blocks so far.
pub(crate) fn searched_blocks() -> usize {
    BLOCKS.load(Relaxed)
}

static WATCHED: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static FINDINGS: Mutex<Vec<Finding>> = Mutex::new(Vec::new());

thread_local! {
    /// Whether this thread records a finding, which allocates memory itself.
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
            // At the end of a thread the cell is gone, and its blocks still count.
            let is_free = BUSY.try_with(|busy| !busy.replace(true)).unwrap_or(true);
            if is_free {
                let finding = Backtrace::force_capture().to_string();
                FINDINGS.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
                let _ = BUSY.try_with(|busy| busy.set(false));
            }
        }
    }
}
