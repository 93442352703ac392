//! The key of a store, and the two keys that are made of it.

use std::{env, fmt, path::Path, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    error::{Problem, StoreError},
    system::{self, Directory},
};

/// The key that seals a store. Processes with the same key share their logins.
///
/// A key is 32 random bytes; in files and variables, 64 hexadecimal digits, as `openssl rand -hex 32`
/// prints them. It is wiped from memory with its last clone, and `Debug` does not show it.
///
/// # Rotation
///
/// 1. Give every process the new key, with the old one as its [old key](Self::with_old_key). A process
///    reads what was sealed with either, and seals with the new one. Processes with the old key alone
///    go on by themselves, so each scope costs one login more at most.
/// 2. After a token's life (a day, as a rule), take the old key away.
///
/// Any holder of a key can read the tokens in all copies of the store, backups included, until they
/// expire.
#[derive(Clone)]
pub struct Key {
    current: Arc<Subkeys>,
    old: Option<Arc<Subkeys>>,
}

/// One key for names and another one for entries, so that neither use reveals anything about the other.
pub(crate) struct Subkeys {
    names: Zeroizing<[u8; LENGTH]>,
    pub(crate) entries: Zeroizing<[u8; LENGTH]>,
}

/// The hash of a name.
pub(crate) type NameHash = [u8; 16];

const LENGTH: usize = 32;
/// The hexadecimal digits, and a line break.
const FILE: usize = 2 * LENGTH + 2;
/// The time to wait for another process that makes the same key.
const PATIENCE: Duration = Duration::from_secs(2);

impl Key {
    /// A key of these bytes, which have to be random: for example from a keyring.
    pub fn new(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let subkeys = Subkeys {
            names: hash(&bytes[..], b"auth-store names 1"),
            entries: hash(&bytes[..], b"auth-store entries 1"),
        };
        Self { current: Arc::new(subkeys), old: None }
    }

    /// A key of 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`Problem::BadKey`].
    pub fn from_hex(text: &str) -> Result<Self, StoreError> {
        Self::parse(text.as_bytes(), || "the text".to_owned())
    }

    /// The key of this user: the file `key` in the directory of
    /// [`FileStore::of_user`](crate::FileStore::of_user).
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file), and if the directory is not this user's alone.
    pub fn of_user() -> Result<Self, StoreError> {
        let directory = system::directory_of_user()?;
        // Checked before the key is read from it.
        Directory::private(&directory)?;
        Self::from_file(directory.join("key"))
    }

    /// The key in a variable of the environment.
    ///
    /// # Errors
    ///
    /// [`Problem::BadKey`], also if the variable is not set.
    pub fn from_variable(name: &str) -> Result<Self, StoreError> {
        let text = Zeroizing::new(env::var(name).unwrap_or_default());
        Self::parse(text.as_bytes(), || format!("the variable {name}"))
    }

    /// The key in a file. If it is missing, it is made with random bytes of the operating system. The
    /// file appears whole, with the mode 0600, and processes that start together get the same key.
    /// A lock file with the suffix `.lock` stays beside it. Directories that are missing get the mode
    /// 0700.
    ///
    /// # Errors
    ///
    /// It is not a regular file of this user alone, it contains no key, or it cannot be made.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let directory = Directory::any(path.parent().unwrap_or_else(|| Path::new("")))?;
        let not_a_file = || StoreError::at(path, Problem::NotAFile);
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(not_a_file)?;
        let read = || match directory.read(name, FILE)? {
            Some((_, bytes)) => Self::parse(&bytes, || format!("{path:?}")).map(Some),
            None => Ok(None),
        };
        if let Some(key) = read()? {
            return Ok(key);
        }
        let lock = format!("{name}.lock");
        let Some(_lock) = system::lock_within(directory.lock_file(&lock)?, PATIENCE)
            .map_err(|error| StoreError::at(path, Problem::Io(error)))?
        else {
            return Err(StoreError::at(path, Problem::Locked));
        };
        if let Some(key) = read()? {
            return Ok(key);
        }
        let mut bytes = Zeroizing::new([0; LENGTH]);
        system::fill_random(&mut bytes[..]).map_err(|error| StoreError::at(path, error))?;
        let text = hex(&bytes[..]);
        // An empty key after a crash of the machine would be an error until the user removes it.
        directory.replace(name, &format!("{name}.tmp"), text.as_bytes(), |file| file.sync_all())?;
        Ok(Self::new(*bytes))
    }

    /// Accepts entries that were sealed with this key, too. It replaces an earlier old key.
    #[must_use]
    pub fn with_old_key(self, old: Self) -> Self {
        Self { old: Some(old.current), ..self }
    }

    fn parse(text: &[u8], place: impl FnOnce() -> String) -> Result<Self, StoreError> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let digits = text.trim_ascii();
        let is_key = digits.len() == 2 * LENGTH
            && bytes.iter_mut().zip(digits.chunks(2)).all(|(byte, pair)| {
                let digit = |digit: u8| char::from(digit).to_digit(16);
                let value = digit(pair[0]).zip(digit(pair[1]));
                value.map(|(high, low)| *byte = (high * 16 + low) as u8).is_some()
            });
        if !is_key {
            return Err(StoreError::new(place(), Problem::BadKey));
        }
        Ok(Self::new(*bytes))
    }

    /// The key that seals.
    pub(crate) fn current(&self) -> &Subkeys {
        &self.current
    }

    /// The key that opens, too.
    #[cfg(feature = "redis")]
    pub(crate) fn old(&self) -> Option<&Subkeys> {
        self.old.as_deref()
    }

    /// The keys that open, the current one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Subkeys> {
        [Some(&self.current), self.old.as_ref()].into_iter().flatten().map(Arc::as_ref)
    }
}

impl Subkeys {
    pub(crate) fn hash(&self, name: &[u8]) -> NameHash {
        let hash = hash(&self.names[..], name);
        let (first, _) = hash.split_at(size_of::<NameHash>());
        first.try_into().unwrap_or_else(|_| unreachable!("the part has this length"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("has_old_key", &self.old.is_some()).finish_non_exhaustive()
    }
}

fn hash(key: &[u8], text: &[u8]) -> Zeroizing<[u8; LENGTH]> {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key);
    let mut mac = mac.unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(text);
    let mut out = mac.finalize().into_bytes();
    let mut hash = Zeroizing::new([0; LENGTH]);
    hash.copy_from_slice(&out);
    out.as_mut_slice().zeroize();
    hash
}

/// The bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    // Allocated once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}
