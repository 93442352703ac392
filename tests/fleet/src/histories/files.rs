//! A store of files, with a simulated clock.

use std::{
    cell::Cell,
    collections::BTreeMap,
    error::Error,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use auth_proto::{Note, Store, Taken, Want};
use auth_store::{FileStore, Key};
use tempfile::TempDir;

use super::simulation::{Connection, Engine, RESTART};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW.get()
}

/// Each process opens the store when it first needs it, and closes it when it is killed.
pub(super) struct Files {
    place: TempDir,
    stores: BTreeMap<Connection, FileStore>,
    is_silent: bool,
}

impl Files {
    pub(super) fn new() -> Result<Self, Box<dyn Error>> {
        // On a disk, each renamed file may wait for the disk.
        let place = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        NOW.set(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?);
        Ok(Self { place, stores: BTreeMap::new(), is_silent: false })
    }

    fn directory(&self) -> PathBuf {
        self.place.path().join("store")
    }

    /// The store of this process, which cannot be opened while it is silent.
    fn store(&mut self, connection: Connection) -> Option<&FileStore> {
        if !self.stores.contains_key(&connection) {
            let store = FileStore::open(self.directory(), Key::new([1; 32])).ok()?;
            self.stores.insert(connection, store.with_clock(now));
        }
        self.stores.get(&connection)
    }

    /// Changes all entries.
    fn change(&self, change: impl Fn(&Path) -> std::io::Result<()>) {
        let Ok(files) = fs::read_dir(self.directory()) else { return };
        let entries = files.map(|file| file.expect("a directory is listed").path());
        let entries = entries.filter(|path| path.extension().is_some_and(|end| end == "entry"));
        entries.for_each(|path| change(&path).expect("an entry is changed"));
    }
}

impl Engine for Files {
    fn connect(&mut self, _: Connection) {}

    /// The operating system ends the locks of a process with it.
    fn disconnect(&mut self, connection: Connection) {
        self.stores.remove(&connection);
    }

    fn take(&mut self, connection: Connection, want: &Want) -> Taken {
        self.store(connection).map_or(Taken::Silent, |store| store.take(want))
    }

    fn tell(&mut self, connection: Connection, note: &Note) {
        if let Some(store) = self.store(connection) {
            store.tell(note);
        }
    }

    fn advance(&mut self, by: Duration) {
        NOW.set(NOW.get() + by);
    }

    fn damage(&mut self) {
        self.change(|path| fs::write(path, b"?"));
    }

    fn remove_all(&mut self) {
        self.change(|path| fs::remove_file(path));
    }

    /// Nobody uses a directory that is open to others.
    fn set_silent(&mut self, is_silent: bool) {
        self.is_silent = is_silent;
        let mode = Permissions::from_mode(if is_silent { 0o755 } else { 0o700 });
        fs::create_dir_all(self.directory())
            .and_then(|()| fs::set_permissions(self.directory(), mode))
            .expect("the directory is this user's");
    }

    fn wipe(&mut self) {
        let _ = fs::remove_dir_all(self.directory());
        self.set_silent(self.is_silent);
        self.advance(RESTART);
    }
}
