//! A `redis-server` of a test, and what the tests share.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use auth_proto::{Entry, Lease, Name, Note, Store, Taken, Want};
use auth_store::{Key, Problem, RedisStore, StoreEvent};
use redis::{Parser, Value};
use tempfile::TempDir;

pub(crate) const LEASE: Duration = Duration::from_secs(20);
/// The time that a store waits for a server, if a test does not set it.
pub(crate) const PATIENCE: Duration = Duration::from_millis(250);
/// Only a failing test waits so long.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A server that ends with the value.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    arguments: Vec<String>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these arguments beside the usual ones.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let child = spawn(&mut Command::new("redis-server"), &folder, port, &arguments);
        Self { child, port, folder, arguments }.waited()
    }

    /// Under `faketime`, with the time in the file `now` of its folder.
    pub(crate) fn start_at(now: Duration) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let clock = folder.path().join("now");
        fs::write(&clock, seconds(now)).unwrap();
        let mut command = Command::new("redis-server");
        command.env("LD_PRELOAD", faketime()).env("FAKETIME_TIMESTAMP_FILE", clock);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.env("FAKETIME_FMT", "%s").env("TZ", "UTC");
        let child = spawn(&mut command, &folder, port, &[]);
        Self { child, port, folder, arguments: Vec::new() }.waited()
    }

    /// Sets the clock of a server that was started with one.
    pub(crate) fn set_clock(&self, now: Duration) {
        let file = self.folder.path().join("next");
        fs::write(&file, seconds(now)).unwrap();
        fs::rename(file, self.folder.path().join("now")).unwrap();
    }

    fn waited(mut self) -> Self {
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < LONG && self.child.try_wait().unwrap().is_none());
            thread::sleep(Duration::from_millis(5));
        }
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn store(&self) -> RedisStore {
        self.store_with(key())
    }

    pub(crate) fn store_with(&self, key: Key) -> RedisStore {
        RedisStore::open(&self.url(), key).unwrap().with_patience(LONG)
    }

    /// What an operator's command gives.
    pub(crate) fn run(&self, command: &[&str]) -> Value {
        self.operator().run(command)
    }

    pub(crate) fn operator(&self) -> Operator {
        let socket = std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        Operator(socket, Parser::new())
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        strings(self.run(&["KEYS", "*"]))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills the server.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, after it was killed.
    pub(crate) fn start_again(mut self) -> Self {
        let mut command = Command::new("redis-server");
        let child = spawn(&mut command, &self.folder, self.port, &self.arguments);
        self.child = child;
        self.waited()
    }
}

fn spawn(command: &mut Command, folder: &TempDir, port: u16, arguments: &[String]) -> Child {
    let log = folder.path().join("log");
    let port = port.to_string();
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.arg("--logfile").arg(&log).arg("--dir").arg(folder.path()).args(arguments);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    spawned.expect("install redis-server (version 6.2 or newer)")
}

/// The libraries that fake the time. Debian's server allocates by jemalloc, which asks for the time
/// before the library is ready: the allocator of libc comes before it.
fn faketime() -> String {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let found = folders.map(|folder| (folder.join("faketime/libfaketimeMT.so.1"), folder));
    let (library, folder) = found.into_iter().find(|(path, _)| path.exists()).expect("faketime");
    format!("{} {}", library.display(), folder.join("libc.so.6").display())
}

fn seconds(time: Duration) -> String {
    // Half a millisecond more, because the library reads a floating-point number.
    format!("{}.{:03}5\n", time.as_secs(), time.subsec_millis())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A connection of a test's own.
pub(crate) struct Operator(std::net::TcpStream, Parser);

impl Operator {
    pub(crate) fn run(&mut self, command: &[&str]) -> Value {
        self.send(command);
        self.next()
    }

    pub(crate) fn send(&mut self, command: &[&str]) {
        let mut packed = redis::Cmd::new();
        packed.arg(command);
        self.0.write_all(&packed.get_packed_command()).unwrap();
    }

    pub(crate) fn next(&mut self) -> Value {
        self.1.parse_value(&mut self.0).unwrap()
    }
}

pub(crate) fn strings(value: Value) -> Vec<String> {
    redis::from_redis_value(value).unwrap()
}

pub(crate) fn key() -> Key {
    Key::new([1; 32])
}

pub(crate) fn want(newer_than: u64) -> Want {
    Want::new(Name::new(b"name".to_vec().into()), newer_than, LEASE)
}

/// The answer to a login with this token, which lives for a minute.
pub(crate) fn entry(token: &str) -> Entry {
    entry_with(token, "{}")
}

pub(crate) fn entry_with(token: &str, body: &str) -> Entry {
    let life = 60_000u64.to_be_bytes();
    let label = [0; 6];
    let length = (token.len() as u32).to_be_bytes();
    let bytes = [&[1, 3][..], &life, &label, &length, token.as_bytes(), body.as_bytes()].concat();
    Entry::from_bytes(&bytes).unwrap()
}

#[track_caller]
pub(crate) fn lead(store: &impl Store, newer_than: u64) -> Lease {
    match store.take(&want(newer_than)) {
        Taken::Led(lease) => lease,
        other => panic!("expected a lease, got {other:?}"),
    }
}

/// Logs in for all, and returns the generation.
#[track_caller]
pub(crate) fn put(store: &impl Store, token: &str) -> u64 {
    put_after(store, 0, token)
}

#[track_caller]
pub(crate) fn put_after(store: &impl Store, newer_than: u64, token: &str) -> u64 {
    let lease = lead(store, newer_than);
    let generation = lease.generation();
    store.tell(&Note::Put { lease, entry: Some(entry(token)) });
    generation
}

pub(crate) fn give_back(store: &impl Store, lease: Lease) {
    store.tell(&Note::Put { lease, entry: None });
}

/// The entry that a store has, with its generation.
#[track_caller]
pub(crate) fn found(store: &impl Store) -> (Entry, u64) {
    match store.take(&want(0)) {
        Taken::Found { entry, generation, .. } => (entry, generation),
        other => panic!("expected an entry, got {other:?}"),
    }
}

/// The events of a store, each as its kind and its problem.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    pub(crate) fn of(&self, store: RedisStore) -> RedisStore {
        store.on_event(self.listener())
    }

    pub(crate) fn listener(&self) -> impl Fn(&StoreEvent) + Send + Sync + 'static {
        let events = self.clone();
        move |event| events.0.lock().unwrap().push(text(event))
    }

    /// The events since the last call, of which there will be so many. A caller that goes on when its
    /// time is over may be earlier than its event.
    pub(crate) fn take_all(&self, count: usize) -> Vec<String> {
        let started = Instant::now();
        while self.0.lock().unwrap().len() < count {
            assert!(started.elapsed() < LONG);
            thread::sleep(Duration::from_millis(1));
        }
        self.take()
    }

    /// The events since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn text(event: &StoreEvent) -> String {
    let (kind, error) = match event {
        StoreEvent::LeaseGiven { .. } => return "given".to_owned(),
        StoreEvent::LeaseOver { .. } => return "over".to_owned(),
        StoreEvent::NotTold(error) => ("not told", error),
        StoreEvent::PassedOver(error) => ("passed over", error),
        StoreEvent::Silent(error) => ("silent", error),
        other => panic!("{other:?}"),
    };
    let problem = match error.problem() {
        Problem::Io(error) => format!("{:?}", error.kind()),
        Problem::Refused { code, .. } => code.clone(),
        problem => format!("{problem:?}").split(' ').next().unwrap().to_owned(),
    };
    format!("{kind}: {problem}")
}
