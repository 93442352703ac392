//! Reads the real files and variables. All decisions are in [`Config::merge`].

use std::{
    env, fs,
    io::{self, Read},
    path::PathBuf,
};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    config::Config,
    input::{
        Files, Platform, Variables,
        search::{self, FileKind},
    },
    limits,
    report::error::Error,
};

impl Config {
    /// Reads the configuration of this process: its variables, and the files that openstacksdk
    /// finds on this [`Platform`].
    ///
    /// # Errors
    ///
    /// The errors of [`merge`](Self::merge), and [`Error::NotUnicode`] for an `OS_*` variable.
    pub fn load() -> Result<Self, Error> {
        let variables = variables()?;
        // If the working directory has been deleted, it is not searched.
        let directory = env::current_dir().unwrap_or_default();
        let platform = Platform::current();
        let mut files = Files::in_directory(&directory).on(platform);
        for kind in FileKind::ALL {
            let named = search::named(kind, &directory, &variables);
            for path in search::paths(kind, &directory, platform, &variables) {
                match contents(&path, named.as_ref() == Some(&path)) {
                    Ok((mut contents, is_open)) => {
                        // Moved, not copied: `Files` wipes it.
                        let contents = std::mem::take(&mut *contents);
                        files = match is_open {
                            true => files.with_readable_by_others(path, contents),
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

/// Variables that locate files.
const LOCATIONS: [&str; 6] =
    ["HOME", "LOCALAPPDATA", "PROGRAMDATA", "SNAP_REAL_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"];

fn variables() -> Result<Variables, Error> {
    let mut all: Vec<(String, SecretString)> = Vec::new();
    for (name, value) in env::vars_os() {
        let mut name = name.to_string_lossy().into_owned();
        if cfg!(windows) {
            // Windows ignores the case of names: `ProgramData`.
            name.make_ascii_uppercase();
        }
        if !LOCATIONS.contains(&name.as_str()) && !name.starts_with("OS_") {
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

/// The contents up to one byte over the limit, and whether every user can read the file. Reading a
/// pipe may block, so a pipe is read only if a variable names it.
fn contents(path: &PathBuf, is_named: bool) -> io::Result<(Zeroizing<Vec<u8>>, bool)> {
    if !is_named && !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = fs::File::open(path)?;
    let is_open = is_readable_by_others(&file.metadata()?);
    // Allocated once: a growing vector leaves copies of secrets behind.
    let mut contents = Zeroizing::new(Vec::with_capacity(limits::FILE + 1));
    file.take(limits::FILE as u64 + 1).read_to_end(&mut contents)?;
    Ok((contents, is_open))
}

#[cfg(unix)]
fn is_readable_by_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &fs::Metadata) -> bool {
    false
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
