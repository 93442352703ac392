//! What is odd, but no reason to stop.

use std::{fmt, path::PathBuf};

use crate::{
    origin::Origin,
    text::{shown, shown_path},
};

/// Something that a user should know about their configuration. It shows no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A CA file is set, and verification is off, so that it is never read.
    CacertUnused(Origin),
    /// Another key says the same, and is the one that counts.
    Deprecated {
        /// The key.
        key: String,
        /// The one to use.
        instead: &'static str,
        /// Where it is.
        origin: Origin,
    },
    /// A key stands twice in one mapping; the last one counts.
    KeyTwice(Origin),
    /// A key that nothing reads.
    KeyUnknown {
        /// The key.
        key: String,
        /// A known one that is written nearly the same.
        nearest: Option<&'static str>,
        /// Where it is.
        origin: Origin,
    },
    /// A file without the key `clouds`.
    NoClouds(PathBuf),
    /// A vendor's cloud whose days are numbered.
    ProfileDeprecated {
        /// The profile.
        name: String,
        /// What is known about it.
        message: String,
    },
    /// A profile that is neither in clouds-public.yaml nor built in.
    ProfileUnknown {
        /// The profile.
        name: String,
        /// Where it is asked for.
        origin: Origin,
    },
    /// Others on this machine can read a file with a secret of this cloud in it.
    ReadableByOthers(PathBuf),
    /// A scope that is not asked for.
    ScopeIgnored {
        /// The key.
        key: &'static str,
        /// Why not.
        why: &'static str,
        /// Where it is.
        origin: Origin,
    },
    /// A secret of one directory goes to the URL that a file of another directory names. Whoever can
    /// write there can have the secret.
    SecretFromElsewhere {
        /// The secret's key.
        key: String,
        /// Where the secret is.
        secret: Origin,
        /// Where the URL is.
        url: Origin,
    },
    /// A file that is there, but cannot be read; the next place is searched.
    Unreadable(PathBuf),
    /// The server's certificate is not verified.
    Unverified(Origin),
    /// A key that nothing reads, without a value. It may be the rest of a text with a comma in it, so
    /// that it is not shown.
    ValueMissing(Origin),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CacertUnused(origin) => {
                write!(f, "cacert: never read, because verification is off ({origin})")
            }
            Self::Deprecated { key, instead, origin } => {
                write!(f, "{}: write {instead} ({origin})", shown(key))
            }
            Self::KeyTwice(origin) => write!(f, "a key stands twice, the last counts ({origin})"),
            Self::KeyUnknown { key, nearest: Some(nearest), origin } => {
                write!(f, "{}: unknown key; did you mean {nearest}? ({origin})", shown(key))
            }
            Self::KeyUnknown { key, nearest: None, origin } => {
                write!(f, "{}: unknown key ({origin})", shown(key))
            }
            Self::NoClouds(path) => write!(f, "{}: has no key clouds", shown_path(path)),
            Self::ProfileDeprecated { name, message } => {
                write!(f, "profile {}: is deprecated ({})", shown(name), shown(message))
            }
            Self::ProfileUnknown { name, origin } => write!(
                f,
                "profile {}: is neither in clouds-public.yaml nor built in, and none is fetched \
                 from the network ({origin})",
                shown(name)
            ),
            Self::ReadableByOthers(path) => write!(
                f,
                "{}: holds a secret and is readable by others; chmod 600 it",
                shown_path(path)
            ),
            Self::ScopeIgnored { key, why, origin } => {
                write!(f, "{key}: ignored, {why} ({origin})")
            }
            Self::SecretFromElsewhere { key, secret, url } => write!(
                f,
                "auth.{}: is sent to the auth_url of another directory ({url}); if that is right, \
                 put auth_url beside it, too ({secret})",
                shown(key)
            ),
            Self::Unreadable(path) => {
                write!(f, "{}: cannot be read; the next place is searched", shown_path(path))
            }
            Self::Unverified(origin) => {
                write!(f, "the server's certificate is not verified ({origin}); set cacert instead")
            }
            Self::ValueMissing(origin) => write!(
                f,
                "a key that is not known has no value; is it part of a text that needs quotes? \
                 ({origin})"
            ),
        }
    }
}
