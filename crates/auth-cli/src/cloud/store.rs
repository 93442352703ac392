//! Where the runs of this program share the tokens of a cloud.

use std::{
    env,
    fmt::Display,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use auth_config::{CloudConfig, Config, TokenStore};
use auth_proto::Store;
use auth_store::{FileStore, Key, RedisStore, StoreError, StoreEvent};
use secrecy::ExposeSecret;

use crate::output::{Failure, print};

/// A store as configured: by default, files in the user's cache directory, with a key of its own.
#[derive(Clone, Debug)]
pub(crate) struct StorePlace {
    kind: TokenStore,
    key_file: Option<PathBuf>,
    is_configured: bool,
}

/// The variable with the key of the store, which wins over `auth_store_key_file`.
const KEY: &str = "CLOUD_AUTH_STORE_KEY";

impl StorePlace {
    /// The store of a configured cloud.
    pub(crate) fn of(configured: &CloudConfig) -> Self {
        Self::new(configured.store(), configured.store_key_file())
    }

    /// The store of the clouds that are not configured.
    pub(crate) fn of_others(config: &Config) -> Result<Self, Failure> {
        Ok(Self::new(config.store()?.as_ref(), config.store_key_file()?.as_deref()))
    }

    fn new(kind: Option<&TokenStore>, key_file: Option<&Path>) -> Self {
        let is_configured = kind.is_some() || key_file.is_some() || has_key_variable();
        let kind = kind.cloned().unwrap_or(TokenStore::File);
        Self { kind, key_file: key_file.map(Path::to_path_buf), is_configured }
    }

    /// No store.
    pub(crate) fn off() -> Self {
        Self { kind: TokenStore::Off, key_file: None, is_configured: false }
    }

    /// Whether the user has chosen anything about the store.
    pub(crate) fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// The store, unless it is off.
    pub(crate) fn open(&self) -> Result<Option<Box<dyn Store>>, StoreError> {
        Ok(match &self.kind {
            TokenStore::File => Some(Box::new(self.files()?.on_event(self.listener()))),
            TokenStore::Redis(url) => {
                let store = RedisStore::open(url.expose_secret(), self.key()?)?;
                Some(Box::new(store.on_event(self.listener())))
            }
            _ => None,
        })
    }

    /// Whether the store is a server, which has no list of its entries.
    pub(crate) fn is_redis(&self) -> bool {
        matches!(self.kind, TokenStore::Redis(_))
    }

    /// Whether both seal with the same key.
    pub(super) fn has_same_key(&self, other: &Self) -> bool {
        self.key_file == other.key_file || has_key_variable()
    }

    /// The store in files, whatever is configured.
    pub(super) fn files(&self) -> Result<FileStore, StoreError> {
        FileStore::of_user_with(self.key()?)
    }

    fn key(&self) -> Result<Key, StoreError> {
        match &self.key_file {
            _ if has_key_variable() => Key::from_variable(KEY),
            Some(path) => Key::from_file(path),
            None => Key::of_user(),
        }
    }

    /// Warns of the first trouble. A store that the user has not asked for may be of no use, as in a
    /// container whose disk is read-only, but an entry that is not safe is always worth a warning.
    fn listener(&self) -> impl Fn(&StoreEvent) + Send + Sync + use<> {
        let is_configured = self.is_configured;
        move |event| match event {
            StoreEvent::PassedOver(why) => {
                warn_once(&format!(
                    "the store passes over an entry: {why}; the next login replaces it"
                ));
            }
            StoreEvent::NotTold(why) | StoreEvent::Silent(why) if is_configured => {
                warn_once(&format!("the store is of no use to this run: {why}"));
            }
            _ => {}
        }
    }
}

fn has_key_variable() -> bool {
    env::var_os(KEY).is_some_and(|key| !key.is_empty())
}

fn warn_once(warning: &impl Display) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        print::warning(warning);
    }
}
