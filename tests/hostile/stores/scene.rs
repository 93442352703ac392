//! The directory of a store, with everything that an attacker has copied from it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use auth_store::{FileStore, Key, StoreEvent};
use tempfile::TempDir;

use crate::{
    cloud::{CANARIES, Cloud, Login},
    victim::{Kind, Victim, Whose},
};

/// The servers, the directory, and a process that has had a token since before the attack.
pub(crate) struct Scene {
    pub(crate) cloud: Cloud,
    place: TempDir,
    /// Copies of files, from the time when they were there.
    pub(crate) loot: Loot,
    pub(crate) living: Victim,
    /// The name of the entry, without its ending.
    hash: String,
    events: Events,
}

/// Copies of files. None of them opens with another name.
#[derive(Default)]
pub(crate) struct Loot {
    /// The refusal of the credential, which has been accepted since.
    pub(crate) pause: Vec<u8>,
    /// Entries whose tokens were revoked since, the older one first.
    pub(crate) revoked: [Vec<u8>; 2],
    /// An older entry, whose token is still good.
    pub(crate) good: Vec<u8>,
    /// The lease of the newest entry.
    pub(crate) lease: Vec<u8>,
    /// The newest entry.
    pub(crate) newest: Vec<u8>,
    /// Entries of another scope and of another user, and a lease of another scope.
    pub(crate) other_scope: Vec<u8>,
    pub(crate) other_user: Vec<u8>,
    pub(crate) other_lease: Vec<u8>,
}

/// What the store reports, as text.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<String>>);

impl Events {
    pub(crate) fn listener(&self) -> impl Fn(&StoreEvent) + Send + Sync + use<> {
        let events = self.clone();
        move |event| {
            let line = format!("{event:?}\n");
            events.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
        }
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The content of the user's own file.
pub(crate) const OWN: &str = "s3cret-of-the-user's-own-file";

impl Scene {
    /// A directory with the newest entry, and its history.
    pub(crate) fn new() -> Self {
        let (cloud, events) = (Cloud::start(), Events::default());
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("store");
        let store = || FileStore::open(&path, key()).unwrap();
        let process = |whose| Victim::start(Kind::Ureq, &cloud, whose, store());
        let mut loot = Loot::default();
        cloud.answer_logins(Login::Refused);
        assert_eq!(process(Whose::Ours).log_in().result, "refused");
        loot.pause = taken(&path, "entry");
        cloud.answer_logins(Login::Granted);
        let log_in = |whose| {
            let process = process(whose);
            let outcome = process.log_in();
            assert_eq!(outcome.result, "good", "{}", outcome.shown);
            (process, taken(&path, "lease"))
        };
        for revoked in &mut loot.revoked {
            let _ = log_in(Whose::Ours);
            *revoked = taken(&path, "entry");
        }
        cloud.revoke_all();
        let _ = log_in(Whose::Ours);
        loot.good = taken(&path, "entry");
        (_, loot.other_lease) = log_in(Whose::OtherScope);
        loot.other_scope = taken(&path, "entry");
        let _ = log_in(Whose::OtherUser);
        loot.other_user = taken(&path, "entry");
        let living;
        (living, loot.lease) = log_in(Whose::Ours);
        let entry = only(&path, "entry");
        let hash = entry.file_stem().unwrap().to_str().unwrap().to_owned();
        loot.newest = fs::read(&entry).unwrap();
        cloud.forget();
        write(&place.path().join("own"), OWN.as_bytes());
        Self { cloud, place, loot, living, hash, events }
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.place.path().join("store")
    }

    /// A path beside the directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A file of the user that has nothing to do with the store.
    pub(crate) fn own(&self) -> PathBuf {
        self.beside("own")
    }

    pub(crate) fn file(&self, end: &str) -> PathBuf {
        self.directory().join(format!("{}.{end}", self.hash))
    }

    pub(crate) fn entry(&self) -> PathBuf {
        self.file("entry")
    }

    pub(crate) fn gate(&self) -> PathBuf {
        self.directory().join(format!("{}.lock", &self.hash[..2]))
    }

    /// Puts these bytes in the place of the entry.
    pub(crate) fn replay(&self, bytes: &[u8]) {
        write(&self.entry(), bytes);
    }

    /// Leaves the place of the entry to something else.
    pub(crate) fn without_entry(&self) -> PathBuf {
        let entry = self.entry();
        let _ = fs::remove_file(&entry);
        entry
    }

    /// The store of a process that starts.
    pub(crate) fn store(&self) -> FileStore {
        FileStore::open(self.directory(), key()).unwrap().on_event(self.events.listener())
    }

    /// What is wrong after the row: secrets in files or events, a changed file of the user.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let events = self.events.text();
        let mut secrets = CANARIES.to_vec();
        secrets.push(OWN);
        for secret in &secrets {
            if events.contains(secret) {
                faults.push(format!("an event shows {secret}: {events}"));
            }
        }
        if fs::read_to_string(self.own()).ok().as_deref() != Some(OWN) {
            faults.push("the user's own file was changed".to_owned());
        }
        for path in files(self.place.path()) {
            let is_small =
                path.symlink_metadata().is_ok_and(|file| file.is_file() && file.len() < 1 << 20);
            let bytes = if is_small { fs::read(&path).unwrap_or_default() } else { Vec::new() };
            let has =
                |secret: &&&str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            if let Some(secret) = CANARIES.iter().find(has) {
                faults.push(format!("{} has {secret}", path.display()));
            }
        }
        faults
    }
}

pub(crate) fn key() -> Key {
    Key::new([7; 32])
}

/// Writes a file as the store does, so that its mode is no reason to pass it over. What was there is
/// replaced, at once for those who look.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    let temporary = path.with_extension("attack");
    fs::write(&temporary, bytes).unwrap();
    fs::set_permissions(&temporary, Permissions::from_mode(0o600)).unwrap();
    fs::rename(&temporary, path).unwrap();
}

/// The only file with this ending.
fn only(directory: &Path, end: &str) -> PathBuf {
    let is_it = |path: &PathBuf| path.extension().is_some_and(|extension| extension == end);
    let mut files = files(directory).into_iter().filter(is_it);
    let file = files.next().unwrap();
    assert_eq!(files.next(), None);
    file
}

/// The content of the only file with this ending, which is removed.
fn taken(directory: &Path, end: &str) -> Vec<u8> {
    let file = only(directory, end);
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(file).unwrap();
    bytes
}

/// All files below a directory, without following links.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => all.extend(files(&entry.path())),
            _ => all.push(entry.path()),
        }
    }
    all
}
