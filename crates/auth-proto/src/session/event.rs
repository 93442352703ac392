//! What happens to an account, for whoever watches over it.

use std::{collections::VecDeque, fmt};

use time::{Duration, UtcDateTime};

use crate::{error::Error, limits, model::scope::Scope, text::timestamp};

/// Something that an operator may want to know: why a service pauses, when its token was renewed.
/// No secret is in it. See [`Session::poll_event`](crate::Session::poll_event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The caller's clock went back by more than a second, or on by more than a day between two
    /// calls. Nothing breaks: tokens may end early.
    ClockJump {
        /// How far; negative if it went back.
        by: Duration,
    },
    /// The credential was refused. It is not sent again for this scope before `retry_at`.
    CredentialRejected {
        /// The scope that was asked for.
        scope: Scope,
        /// What the service said.
        error: Error,
        /// When it is tried again; `None`: not before it is replaced.
        retry_at: Option<UtcDateTime>,
    },
    /// A login failed in another way.
    LoginFailed {
        /// The scope that was asked for.
        scope: Scope,
        /// Whether it may pass by itself.
        class: FailureClass,
        /// Why.
        error: Error,
        /// When it is tried again, at the earliest.
        retry_at: UtcDateTime,
    },
    /// The credential, a further factor, or a token to be exchanged is on its way: once for each
    /// request of a login.
    LoginStarted {
        /// The scope that is asked for.
        scope: Scope,
    },
    /// A service answered 401 to a token that had not ended, and it was dropped.
    TokenRejected {
        /// The token's scope.
        scope: Scope,
    },
    /// A login gave a token, the first one or a new one.
    TokenRenewed {
        /// The token's scope.
        scope: Scope,
        /// When it ends, by the server's clock.
        expires_at: UtcDateTime,
    },
}

/// Whether a failure may pass by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureClass {
    /// Somebody has to change something.
    Permanent,
    /// The same login may succeed later.
    Transient,
}

impl Event {
    /// With another time of the next attempt, where it tells one.
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
            Self::ClockJump { by } => write!(f, "the clock went on by {by} at once"),
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

/// The last [`limits::EVENTS`] that nobody has taken.
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
