//! A clock that a test moves, for processes that run under Debian's libfaketime.

use std::{
    env::consts::ARCH,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

/// A file that says what time it is. Timers are not moved.
#[derive(Debug)]
pub struct Clock {
    file: File,
    place: TempDir,
}

impl Clock {
    /// A clock that runs with the machine's.
    pub fn start() -> io::Result<Self> {
        let place = tempfile::tempdir()?;
        let clock = Self { file: File::create(place.path().join("clock"))?, place };
        clock.set_ahead(Duration::ZERO)?;
        Ok(clock)
    }

    /// From now on it is ahead of the machine's by this many seconds.
    pub fn set_ahead(&self, by: Duration) -> io::Result<()> {
        self.write(&format!("+{}", by.as_secs()))
    }

    /// From now on it stands at this time, in milliseconds.
    pub fn stand_at(&self, time: SystemTime) -> io::Result<()> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).map_err(io::Error::other)?;
        // libfaketime reads a floating-point number: half a millisecond keeps it from the one before.
        self.write(&format!("{}.{:03}5", since.as_secs(), since.subsec_millis()))
    }

    /// Text of one length, written at once: a process may read it at any time.
    fn write(&self, time: &str) -> io::Result<()> {
        self.file.write_all_at(format!("{time:<24}").as_bytes(), 0)
    }

    /// The words before those of a program that is to have this clock.
    pub fn words(&self) -> io::Result<Vec<String>> {
        let file = self.place.path().join("clock");
        let file = format!("FAKETIME_TIMESTAMP_FILE={}", file.display());
        behind(&[&file, "FAKETIME_FMT=%s", "FAKETIME_NO_CACHE=1", "TZ=UTC"])
    }
}

/// The words before those of a program whose clock is wrong by this many hours.
pub fn shifted(hours: i64) -> io::Result<Vec<String>> {
    behind(&[&format!("FAKETIME={hours:+}h")])
}

/// The words before a program that runs under libfaketime. Waits are by the clock that nobody sets.
fn behind(settings: &[&str]) -> io::Result<Vec<String>> {
    let library = format!("/usr/lib/{ARCH}-linux-gnu/faketime/libfaketime.so.1");
    if !Path::new(&library).exists() {
        return Err(io::Error::other(format!("{library} is missing: install faketime")));
    }
    // jemalloc, which Debian's Redis uses, asks for the time before libfaketime is ready. With libc's
    // functions before its own, it is not used.
    let preload = format!("LD_PRELOAD={library}:libc.so.6");
    let words = ["env", &preload, "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"];
    Ok(words.iter().chain(settings).map(|&word| word.to_owned()).collect())
}
