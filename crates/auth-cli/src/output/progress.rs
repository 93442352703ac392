//! A progress line, on a terminal and after a second.

use std::{
    convert::Infallible,
    io::{self, IsTerminal},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Runs `act`. If it takes longer than a second and standard error is a terminal, a line there says
/// what the program waits for; the line disappears at the end.
pub(crate) fn during<T>(what: &str, act: impl FnOnce() -> T) -> T {
    match io::stderr().is_terminal() {
        true => shown(what, ProgressDrawTarget::stderr(), act),
        false => act(),
    }
}

fn shown<T>(what: &str, target: ProgressDrawTarget, act: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        // No value is ever sent: the dropped sender ends the thread.
        let (running, over) = mpsc::channel::<Infallible>();
        scope.spawn(move || {
            if over.recv_timeout(SILENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
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
        });
        let done = act();
        drop(running);
        done
    })
}

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
