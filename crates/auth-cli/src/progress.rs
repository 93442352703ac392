//! What is shown while somebody waits: on a terminal, and after a second.

use std::{
    convert::Infallible,
    io::{self, IsTerminal},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Does this, and tells on standard error what is waited for, if that is a terminal and it takes
/// its time. The line is gone afterwards.
pub(crate) fn during<T>(what: &str, act: impl FnOnce() -> T) -> T {
    match io::stderr().is_terminal() {
        true => shown(what, ProgressDrawTarget::stderr(), act),
        false => act(),
    }
}

fn shown<T>(what: &str, target: ProgressDrawTarget, act: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        // Nothing is ever sent: it is over when the sender is gone.
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

/// What is over by then needs no words.
const SILENCE: Duration = Duration::from_secs(1);
const TURN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn a_second_passes_in_silence_and_nothing_stays() {
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
