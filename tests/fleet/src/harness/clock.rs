//! A clock that a scenario moves, for processes that run under Debian's libfaketime.

use std::{
    env::consts::ARCH,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

/// A file that says what time it is. Timers are not moved.
pub(crate) struct Clock {
    file: File,
    place: TempDir,
    library: PathBuf,
}

impl Clock {
    /// A clock that runs with the machine's.
    pub(crate) fn start() -> io::Result<Self> {
        let library = PathBuf::from(format!("/usr/lib/{ARCH}-linux-gnu/faketime/libfaketime.so.1"));
        if !library.exists() {
            return Err(io::Error::other(format!("{library:?} is missing: install libfaketime")));
        }
        let place = tempfile::tempdir()?;
        let clock = Self { file: File::create(place.path().join("clock"))?, place, library };
        clock.set_ahead(Duration::ZERO)?;
        Ok(clock)
    }

    /// From now on it is ahead of the machine's by this many seconds.
    pub(crate) fn set_ahead(&self, by: Duration) -> io::Result<()> {
        self.write(&format!("+{}", by.as_secs()))
    }

    /// From now on it stands at this time, in milliseconds.
    pub(crate) fn stand_at(&self, time: SystemTime) -> io::Result<()> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).map_err(io::Error::other)?;
        // libfaketime reads a floating-point number: half a millisecond keeps it from the one before.
        self.write(&format!("{}.{:03}5", since.as_secs(), since.subsec_millis()))
    }

    /// Text of one length, written at once: a process may read it at any time.
    fn write(&self, time: &str) -> io::Result<()> {
        self.file.write_all_at(format!("{time:<24}").as_bytes(), 0)
    }

    /// The words before those of a program that is to have this clock.
    pub(crate) fn words(&self) -> Vec<String> {
        let file = self.place.path().join("clock");
        vec![
            "env".to_owned(),
            // jemalloc, which Debian's Redis uses, asks for the time before libfaketime is ready. With
            // libc's functions before its own, it is not used.
            format!("LD_PRELOAD={}:libc.so.6", self.library.display()),
            format!("FAKETIME_TIMESTAMP_FILE={}", file.display()),
            "FAKETIME_FMT=%s".to_owned(),
            "FAKETIME_NO_CACHE=1".to_owned(),
            "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
            "NO_FAKE_STAT=1".to_owned(),
            "TZ=UTC".to_owned(),
        ]
    }
}
