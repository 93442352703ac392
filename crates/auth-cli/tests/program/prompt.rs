//! The prompt for a secret, on a terminal.
#![cfg(target_os = "linux")]

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use auth_emulator::{Server, account};
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use crate::{Machine, nhn};

/// The program at a prompt, on a terminal of its own.
struct Prompted {
    user: File,
    terminal: File,
    child: Child,
}

impl Prompted {
    fn start(arguments: &[&str]) -> Self {
        Self::start_by(&[], arguments)
    }

    /// The program as the last arguments of another command.
    fn start_by(command_line: &[&str], arguments: &[&str]) -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&user).unwrap();
        unlockpt(&user).unwrap();
        let path = ptsname(&user, Vec::new()).unwrap().into_string().unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let machine = Machine::with("clouds: {}");
        let program = machine.command(arguments, &[]);
        // A session with the terminal as its controlling terminal.
        let mut command = Command::new("setsid");
        command.arg("--ctty").args(command_line);
        command.arg(program.get_program()).args(program.get_args());
        command.env_clear().env("HOME", machine.0.path()).current_dir(machine.0.path());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        testing::configured::program(&mut command);
        let stdio = || Stdio::from(terminal.try_clone().unwrap());
        let child = command.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().unwrap();
        let mut prompted = Self { user: File::from(user), terminal, child };
        prompted.read_to("Password: ");
        while prompted.echoes() {
            thread::sleep(Duration::from_millis(5));
        }
        prompted
    }

    fn read_to(&mut self, end: &str) -> String {
        let (mut seen, mut byte) = (Vec::new(), [0]);
        while !seen.ends_with(end.as_bytes()) {
            self.user.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
        String::from_utf8(seen).unwrap()
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&self.terminal).unwrap().local_modes
    }
}

#[test]
fn signals_at_a_prompt_restore_the_terminal() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let usual = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    for signal in
        [None, Some(Signal::INT), Some(Signal::TERM), Some(Signal::QUIT), Some(Signal::HUP)]
    {
        let mut prompted = Prompted::start(&login.bare(&["token"]));
        match signal {
            // Ctrl-C.
            None => prompted.user.write_all(b"\x03").unwrap(),
            Some(signal) => kill_process(Pid::from_child(&prompted.child), signal).unwrap(),
        }
        let status = prompted.child.wait().unwrap();
        let expected = signal.unwrap_or(Signal::INT).as_raw();
        assert_eq!(status.signal(), Some(expected), "{signal:?}: {status}");
        assert!(prompted.modes().contains(usual), "{signal:?}: {:?}", prompted.modes());
    }
}

/// A test that runs in the background inherits an ignored Ctrl-C.
const DEFAULT: [&str; 2] = ["env", "--default-signal=INT"];

/// A script would go on with an empty token.
#[test]
fn ctrl_c_at_a_prompt_ends_the_script() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    for script in [
        "\"$0\" \"$@\"; echo 'went on'",
        "token=$(\"$0\" \"$@\"); echo 'went on'",
        "while ! \"$0\" \"$@\"; do echo 'went on'; done",
    ] {
        for shell in ["sh", "bash"] {
            let mut prompted = Prompted::start_by(
                &[&DEFAULT[..], &[shell, "-c", script]].concat(),
                &login.bare(&["token"]),
            );
            prompted.user.write_all(b"\x03").unwrap();
            let status = prompted.child.wait().unwrap();
            assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{shell}: {script}: {status}");
            assert!(prompted.echoes());
        }
    }
}

#[test]
fn a_password_is_read_without_echo() {
    let server = Server::start().unwrap();
    let login = nhn(&server);
    let mut prompted = Prompted::start(&login.bare(&["token"]));
    prompted.user.write_all(format!("{}\n", account::NHN_PASSWORD).as_bytes()).unwrap();
    assert!(prompted.child.wait().unwrap().success());
    assert!(prompted.echoes());
    let shown = prompted.read_to("\n") + &prompted.read_to("\n");
    assert!(!shown.contains(account::NHN_PASSWORD), "{shown}");
}
