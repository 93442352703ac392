//! A Redis server of Debian's, on a free port.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A server that keeps nothing on disk. It is killed when it is dropped.
pub(crate) struct Redis {
    port: u16,
    child: Child,
    before: Vec<String>,
    arguments: Vec<String>,
    place: TempDir,
}

const START: Duration = Duration::from_secs(10);

impl Redis {
    /// Starts a server with further arguments, behind the words of another program that runs it.
    pub(crate) fn start(before: &[&str], arguments: &[&str]) -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (before, arguments): (Vec<_>, Vec<_>) = (owned(before), owned(arguments));
        let place = tempfile::tempdir()?;
        let child = launch(port, &before, &arguments, &place)?;
        Ok(Self { port, child, before, arguments, place })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The answer of the server to a command, as `redis-cli` prints it.
    pub(crate) fn command(&self, words: &[&str]) -> io::Result<String> {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(words).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    pub(crate) fn flush(&self) -> io::Result<()> {
        self.command(&["FLUSHALL"]).map(drop)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Kills the server. What it kept is lost.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, at the same port.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
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
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let started = Instant::now();
    while !answers(port) {
        if started.elapsed() > START || child.try_wait()?.is_some() {
            let _ = child.kill();
            return Err(io::Error::other("redis-server does not start"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(child)
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).map(|()| answer == *b"+PONG")
    };
    ask().unwrap_or(false)
}
