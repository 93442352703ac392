//! Files by the standard library alone, for systems without users or links as Unix has them. The
//! operating system decides which users may enter the directory: on Windows, a user's profile is closed
//! to other users.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use super::{Listed, is_over};
use crate::error::{Problem, StoreError};

pub(crate) struct Directory(PathBuf);

#[cfg_attr(all(unix, not(auth_store_portable)), allow(dead_code, reason = "tests use a part"))]
impl Directory {
    /// A directory. It is made if it is missing.
    pub(crate) fn private(path: &Path) -> Result<Self, StoreError> {
        let directory = Self::any(path)?;
        match fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            true => Ok(directory),
            false => Err(StoreError::at(path, Problem::NotADirectory)),
        }
    }

    /// A directory, or a link to one. It is made if it is missing.
    pub(crate) fn any(path: &Path) -> Result<Self, StoreError> {
        if !path.as_os_str().is_empty() && !path.is_dir() {
            let problem = |error: io::Error| match error.kind() {
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Problem::NotADirectory,
                _ => Problem::Io(error),
            };
            fs::create_dir_all(path).map_err(|error| StoreError::at(path, problem(error)))?;
        }
        Ok(Self(path.to_owned()))
    }

    /// A file and its content, if there is one.
    pub(crate) fn read(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Option<(File, Vec<u8>)>, StoreError> {
        if !self.check(name)? {
            return Ok(None);
        }
        let error = |error| self.error(name, error);
        let file = File::open(self.path_of(name)).map_err(error)?;
        let mut bytes = Vec::new();
        (&file).take(limit as u64 + 1).read_to_end(&mut bytes).map_err(error)?;
        match bytes.len() <= limit {
            true => Ok(Some((file, bytes))),
            false => Err(StoreError::at(&self.path_of(name), Problem::TooLarge { limit })),
        }
    }

    /// A file whose lock counts. It is made if it is missing, and never removed.
    pub(crate) fn lock_file(&self, name: &str) -> Result<File, StoreError> {
        self.check(name)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(self.path_of(name)).map_err(|error| self.error(name, error))
    }

    /// Puts a file with this content in the place of another one. `prepare` sees it first. The caller
    /// has a lock that excludes another writer.
    pub(crate) fn replace(
        &self,
        name: &str,
        temporary: &str,
        bytes: &[u8],
        prepare: impl FnOnce(&File) -> io::Result<()>,
    ) -> Result<File, StoreError> {
        self.remove(temporary)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let from = self.path_of(temporary);
        let file = options.open(&from).map_err(|error| self.error(name, error))?;
        let written = (&file).write_all(bytes).and_then(|()| prepare(&file));
        if let Err(error) = written.and_then(|()| fs::rename(&from, self.path_of(name))) {
            let _ = self.remove(temporary);
            return Err(self.error(name, error));
        }
        Ok(file)
    }

    /// Removes a file. Returns whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, StoreError> {
        match fs::remove_file(self.path_of(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.error(name, error)),
        }
    }

    /// The regular files; with a deadline, those that it sees until then.
    pub(crate) fn list(&self, deadline: Option<Instant>) -> Result<Vec<Listed>, StoreError> {
        let entries = fs::read_dir(&self.0).map_err(|error| self.error("", error))?;
        let listed = entries.take_while(|_| !is_over(deadline)).filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok().filter(|metadata| metadata.is_file())?;
            let (name, modified) =
                (entry.file_name().into_string().ok()?, metadata.modified().ok()?);
            Some(Listed { name, size: metadata.len(), modified })
        });
        Ok(listed.collect())
    }

    /// Whether there is a file. Anything else with its name is an error.
    fn check(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.path_of(name);
        let problem = match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => return Ok(true),
            Ok(metadata) if metadata.is_symlink() => Problem::Link,
            Ok(_) => Problem::NotAFile,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => Problem::Io(error),
        };
        Err(StoreError::at(&path, problem))
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn error(&self, name: &str, error: io::Error) -> StoreError {
        StoreError::at(&self.path_of(name), Problem::Io(error))
    }
}
