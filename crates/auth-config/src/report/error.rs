//! Configuration errors: the problem, its place and the remedy.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use auth_proto::{ConfigError, ErrorKind, UrlProblem};
use thiserror::Error as ThisError;

use crate::{
    report::{
        origin::ValueOrigin,
        problem::{FileProblem, SecretProblem},
        warning::Warning,
    },
    text::{listed, shown, shown_path},
};

/// A configuration that cannot be used. The text names the file and key, or the variable, and the
/// remedy. It repeats no value except names of clouds, regions, profiles and kinds of login.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The kind of login is not supported.
    #[error("auth_type: {} is not supported ({origin}); use one of: {supported}", shown(auth_type))]
    AuthType {
        /// The configured kind.
        auth_type: String,
        /// Where it is set.
        origin: ValueOrigin,
        /// The supported kinds.
        supported: &'static str,
    },
    /// The kind of login is for a person, who logs in with a browser.
    #[error(
        "auth_type: {} is a person's login, and this version does not open browsers yet ({origin}); \
         {instead}",
        shown(auth_type)
    )]
    AuthTypeInteractive {
        /// The configured kind.
        auth_type: String,
        /// Where it is set.
        origin: ValueOrigin,
        /// What to use instead.
        instead: &'static str,
    },
    /// A boolean is neither true nor false.
    #[error("{}: not a boolean ({origin}); write true or false", shown(key))]
    Bool {
        /// The key.
        key: String,
        /// Where it is set.
        origin: ValueOrigin,
    },
    /// Several clouds are configured, and none is chosen.
    #[error("cloud: several are configured; choose one, or set OS_CLOUD: {}", listed(names.iter().map(String::as_str)))]
    CloudAmbiguous {
        /// Their names.
        names: Vec<String>,
    },
    /// A file and the variables define a cloud of the same name.
    #[error(
        "{}: cloud {} has the same name as the cloud of the OS_* variables; rename it, or set \
         OS_CLOUD_NAME to another name",
        shown_path(path),
        shown(name)
    )]
    CloudDuplicate {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// No cloud is configured.
    #[error("no cloud is configured: no file clouds.yaml in {searched}, and no OS_AUTH_URL")]
    CloudMissing {
        /// The directories that were searched.
        searched: String,
    },
    /// No cloud of this name is configured.
    #[error("cloud {}: not configured; the configuration has: {}", shown(name), listed(known.iter().map(String::as_str)))]
    CloudUnknown {
        /// The requested name.
        name: String,
        /// The configured names.
        known: Vec<String>,
    },
    /// A file that the configuration names cannot be read.
    #[error("{}{}: {problem}", before(setting.as_deref()), shown_path(path))]
    File {
        /// The key or the variable that names the file; `None` for a file on the search path.
        setting: Option<String>,
        /// The file.
        path: PathBuf,
        /// The reason.
        problem: FileProblem,
    },
    /// A value has the wrong type or is not one of the allowed values.
    #[error("{}: {problem} ({origin})", shown(key))]
    InvalidValue {
        /// The key.
        key: String,
        /// The allowed values.
        problem: &'static str,
        /// Where it is set.
        origin: ValueOrigin,
    },
    /// The login needs a value that is not configured.
    #[error("cloud {}: {key} is missing; {}", shown(cloud), clue_or_remedy(clue.as_deref(), remedy))]
    Missing {
        /// The cloud.
        cloud: String,
        /// The probable cause: a misspelled key, or an unknown profile.
        clue: Option<Box<Warning>>,
        /// The key, as spelled in clouds.yaml.
        key: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// An `OS_*` variable or `CLOUD_AUTH_STORE` is not valid Unicode.
    #[error("variable {}: not valid Unicode; set it again", shown(name))]
    NotUnicode {
        /// Its name.
        name: String,
    },
    /// The configured URL of a service cannot be used.
    #[error("{}: {error} ({origin})", shown(key))]
    Override {
        /// The key.
        key: String,
        /// The login core's error.
        #[source]
        error: auth_proto::Error,
        /// Where it is set.
        origin: ValueOrigin,
    },
    /// A certificate or a private key cannot be used.
    #[error("{setting}: {}{problem}", place(path.as_deref()))]
    Pem {
        /// The key: `cacert`, `cert` or `key`.
        setting: &'static str,
        /// The file; `None` if the configuration holds the PEM text itself.
        path: Option<PathBuf>,
        /// The reason, without a secret.
        problem: String,
    },
    /// A profile in clouds-public.yaml has a vendor's name, but not the vendor's URL, or the URL of an
    /// identity provider, and the secret is not from its directory.
    #[error(
        "profile {}: clouds-public.yaml replaces the vendor's URLs by its {setting} ({url}), but {key} \
         is from another place ({origin}); give the profile another name, or put {setting} beside \
         {key}",
        shown(name)
    )]
    ProfileMoved {
        /// The profile's name.
        name: String,
        /// The key of its URL: `auth_url`, `endpoint` of services without an identity service, or
        /// `access_token_endpoint` or `discovery_endpoint` of an identity provider.
        setting: &'static str,
        /// Where its URL is set.
        url: Box<ValueOrigin>,
        /// The key of the secret, or `profile` if no secret is configured.
        key: String,
        /// Where this key is set.
        origin: Box<ValueOrigin>,
    },
    /// The vendor has shut this cloud down.
    #[error(
        "profile {}: the cloud no longer exists ({}); choose another profile",
        shown(name),
        shown(message)
    )]
    ProfileShutdown {
        /// The profile's name.
        name: String,
        /// The profile's own message.
        message: String,
    },
    /// The login core rejects the configured values.
    #[error("cloud {}: {}", shown(cloud), in_keys(error))]
    Proto {
        /// The cloud.
        cloud: String,
        /// The login core's error.
        #[source]
        error: auth_proto::Error,
    },
    /// The cloud has no such region.
    #[error(
        "region {}: unknown in cloud {}; choose one of: {} (case matters)",
        shown(region), shown(cloud), listed(known.iter().map(String::as_str))
    )]
    RegionUnknown {
        /// The cloud.
        cloud: String,
        /// The requested region.
        region: String,
        /// The configured regions.
        known: Vec<String>,
    },
    /// Two scopes are configured; a token has one.
    #[error("cloud {}: two scopes are set, {}; keep one", shown(cloud), joined(scopes))]
    ScopeConflict {
        /// The cloud.
        cloud: String,
        /// The keys that set a scope, and where each is set.
        scopes: Vec<(&'static str, ValueOrigin)>,
    },
    /// A secret that is read at each login cannot be read.
    #[error("{}: {problem}", shown_path(name.as_ref()))]
    Secret {
        /// The name of its source: the key, and the file, the variable or the program.
        name: String,
        /// The reason.
        problem: SecretProblem,
    },
    /// A secret is configured twice: a value and a source of it, or two sources.
    #[error("cloud {}: one secret is set twice, {}; keep one", shown(cloud), joined(secrets))]
    SecretConflict {
        /// The cloud.
        cloud: String,
        /// The keys that set it, and where each is set.
        secrets: Vec<(String, ValueOrigin)>,
    },
    /// A file that was found in the working directory names a command, a variable, or a file outside
    /// its folder as the source of a secret. Another user may have written the file, and the URL that
    /// the secret is sent to.
    #[error(
        "{}: a configuration that is found in the working directory may name only a file of its own \
         folder, by a relative path without .. ({origin}); move the setting to \
         ~/.config/openstack, or name the configuration with OS_CLIENT_CONFIG_FILE",
        shown(key)
    )]
    SecretUntrusted {
        /// The key.
        key: String,
        /// Where it is set.
        origin: ValueOrigin,
    },
    /// `auth_store`, or the variable `CLOUD_AUTH_STORE`, names no store.
    #[error(
        "auth_store: {}: {problem} ({origin}); set it to file, off, redis://HOST:PORT or \
         rediss://HOST:PORT",
        shown(given)
    )]
    Store {
        /// The value, but of a URL only the scheme, and nothing that may hold a password.
        given: String,
        /// What is wrong with it.
        problem: &'static str,
        /// Where it is set.
        origin: ValueOrigin,
    },
    /// A file that was found in the working directory names the server that stores tokens, or the
    /// file with the key of the store. Another user may have written it, and could read the tokens.
    #[error(
        "{key}: a configuration that is found in the working directory may set auth_store to file or \
         off only, and no key file ({origin}); move the setting to ~/.config/openstack, or name the \
         configuration with OS_CLIENT_CONFIG_FILE"
    )]
    StoreUntrusted {
        /// The key: `auth_store` or `auth_store_key_file`.
        key: &'static str,
        /// Where it is set.
        origin: ValueOrigin,
    },
    /// A file is not valid YAML or JSON, or exceeds one of the [`limits`](crate::limits).
    #[error("{}:{line}:{column}: {problem}", shown_path(path))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// The problem at this place.
        problem: &'static str,
    },
    /// A placeholder cannot be filled in.
    #[error(
        "{}: unknown placeholder in braces ({origin}); use a key of the cloud that holds plain text, such as {{region_name}}",
        shown(key)
    )]
    Template {
        /// The key.
        key: String,
        /// Where it is set.
        origin: ValueOrigin,
    },
}

/// The setting, before the rest of an error text.
fn before(setting: Option<&str>) -> String {
    setting.map_or_else(String::new, |setting| format!("{}: ", shown(setting)))
}

/// The file, before the rest of an error text.
fn place(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| format!("{}: ", shown_path(path)))
}

fn joined<K: fmt::Display>(values: &[(K, ValueOrigin)]) -> String {
    let one = |(key, origin): &(K, ValueOrigin)| format!("{key} ({origin})");
    values.iter().map(one).collect::<Vec<_>>().join(" and ")
}

/// The text of the login core's error, with a key in place of its functions.
fn in_keys(error: &auth_proto::Error) -> String {
    match error.kind() {
        ErrorKind::Config(ConfigError::Url { problem: UrlProblem::PlainHttp, .. }) => {
            "auth_url: plain http to a host other than loopback shows every secret to the network; \
             use https, or allow it with allow_plain_http: true (never for link-local and metadata \
             addresses, other names of this machine, and addresses in another notation)"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

/// The probable cause, or else the general remedy.
fn clue_or_remedy(clue: Option<&Warning>, remedy: &str) -> String {
    clue.map_or_else(|| remedy.to_owned(), Warning::to_string)
}
