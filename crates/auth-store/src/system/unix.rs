//! Files of one user. Every file is opened relative to its open directory, without following links,
//! and checked after it was opened, so that no other user can exchange it in between.

use std::{
    fs::{DirBuilder, File, Metadata},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    time::Instant,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, renameat, unlinkat},
    io::Errno,
    process::{Resource, geteuid, getrlimit},
};

use super::{Listed, is_over};
use crate::error::{Problem, StoreError};

pub(crate) struct Directory {
    open: File,
    path: PathBuf,
}

const OTHERS: u32 = 0o077;

impl Directory {
    /// A directory that only this user may enter. It is made if it is missing.
    pub(crate) fn private(path: &Path) -> Result<Self, StoreError> {
        // A slash at the end would follow a link.
        let path: PathBuf = path.components().collect();
        let directory = Self::open(&path, OFlags::NOFOLLOW)?;
        let metadata = directory.open.metadata().map_err(|error| directory.error("", error))?;
        check_owner(&metadata).map_err(|problem| StoreError::at(&path, problem))?;
        Ok(directory)
    }

    /// Any directory. It is made if it is missing.
    pub(crate) fn any(path: &Path) -> Result<Self, StoreError> {
        match path.as_os_str().is_empty() {
            true => Self::open(Path::new("."), OFlags::empty()),
            false => Self::open(path, OFlags::empty()),
        }
    }

    fn open(path: &Path, flags: OFlags) -> Result<Self, StoreError> {
        let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = || openat(CWD, path, flags, Mode::empty());
        let opened = open().or_else(|error| match error {
            Errno::NOENT => {
                DirBuilder::new().recursive(true).mode(0o700).create(path)?;
                Ok(open()?)
            }
            error => Err(io::Error::from(error)),
        });
        let problem = |error: io::Error| match error.kind() {
            ErrorKind::NotADirectory => Problem::NotADirectory,
            _ => Problem::Io(error),
        };
        let opened = opened.map_err(|error| StoreError::at(path, problem(error)))?;
        Ok(Self { open: opened.into(), path: path.to_owned() })
    }

    /// A file and its content, if there is one.
    pub(crate) fn read(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Option<(File, Vec<u8>)>, StoreError> {
        let Some(file) = self.open_file(name, OFlags::RDONLY)? else { return Ok(None) };
        let error = |error| self.error(name, error);
        let length = file.metadata().map_err(error)?.len();
        let mut bytes = Vec::with_capacity(limit.min(usize::try_from(length).unwrap_or(limit)));
        (&file).take(limit as u64 + 1).read_to_end(&mut bytes).map_err(error)?;
        match bytes.len() <= limit {
            true => Ok(Some((file, bytes))),
            false => Err(StoreError::at(&self.path_of(name), Problem::TooLarge { limit })),
        }
    }

    /// A file whose lock counts. It is made if it is missing, and never removed: otherwise two
    /// processes could lock two files with the same name.
    pub(crate) fn lock_file(&self, name: &str) -> Result<File, StoreError> {
        let file = self.open_file(name, OFlags::RDWR | OFlags::CREATE)?;
        file.ok_or_else(|| self.error(name, ErrorKind::NotFound.into()))
    }

    /// Replaces a file by one with this content, in one step for all readers. Other users can never read
    /// it: it has its mode from its first moment. `prepare` gets the file before it has its name.
    ///
    /// The caller has a lock that excludes another writer, so a file with the temporary name is left
    /// from a process that was killed.
    ///
    /// Nothing is flushed to the disk. After a crash of the machine a file may be short or empty: then
    /// it does not open, and counts as absent.
    pub(crate) fn replace(
        &self,
        name: &str,
        temporary: &str,
        bytes: &[u8],
        prepare: impl FnOnce(&File) -> io::Result<()>,
    ) -> Result<File, StoreError> {
        let error = |error: io::Error| self.error(name, error);
        // A write beyond this limit would end the process with a signal.
        let limit = getrlimit(Resource::Fsize).current;
        if limit.is_some_and(|limit| limit < bytes.len() as u64) {
            return Err(error(ErrorKind::FileTooLarge.into()));
        }
        self.remove(temporary)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let file = self.open_file(temporary, flags)?;
        let file = file.ok_or_else(|| error(ErrorKind::NotFound.into()))?;
        let written = (&file)
            .write_all(bytes)
            .and_then(|()| prepare(&file))
            .and_then(|()| Ok(renameat(&self.open, temporary, &self.open, name)?));
        if let Err(failure) = written {
            let _ = self.remove(temporary);
            return Err(error(failure));
        }
        Ok(file)
    }

    /// Removes a file. Returns whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, StoreError> {
        match unlinkat(&self.open, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.error(name, error.into())),
        }
    }

    /// The regular files; with a deadline, those that it sees until then.
    pub(crate) fn list(&self, deadline: Option<Instant>) -> Result<Vec<Listed>, StoreError> {
        let error = |error: Errno| self.error("", error.into());
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.open).map_err(error)? {
            if is_over(deadline) {
                break;
            }
            let entry = entry.map_err(error)?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            // Another process may have removed it, or put something else there.
            let Ok(metadata) = self.path_of(name).symlink_metadata() else { continue };
            if let (true, Ok(modified)) = (metadata.is_file(), metadata.modified()) {
                files.push(Listed { name: name.to_owned(), size: metadata.len(), modified });
            }
        }
        Ok(files)
    }

    /// A regular file of this user alone, if there is one.
    fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, StoreError> {
        // Without waiting: a pipe in the file's place would keep the caller for ever.
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.open, name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(StoreError::at(&self.path_of(name), Problem::Link)),
            // A socket, or a pipe without a reader.
            Err(Errno::NXIO) => return Err(StoreError::at(&self.path_of(name), Problem::NotAFile)),
            Err(error) => return Err(self.error(name, error.into())),
        };
        let metadata = file.metadata().map_err(|error| self.error(name, error))?;
        let checked = match metadata.is_file() {
            true => check_owner(&metadata),
            false => Err(Problem::NotAFile),
        };
        checked.map_err(|problem| StoreError::at(&self.path_of(name), problem))?;
        Ok(Some(file))
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn error(&self, name: &str, error: io::Error) -> StoreError {
        StoreError::at(&self.path_of(name), Problem::Io(error))
    }
}

fn check_owner(metadata: &Metadata) -> Result<(), Problem> {
    match (metadata.uid(), metadata.mode() & 0o7777) {
        (owner, _) if owner != geteuid().as_raw() => Err(Problem::OtherOwner { owner }),
        (_, mode) if mode & OTHERS != 0 => Err(Problem::OpenToOthers { mode }),
        _ => Ok(()),
    }
}
