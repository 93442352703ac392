//! Secrets that are known, and secrets that are read when they are needed.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

/// A secret of a credential: one that is known, or one that each login reads from its source.
#[derive(Clone)]
#[non_exhaustive]
pub enum Secret {
    /// The secret itself.
    Given(SecretString),
    /// A secret that changes: a mounted file, the output of a command. Each login asks for it with
    /// [`Question::Secret`](crate::Question::Secret), so that a new one is used as soon as it is
    /// there.
    Asked(SecretSource),
}

impl Secret {
    /// The text; empty as long as it is not known.
    pub(crate) fn expose(&self) -> &str {
        match self {
            Self::Given(secret) => secret.expose_secret(),
            Self::Asked(_) => "",
        }
    }

    /// The source, if the secret is not known.
    pub(crate) fn source(&self) -> Option<&SecretSource> {
        match self {
            Self::Given(_) => None,
            Self::Asked(source) => Some(source),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given(..)"),
            Self::Asked(source) => f.debug_tuple("Asked").field(source).finish(),
        }
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::Given(secret.into())
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::Given(secret.into())
    }
}

impl From<Box<str>> for Secret {
    fn from(secret: Box<str>) -> Self {
        Self::Given(secret.into())
    }
}

impl From<SecretString> for Secret {
    fn from(secret: SecretString) -> Self {
        Self::Given(secret)
    }
}

impl From<SecretSource> for Secret {
    fn from(source: SecretSource) -> Self {
        Self::Asked(source)
    }
}

/// The place that a secret is read from, by a name that its reader understands. The name is shown in
/// errors and logs.
///
/// ```
/// use auth_proto::{Credential, SecretSource};
///
/// let password = SecretSource::new("the file /run/secrets/password");
/// let credential = Credential::password("me", password);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretSource(Arc<str>);

impl SecretSource {
    /// The source with this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
