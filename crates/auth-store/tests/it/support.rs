//! Stores in temporary directories.

use std::{
    fs,
    path::{Path, PathBuf},
};

use auth_store::{FileStore, Key};
use tempfile::TempDir;

use crate::entries::{Events, key};

/// A directory that does not exist yet, in one that is removed with the value.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// In memory, if there is such a directory: on a disk, each renamed file may wait for the disk.
    pub(crate) fn in_memory() -> Self {
        Self(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    pub(crate) fn store(&self) -> FileStore {
        self.store_with(key())
    }

    pub(crate) fn store_with(&self, key: Key) -> FileStore {
        FileStore::open(self.path(), key).unwrap()
    }

    /// The only file with this ending.
    pub(crate) fn file(&self, end: &str) -> PathBuf {
        let files = files(&self.path());
        let mut files =
            files.into_iter().filter(|path| path.extension().unwrap_or_default() == end);
        let file = files.next().unwrap();
        assert_eq!(files.next(), None);
        file
    }
}

pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

impl Events {
    pub(crate) fn of(&self, store: FileStore) -> FileStore {
        store.on_event(self.listener())
    }
}
