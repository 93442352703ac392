//! A progress line, after a second.

use std::{
    convert::Infallible,
    io::{self, IsTerminal, Write},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Runs `act`. If it takes longer than a second, standard error says what the program waits for: on
/// a terminal a line that disappears at the end, elsewhere a line for the first wait of the process.
pub(crate) fn during<T>(what: &str, act: impl FnOnce() -> T) -> T {
    match io::stderr().is_terminal() {
        true => shown(what, ProgressDrawTarget::stderr(), act),
        false => late(act, |_| {
            if !SAID.swap(true, Ordering::Relaxed) {
                // A closed standard error is no reason to stop.
                let _ = writeln!(io::stderr().lock(), "{what}");
            }
        }),
    }
}

/// Whether the line for programs and files was written.
static SAID: AtomicBool = AtomicBool::new(false);

fn shown<T>(what: &str, target: ProgressDrawTarget, act: impl FnOnce() -> T) -> T {
    late(act, |over| {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(None, target)
            .with_style(style)
            .with_message(what.to_owned())
            .with_elapsed(SILENCE);
        while over.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
            bar.tick();
        }
        bar.finish_and_clear();
    })
}

/// Runs `act`, and `say` in another thread if `act` takes longer than [`SILENCE`].
fn late<T>(act: impl FnOnce() -> T, say: impl FnOnce(&Over) + Send) -> T {
    thread::scope(|scope| {
        // No value is ever sent: the dropped sender ends the thread.
        let (running, over) = mpsc::channel();
        let wait = move || {
            if over.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                say(&over);
            }
        };
        // Without a thread there is no line.
        let _ = thread::Builder::new().spawn_scoped(scope, wait);
        let done = act();
        drop(running);
        done
    })
}

/// Disconnected at the end of the wait.
type Over = mpsc::Receiver<Infallible>;

/// The time before the line appears.
const SILENCE: Duration = Duration::from_secs(1);
const TURN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn the_line_comes_late_and_disappears() {
        let term = InMemoryTerm::new(4, 60);
        let target = || ProgressDrawTarget::term_like(Box::new(term.clone()));
        let pause = Duration::from_millis(300);
        let early = shown("waiting for a", target(), || {
            thread::sleep(pause);
            term.contents()
        });
        assert_eq!(early, "");
        let late = shown("waiting for b", target(), || {
            thread::sleep(SILENCE + 2 * pause);
            term.contents()
        });
        assert!(late.contains("waiting for b ("), "{late:?}");
        assert_eq!(term.contents(), "");
    }
}
