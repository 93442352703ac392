//! Everything that can go wrong, and what to do about it.

mod config;
pub(crate) mod fault;
mod protocol;

use std::fmt;

pub use config::{ConfigError, UrlProblem};
use http::StatusCode;
pub use protocol::{FieldProblem, ProtocolError};
use thiserror::Error as ThisError;
use time::UtcDateTime;

use crate::{error::fault::Fault, limits, text::redact::redact};

/// Why there is no token, no endpoint or no answer.
///
/// [`kind`](Self::kind) names the reason; the text says what to do next and never holds a secret.
/// Errors are cheap to clone, because one failed login answers everybody who waited for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: Box<ErrorKind>,
    retry_at: Option<UtcDateTime>,
}

/// The families of errors.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The account was closed. Make a new one.
    #[error("the account is closed; make a new one to log in again")]
    Closed,
    /// What the caller gave cannot work. Nothing was sent.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The wish for an endpoint cannot be met, or the token must not be sent there.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The machines were called in an order that makes no sense: an error in the calling program,
    /// never caused by a server.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The server answered something that is no answer.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The server understood and refused. Trying again unchanged will not help.
    #[error("refused with {0}")]
    Rejected(Refusal),
    /// No answer arrived.
    #[error(transparent)]
    Transport(#[from] Failure),
    /// The server cannot answer now. Trying again later may help.
    #[error("the service is unavailable: {0}")]
    Unavailable(Refusal),
}

impl Error {
    /// Why.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Transport(failure) => failure.kind != FailureKind::Tls,
            ErrorKind::Unavailable(_) => true,
            ErrorKind::Protocol(why) => why.may_pass(),
            _ => false,
        }
    }

    /// When a new try makes sense, if that is known: the server said so, or an account pauses.
    pub fn retry_at(&self) -> Option<UtcDateTime> {
        self.retry_at
    }

    /// The same without this secret, should the service have repeated it: for drivers that add a
    /// token to a request that the core did not know.
    #[must_use]
    pub fn without_secret(self, secret: &str) -> Self {
        self.without_secrets(&[secret])
    }

    /// The same without these secrets in whatever a service has a say in.
    pub(crate) fn without_secrets(mut self, secrets: &[&str]) -> Self {
        let text = match &mut *self.kind {
            ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal) => {
                refusal.fault = std::mem::take(&mut refusal.fault).cleaned(secrets);
                return self;
            }
            ErrorKind::Protocol(
                ProtocolError::DisabledProject { project: text }
                | ProtocolError::Redirect { location: text, .. }
                | ProtocolError::ScopeMismatch { got: text, .. },
            ) => text,
            ErrorKind::Transport(failure) => &mut failure.detail,
            _ => return self,
        };
        redact(&mut [text], secrets);
        self
    }

    /// Whether the service may have refused the credential itself, so that repeating it may lock
    /// the user out. (Keystone answers 401 to a wrong scope as well; 404 names what does not exist,
    /// which locks nobody out.)
    pub(crate) fn is_credential_refused(&self) -> bool {
        matches!(self.kind(), ErrorKind::Rejected(refusal)
            if matches!(refusal.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
    }

    /// Whether the service knows nothing of what it was asked for.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self.kind(), ErrorKind::Rejected(refusal)
            if refusal.status == StatusCode::NOT_FOUND)
    }

    /// Whether an answer came that is none.
    pub(crate) fn is_unusable(&self) -> bool {
        matches!(self.kind(), ErrorKind::Protocol(_))
    }

    pub(crate) fn with_retry_at(mut self, retry_at: Option<UtcDateTime>) -> Self {
        self.retry_at = retry_at;
        self
    }
}

impl<K: Into<ErrorKind>> From<K> for Error {
    fn from(kind: K) -> Self {
        Self { kind: Box::new(kind.into()), retry_at: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.retry_at {
            None => Ok(()),
            Some(at) => write!(f, "; no new try before {}", crate::text::timestamp::in_seconds(at)),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("retry_at", &self.retry_at).finish()
    }
}

impl std::error::Error for Error {}

/// Why there is no endpoint, or why a token must not go there.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum EndpointError {
    /// Nothing fits.
    #[error(
        "no {interfaces} endpoint of service {service} in {region}; there is: {available}{}",
        config::meant(nearest.as_deref())
    )]
    NotFound {
        /// The service type asked for.
        service: String,
        /// The region asked for, or `any region`.
        region: String,
        /// The interfaces asked for.
        interfaces: String,
        /// What there is, cut to a readable length.
        available: String,
        /// The service type, or the region of the service, that may have been meant.
        nearest: Option<String>,
    },
    /// The place is not one that a token may be sent to.
    #[error(
        "a token must not go to {origin}: {why}; if it should, name it with Cloud::allow_origin"
    )]
    Refused {
        /// Scheme, host and port.
        origin: String,
        /// Why not.
        why: &'static str,
    },
    /// The URL holds a placeholder such as `%(project_id)s` that nobody filled in.
    #[error("the endpoint of service {service} holds an unfilled placeholder; tell the operator")]
    Template {
        /// The service type.
        service: String,
    },
    /// The URL of an override or of the cloud's table needs what is not there.
    #[error(
        "the URL of service {service} needs {{{placeholder}}}: neither the token nor the \
         wish has one that fits into a URL; check the scope, name a region"
    )]
    Unfilled {
        /// The service type.
        service: String,
        /// The placeholder's name.
        placeholder: String,
    },
    /// The URL cannot be used.
    #[error("the URL of {target} {problem}")]
    Url {
        /// Whose URL: an endpoint's or a request's.
        target: String,
        /// What is wrong with it.
        problem: UrlProblem,
    },
}

/// An error in the calling program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Misuse {
    /// A factor was given that nobody asked for.
    #[error("answer: no factor is asked for; poll first")]
    NoChallenge,
    /// More scopes than [`limits::SCOPES`] are in use at once.
    #[error(
        "more than {} scopes are in use at once; share clients, or use more accounts",
        limits::SCOPES
    )]
    TooManyScopes,
    /// Another factor was asked for.
    #[error("answer: this factor is not among those asked for; see Challenge::missing")]
    WrongFactor,
}

/// An answer that refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// What the server says.
    pub fault: Fault,
    /// What to do about it, as far as the cloud's documents say.
    pub remedy: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.status.as_u16(), self.fault)?;
        match self.remedy {
            "" => Ok(()),
            remedy => write!(f, "; {remedy}"),
        }
    }
}

/// A request to which no answer came. A driver makes one from its HTTP client's error.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{kind}: {detail}")]
#[non_exhaustive]
pub struct Failure {
    /// What failed.
    pub kind: FailureKind,
    /// The client's own words, without URL, header or body.
    pub detail: String,
}

impl Failure {
    /// A failure of this kind. The detail is cleaned and cut, but must hold no secret.
    pub fn new(kind: FailureKind, detail: impl AsRef<str>) -> Self {
        Self { kind, detail: crate::text::shown(detail.as_ref()) }
    }
}

/// What kept an answer from coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum FailureKind {
    /// No connection could be made.
    #[error("cannot connect")]
    Connect,
    /// The host name is unknown.
    #[error("cannot resolve the host name")]
    Dns,
    /// The connection broke, or spoke no HTTP.
    #[error("the connection failed")]
    Io,
    /// The time was over.
    #[error("no answer in time")]
    Timeout,
    /// The certificate or the handshake was refused. Never retried by itself.
    #[error(
        "TLS failed; check that the port speaks it, the host's name, and the certificates: of a \
         private CA, and of the client where one is asked for"
    )]
    Tls,
}
