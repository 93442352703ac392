//! Warnings: likely mistakes that do not prevent a login.

use std::{fmt, path::PathBuf};

use crate::{
    report::origin::ValueOrigin,
    text::{shown, shown_path},
};

/// A likely mistake in the configuration. The text shows no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// keystoneauth adds a header `Authorization: Bearer` to each request of this kind of login. This
    /// crate logs in with the application credential and does not.
    BearerNotSent(ValueOrigin),
    /// A CA file is set, but verification is off, so the file is not read.
    CacertUnused(ValueOrigin),
    /// A complete credential is not used by this kind of login.
    CredentialIgnored {
        /// The key of its secret.
        key: &'static str,
        /// The kind of login, an `auth_type`.
        used: String,
        /// The kind of login that uses this credential.
        needed: &'static str,
        /// Where the secret is set.
        origin: ValueOrigin,
    },
    /// The key has a newer name.
    Deprecated {
        /// The key.
        key: String,
        /// The newer name.
        instead: &'static str,
        /// Where the key is set.
        origin: ValueOrigin,
    },
    /// A mapping has the same key twice; the last value is used.
    KeyDuplicate(ValueOrigin),
    /// The key is not read by this crate.
    KeyUnknown {
        /// The key.
        key: String,
        /// A known key with nearly the same spelling.
        nearest: Option<&'static str>,
        /// Where the key is set.
        origin: ValueOrigin,
    },
    /// The file has no key `clouds`.
    NoClouds(PathBuf),
    /// The identity URL is plain http, which the key `allow_plain_http` allows: everyone on the way
    /// can read the password and the tokens.
    PlainHttp {
        /// Scheme, host and port of the identity URL.
        url: String,
        /// Where plain http is allowed.
        origin: ValueOrigin,
    },
    /// The vendor will shut the cloud down.
    ProfileDeprecated {
        /// The profile.
        name: String,
        /// The profile's own message.
        message: String,
    },
    /// The profile is neither in clouds-public.yaml nor built in.
    ProfileUnknown {
        /// The profile.
        name: String,
        /// Where it is set.
        origin: ValueOrigin,
    },
    /// Other users of this machine can read a file that holds a secret of this cloud.
    ReadableByOthers(PathBuf),
    /// The scope is not used by this kind of login.
    ScopeIgnored {
        /// The key.
        key: &'static str,
        /// The reason.
        why: &'static str,
        /// Where the key is set.
        origin: ValueOrigin,
    },
    /// A setting decides who receives a secret or the token that it gives, and is set in another
    /// directory than the secret (the environment counts as a directory). Any user who can write to
    /// that directory can obtain the secret or the token.
    SecretFromElsewhere {
        /// The secret's key.
        key: String,
        /// Where the secret is set.
        secret: ValueOrigin,
        /// The key of the setting: `auth_url`, `cacert`, `compute_endpoint_override`, ...
        setting: String,
        /// Where the setting is set.
        origin: ValueOrigin,
    },
    /// The file exists, but cannot be read; the search continues with the next location.
    Unreadable(PathBuf),
    /// The server's certificate is not verified.
    Unverified(ValueOrigin),
    /// An unknown key has no value. It may be the rest of a text with a comma in it, so it is not
    /// shown.
    ValueMissing(ValueOrigin),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BearerNotSent(origin) => write!(
                f,
                "auth_type v3oauth2clientcredential: requests have X-Auth-Token, but no \
                 Authorization: Bearer, and oauth2_endpoint is not used ({origin})"
            ),
            Self::CacertUnused(origin) => {
                write!(f, "cacert: not used, because verification is off ({origin})")
            }
            Self::CredentialIgnored { key, used, needed, origin } => write!(
                f,
                "{key}: not used by auth_type {}; to log in with it, set auth_type: {needed} \
                 ({origin})",
                shown(used)
            ),
            Self::Deprecated { key, instead, origin } => {
                write!(f, "{}: deprecated; write {instead} ({origin})", shown(key))
            }
            Self::KeyDuplicate(origin) => {
                write!(f, "duplicate key: the last value is used ({origin}); remove the others")
            }
            Self::KeyUnknown { key, nearest: Some(nearest), origin } => {
                write!(f, "{}: unknown key; did you mean {nearest}? ({origin})", shown(key))
            }
            Self::KeyUnknown { key, nearest: None, origin } => {
                write!(f, "{}: unknown key ({origin})", shown(key))
            }
            Self::NoClouds(path) => {
                write!(f, "{}: no key clouds; put the clouds under it", shown_path(path))
            }
            Self::PlainHttp { url, origin } => write!(
                f,
                "{}: plain http, so passwords and tokens can be read on the way ({origin}); use \
                 https",
                shown(url)
            ),
            Self::ProfileDeprecated { name, message } => {
                write!(f, "profile {}: deprecated ({})", shown(name), shown(message))
            }
            Self::ProfileUnknown { name, origin } => write!(
                f,
                "profile {}: neither in clouds-public.yaml nor built in; profiles are not fetched \
                 from the network ({origin})",
                shown(name)
            ),
            Self::ReadableByOthers(path) => write!(
                f,
                "{}: holds a secret and is readable by others; chmod 600 it",
                shown_path(path)
            ),
            Self::ScopeIgnored { key, why, origin } => {
                write!(f, "{key}: ignored; {why} ({origin})")
            }
            Self::SecretFromElsewhere { key, secret, setting, origin } => write!(
                f,
                "auth.{}: {1} of another place ({origin}) decides who receives it or its token; to \
                 confirm, put {1} beside it ({secret})",
                shown(key),
                shown(setting)
            ),
            Self::Unreadable(path) => write!(
                f,
                "{}: cannot be read, the search continues; check its type and permissions",
                shown_path(path)
            ),
            Self::Unverified(origin) => {
                write!(f, "the server's certificate is not verified ({origin}); set cacert instead")
            }
            Self::ValueMissing(origin) => write!(
                f,
                "unknown key without a value; if it is part of a text, quote the text ({origin})"
            ),
        }
    }
}
