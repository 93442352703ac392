//! The thin part: reads the real files and variables, and decides nothing.

use std::{
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    config::Config,
    error::Error,
    limits,
    search::{self, Kind, System},
    source::{Files, Variables},
};

impl Config {
    /// The configuration of this process: its variables, and the files where openstacksdk looks on
    /// this [`System`].
    ///
    /// # Errors
    ///
    /// As [`merge`](Self::merge), and [`Error::NotUnicode`] for an `OS_*` variable that is none.
    pub fn load() -> Result<Self, Error> {
        let variables = variables()?;
        // Without a working directory, none is searched.
        let directory = env::current_dir().unwrap_or_default();
        let system = System::current();
        let mut files = Files::in_directory(&directory).on(system);
        for kind in Kind::ALL {
            let named = search::named(kind, &directory, &variables);
            for path in search::paths(kind, &directory, system, &variables) {
                match contents(&path, named.as_ref() == Some(&path)) {
                    Ok((mut contents, open)) => {
                        // Handed on as it is: the files wipe it.
                        let contents = std::mem::take(&mut *contents);
                        files = match open {
                            true => files.with_open(path, contents),
                            false => files.with(path, contents),
                        };
                        break;
                    }
                    Err(error) if is_absent(&error) => {}
                    Err(_) => files = files.with_unreadable(path),
                }
            }
        }
        Self::merge(&files, &variables)
    }
}

/// Variables that say where files are.
const PLACES: [&str; 6] =
    ["HOME", "LOCALAPPDATA", "PROGRAMDATA", "SNAP_REAL_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"];

fn variables() -> Result<Variables, Error> {
    let mut all: Vec<(String, SecretString)> = Vec::new();
    for (name, value) in env::vars_os() {
        let mut name = name.to_string_lossy().into_owned();
        if cfg!(windows) {
            // There, `ProgramData` is the same.
            name.make_ascii_uppercase();
        }
        if !PLACES.contains(&name.as_str()) && !name.starts_with("OS_") {
            continue;
        }
        match value.into_string() {
            Ok(value) => all.push((name, value.into())),
            Err(_) => return Err(Error::NotUnicode { name }),
        }
    }
    if let (false, Some(home)) = (all.iter().any(|(name, _)| name == "HOME"), env::home_dir()) {
        all.push(("HOME".to_owned(), home.to_string_lossy().into_owned().into()));
    }
    Ok(all.into_iter().collect())
}

/// At most one byte more than is allowed, and whether everybody can read it. A pipe, which has to be
/// waited for, may be named, and is not taken where somebody happened to leave one.
fn contents(path: &PathBuf, is_named: bool) -> io::Result<(Zeroizing<Vec<u8>>, bool)> {
    if !is_named && !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = fs::File::open(path)?;
    let open = is_open(&file.metadata()?);
    // A vector that grows by itself would leave copies behind.
    let mut contents = Zeroizing::new(Vec::with_capacity(limits::FILE + 1));
    file.take(limits::FILE as u64 + 1).read_to_end(&mut contents)?;
    Ok((contents, open))
}

#[cfg(unix)]
fn is_open(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn is_open(_: &fs::Metadata) -> bool {
    false
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// `~` and `~/…` in a path that a user wrote.
pub(crate) fn expanded(path: &str, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.into(),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            Path::new(home).join(rest.trim_start_matches('/'))
        }
        _ => path.into(),
    }
}
