//! One named piece of work, done some times over, so that a profiler can count it:
//!
//! ```sh
//! cargo build --release -p benches --bin measure
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*counted*' \
//!     target/release/measure read-l 1    # and with 3: half of the difference is one time
//! ```
//!
//! What is done beside the work (making bodies, cloning logins) is outside of `counted`, and so is
//! left out; the first time is not counted, because it puts the allocator in order. Without a
//! profiler the program says what the allocator saw.

mod work;

use std::{env, process::ExitCode};

use benches::allocator::{Counting, Watched};

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting::new());

#[expect(clippy::print_stderr, reason = "it is a program")]
fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let times = arguments.next().and_then(|times| times.parse().ok()).unwrap_or(1);
    match work::named(&name) {
        Some(work) => {
            for _ in 0..times {
                work();
            }
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("usage: measure WORK TIMES; WORK is one of\n{}", work::names());
            ExitCode::FAILURE
        }
    }
}
