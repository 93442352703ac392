//! The operating system: a directory, its files, locks, and randomness.

#[cfg(any(test, not(unix), auth_store_portable))]
mod portable;
#[cfg(all(unix, not(auth_store_portable)))]
mod unix;

use std::{
    fs::{File, TryLockError},
    io, thread,
    time::{Duration, Instant, SystemTime},
};

#[cfg(any(not(unix), auth_store_portable))]
pub(crate) use portable::Directory;
#[cfg(all(unix, not(auth_store_portable)))]
pub(crate) use unix::Directory;

use crate::error::Problem;

/// A file of a directory, as a listing shows it.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

/// A lock on a file. The operating system ends it with the process.
pub(crate) struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that was forked meanwhile has it open, too.
        let _ = self.0.unlock();
    }
}

/// Locks the file, unless it is locked: then it comes back.
pub(crate) fn try_lock(file: File) -> io::Result<Result<Locked, File>> {
    match file.try_lock() {
        Ok(()) => Ok(Ok(Locked(file))),
        Err(TryLockError::WouldBlock) => Ok(Err(file)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Locks the file within this time.
pub(crate) fn lock_within(mut file: File, patience: Duration) -> io::Result<Option<Locked>> {
    let started = Instant::now();
    loop {
        match try_lock(file)? {
            Ok(locked) => return Ok(Some(locked)),
            Err(_) if started.elapsed() >= patience => return Ok(None),
            Err(back) => file = back,
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Whether somebody holds the lock of a file.
pub(crate) fn is_locked(file: &File) -> io::Result<bool> {
    // A shared lock, so that two processes that look at the same time do not take each other for the
    // holder. It ends with the file.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The pause between two looks at a lock, which is held for less than a millisecond as a rule.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(2);

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), Problem> {
    getrandom::fill(bytes).map_err(|error| Problem::Io(io::Error::other(error)))
}
