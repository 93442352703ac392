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
    /// The lease of a login has ended before the login: nobody has called the session in time, or the
    /// machine was stopped. Another process may have logged in, too. Both tokens are valid.
    LeaseLost {
        /// The requested scope.
        scope: Scope,
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
    /// The [store](crate::manual::shared_tokens) has the pause of another process, whose login has
    /// failed. This session does not log in for the scope before `retry_at` either.
    PauseImported {
        /// The requested scope.
        scope: Scope,
        /// The reason, as the other process has got it.
        error: Error,
        /// The time of the next attempt; `None`: not before the credential is replaced.
        retry_at: Option<UtcDateTime>,
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
    /// The store is of no use. Until the given time, the session acts as if it had none.
    StoreSuspended {
        /// The reason.
        reason: SuspensionReason,
        /// The end of this state.
        until: UtcDateTime,
    },
    /// The session uses a token of another process, which the store has.
    TokenImported {
        /// The token's scope.
        scope: Scope,
        /// The end of the token, by the server's clock.
        expires_at: UtcDateTime,
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

/// The reason why a session does without its store for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SuspensionReason {
    /// Other processes have had the lease for 25 seconds, and have told the store nothing of use.
    LeaseInTheWay,
    /// The store did not answer, or said that it cannot.
    NoAnswer,
    /// The store gave three entries in a row that are of no use, or an answer that no store may give.
    Useless,
}

impl Event {
    /// The event with another time of the next attempt, if it has one.
    pub(crate) fn with_retry_at(mut self, at: Option<UtcDateTime>) -> Self {
        match (&mut self, at) {
            (
                Self::CredentialRejected { retry_at, .. } | Self::PauseImported { retry_at, .. },
                at,
            ) => *retry_at = at,
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
            Self::LeaseLost { .. } => f.write_str(
                "the lease ended before its login; another process may have logged in, too",
            ),
            Self::LoginFailed { error, retry_at, .. } => {
                write!(f, "login failed: {error}; next attempt at {}", stamp(*retry_at))
            }
            Self::LoginStarted { .. } => f.write_str("login started"),
            Self::PauseImported { error, retry_at: None, .. } => write!(
                f,
                "login of another process failed: {error}; not sent before the credential is replaced"
            ),
            Self::PauseImported { error, retry_at: Some(at), .. } => write!(
                f,
                "login of another process failed: {error}; next attempt at {}",
                stamp(*at)
            ),
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
            Self::StoreSuspended { reason, until, .. } => {
                write!(f, "{reason}; the session does without the store until {}", stamp(*until))
            }
            Self::TokenImported { expires_at, .. } => {
                write!(f, "token taken from the store; it ends at {}", stamp(*expires_at))
            }
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

impl fmt::Display for SuspensionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeaseInTheWay => "other processes have had the lease for 25 seconds",
            Self::NoAnswer => "the store does not answer",
            Self::Useless => "the store's entries are of no use",
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

/// How often something has happened in a session since it began. The numbers never go down, so an
/// exporter can pass them on as counters.
///
/// Each event counts when it happens, also if nobody takes it from the session.
///
/// ```
/// use auth_proto::{Cloud, Counts, Credential, Session, Settings};
///
/// /// The text format of Prometheus.
/// fn metrics(counts: Counts) -> String {
///     [
///         ("auth_logins_total", counts.logins()),
///         ("auth_refusals_total", counts.refusals()),
///         ("auth_pauses_total", counts.pauses()),
///         ("auth_imports_total", counts.imports()),
///         ("auth_misses_total", counts.misses()),
///     ]
///     .map(|(name, count)| format!("{name} {count}\n"))
///     .concat()
/// }
///
/// let credential = Credential::application_credential("key", "secret");
/// let session = Session::new(Cloud::kakao(), credential, Settings::default())?;
/// assert!(metrics(session.counts()).starts_with("auth_logins_total 0\n"));
/// # Ok::<(), auth_proto::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    logins: u64,
    refusals: u64,
    pauses: u64,
    imports: u64,
    misses: u64,
}

impl Counts {
    /// Requests of logins and exchanges that were begun: the events [`Event::LoginStarted`]. A login
    /// may have several requests.
    pub fn logins(self) -> u64 {
        self.logins
    }

    /// Refusals of the credential by the service: [`Event::CredentialRejected`].
    pub fn refusals(self) -> u64 {
        self.refusals
    }

    /// Pauses that are no [refusals](Self::refusals): after a login that failed for another reason
    /// ([`Event::LoginFailed`]), and from the store ([`Event::PauseImported`]), for any reason.
    pub fn pauses(self) -> u64 {
        self.pauses
    }

    /// Tokens of other processes, from the store: [`Event::TokenImported`].
    pub fn imports(self) -> u64 {
        self.imports
    }

    /// Questions to the store that brought neither a token nor a pause: it gave the lease, another
    /// process had it (a scope that waits asks several times a second), it did not answer, or its
    /// entry was of no use.
    pub fn misses(self) -> u64 {
        self.misses
    }
}

/// The last [`limits::EVENTS`] that have not been taken, and the number of all.
#[derive(Debug, Default)]
pub(crate) struct Events {
    last: VecDeque<Event>,
    counts: Counts,
}

impl Events {
    pub(crate) fn push(&mut self, event: Event) {
        match event {
            Event::CredentialRejected { .. } => self.counts.refusals += 1,
            Event::LoginFailed { .. } | Event::PauseImported { .. } => self.counts.pauses += 1,
            Event::LoginStarted { .. } => self.counts.logins += 1,
            Event::TokenImported { .. } => self.counts.imports += 1,
            _ => {}
        }
        if self.last.len() >= limits::EVENTS {
            self.last.pop_front();
        }
        self.last.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.last.pop_front()
    }

    /// A question to the store brought neither a token nor a pause.
    pub(crate) fn count_miss(&mut self) {
        self.counts.misses += 1;
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }
}
