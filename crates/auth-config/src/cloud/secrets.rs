//! Secrets that the configuration holds, or that are read at each login.

use std::path::{self, Component, Path, PathBuf};

use auth_proto::{Secret, SecretSource};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    cloud::CloudConfig,
    input::{
        search::expanded,
        secret::{Place, SecretReader},
    },
    report::{error::Error, origin::ValueOrigin},
    text::{shown, shown_path},
    value::{Node, Value, keys},
};

impl CloudConfig {
    /// The reader of the secrets that the configuration does not hold itself: `password_file`,
    /// `access_token_command` and the like. [`credential`](Self::credential) has a
    /// [`SecretSource`] for each that the login uses.
    pub fn secret_reader(&self) -> SecretReader {
        let all = keys::READ_AT_LOGIN.iter().flat_map(|key| keys::sources(key));
        // What cannot be used is an error of `credential`.
        let read = all.filter_map(|key| self.place(&key).ok().flatten());
        SecretReader::new(read.map(|(source, place)| (source.name().to_owned(), place)).collect())
    }

    /// The secret under this key, or the source that it is read from at each login; `None` if
    /// neither is configured.
    pub(super) fn optional_secret(&self, key: &str) -> Result<Option<Secret>, Error> {
        let origin = |key: &str| Some((key.to_owned(), self.node(key)?.origin.clone()));
        let names = [key.to_owned()].into_iter().chain(keys::sources(key));
        let set: Vec<_> = names.filter_map(|key| origin(&key)).collect();
        match &set[..] {
            [] => Ok(None),
            [(only, _)] if only == key => Ok(self.secret(key).cloned().map(Secret::from)),
            [(only, _)] => Ok(self.place(only)?.map(|(source, _)| source.into())),
            _ => Err(Error::SecretConflict { cloud: self.name.clone(), secrets: set }),
        }
    }

    pub(super) fn required_secret(
        &self,
        key: &'static str,
        remedy: &'static str,
    ) -> Result<Secret, Error> {
        self.optional_secret(key)?.ok_or_else(|| self.missing(key, remedy))
    }

    /// A secret of a login that sends it without asking for it.
    pub(super) fn given_secret(
        &self,
        key: &'static str,
        remedy: &'static str,
    ) -> Result<SecretString, Error> {
        let source = || keys::sources(key).find(|source| self.node(source).is_some());
        match self.required_secret(key, remedy)? {
            Secret::Given(secret) => Ok(secret),
            _ => Err(self.invalid(&source().unwrap_or_default(), NOT_READ)),
        }
    }

    /// Where the secret of a key such as `password_file` is read.
    fn place(&self, key: &str) -> Result<Option<(SecretSource, Place)>, Error> {
        let Some(node) = self.node(key) else { return Ok(None) };
        let (folder, is_found_here) = self.surroundings.folder(&node.origin);
        let (what, place) = match key.rsplit('_').next() {
            Some("file") => {
                let path = expanded(node.as_text().unwrap_or_default(), self.home());
                if is_found_here && !path.components().all(is_below) {
                    return Err(untrusted(key, node));
                }
                let within = is_found_here.then(|| folder.to_path_buf());
                let path = folder.join(path);
                (shown_path(&path), Place::File { path, within })
            }
            _ if is_found_here => return Err(untrusted(key, node)),
            Some("env") => {
                let name = node.as_text().unwrap_or_default().to_owned();
                (shown(&name), Place::Variable(name))
            }
            _ => {
                let mut arguments = words(node).ok_or_else(|| self.invalid(key, COMMAND))?;
                let program = self.program(&arguments.remove(0), folder);
                let folder = folder.to_path_buf();
                (shown_path(&program), Place::Command { program, arguments, folder })
            }
        };
        Ok(Some((SecretSource::new(format!("{key} ({what})")), place)))
    }

    /// A name alone is searched in `PATH`; a path never starts at the working directory.
    fn program(&self, word: &SecretString, folder: &Path) -> PathBuf {
        let program = expanded(word.expose_secret(), self.home());
        match program.to_string_lossy().contains(path::is_separator) {
            true => folder.join(program),
            false => program,
        }
    }

    fn home(&self) -> Option<&str> {
        self.surroundings.home.as_deref()
    }

    fn node(&self, key: &str) -> Option<&Node> {
        self.auth().get(key).filter(|node| !node.is_empty())
    }

    pub(super) fn invalid(&self, key: &str, problem: &'static str) -> Error {
        let origin = self.node(key).map_or(ValueOrigin::Default, |node| node.origin.clone());
        Error::InvalidValue { key: format!("auth.{key}"), problem, origin }
    }
}

/// Whether a path with this part alone stays below its folder.
fn is_below(part: Component<'_>) -> bool {
    matches!(part, Component::CurDir | Component::Normal(_))
}

fn untrusted(key: &str, node: &Node) -> Error {
    Error::SecretUntrusted { key: key.to_owned(), origin: node.origin.clone() }
}

/// A list of texts, the first of which is not empty.
fn words(node: &Node) -> Option<Vec<SecretString>> {
    let Value::List(items) = &node.value else { return None };
    let word = |item: &Node| match &item.value {
        Value::Text(text) => Some(text.clone()),
        Value::List(_) | Value::Map(_) | Value::Null => None,
    };
    let words: Option<Vec<_>> = items.iter().map(word).collect();
    words.filter(|words| words.first().is_some_and(|first| !first.expose_secret().is_empty()))
}

const NOT_READ: &str = "not read for this auth_type; set the secret itself";

const COMMAND: &str = "must be a list of the program and its arguments, such as [vault, kv, get, \
                       -field=token, secret/cloud]; no shell reads it";
