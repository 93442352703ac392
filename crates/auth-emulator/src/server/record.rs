//! A record of the bytes that servers receive, for tests that check where a client's secrets go.
//! Needs the feature `record`.
//!
//! If the environment variable `AUTH_EMULATOR_RECORD` names a folder, each process appends to a file
//! of its own there. The file holds whatever the clients send, secrets included. A line is one of
//! these:
//!
//! | line | meaning |
//! | --- | --- |
//! | `process PACKAGE PROGRAM` | the first line |
//! | `plays PORT PORT` | a [`Server`](crate::Server) started: its port, and the identity provider's |
//! | `in CONNECTION PORT COUNT BYTES` | a connection to this port received these bytes, escaped, `COUNT` times in a row; the end of an upload is question marks |
//! | any other | a [`note`] |

use std::{
    env,
    fmt::Arguments,
    fs::File,
    io::Write,
    path::Path,
    process,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use crate::server::lock::lock;

/// The environment variable that names the folder.
pub const FOLDER: &str = "AUTH_EMULATOR_RECORD";

static FILE: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let folder = env::var_os(FOLDER).filter(|folder| !folder.is_empty())?;
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let name = format!("{}-{}", process::id(), since.as_nanos());
    let path = Path::new(&folder).join(name);
    let mut file = File::options().append(true).create_new(true).open(&path);
    let program = env::args().next().unwrap_or_default();
    // A program that cargo does not run has the name of its file.
    let file_name = || program.rsplit('/').next().unwrap_or_default().to_owned();
    let package = env::var("CARGO_PKG_NAME").unwrap_or_else(|_| file_name());
    let written = file.as_mut().map(|file| writeln!(file, "process {package} {program}"));
    assert!(matches!(written, Ok(Ok(()))), "{FOLDER}: cannot write {}", path.display());
    file.ok().map(Mutex::new)
});

/// Whether there is a record.
pub fn is_on() -> bool {
    FILE.is_some()
}

/// Adds a line, for example what a test configured.
///
/// # Panics
///
/// If the file cannot be written.
pub fn note(line: Arguments<'_>) {
    if let Some(file) = &*FILE {
        // One write for each line, so that a process that is killed leaves whole lines.
        let line = format!("{line}\n");
        lock(file).write_all(line.as_bytes()).expect("a file that can be written");
    }
}

/// A connection whose bytes are recorded.
#[derive(Debug)]
pub struct Inbound {
    number: u64,
    port: u16,
    bytes: usize,
}

/// Of an upload, this many bytes are recorded, and only the length of the rest.
const UPLOAD: usize = 1 << 20;
/// Only an upload comes in pieces of this size.
const PIECE: usize = 4 << 10;

impl Inbound {
    /// A connection to this port of this machine.
    pub fn new(port: u16) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self { number: NUMBER.fetch_add(1, Ordering::Relaxed), port, bytes: 0 }
    }

    /// Records bytes that the server has read.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn received(&mut self, bytes: &[u8]) {
        if !is_on() || bytes.is_empty() {
            return;
        }
        let (count, bytes) = match bytes {
            _ if self.bytes > UPLOAD && bytes.len() >= PIECE => (bytes.len(), b"?".as_slice()),
            // Tests upload megabytes of one letter.
            [first, rest @ ..] if rest.iter().all(|byte| byte == first) => {
                (bytes.len(), &bytes[..1])
            }
            _ => (1, bytes),
        };
        self.bytes += count * bytes.len();
        let Self { number, port, .. } = self;
        note(format_args!("in {number} {port} {count} {}", bytes.escape_ascii()));
    }
}
