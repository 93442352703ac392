//! What a login asks of a person or a file, and the replies.

use std::fmt;

use secrecy::SecretString;

use crate::model::{challenge::Challenge, credential::Factor, secret::SecretSource};

/// What a login needs before its next request, from a person or from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// A further factor, or a new one-time code: a person has it.
    Factor(Challenge),
    /// The secret that this source holds now.
    Secret(SecretSource),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor(_) => f.write_str("the login needs a further factor; ask the user"),
            Self::Secret(source) => write!(f, "the login needs the secret of {source}; read it"),
        }
    }
}

/// The reply to a [`Question`].
#[derive(Clone)]
#[non_exhaustive]
pub enum Reply {
    /// To [`Question::Factor`].
    Factor(Factor),
    /// To [`Question::Secret`].
    Secret(SecretString),
}

impl From<Factor> for Reply {
    fn from(factor: Factor) -> Self {
        Self::Factor(factor)
    }
}

impl From<SecretString> for Reply {
    fn from(secret: SecretString) -> Self {
        Self::Secret(secret)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor(factor) => f.debug_tuple("Factor").field(factor).finish(),
            Self::Secret(_) => f.write_str("Secret(..)"),
        }
    }
}
