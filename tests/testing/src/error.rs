use std::{error::Error as StdError, fmt, time::Duration};

use auth_proto::{Challenge, ErrorKind};

/// An error of either adapter, or of the bare core. Text and source are the adapter's own.
pub enum Error {
    /// From the bare core.
    Core(auth_proto::Error),
    /// From the bare core, whose login needs another factor.
    CoreFactor(Challenge),
    /// From `auth-reqwest`.
    Reqwest(auth_reqwest::Error),
    /// From `auth-ureq`.
    Ureq(auth_ureq::Error),
}

impl Error {
    /// The core's own error, if the adapter hands one on.
    pub fn auth(&self) -> Option<&auth_proto::Error> {
        match self {
            Self::Core(error)
            | Self::Reqwest(auth_reqwest::Error::Auth(error))
            | Self::Ureq(auth_ureq::Error::Auth(error)) => Some(error),
            _ => None,
        }
    }

    /// The kind of the core's own error.
    ///
    /// # Panics
    ///
    /// If the error is of another family.
    pub fn kind(&self) -> &ErrorKind {
        let Some(error) = self.auth() else { panic!("not an error of the core: {self:?}") };
        error.kind()
    }

    /// The challenge, if the login needs another factor.
    pub fn challenge(&self) -> Option<&Challenge> {
        match self {
            Self::CoreFactor(challenge)
            | Self::Reqwest(auth_reqwest::Error::NeedFactor(challenge))
            | Self::Ureq(auth_ureq::Error::NeedFactor(challenge)) => Some(challenge),
            _ => None,
        }
    }

    /// Whether the caller's time ended.
    pub fn is_deadline(&self) -> bool {
        matches!(
            self,
            Self::Reqwest(auth_reqwest::Error::Deadline { .. })
                | Self::Ureq(auth_ureq::Error::Deadline { .. })
        )
    }

    /// The last login's error, if the caller's time ended after one failed.
    pub fn last(&self) -> Option<&auth_proto::Error> {
        match self {
            Self::Reqwest(auth_reqwest::Error::Deadline { last })
            | Self::Ureq(auth_ureq::Error::Deadline { last }) => last.as_ref(),
            _ => None,
        }
    }

    /// Whether a request other than a login got no response.
    pub fn is_transport(&self) -> bool {
        matches!(
            self,
            Self::Reqwest(auth_reqwest::Error::Transport(_))
                | Self::Ureq(auth_ureq::Error::Transport(_))
        )
    }

    /// Whether the HTTP client's own timeout ended a request other than a login.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Reqwest(auth_reqwest::Error::Transport(error)) => error.is_timeout(),
            Self::Ureq(auth_ureq::Error::Transport(error)) => {
                matches!(error, ureq::Error::Timeout(_))
            }
            _ => false,
        }
    }

    /// Both timeouts, if the builder refused them: the identity timeout and the response timeout.
    pub fn timeouts(&self) -> Option<(Duration, Duration)> {
        match self {
            Self::Reqwest(auth_reqwest::Error::IdentityTimeout { identity, flight })
            | Self::Ureq(auth_ureq::Error::IdentityTimeout { identity, flight }) => {
                Some((*identity, *flight))
            }
            _ => None,
        }
    }

    fn inner(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Core(error) => error,
            Self::CoreFactor(_) => &NEED_FACTOR,
            Self::Reqwest(error) => error,
            Self::Ureq(error) => error,
        }
    }

    /// This error and its sources, as `Display` and `Debug` show them.
    pub fn shown(&self) -> String {
        let errors = std::iter::successors(Some(self.inner()), |&error| error.source());
        errors.map(|error| format!("{error} {error:?} {error:#?} ")).collect()
    }
}

const NEED_FACTOR: fmt::Error = fmt::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoreFactor(challenge) => write!(f, "the login needs a factor: {challenge:?}"),
            other => write!(f, "{}", other.inner()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoreFactor(challenge) => write!(f, "{challenge:?}"),
            other => write!(f, "{:?}", other.inner()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner().source()
    }
}

impl From<auth_proto::Error> for Error {
    fn from(error: auth_proto::Error) -> Self {
        Self::Core(error)
    }
}

impl From<auth_reqwest::Error> for Error {
    fn from(error: auth_reqwest::Error) -> Self {
        Self::Reqwest(error)
    }
}

impl From<auth_ureq::Error> for Error {
    fn from(error: auth_ureq::Error) -> Self {
        Self::Ureq(error)
    }
}

impl From<ureq::Error> for Error {
    fn from(error: ureq::Error) -> Self {
        Self::Ureq(auth_ureq::Error::Transport(error))
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::Reqwest(auth_reqwest::Error::Transport(error))
    }
}
