//! The store where processes share tokens, as the files and the environment configure it.

use std::{
    net::Ipv6Addr,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    cloud::CloudConfig,
    input::{Surroundings, Variables, search::expanded},
    limits,
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    value::{
        Map, Node, Value,
        keys::{self, STORE, STORE_KEY_FILE},
        mapping, with_plain_keys,
    },
};

/// The place where the processes of a user or of a fleet share their tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenStore {
    /// Files in the user's cache directory, for the processes of one machine.
    File,
    /// No store: each process logs in.
    Off,
    /// A Redis or Valkey server at this URL, for the processes of many machines: `redis://` or, with
    /// TLS, `rediss://`, then `[USER][:PASSWORD]@` if needed, the host, `:PORT` unless it is 6379, and
    /// `/NUMBER` for a database other than 0. Percent encoding in the user and the password is not
    /// decoded.
    Redis(SecretString),
}

impl CloudConfig {
    /// The store that the configuration asks for; `None` if it does not say. The clients of this
    /// crate use no store unless their builder gets one.
    pub fn store(&self) -> Option<&TokenStore> {
        self.store.as_ref()
    }

    /// The file with the key of the store: `auth_store_key_file`, with a leading `~` replaced by the
    /// home directory. A relative path starts at the file that sets it. `None` without a key file,
    /// and if the store is [`Off`](TokenStore::Off).
    pub fn store_key_file(&self) -> Option<&Path> {
        self.store_key_file.as_deref()
    }
}

/// The variable that wins over all files.
const VARIABLE: &str = "CLOUD_AUTH_STORE";

/// What the files say at their top level, and what the environment says, for all clouds.
#[derive(Clone, Debug)]
pub(crate) struct CommonStore {
    /// Below the settings of a cloud.
    files: Map,
    /// Above them.
    environment: Map,
}

impl CommonStore {
    /// Reads the top level of the files. openstacksdk's `cache.auth` decides if `auth_store` is not
    /// set beside it.
    pub(crate) fn new(
        mut top: Map,
        variables: &Variables,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        let mut files = Map::new();
        let cache = top.remove("cache").map_or(Ok(Map::new()), |node| mapping(node, "cache"))?;
        let cache = with_plain_keys(cache);
        report_unknown_keys(&cache, warnings);
        if let Some(auth) = cache.get("auth")
            && let Some(is_on) = auth.as_bool("cache.auth")?
        {
            let name = if is_on { FILE } else { OFF };
            files.insert(STORE.to_owned(), Node::text(name, auth.origin.clone()));
        }
        for key in [STORE, STORE_KEY_FILE] {
            files.extend(top.remove_entry(key).filter(|(_, node)| !node.is_empty()));
        }
        let variable = |text| Node::text(text, ValueOrigin::Variable(VARIABLE.to_owned()));
        let environment = variables.value(VARIABLE).map(|text| (STORE.to_owned(), variable(text)));
        Ok(Self { files, environment: environment.into_iter().collect() })
    }

    /// Adds them to the settings of a cloud.
    pub(crate) fn add_to(&self, settings: &mut Map) {
        for (key, node) in &self.files {
            if settings.get(key).is_none_or(Node::is_empty) {
                settings.insert(key.clone(), node.clone());
            }
        }
        settings.extend(self.environment.clone());
    }

    /// The store for a cloud that says nothing itself, and the file with its key.
    pub(crate) fn read(
        &self,
        surroundings: &Surroundings,
    ) -> Result<(Option<TokenStore>, Option<PathBuf>), Error> {
        let mut settings = Map::new();
        self.add_to(&mut settings);
        read(&settings, surroundings)
    }
}

fn report_unknown_keys(cache: &Map, warnings: &mut Vec<Warning>) {
    let unknown = cache.iter().filter(|(key, _)| !keys::CACHE.contains(&key.as_str()));
    for (key, node) in unknown.take(limits::UNKNOWN_KEYS) {
        let nearest = keys::nearest_of(key, keys::CACHE.iter().copied());
        let (key, origin) = (format!("cache.{key}"), node.origin.clone());
        warnings.push(Warning::KeyUnknown { key, nearest, origin });
    }
}

