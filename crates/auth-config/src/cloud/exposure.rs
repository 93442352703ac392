//! Secrets that other users of the machine may obtain: warnings, and a refusal.

use std::path::PathBuf;

use crate::{
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    rules::{
        profile::{self, PublicProfile},
        scope::is_standalone,
        template::HostParts,
    },
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

/// A warning for each secret and each setting of another place that decides who receives it or its
/// token.
///
/// Each kind of file is searched separately. If another user can write to the working directory, a
/// `clouds.yaml` there can name the URL that the password of the user's own `secure.yaml` is sent
/// to, or the certificates that the server may have.
///
/// The URL of a built-in profile is the vendor's in every region, so what chose it does not count.
pub(super) fn secrets_from_elsewhere(
    map: &Map,
    auth: &Map,
    host_parts: &HostParts,
    public_profile: Option<&PublicProfile>,
) -> Vec<Warning> {
    let mut deciding = deciding(map, auth);
    deciding.extend(host_parts.iter().map(|(key, origin)| (key.as_str(), origin)));
    deciding.extend(public_profile.map(|profile| ("profile", &profile.named_at)));
    deciding.sort_by_key(|(key, _)| *key);
    deciding.dedup();
    let warnings_of = |(key, secret): (&str, &ValueOrigin)| {
        let elsewhere = deciding.iter().filter(|(_, origin)| secret.is_elsewhere(origin));
        let warning = |(setting, origin): &(&str, &ValueOrigin)| Warning::SecretFromElsewhere {
            key: key.to_owned(),
            secret: secret.clone(),
            setting: (*setting).to_owned(),
            origin: (*origin).clone(),
        };
        elsewhere.map(warning).collect::<Vec<_>>()
    };
    secrets(auth).flat_map(warnings_of).collect()
}

/// Refuses a profile of `clouds-public.yaml` that has a vendor's name and another URL, or the URL of
/// an identity provider, if the secret is from elsewhere: the user named the vendor and expects the
/// secret to go there. Without a configured secret, the place of the key `profile` counts.
pub(super) fn check_vendor_url(
    name: &str,
    profile: &PublicProfile,
    map: &Map,
    auth: &Map,
    region: Option<&str>,
) -> Result<(), Error> {
    let is_moved = |(_, url): &(&str, &Node)| {
        let is_of_profile =
            matches!(&url.origin, ValueOrigin::File { path, .. } if *path == profile.file);
        let text = url.as_text().unwrap_or_default();
        is_of_profile && profile::is_vendors_url(name, region, text) == Some(false)
    };
    let mut set = urls(map, auth).filter_map(|key| Some((key, auth.get(key)?)));
    let Some((setting, url)) = set.find(is_moved) else { return Ok(()) };
    let mut owners: Vec<_> =
        secrets(auth).map(|(key, origin)| (format!("auth.{key}"), origin)).collect();
    if owners.is_empty() {
        owners.push(("profile".to_owned(), &profile.named_at));
    }
    match owners.into_iter().find(|(_, origin)| origin.is_elsewhere(&url.origin)) {
        None => Ok(()),
        Some((key, origin)) => Err(Error::ProfileMoved {
            name: name.to_owned(),
            setting,
            url: Box::new(url.origin.clone()),
            key,
            origin: Box::new(origin.clone()),
        }),
    }
}

/// The keys of all URLs that a login sends a secret or its token to.
fn urls(map: &Map, auth: &Map) -> impl Iterator<Item = &'static str> {
    let auth_type = map.get("auth_type").and_then(Node::as_text).unwrap_or_default();
    let of_provider: &[_] = match auth_type.starts_with("v3oidc") {
        true => &["access_token_endpoint", "discovery_endpoint"],
        false => &[],
    };
    [url_key(map, auth)].into_iter().chain(of_provider.iter().copied())
}

/// The key of the URL of the identity service, or of the services without one.
fn url_key(map: &Map, auth: &Map) -> &'static str {
    if is_standalone(map, auth) { "endpoint" } else { "auth_url" }
}

fn secrets(auth: &Map) -> impl Iterator<Item = (&str, &ValueOrigin)> {
    let is_secret = |key: &str| keys::is_secret(key) || keys::is_source(key);
    let secrets = auth.iter().filter(move |(key, node)| is_secret(key) && !node.is_empty());
    secrets.map(|(key, node)| (key.as_str(), &node.origin))
}

/// The settings that decide where a secret or its token is sent, and which server is trusted.
fn deciding<'a>(map: &'a Map, auth: &'a Map) -> Vec<(&'a str, &'a ValueOrigin)> {
    let is = |key: &str, value| {
        map.get(key).is_some_and(|node| matches!(node.as_bool(key), Ok(Some(is)) if is == value))
    };
    let (insecure, unverified) = (is("insecure", true), is("verify", false));
    let plain_http = is(keys::PLAIN_HTTP, true);
    // The caller of the program has set a variable for all clouds, whatever their files are.
    let is_of_file = |node: &Node| matches!(node.origin, ValueOrigin::File { .. });
    let is_server = |node: &Node| node.as_text().is_some_and(|text| text.contains("://"));
    let beside = map.iter().filter(move |(key, node)| match key.as_str() {
        "cacert" => !insecure && !unverified,
        "insecure" => insecure,
        "verify" => unverified,
        keys::PLAIN_HTTP => plain_http,
        keys::STORE => is_of_file(node) && is_server(node),
        keys::STORE_KEY_FILE => is_of_file(node),
        key => key.ends_with("_endpoint") || key.ends_with("_endpoint_override"),
    });
    let urls: Vec<_> = urls(map, auth).collect();
    let within = auth.iter().filter(move |(key, _)| urls.contains(&key.as_str()));
    let set = beside.chain(within).filter(|(_, node)| node.as_text().is_some());
    set.map(|(key, node)| (key.as_str(), &node.origin)).collect()
}
