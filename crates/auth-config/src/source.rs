//! What the rules are a function of, as plain data: files, variables and choices.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::search::System;

/// Files, each under its path, and the directory that relative paths start from.
///
/// ```
/// use auth_config::Files;
///
/// let files = Files::in_directory("/srv/app").with("clouds.yaml", "clouds: {}");
/// ```
#[derive(Clone, Default)]
pub struct Files {
    directory: PathBuf,
    system: System,
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Clone)]
enum Entry {
    File { contents: Zeroizing<Vec<u8>>, open: bool },
    Unreadable,
}

impl Files {
    /// No file yet, in this working directory, on Unix.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), ..Self::default() }
    }

    /// On this system, which looks for files in places of its own.
    #[must_use]
    pub fn on(mut self, system: System) -> Self {
        self.system = system;
        self
    }

    /// One more file, which only its owner can read.
    #[must_use]
    pub fn with(self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) -> Self {
        self.entry(path, Entry::File { contents: Zeroizing::new(contents.into()), open: false })
    }

    /// One more file, which everybody on the machine can read.
    #[must_use]
    pub fn with_open(self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) -> Self {
        self.entry(path, Entry::File { contents: Zeroizing::new(contents.into()), open: true })
    }

    /// One more file, which is there and cannot be read.
    #[must_use]
    pub fn with_unreadable(self, path: impl AsRef<Path>) -> Self {
        self.entry(path, Entry::Unreadable)
    }

    fn entry(mut self, path: impl AsRef<Path>, entry: Entry) -> Self {
        self.entries.insert(self.directory.join(path), entry);
        self
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn system(&self) -> System {
        self.system
    }

    /// The first of these files that can be read, and those before it that cannot.
    pub(crate) fn first(&self, paths: &[PathBuf]) -> (Option<(PathBuf, &[u8])>, Vec<PathBuf>) {
        let mut unreadable = Vec::new();
        for path in paths {
            match self.entries.get(path) {
                None => {}
                Some(Entry::Unreadable) => unreadable.push(path.clone()),
                Some(Entry::File { contents, .. }) => {
                    return (Some((path.clone(), contents)), unreadable);
                }
            }
        }
        (None, unreadable)
    }

    /// The files that everybody can read.
    pub(crate) fn open(&self) -> Vec<PathBuf> {
        let open = |entry: &Entry| matches!(entry, Entry::File { open: true, .. });
        self.entries.iter().filter(|(_, e)| open(e)).map(|(path, _)| path.clone()).collect()
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

/// Environment variables. Besides `OS_*` these say where files are: `HOME`, `XDG_CONFIG_HOME`,
/// `XDG_CONFIG_DIRS` and `SNAP_REAL_HOME`; on Windows `LOCALAPPDATA` and `PROGRAMDATA`.
///
/// ```
/// use auth_config::Variables;
///
/// let variables = Variables::from_iter([("OS_CLOUD", "mine"), ("HOME", "/home/me")]);
/// ```
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, SecretString>);

impl Variables {
    /// The value, if it is not empty: an empty variable stands for none.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.expose_secret()).filter(|value| !value.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<K: Into<String>, V: Into<SecretString>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What the caller wants, usually from a command line. It wins over everything.
///
/// ```
/// use auth_config::Choices;
///
/// let choices = Choices::default().cloud("mine").region("KR1");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    pub(crate) cloud: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
}

impl Choices {
    /// The cloud of this name; otherwise it is the one that `OS_CLOUD` names, the one that `OS_*`
    /// variables define, or the only one that there is.
    #[must_use]
    pub fn cloud(mut self, name: impl Into<String>) -> Self {
        self.cloud = Some(name.into());
        self
    }

    /// This vendor profile, whatever the cloud's own entry says.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// This region; otherwise it is the cloud's first.
    #[must_use]
    pub fn region(mut self, name: impl Into<String>) -> Self {
        self.region = Some(name.into());
        self
    }
}
