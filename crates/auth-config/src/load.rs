//! Reads the real files and variables. All decisions are in [`Config::merge`].

use std::{env, fs, io, path::Path};

use secrecy::SecretString;

use crate::{
    config::Config,
    input::{
        Files, Platform, Variables,
        file::{self, Contents},
        search::{self, FileKind},
    },
    report::{error::Error, problem::FileProblem},
};

impl Config {
    /// Reads the configuration of this process: its variables, and the files that openstacksdk
    /// finds on this [`Platform`].
    ///
    /// # Errors
    ///
    /// The errors of [`merge`](Self::merge), [`Error::NotUnicode`] for an `OS_*` variable and
    /// `CLOUD_AUTH_STORE`, and [`Error::File`] for a file that is too large, and for one that a
    /// variable names and that exists, but cannot be read.
    pub fn load() -> Result<Self, Error> {
        let variables = variables()?;
        // If the working directory has been deleted, it is not searched.
        let directory = env::current_dir().unwrap_or_default();
        let platform = Platform::current();
        let mut files = Files::in_directory(&directory).on(platform);
        for kind in FileKind::ALL {
            let named = search::named(kind, &directory, &variables);
            for path in search::paths(kind, &directory, platform, &variables) {
                let setting = kind.variable().filter(|_| named.as_ref() == Some(&path));
                match contents(&path, setting.is_some()) {
                    Ok(Contents { mut bytes, readable_by_others }) => {
                        // Moved, not copied: `Files` wipes it.
                        let bytes = std::mem::take(&mut *bytes);
                        files = match readable_by_others {
                            true => files.with_readable_by_others(path, bytes),
                            false => files.with(path, bytes),
                        };
                        break;
                    }
                    Err(problem) if is_absent(problem) => {}
                    // The next file may log in as another user.
                    Err(problem) if setting.is_some() || problem == FileProblem::TooLarge => {
                        let setting = setting.map(str::to_owned);
                        return Err(Error::File { setting, path, problem });
                    }
                    Err(_) => files = files.with_unreadable(path),
                }
            }
        }
        Self::merge(&files, &variables)
    }
}

/// Variables without the prefix `OS_`: the store, and those that locate files.
const OTHERS: [&str; 7] = [
    "CLOUD_AUTH_STORE",
    "HOME",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "SNAP_REAL_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
];

fn variables() -> Result<Variables, Error> {
    let mut all: Vec<(String, SecretString)> = Vec::new();
    for (name, value) in env::vars_os() {
        let mut name = name.to_string_lossy().into_owned();
        if cfg!(windows) {
            // Windows ignores the case of names: `ProgramData`.
            name.make_ascii_uppercase();
        }
        if !OTHERS.contains(&name.as_str()) && !name.starts_with("OS_") {
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

/// The contents of a file. A pipe is read only if a variable names it: nobody may ever write to one
/// that the search finds.
fn contents(path: &Path, is_named: bool) -> Result<Contents, FileProblem> {
    let is_regular = || fs::metadata(path).map(|metadata| metadata.is_file());
    match is_named || is_regular().map_err(|error| FileProblem::Unreadable(error.kind()))? {
        true => file::read(path),
        false => Err(FileProblem::Unreadable(io::ErrorKind::InvalidInput)),
    }
}

fn is_absent(problem: FileProblem) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(problem, FileProblem::Unreadable(NotADirectory | NotFound))
}
