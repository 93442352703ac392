//! The events of a session, for an operator.

use std::{collections::VecDeque, fmt};

use time::{Duration, UtcDateTime};

use crate::{error::Error, limits, model::scope::Scope, text::timestamp};

/// A change that an operator may want to know: a failed login and its pause, a renewed token. No
/// event contains a secret. See [`Session::poll_event`](crate::Session::poll_event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The caller's clock went back by more than a second, or forward by more than a day, between
    /// two calls. The session goes on; tokens may end early.
    ClockJump {
        /// The jump; negative if the clock went back.
        by: Duration,
    },
    /// The service refused the credential. The session does not send it again for this scope before
    /// `retry_at`.
    CredentialRejected {
        /// The requested scope.
        scope: Scope,
        /// The refusal.
        error: Error,
        /// The time of the next attempt; `None`: not before the credential is replaced.
        retry_at: Option<UtcDateTime>,
    },
    /// A login failed for another reason.
    LoginFailed {
        /// The requested scope.
        scope: Scope,
        /// Whether the same login may succeed later.
        class: FailureClass,
        /// The reason.
        error: Error,
        /// The earliest time of the next attempt.
        retry_at: UtcDateTime,
    },
    /// A request with the credential, a further factor, or a token to be exchanged was handed out:
    /// one event for each request of a login.
    LoginStarted {
        /// The requested scope.
        scope: Scope,
    },
    /// A service answered 401 to a valid token, and the session dropped the token.
    TokenRejected {
        /// The token's scope.
        scope: Scope,
    },
    /// A login gave a token: the first one, or a renewed one.
    TokenRenewed {
        /// The token's scope.
        scope: Scope,
        /// The end of the token, by the server's clock.
        expires_at: UtcDateTime,
    },
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureClass {
    /// The login fails until the configuration or the cloud changes.
    Permanent,
    /// The same login may succeed later.
    Transient,
}

impl Event {
    /// The event with another time of the next attempt, if it has one.
    pub(crate) fn with_retry_at(mut self, at: Option<UtcDateTime>) -> Self {
        match (&mut self, at) {
            (Self::CredentialRejected { retry_at, .. }, at) => *retry_at = at,
            (Self::LoginFailed { retry_at, .. }, Some(at)) => *retry_at = at,
            _ => {}
        }
        self
    }
}

impl FailureClass {
    pub(crate) fn of(error: &Error) -> Self {
        if error.is_retryable() { Self::Transient } else { Self::Permanent }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = timestamp::in_seconds;
        match self {
            Self::ClockJump { by } if by.is_negative() => {
                write!(f, "the clock went back by {}", -*by)
            }
            Self::ClockJump { by } => write!(f, "the clock went forward by {by} at once"),
            Self::CredentialRejected { error, retry_at: None, .. } => {
                write!(f, "credential refused: {error}; not sent again before it is replaced")
            }
            Self::CredentialRejected { error, retry_at: Some(at), .. } => {
                write!(f, "credential refused: {error}; next probe at {}", stamp(*at))
            }
            Self::LoginFailed { error, retry_at, .. } => {
                write!(f, "login failed: {error}; next attempt at {}", stamp(*retry_at))
            }
            Self::LoginStarted { .. } => f.write_str("login started"),
            Self::TokenRejected { .. } => f.write_str("token refused by a service, and dropped"),
            Self::TokenRenewed { expires_at, .. } => {
                write!(f, "token renewed; it ends at {}", stamp(*expires_at))
            }
        }
    }
}

/// The last [`limits::EVENTS`] that have not been taken.
#[derive(Debug, Default)]
pub(crate) struct Events(VecDeque<Event>);

impl Events {
    pub(crate) fn push(&mut self, event: Event) {
        if self.0.len() >= limits::EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.0.pop_front()
    }
}
