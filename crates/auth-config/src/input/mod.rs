//! The input of the rules as plain data: files, variables and choices.

mod command;
pub(crate) mod file;
mod json;
pub(crate) mod parse;
pub(crate) mod search;
pub(crate) mod secret;
mod yaml;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::report::origin::ValueOrigin;

/// The operating system, which decides where files are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Platform {
    /// macOS.
    MacOs,
    /// Linux and other Unix systems.
    #[default]
    Unix,
    /// Windows.
    Windows,
}

impl Platform {
    /// The platform that this program was built for.
    pub const fn current() -> Self {
        match () {
            () if cfg!(target_os = "macos") => Self::MacOs,
            () if cfg!(windows) => Self::Windows,
            () => Self::Unix,
        }
    }
}

/// Files by path, and the working directory.
///
/// ```
/// use auth_config::Files;
///
/// let files = Files::in_directory("/srv/app").with("clouds.yaml", "clouds: {}");
/// ```
#[derive(Clone, Default)]
pub struct Files {
    directory: PathBuf,
    platform: Platform,
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Clone)]
enum Entry {
    File { contents: Zeroizing<Vec<u8>>, readable_by_others: bool },
    Unreadable,
}

impl Files {
    /// No files, in this working directory, on Unix. Relative paths start from the directory.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), ..Self::default() }
    }

    /// Searches the directories of this platform.
    #[must_use]
    pub fn on(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// Adds a file that only its owner can read.
    #[must_use]
    pub fn with(self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) -> Self {
        self.entry(
            path,
            Entry::File { contents: Zeroizing::new(contents.into()), readable_by_others: false },
        )
    }

    /// Adds a file that every user of the machine can read.
    #[must_use]
    pub fn with_readable_by_others(
        self,
        path: impl AsRef<Path>,
        contents: impl Into<Vec<u8>>,
    ) -> Self {
        self.entry(
            path,
            Entry::File { contents: Zeroizing::new(contents.into()), readable_by_others: true },
        )
    }

    /// Adds a file that exists, but cannot be read.
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

    pub(crate) fn platform(&self) -> Platform {
        self.platform
    }

    /// The first readable file at these paths, and the unreadable files before it.
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

    /// The files that every user of the machine can read.
    pub(crate) fn readable_by_others(&self) -> Vec<PathBuf> {
        let is_open = |entry: &Entry| matches!(entry, Entry::File { readable_by_others: true, .. });
        self.entries.iter().filter(|(_, e)| is_open(e)).map(|(path, _)| path.clone()).collect()
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

/// What a cloud's settings depend on beside the values of the files.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// The working directory.
    pub(crate) directory: PathBuf,
    /// Files that were found only because the program runs in their directory.
    pub(crate) found_here: Vec<PathBuf>,
    pub(crate) home: Option<String>,
    /// Files that every user of the machine can read.
    pub(crate) readable_by_others: Vec<PathBuf>,
}

impl Surroundings {
    /// The folder that the paths of a value start at, and whether its file was found only because
    /// the program runs there.
    pub(crate) fn folder<'a>(&'a self, origin: &'a ValueOrigin) -> (&'a Path, bool) {
        match origin {
            ValueOrigin::File { path, .. } => {
                let is_found_here = self.found_here.iter().any(|here| **here == **path);
                (path.parent().unwrap_or(path), is_found_here)
            }
            _ => (&self.directory, false),
        }
    }
}

/// Environment variables: `OS_*`, `CLOUD_AUTH_STORE`, and those that locate files: `HOME`, `XDG_CONFIG_HOME`,
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
    /// The value, if it is not empty: an empty variable counts as unset.
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

/// The caller's choices, usually from a command line. They win over files and variables.
///
/// ```
/// use auth_config::Choices;
///
/// let choices = Choices::default().cloud("mine").region("KR1");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    pub(crate) cloud: Option<String>,
    pub(crate) plain_http: bool,
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
}

impl Choices {
    /// Allows plain http for the cloud, as its key `allow_plain_http` does.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Chooses a cloud. The default is the cloud that `OS_CLOUD` names, else the cloud of the
    /// `OS_*` variables, else the only cloud.
    #[must_use]
    pub fn cloud(mut self, name: impl Into<String>) -> Self {
        self.cloud = Some(name.into());
        self
    }

    /// Chooses a vendor profile instead of the profile in the cloud's entry.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Chooses a region. The default is the cloud's first.
    #[must_use]
    pub fn region(mut self, name: impl Into<String>) -> Self {
        self.region = Some(name.into());
        self
    }
}
