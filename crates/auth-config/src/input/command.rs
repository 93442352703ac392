//! Runs a command that prints a secret, with limits on time and output.

use std::{
    io::{self, Read},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::{limits, report::problem::SecretProblem};

type Output = Result<Zeroizing<Vec<u8>>, SecretProblem>;

/// The output of a program that ends with success within this time.
///
/// No shell reads the arguments. The program gets no input, its standard error goes nowhere, and it
/// starts in `folder`. The processes that it has started and that are left when it ends are stopped;
/// so are all of them after an error.
pub(crate) fn output(
    program: &Path,
    arguments: &[SecretString],
    folder: &Path,
    within: Duration,
) -> Output {
    let deadline = Instant::now() + within;
    let mut command = Command::new(program);
    command.args(arguments.iter().map(ExposeSecret::expose_secret)).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running::start(&mut command).map_err(unusable)?;
    let output = running.read().map_err(unusable)?;

    let mut early = None;
    while !running.has_ended().map_err(unusable)? {
        match &early {
            None => early = received(&output, deadline, TICK)?,
            // The program has closed its output, but not ended.
            Some(_) if Instant::now() < deadline => thread::sleep(TICK),
            Some(_) => return Err(SecretProblem::Slow),
        }
    }
    // What the program has left behind may keep the output open.
    let status = running.end().map_err(unusable)?;
    let bytes = match early {
        Some(bytes) => bytes,
        None => received(&output, deadline, within)?.ok_or(SecretProblem::Slow)?,
    };
    match status.success() {
        true => Ok(bytes),
        false => Err(status.code().map_or(SecretProblem::Killed, SecretProblem::Exit)),
    }
}

/// The pause between two looks at a program that has not ended.
const TICK: Duration = Duration::from_millis(10);

/// The whole output, if it comes within this time. An error after the deadline.
fn received(
    output: &Receiver<Output>,
    deadline: Instant,
    within: Duration,
) -> Result<Option<Zeroizing<Vec<u8>>>, SecretProblem> {
    let left = deadline.saturating_duration_since(Instant::now());
    match output.recv_timeout(left.min(within)) {
        Ok(bytes) => bytes.map(Some),
        Err(RecvTimeoutError::Timeout) if left > within => Ok(None),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(SecretProblem::Slow),
    }
}

fn unusable(error: io::Error) -> SecretProblem {
    SecretProblem::Start(error.kind())
}

/// A program and the processes that it has started. All are stopped when it is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        // A group of its own, so that the processes it starts can be stopped, too.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(Self(command.spawn()?))
    }

    /// Reads the output in another thread, because a read has no time-out. The thread ends with the
    /// last process that holds the pipe.
    fn read(&mut self) -> io::Result<Receiver<Output>> {
        let (sender, receiver) = mpsc::channel();
        if let Some(stdout) = self.0.stdout.take() {
            // If the reader has gone, the output is wiped here.
            thread::Builder::new().spawn(move || drop(sender.send(read(stdout))))?;
        }
        Ok(receiver)
    }

    /// Whether the program has ended. On Unix it is not reaped yet: its group keeps its number.
    #[cfg(unix)]
    fn has_ended(&mut self) -> io::Result<bool> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let id = WaitId::Pid(Pid::from_child(&self.0));
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(id, options)?.is_some())
    }

    #[cfg(not(unix))]
    fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }

    /// Stops the processes that are left of a program that has ended.
    fn end(mut self) -> io::Result<ExitStatus> {
        self.stop();
        self.0.wait()
    }

    /// Stops all processes of the group, unless the program is reaped: then another group may have
    /// its number.
    fn stop(&mut self) {
        // An error means that nothing is left to stop.
        #[cfg(unix)]
        if self.has_ended().is_ok() {
            use rustix::process::{Pid, Signal, kill_process_group};
            let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.0.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        // A program of another user, such as sudo, cannot be stopped and is not waited for.
        for _ in 0..100 {
            match self.0.try_wait() {
                Ok(None) => thread::sleep(TICK),
                Ok(Some(_)) | Err(_) => break,
            }
        }
    }
}

fn read(stdout: ChildStdout) -> Output {
    // Allocated once: a growing vector leaves copies of secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limits::COMMAND_OUTPUT + 1));
    stdout.take(limits::COMMAND_OUTPUT as u64 + 1).read_to_end(&mut bytes).map_err(unusable)?;
    match bytes.len() > limits::COMMAND_OUTPUT {
        true => Err(SecretProblem::TooLarge),
        false => Ok(bytes),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, sync::mpsc::channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn sh(script: &str, within: Duration) -> Output {
        let arguments = ["-c", script].map(SecretString::from);
        output(Path::new("sh"), &arguments, Path::new("/"), within)
    }

    #[test]
    fn what_does_not_end_is_stopped() {
        let soon = Duration::from_millis(300);
        for script in [
            "sleep 3600",
            "sleep 3600 & wait",
            "trap '' TERM INT HUP; sleep 3600 & wait",
            // Closes its output, and prints for ever but little.
            "exec >&-; exec sleep 3600",
            "while echo x; do sleep 0.1; done",
            // Leaves the group and keeps the output open: it lives on, and nobody waits for it.
            "setsid sh -c 'sleep 5 &'; echo sesame",
        ] {
            assert_eq!(sh(script, soon), Err(SecretProblem::Slow), "{script}");
        }
    }

    /// The other end of a pipe is closed when the last process that has it is gone.
    #[test]
    fn no_process_is_left() {
        let directory = std::env::temp_dir().join(format!("auth-config-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        for (name, script, within) in [
            ("slow", "sleep 3600 & sleep 3600", Duration::from_secs(1)),
            ("large", "sleep 3600 & yes", LONG),
            ("failed", "sleep 3600 & exit 3", LONG),
            ("left", "sleep 3600 & echo sesame", LONG),
        ] {
            let pipe = directory.join(name);
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            let (sender, receiver) = channel();
            let reader = pipe.clone();
            thread::spawn(move || sender.send(fs::read(reader).unwrap()).unwrap());
            // Every process of the script holds the pipe as its descriptor 9.
            let script = format!("exec 9>'{}'; {script}", pipe.display());
            assert_eq!(sh(&script, within).is_ok(), name == "left", "{name}");
            assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Ok(vec![]), "{name}");
        }
        fs::remove_dir_all(directory).unwrap();
    }
}
