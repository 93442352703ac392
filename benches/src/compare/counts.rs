//! Instruction and memory counts of all workloads.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use benches::allocator::HeapCount;

use crate::{
    ALLOCATOR, profile,
    work::{self, LOOK_UPS},
};

/// Counts by the names of workloads and of their parts.
pub(crate) struct Counts {
    pub(crate) instructions: BTreeMap<&'static str, u64>,
    pub(crate) memory: BTreeMap<&'static str, HeapCount>,
}

impl Counts {
    /// Counts all workloads, and reports the name of each.
    ///
    /// # Errors
    ///
    /// If valgrind is missing or fails.
    pub(crate) fn taken(progress: fn(&str)) -> Result<Self, String> {
        let memory = memory();
        Ok(Self { instructions: instructions(progress)?, memory })
    }

    /// The instructions of one run.
    pub(crate) fn of(&self, name: &str) -> f64 {
        self.instructions[name] as f64
    }

    /// The allocations of one run.
    pub(crate) fn blocks(&self, name: &str) -> f64 {
        self.memory[name].blocks as f64
    }
}

/// Workloads whose instructions are counted.
pub(crate) const COUNTED: [&str; 30] = [
    "floor-l",
    "floor-pretty",
    "floor-m",
    "floor-escaped",
    "floor-v2",
    "floor-s",
    "read-l",
    "read-pretty",
    "read-m",
    "read-escaped",
    "read-v2",
    "read-s",
    "naive-l",
    "naive-m",
    "endpoint",
    "authorize-s32",
    "authorize-s3072",
    "authorize-l32",
    "authorize-l3072",
    "authorize-port",
    "authorize-upper",
    "authorize-loopback",
    "insert-32",
    "insert-3072",
    "login",
    "naivelogin",
    "poll-1",
    "poll-10000",
    "import-m",
    "import-l",
];

/// Parts of workloads, each a function: its name here, the workload, and the function's path.
const PARTS: [(&str, &str, &str); 7] = [
    ("read alone, l", "read-l", READING),
    ("read alone, m", "read-m", READING),
    ("naive read alone, l", "naive-l", READING),
    ("naive read alone, m", "naive-m", READING),
    ("index", "read-l", "auth_proto::model::arena::Arena::finish*"),
    ("look-up", "endpoint", "auth_proto::model::catalog::Catalog::find*"),
    ("naive look-up", "naivefind", "benches::naive::find*"),
];

/// Reading without the drop of the result.
const READING: &str = "compare::work::counted_act*";

/// Parts that run once per look-up.
pub(crate) const LOOKING_UP: [&str; 3] = ["endpoint", "look-up", "naive look-up"];

/// Workloads of which only memory is counted: reads of other sizes.
const SIZES: [&str; 7] =
    ["read-10", "read-250", "read-2500", "read-10e", "read-250e", "read-2500e", "read-longurl"];

/// Counts memory. No other thread may run meanwhile.
fn memory() -> BTreeMap<&'static str, HeapCount> {
    let count = |name: &&'static str| {
        let work = work::named(name).expect("it is listed");
        // The first run also initialises statics.
        work();
        (*name, work().0)
    };
    ALLOCATOR.0.turn_on();
    let memory = COUNTED.iter().chain(&SIZES).map(count).collect();
    ALLOCATOR.0.turn_off();
    memory
}

/// One run per processor at a time: the load does not change the counts.
fn instructions(progress: fn(&str)) -> Result<BTreeMap<&'static str, u64>, String> {
    let whole = COUNTED.map(|name| (name, name, "compare::work::counted*"));
    let jobs: Vec<_> = whole.into_iter().chain(PARTS).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some((name, work, function)) = jobs.get(next.fetch_add(1, Relaxed)) {
            progress(name);
            let counted = profile::instructions(work, function).map(|counted| (*name, counted));
            done.lock().unwrap_or_else(PoisonError::into_inner).push(counted);
        }
    };
    thread::scope(|threads| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        (0..workers).for_each(|_| drop(threads.spawn(worker)));
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut counted = done.into_iter().collect::<Result<BTreeMap<_, _>, _>>()?;
    for name in LOOKING_UP {
        counted.entry(name).and_modify(|count| *count /= LOOK_UPS);
    }
    Ok(counted)
}
