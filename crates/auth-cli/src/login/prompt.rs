//! A prompt without echo. A signal that ends the program restores the terminal first.

use std::{
    fs::File,
    io,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

/// The terminal and its settings from before the prompt, while there is one.
static BEFORE: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// Reads a line without echo. Ctrl-C ends the process as its signal does.
pub(super) fn read(prompt: &str) -> io::Result<String> {
    watch();
    // Without a terminal the prompt itself reports that.
    let terminal = File::open("/dev/tty");
    *before() = terminal.and_then(|it| Ok((tcgetattr(&it)?, it))).ok().map(|(all, it)| (it, all));
    let line = rpassword::prompt_password(prompt);
    *before() = None;
    if line.as_ref().is_err_and(|why| why.kind() == io::ErrorKind::Interrupted) {
        emulate_default_handler(SIGINT)?;
    }
    line
}

/// Starts the thread that waits for signals.
fn watch() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]) else { return };
        thread::spawn(move || {
            for signal in signals.forever() {
                if let Some((terminal, settings)) = &*before() {
                    let _ = tcsetattr(terminal, OptionalActions::Now, settings);
                }
                let _ = emulate_default_handler(signal);
            }
        });
    });
}

fn before() -> MutexGuard<'static, Option<(File, Termios)>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}
