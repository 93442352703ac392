//! The operating system: a directory, its files, locks, and randomness.

#[cfg(any(test, not(unix), auth_store_portable))]
mod portable;
#[cfg(all(unix, not(auth_store_portable)))]
mod unix;

use std::{
    env,
    fs::{File, TryLockError},
    io,
    path::PathBuf,
    thread,
    time::{Duration, Instant, SystemTime},
};

#[cfg(any(not(unix), auth_store_portable))]
pub(crate) use portable::Directory;
#[cfg(all(unix, not(auth_store_portable)))]
pub(crate) use unix::Directory;

use crate::error::{Problem, StoreError};

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

/// Whether there is a deadline, and its time has come.
pub(crate) fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// Whether a process has locked a file.
pub(crate) fn is_locked(file: &File) -> io::Result<bool> {
    // A shared lock, so that two processes that look at the same time do not see each other's lock. It
    // ends with the file.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The pause between two tries for a lock, which lasts for less than a millisecond as a rule.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(2);

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), Problem> {
    getrandom::fill(bytes).map_err(|error| Problem::Io(io::Error::other(error)))
}

/// The directory of this user's store.
pub(crate) fn directory_of_user() -> Result<PathBuf, StoreError> {
    Ok(caches()?.join("cloud-auth"))
}

/// The directory for the user's caches.
fn caches() -> Result<PathBuf, StoreError> {
    let variable = if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_CACHE_HOME" };
    // A relative path is ignored, by the rules of XDG.
    let set = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let below_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let home = env::home_dir().filter(|home| !cfg!(windows) && home.is_absolute());
    set.or_else(|| Some(home?.join(below_home)))
        .ok_or_else(|| StoreError::new(format!("the variable {variable}"), Problem::NoHome))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same tests for both kinds of directories.
    macro_rules! directories {
        ($kind:ident, $directory:ty) => {
            mod $kind {
                use super::*;

                type Directory = $directory;

                fn directory(place: &tempfile::TempDir) -> Directory {
                    Directory::private(&place.path().join("below").join("store")).unwrap()
                }

                fn text(directory: &Directory, name: &str) -> Option<String> {
                    let (_, bytes) = directory.read(name, 10).unwrap()?;
                    Some(String::from_utf8(bytes).unwrap())
                }

                #[test]
                fn files_are_replaced_whole() {
                    let place = tempfile::tempdir().unwrap();
                    let directory = directory(&place);
                    assert_eq!(text(&directory, "file"), None);
                    for content in ["one", "another"] {
                        // Left from a killed process.
                        std::fs::write(directory.path_of("tmp"), "half").unwrap();
                        let replaced = directory.replace("file", "tmp", content.as_bytes(), |_| {
                            assert_ne!(text(&directory, "file").as_deref(), Some(content));
                            Ok(())
                        });
                        replaced.unwrap();
                        assert_eq!(text(&directory, "file").as_deref(), Some(content));
                    }
                    let failed = |_: &File| Err(io::ErrorKind::Other.into());
                    directory.replace("file", "tmp", b"third", failed).unwrap_err();
                    assert_eq!(text(&directory, "file").as_deref(), Some("another"));
                    let names: Vec<_> = directory.list(None).unwrap();
                    let [Listed { name, size: 7, .. }] = &names[..] else { panic!("one file") };
                    assert_eq!(name, "file");
                    assert!(
                        directory.remove("file").unwrap() && !directory.remove("file").unwrap()
                    );
                }

                #[test]
                fn a_file_has_a_limit_and_a_kind() {
                    let place = tempfile::tempdir().unwrap();
                    let directory = directory(&place);
                    let problem = |name| directory.read(name, 10).unwrap_err();
                    directory.replace("file", "tmp", &[0; 11], |_| Ok(())).unwrap();
                    assert!(matches!(problem("file").problem(), Problem::TooLarge { limit: 10 }));
                    std::fs::create_dir(directory.path_of("folder")).unwrap();
                    assert!(matches!(problem("folder").problem(), Problem::NotAFile));
                    #[cfg(unix)]
                    {
                        let link = directory.path_of("link");
                        std::os::unix::fs::symlink("file", link).unwrap();
                        assert!(matches!(problem("link").problem(), Problem::Link));
                    }
                    let file = directory.path_of("file");
                    let error = Directory::private(&file).err().unwrap();
                    assert!(matches!(error.problem(), Problem::NotADirectory), "{error}");
                }

                #[test]
                fn a_lock_has_one_holder() {
                    let place = tempfile::tempdir().unwrap();
                    let directory = directory(&place);
                    let file = || directory.lock_file("lock").unwrap();
                    let held = try_lock(file()).unwrap().ok();
                    assert!(held.is_some() && is_locked(&file()).unwrap());
                    assert!(try_lock(file()).unwrap().is_err());
                    assert!(lock_within(file(), Duration::ZERO).unwrap().is_none());
                    drop(held);
                    // Those who look do not hold it.
                    let looking = file();
                    assert!(!is_locked(&looking).unwrap() && !is_locked(&file()).unwrap());
                    drop(looking);
                    assert!(lock_within(file(), Duration::ZERO).unwrap().is_some());
                }
            }
        };
    }

    directories!(portable, crate::system::portable::Directory);
    #[cfg(all(unix, not(auth_store_portable)))]
    directories!(unix, crate::system::unix::Directory);
}
