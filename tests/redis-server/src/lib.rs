//! Real Redis servers for tests, and a clock that a test moves for them and for other programs.
//!
//! It needs the programs `redis-server` and, for [`Redis::command`], `redis-cli` of Redis 6.2 or newer.
//! A [`Clock`] needs Debian's `faketime`.

mod clock;

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub use clock::{Clock, shifted};

/// A server on a free port. Without other arguments it keeps nothing on disk. It is killed when it is
/// dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    child: Child,
    before: Vec<String>,
    arguments: Vec<String>,
    place: TempDir,
}

/// Only a failing test waits so long.
const START: Duration = Duration::from_secs(30);

impl Redis {
    /// Starts a server with further arguments.
    pub fn start(arguments: &[&str]) -> io::Result<Self> {
        Self::start_behind(&[], arguments)
    }

    /// Starts a server behind the words of another program that runs it.
    pub fn start_behind(before: &[String], arguments: &[&str]) -> io::Result<Self> {
        let port = free_port()?;
        let before = before.to_vec();
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let place = tempfile::tempdir()?;
        let child = launch(port, &before, &arguments, &place)?;
        Ok(Self { port, child, before, arguments, place })
    }

    /// The port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL, without a user or a database.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    /// The answer of the server to a command, as `redis-cli` prints it.
    pub fn command(&self, words: &[&str]) -> io::Result<String> {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(words).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Removes all keys.
    pub fn flush(&self) -> io::Result<()> {
        self.command(&["FLUSHALL"]).map(drop)
    }

    /// Sends a signal to the server's process.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Kills the server. What it kept in memory is lost.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills it if it runs, and starts it again at the same port.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill();
        self.child = launch(self.port, &self.before, &self.arguments, &self.place)?;
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port on loopback that nobody uses now.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn launch(
    port: u16,
    before: &[String],
    arguments: &[String],
    place: &TempDir,
) -> io::Result<Child> {
    let server = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    let words = before.iter().map(String::as_str).chain(server);
    let mut words = words.chain(arguments.iter().map(String::as_str));
    let mut command = Command::new(words.next().unwrap_or("redis-server"));
    command.args(words).arg("--port").arg(port.to_string()).arg("--dir").arg(place.path());
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let mut child = spawned.map_err(|error| fails(format_args!("does not start: {error}")))?;
    let started = Instant::now();
    while !answers(port) {
        if started.elapsed() > START || child.try_wait()?.is_some() {
            let _ = child.kill();
            return Err(fails("does not answer"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(child)
}

fn fails(how: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("redis-server (version 6.2 or newer) {how}"))
}

/// Whether the server takes commands. One with a password says so.
fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).map(|()| matches!(&answer, b"+PONG" | b"-NOAU"))
    };
    ask().unwrap_or(false)
}