/// The store of a cloud, and the file with its key.
pub(super) fn read(
    map: &Map,
    surroundings: &Surroundings,
) -> Result<(Option<TokenStore>, Option<PathBuf>), Error> {
    if let Some(Node { value: Value::Map(_), origin }) = map.get("cache") {
        return Err(invalid("cache", NOT_OF_A_CLOUD, origin));
    }
    let set = |key| map.get(key).filter(|node: &&Node| !node.is_empty());
    let store = set(STORE).map(|node| store(node, surroundings)).transpose()?;
    let key_file = match (&store, set(STORE_KEY_FILE)) {
        (Some(TokenStore::Off), _) | (_, None) => None,
        (_, Some(node)) => Some(key_file(node, surroundings)?),
    };
    Ok((store, key_file))
}

fn store(node: &Node, surroundings: &Surroundings) -> Result<TokenStore, Error> {
    let text = text(STORE, node)?.expose_secret().trim();
    match text {
        FILE => return Ok(TokenStore::File),
        // YAML 1.1 has `off` and `false` for one value.
        _ if node.as_bool(STORE) == Ok(Some(false)) => return Ok(TokenStore::Off),
        _ => {}
    }
    match text.split_once("://").map_or(Err("no store has this name"), check_redis) {
        Err(problem) => {
            let (given, origin) = (without_secrets(text), node.origin.clone());
            Err(Error::Store { given, problem, origin })
        }
        Ok(()) if surroundings.folder(&node.origin).1 => Err(untrusted(STORE, node)),
        Ok(()) => Ok(TokenStore::Redis(text.into())),
    }
}

fn key_file(node: &Node, surroundings: &Surroundings) -> Result<PathBuf, Error> {
    let path = expanded(text(STORE_KEY_FILE, node)?.expose_secret(), surroundings.home.as_deref());
    match surroundings.folder(&node.origin) {
        (_, true) => Err(untrusted(STORE_KEY_FILE, node)),
        (folder, false) => Ok(folder.join(path)),
    }
}

fn text<'a>(key: &str, node: &'a Node) -> Result<&'a SecretString, Error> {
    node.as_secret().ok_or_else(|| invalid(key, NO_TEXT, &node.origin))
}

fn invalid(key: &str, problem: &'static str, origin: &ValueOrigin) -> Error {
    Error::InvalidValue { key: key.to_owned(), problem, origin: origin.clone() }
}

fn untrusted(key: &'static str, node: &Node) -> Error {
    Error::StoreUntrusted { key, origin: node.origin.clone() }
}

/// Checks the parts of a URL that a Redis client would misread or ignore.
fn check_redis((scheme, rest): (&str, &str)) -> Result<(), &'static str> {
    if !["redis", "rediss"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err("no store has URLs of this scheme");
    }
    if rest.contains(['?', '#']) {
        return Err("the URL has a query or a fragment, which is not read; remove it");
    }
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (server, None),
    };
    if host.is_empty() {
        return Err("the URL has no host");
    }
    if !is_host(host) || port.is_some_and(|port| !is_port(port)) {
        return Err("the URL has no valid host and port; a password in it needs percent encoding");
    }
    if !is_encoded(user) {
        return Err("the user or the password in the URL needs percent encoding");
    }
    let is_number = database.bytes().all(|digit| digit.is_ascii_digit()) && database.len() <= 5;
    if is_number { Ok(()) } else { Err("the path of the URL is no number of a database") }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    }
}

fn is_port(port: &str) -> bool {
    // `parse` takes a sign, too.
    port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0)
}

/// Whether a user and a password have only characters that a URL may have there.
fn is_encoded(text: &str) -> bool {
    let mut parts = text.split('%');
    let is_plain = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&b))
    };
    let is_hex = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    parts.next().is_none_or(is_plain) && parts.all(|part| is_hex(part) && is_plain(part))
}

/// The part of a value that cannot hold a password: a word, or the scheme of a URL.
fn without_secrets(text: &str) -> String {
    let is_word =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._+/".contains(&b));
    match text.split_once("://") {
        Some((scheme, _)) if is_word(scheme) => format!("{scheme}://…"),
        None if is_word(text) => text.to_owned(),
        _ => "…".to_owned(),
    }
}

const FILE: &str = "file";
const OFF: &str = "off";

const NO_TEXT: &str = "must be a text; put quotes around it";
const NOT_OF_A_CLOUD: &str = "a mapping cache belongs to the top level of the file, beside clouds; \
                              for one cloud, set auth_store";
