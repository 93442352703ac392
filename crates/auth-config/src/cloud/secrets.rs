//! Secrets that the configuration holds, or that are read at each login.

use std::path::{self, Component, Path};

use auth_proto::{Secret, SecretSource};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    cloud::CloudConfig,
    input::{
        search::expanded,
        secret::{Place, SecretReader},
    },
    report::{error::Error, origin::ValueOrigin},
    text::shown_path,
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
        let origin = &node.origin;
        let is_found_here = matches!(origin, ValueOrigin::File { path, .. }
            if self.surroundings.found_here.iter().any(|here| **here == **path));
        let untrusted = || Error::SecretUntrusted { key: key.to_owned(), origin: origin.clone() };
        let folder = match origin {
            ValueOrigin::File { path, .. } => path.parent().unwrap_or(Path::new("")),
            _ => &self.surroundings.directory,
        };
        let home = self.surroundings.home.as_deref();
        let (shown, place) = if key.ends_with("_file") {
            let named = expanded(node.as_text().unwrap_or_default(), home);
            let is_below = |part| matches!(part, Component::CurDir | Component::Normal(_));
            if is_found_here && !named.components().all(is_below) {
                return Err(untrusted());
            }
            let (path, within) = (folder.join(named), is_found_here.then(|| folder.to_path_buf()));
            (shown_path(&path), Place::File { path, within })
        } else if is_found_here {
            return Err(untrusted());
        } else if key.ends_with("_env") {
            let name = node.as_text().unwrap_or_default().to_owned();
            (name.clone(), Place::Variable(name))
        } else {
            let mut words = words(node).ok_or_else(|| self.invalid(key, COMMAND))?;
            let program = words.remove(0);
            let mut program = expanded(program.expose_secret(), home);
            // A name alone is searched in PATH; a path never starts at the working directory.
            if program.to_string_lossy().contains(path::is_separator) {
                program = folder.join(program);
            }
            let shown = shown_path(&program);
            (shown, Place::Command { program, arguments: words, folder: folder.to_path_buf() })
        };
        Ok(Some((SecretSource::new(format!("{key} ({shown})")), place)))
    }

    fn node(&self, key: &str) -> Option<&Node> {
        self.auth().get(key).filter(|node| !node.is_empty())
    }

    pub(super) fn invalid(&self, key: &str, problem: &'static str) -> Error {
        let origin = self.node(key).map_or(ValueOrigin::Default, |node| node.origin.clone());
        Error::InvalidValue { key: format!("auth.{key}"), problem, origin }
    }
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
