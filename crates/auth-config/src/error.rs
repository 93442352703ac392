//! What went wrong, where, and what to do.

use std::path::PathBuf;

use thiserror::Error as ThisError;

use crate::{
    origin::Origin,
    text::{listed, shown, shown_path},
    warning::Warning,
};

/// What is wrong with a configuration: which file and key or which variable, and what to put there.
/// No error repeats a value, but for names of clouds, regions, profiles and kinds of login.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A kind of login that cannot be expressed.
    #[error("auth_type: {} is not supported ({origin}); use one of: {supported}", shown(auth_type))]
    AuthType {
        /// What was asked for.
        auth_type: String,
        /// Where it was asked for.
        origin: Origin,
        /// What there is.
        supported: &'static str,
    },
    /// Neither true nor false.
    #[error("{}: is neither true nor false ({origin}); write true or false", shown(key))]
    Bool {
        /// The key.
        key: String,
        /// Where it was set.
        origin: Origin,
    },
    /// There are several clouds, and nobody said which.
    #[error("several clouds are configured; choose one, or set OS_CLOUD: {}", listed(names.iter().map(String::as_str)))]
    CloudAmbiguous {
        /// Their names.
        names: Vec<String>,
    },
    /// There is no cloud at all.
    #[error("no cloud is configured: no file clouds.yaml in {searched}, and no OS_AUTH_URL")]
    CloudMissing {
        /// The places that were searched.
        searched: String,
    },
    /// A file and the variables define a cloud of the same name.
    #[error(
        "{}: the cloud {} has the name of the one that OS_* variables define; \
         rename it, or set OS_CLOUD_NAME to another name",
        shown_path(path),
        shown(name)
    )]
    CloudTwice {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// There is no cloud of this name.
    #[error("cloud {}: is not configured; there is: {}", shown(name), listed(known.iter().map(String::as_str)))]
    CloudUnknown {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Something that a login needs is nowhere.
    #[error("cloud {}: {key} is missing; {}", shown(cloud), said(clue.as_deref(), remedy))]
    Missing {
        /// The cloud.
        cloud: String,
        /// What the configuration has in its place: a misspelled key, or an unknown profile.
        clue: Option<Box<Warning>>,
        /// The key, as clouds.yaml has it.
        key: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A value of another kind is wanted here.
    #[error("{}: {problem} ({origin})", shown(key))]
    Misplaced {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
        /// Where it was set.
        origin: Origin,
    },
    /// A variable holds no Unicode.
    #[error("variable {}: is not valid Unicode; set it anew", shown(name))]
    NotUnicode {
        /// Its name.
        name: String,
    },
    /// The URL of a service cannot be used.
    #[error("{}: {error} ({origin})", shown(key))]
    Override {
        /// The key.
        key: String,
        /// What the core says.
        #[source]
        error: auth_proto::Error,
        /// Where it was set.
        origin: Origin,
    },
    /// The login core refuses what was configured.
    #[error("cloud {}: {error}", shown(cloud))]
    Proto {
        /// The cloud.
        cloud: String,
        /// What the core says.
        #[source]
        error: auth_proto::Error,
    },
    /// A cloud of a vendor that is no more.
    #[error("profile {}: the cloud no longer exists ({})", shown(name), shown(message))]
    ProfileShutdown {
        /// The profile's name.
        name: String,
        /// What is known about it.
        message: String,
    },
    /// The cloud has no such region.
    #[error(
        "region {}: cloud {} has no such region; it has: {} (upper and lower case matter)",
        shown(region), shown(cloud), listed(known.iter().map(String::as_str))
    )]
    RegionUnknown {
        /// The cloud.
        cloud: String,
        /// The region that was asked for.
        region: String,
        /// The regions that are configured.
        known: Vec<String>,
    },
    /// A token is good for one thing.
    #[error("cloud {}: asks for two scopes, {}; keep one", shown(cloud), both(asked))]
    ScopeTwice {
        /// The cloud.
        cloud: String,
        /// The keys that ask, and where each was set.
        asked: Vec<(&'static str, Origin)>,
    },
    /// A placeholder that cannot be filled.
    #[error(
        "{}: has a placeholder in braces that stands for nothing ({origin}); only keys of the cloud that hold plain text, such as {{region_name}}, can be used",
        shown(key)
    )]
    Template {
        /// The key.
        key: String,
        /// Where it was set.
        origin: Origin,
    },
    /// A file is larger than [`limits::FILE`](crate::limits::FILE).
    #[error("{}: is larger than {limit} bytes; is it the right file?", shown_path(path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A file is no YAML, or more than is read.
    #[error("{}:{line}:{column}: {problem}", shown_path(path))]
    Yaml {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// What is wrong there.
        problem: &'static str,
    },
}

fn both(asked: &[(&str, Origin)]) -> String {
    let one = |(key, origin): &(&str, Origin)| format!("{key} ({origin})");
    asked.iter().map(one).collect::<Vec<_>>().join(" and ")
}

/// What was probably meant is told before what would do as well.
fn said(clue: Option<&Warning>, remedy: &str) -> String {
    clue.map_or_else(|| remedy.to_owned(), Warning::to_string)
}
