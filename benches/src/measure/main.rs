//! One named piece of work, done some times over, so that a profiler can count it:
//!
//! ```sh
//! valgrind --tool=callgrind --toggle-collect='*counted*' measure read-l 10
//! ```
//!
//! What is done beside the work (making bodies, cloning logins) is outside of [`counted`], and so is
//! left out of the count. Without a profiler it prints what the allocator counted, for each time.

mod allocator;
mod work;

use std::{env, process::ExitCode};

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
