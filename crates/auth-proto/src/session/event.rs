//! The events of a session, for an operator.

use std::{collections::VecDeque, fmt};

use time::{Duration, UtcDateTime};

use crate::{error::Error, limits, model::scope::Scope, text::timestamp, url::Origin};

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
    /// A service's 401 goes to the caller, because a second try is not possible or not useful. Every
    /// 401 that reaches a caller is such an event.
    RefusalDelivered {
        /// The service's scheme, host and port; empty if the request's URL has none.
        origin: String,
        /// The reason why the session did not ask for a second try.
        reason: RefusalReason,
    },
    /// A service refuses tokens that the identity service calls valid. Until the given time its
    /// refusals force no login. Other services are not concerned.
    ServiceAtOdds {
        /// The token's scope.
        scope: Scope,
        /// The service's scheme, host and port; empty if the request's URL has none.
        origin: String,
        /// The end of this state.
        until: UtcDateTime,
    },
    /// A service answered 401 to a valid token, and the session gets another one or asks the
    /// identity service. Later refusals of the same token by the same service are not reported.
    TokenRejected {
        /// The token's scope.
        scope: Scope,
        /// The service's scheme, host and port; empty if the request's URL has none.
        origin: String,
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

/// The reason why a 401 is delivered to the caller of a service, and not answered by a second try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The service refuses tokens that the identity service calls valid.
    AtOdds,
    /// The session is closed.
    Closed,
    /// The credential gives no other token without a user: it is a token itself, or a one-time
    /// code.
    NoOtherToken,
    /// The request has a body that cannot be sent twice. The next request has another token.
    NotReplayable,
    /// The second try was refused, too.
    Repeated,
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
            Self::RefusalDelivered { origin, reason } => {
                write!(f, "401 of {} delivered: {reason}", shown_origin(origin))
            }
            Self::ServiceAtOdds { origin, until, .. } => write!(
                f,
                "{} refuses a token that the identity service calls valid; its refusals force no \
                 login until {}",
                shown_origin(origin),
                stamp(*until)
            ),
            Self::TokenRejected { origin, .. } => {
                write!(f, "token refused by {}", shown_origin(origin))
            }
            Self::TokenRenewed { expires_at, .. } => {
                write!(f, "token renewed; it ends at {}", stamp(*expires_at))
            }
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtOdds => "the identity service calls the token valid",
            Self::Closed => "the session is closed",
            Self::NoOtherToken => "the credential gives no other token",
            Self::NotReplayable => "the request cannot be sent twice",
            Self::Repeated => "the second try was refused, too",
        })
    }
}

/// An origin for an event.
pub(crate) fn origin(origin: &Option<Origin<'_>>) -> String {
    origin.as_ref().map(Origin::to_string).unwrap_or_default()
}

fn shown_origin(origin: &str) -> &str {
    if origin.is_empty() { "a service" } else { origin }
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
