use std::{error::Error as StdError, fmt, time::Duration};

use auth_proto::{Challenge, ErrorKind, Question};
use time::UtcDateTime;

/// An error of either adapter, or of the bare core. Text and source are the adapter's own.
pub enum Error {
    /// From the bare core.
    Core(auth_proto::Error),
    /// From the bare core, whose login asks for something.
    CoreAsks(Box<Question>),
    /// From `auth-reqwest`.
    Reqwest(Box<auth_reqwest::Error>),
    /// From `auth-ureq`.
    Ureq(Box<auth_ureq::Error>),
}

/// What all three have in common.
enum Cause<'a> {
    Auth(&'a auth_proto::Error),
    Deadline(Option<&'a auth_proto::Error>),
    Asks(&'a Question),
    Other,
    Timeouts(Duration, Duration),
    Transport { is_timeout: bool },
}

impl Error {
    fn cause(&self) -> Cause<'_> {
        /// The errors of both adapters have the same variants.
        macro_rules! of_adapter {
            ($error:expr, $adapter:ident, $is_timeout:expr) => {
                match &**$error {
                    $adapter::Error::Auth(error) => Cause::Auth(error),
                    $adapter::Error::Deadline { last } => Cause::Deadline(last.as_ref()),
                    $adapter::Error::IdentityTimeout { identity, response } => {
                        Cause::Timeouts(*identity, *response)
                    }
                    $adapter::Error::Ask(question) => Cause::Asks(question),
                    $adapter::Error::Transport(error) => {
                        Cause::Transport { is_timeout: $is_timeout(error) }
                    }
                    _ => Cause::Other,
                }
            };
        }
        match self {
            Self::Core(error) => Cause::Auth(error),
            Self::CoreAsks(question) => Cause::Asks(question),
            Self::Reqwest(error) => of_adapter!(error, auth_reqwest, reqwest::Error::is_timeout),
            Self::Ureq(error) => {
                let is_timeout = |error: &ureq::Error| matches!(error, ureq::Error::Timeout(_));
                of_adapter!(error, auth_ureq, is_timeout)
            }
        }
    }

    /// The core's own error, if the adapter hands one on.
    pub fn auth(&self) -> Option<&auth_proto::Error> {
        if let Cause::Auth(error) = self.cause() { Some(error) } else { None }
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

    /// The question that has no answer yet.
    pub fn question(&self) -> Option<&Question> {
        if let Cause::Asks(question) = self.cause() { Some(question) } else { None }
    }

    /// The challenge, if the login needs another factor.
    pub fn challenge(&self) -> Option<&Challenge> {
        match self.cause() {
            Cause::Asks(Question::Factor(challenge)) => Some(challenge),
            _ => None,
        }
    }

    /// Whether the caller's time ended.
    pub fn is_deadline(&self) -> bool {
        matches!(self.cause(), Cause::Deadline(_))
    }

    /// The last login's error, if the caller's time ended after one failed.
    pub fn last(&self) -> Option<&auth_proto::Error> {
        match self.cause() {
            Cause::Deadline(last) => last,
            _ => None,
        }
    }

    /// Whether a request other than a login got no response.
    pub fn is_transport(&self) -> bool {
        matches!(self.cause(), Cause::Transport { .. })
    }

    /// Whether the HTTP client's own timeout ended a request other than a login.
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause(), Cause::Transport { is_timeout: true })
    }

    /// Both timeouts, if the builder refused them: the identity timeout and the response timeout.
    pub fn timeouts(&self) -> Option<(Duration, Duration)> {
        match self.cause() {
            Cause::Timeouts(identity, response) => Some((identity, response)),
            _ => None,
        }
    }

    /// As the adapters' `is_retryable`. False for the bare core.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Core(_) | Self::CoreAsks(_) => false,
            Self::Reqwest(error) => error.is_retryable(),
            Self::Ureq(error) => error.is_retryable(),
        }
    }

    /// As the adapters' `retry_at`. `None` for the bare core.
    pub fn retry_at(&self) -> Option<UtcDateTime> {
        match self {
            Self::Core(_) | Self::CoreAsks(_) => None,
            Self::Reqwest(error) => error.retry_at(),
            Self::Ureq(error) => error.retry_at(),
        }
    }

    fn inner(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Core(error) => error,
            Self::CoreAsks(_) => &NEED_FACTOR,
            Self::Reqwest(error) => &**error,
            Self::Ureq(error) => &**error,
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
            Self::CoreAsks(question) => write!(f, "{question}: {question:?}"),
            other => write!(f, "{}", other.inner()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoreAsks(question) => write!(f, "{question:?}"),
            other => write!(f, "{:?}", other.inner()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner().source()
    }
}

/// For tests that report failures as text.
impl From<Error> for String {
    fn from(error: Error) -> Self {
        error.shown()
    }
}

impl From<auth_proto::Error> for Error {
    fn from(error: auth_proto::Error) -> Self {
        Self::Core(error)
    }
}

impl From<auth_reqwest::Error> for Error {
    fn from(error: auth_reqwest::Error) -> Self {
        Self::Reqwest(Box::new(error))
    }
}

impl From<auth_ureq::Error> for Error {
    fn from(error: auth_ureq::Error) -> Self {
        Self::Ureq(Box::new(error))
    }
}

impl From<ureq::Error> for Error {
    fn from(error: ureq::Error) -> Self {
        auth_ureq::Error::Transport(error).into()
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        auth_reqwest::Error::Transport(error).into()
    }
}
