//! A prompt without echo. A signal that ends the program restores the terminal first.

use std::{
    fs::File,
    io,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
};

use rustix::{
    process::{Signal, kill_current_process_group},
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};
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
    if line.as_ref().is_err_and(|why| why.kind() == io::ErrorKind::Interrupted) {
        interrupt();
    }
    *before() = None;
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
                    if signal == SIGINT {
                        interrupt();
                    }
                }
                let _ = emulate_default_handler(signal);
            }
        });
    });
}

/// Does what the terminal does with Ctrl-C: the signal goes to the script that runs this program,
/// too, which would go on without a token otherwise. At a prompt the terminal passes the key on, and
/// `rpassword` sends the signal to this process only.
fn interrupt() {
    let _ = kill_current_process_group(Signal::INT);
    let _ = emulate_default_handler(SIGINT);
}

fn before() -> MutexGuard<'static, Option<(File, Termios)>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}
