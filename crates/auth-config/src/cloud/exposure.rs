//! Warnings about secrets that other users of the machine may obtain.

use std::path::PathBuf;

use crate::{
    report::{origin::ValueOrigin, warning::Warning},
    value::{Map, Node, keys},
};

/// A warning for each file that holds a secret of this cloud and is readable by every user. Unknown
/// keys count as secrets: one may be a misspelled `password`.
pub(super) fn readable_secrets(
    map: &Map,
    auth: &Map,
    readable_by_others: &[PathBuf],
) -> Vec<Warning> {
    let is_secret = |key: &str, node: &Node| !node.is_public(key) && node.as_text().is_some();
    let mut files: Vec<_> = map
        .iter()
        .chain(auth)
        .filter(|(key, node)| is_secret(key, node))
        .filter_map(|(_, node)| match &node.origin {
            ValueOrigin::File { path, .. } => Some(path.to_path_buf()),
            _ => None,
        })
        .filter(|path| readable_by_others.contains(path))
        .collect();
    files.sort();
    files.dedup();
    files.into_iter().map(Warning::ReadableByOthers).collect()
}

/// A warning for each secret in another directory than the `auth_url` that it is sent to.
///
/// Each kind of file is searched separately. If another user can write to the working directory, a
/// `clouds.yaml` there can name the URL that the password of the user's own `secure.yaml` is sent
/// to.
pub(super) fn secrets_from_elsewhere(auth: &Map) -> Vec<Warning> {
    let Some(url) = auth.get("auth_url").map(|node| &node.origin) else { return Vec::new() };
    let is_elsewhere = |secret: &ValueOrigin| match (secret.directory(), url.directory()) {
        (Some(secret), Some(url)) => secret != url,
        _ => false,
    };
    auth.iter()
        .filter(|(key, node)| keys::is_secret(key) && is_elsewhere(&node.origin))
        .map(|(key, node)| Warning::SecretFromElsewhere {
            key: key.clone(),
            secret: node.origin.clone(),
            url: url.clone(),
        })
        .collect()
}
