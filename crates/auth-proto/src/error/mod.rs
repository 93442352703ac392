//! All errors of the crate.

mod config;
pub(crate) mod fault;
mod federation;
mod input;
mod protocol;

use std::fmt;

pub use config::{ConfigError, UrlProblem};
pub use federation::{FederationProblem, ProviderDocument};
use http::{HeaderMap, StatusCode};
pub use input::{ConfigField, MethodKind, ScopeKind};
pub use protocol::{FieldProblem, ProtocolError};
use thiserror::Error as ThisError;
use time::UtcDateTime;

use crate::{
    error::fault::Fault,
    limits,
    text::redact::{is_long, redact},
};

/// The error of every operation of this crate.
///
/// [`kind`](Self::kind) gives the reason. The text says what to do next and never contains a
/// secret. Errors are cheap to clone, because one failed login answers every caller that waited for
/// it.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: Box<ErrorKind>,
    retry_at: Option<UtcDateTime>,
}

/// The families of errors.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The session was closed. Create a new one.
    #[error("the session is closed; create a new one to log in again")]
    Closed,
    /// The caller's input cannot work. Nothing was sent.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No endpoint fits the query, or the token must not be sent to it.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A method was called in the wrong state: an error in the calling program, never caused by a
    /// server.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The server's response cannot be used.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The server refused the request. The same request will be refused again.
    #[error("refused with {0}")]
    Rejected(Refusal),
    /// No response arrived.
    #[error(transparent)]
    Transport(#[from] Failure),
    /// The server cannot answer now, or says in `Retry-After` when it can. A later attempt may
    /// succeed.
    #[error("the service is unavailable: {0}")]
    Unavailable(Refusal),
}

impl Error {
    /// The reason.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Whether the same request may succeed later without any change by the caller.
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Transport(failure) => failure.kind != FailureKind::Tls,
            ErrorKind::Unavailable(_) => true,
            ErrorKind::Protocol(why) => why.is_transient(),
            _ => false,
        }
    }

    /// The earliest time of the next attempt, if there is one: from the server's `Retry-After`, or
    /// from the session's pause after a failure.
    pub fn retry_at(&self) -> Option<UtcDateTime> {
        self.retry_at
    }

    /// The same error with this secret removed from the server's text. For drivers that add a token
    /// to a request which the core did not build.
    #[must_use]
    pub fn without_secret(self, secret: &str) -> Self {
        self.without_secrets(&[secret])
    }

    /// The same error with these secrets removed from all text that comes from a server.
    pub(crate) fn without_secrets(mut self, secrets: &[&str]) -> Self {
        let mut texts: Vec<&mut String> = match &mut *self.kind {
            ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal) => {
                refusal.fault = std::mem::take(&mut refusal.fault).cleaned(secrets);
                return self;
            }
            ErrorKind::Protocol(why) => why.server_texts(),
            ErrorKind::Endpoint(error) => {
                // These texts have words of this crate, too, which a short secret may be part of.
                let long: Vec<_> = secrets.iter().copied().filter(|s| is_long(s)).collect();
                redact(&mut error.server_texts(), &long);
                return self;
            }
            ErrorKind::Transport(failure) => vec![&mut failure.detail],
            _ => return self,
        };
        redact(&mut texts, secrets);
        self
    }

    /// The server's refusal, if it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self.kind() {
            ErrorKind::Rejected(refusal) | ErrorKind::Unavailable(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the service may have refused the credential itself, so that another attempt may lock
    /// the user's account. (Keystone answers 401 to a wrong scope as well; 404 means that an object
    /// does not exist, which locks no account.)
    pub(crate) fn is_credential_refused(&self) -> bool {
        matches!(self.kind(), ErrorKind::Rejected(refusal) if refusal.is_of_credential())
    }

    /// Whether the service answered 404.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self.kind(), ErrorKind::Rejected(refusal)
            if refusal.status == StatusCode::NOT_FOUND)
    }

    /// Whether a secret could not be read.
    pub(crate) fn is_unreadable_secret(&self) -> bool {
        matches!(self.kind(), ErrorKind::Transport(failure) if failure.kind == FailureKind::Source)
    }

    /// Whether a response arrived that cannot be used.
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
            Some(at) => {
                write!(f, "; next attempt after {}", crate::text::timestamp::in_seconds(at))
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("retry_at", &self.retry_at).finish()
    }
}

impl std::error::Error for Error {}

/// Why there is no endpoint, or why the token must not be sent to it.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum EndpointError {
    /// No endpoint fits the query.
    #[error(
        "no {interfaces} endpoint of service {service} in {region}; available: {available}{}",
        config::did_you_mean(nearest.as_deref())
    )]
    NotFound {
        /// The service type asked for.
        service: String,
        /// The region asked for, or `any region`.
        region: String,
        /// The interfaces asked for.
        interfaces: String,
        /// The available endpoints, cut to a readable length.
        available: String,
        /// A similar service type, or a similar region of the service.
        nearest: Option<String>,
    },
    /// A token must not be sent to this origin.
    #[error("the token must not be sent to {origin}: {why}; to allow it, use Cloud::allow_origin")]
    Refused {
        /// Scheme, host and port.
        origin: String,
        /// The reason.
        why: &'static str,
    },
    /// The catalog's URL contains a placeholder such as `%(project_id)s` that the service should
    /// have replaced.
    #[error(
        "the catalog's URL of service {service} contains an unfilled placeholder; ask the cloud's \
         operator to correct it"
    )]
    Template {
        /// The service type.
        service: String,
    },
    /// The URL of an override or of the cloud's table needs a value that is not available.
    #[error(
        "the URL of service {service} needs {{{placeholder}}}, and neither the token nor the query \
         has a usable value; check the scope, or name a region"
    )]
    Unfilled {
        /// The service type.
        service: String,
        /// The placeholder's name.
        placeholder: String,
    },
    /// The URL cannot be used.
    #[error("the URL of {target}: {problem}")]
    Url {
        /// The owner of the URL: an endpoint or a request.
        target: String,
        /// What is wrong with it.
        problem: UrlProblem,
    },
}

impl EndpointError {
    /// The texts that come from the catalog.
    fn server_texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::NotFound { available, nearest, .. } => {
                nearest.iter_mut().chain([available]).collect()
            }
            Self::Refused { origin, .. } => vec![origin],
            Self::Template { service } => vec![service],
            Self::Unfilled { .. } => Vec::new(),
            Self::Url { target, .. } => vec![target],
        }
    }
}

/// An error in the calling program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Misuse {
    /// A reply was given although the login has not asked for one, or no longer waits for it.
    #[error("reply: the login has not asked for one, or no longer waits for it; poll first")]
    NoQuestion,
    /// A pending request of another session was handed in.
    #[error(
        "pending request: it belongs to another session; hand it to the session that gave it out"
    )]
    OtherSession,
    /// More scopes are in use at the same time than the session
    /// [keeps](crate::Settings::with_max_scopes).
    #[error(
        "too many scopes are in use at the same time; raise Settings::with_max_scopes (at most {}), \
         or use more sessions",
        limits::SCOPES
    )]
    TooManyScopes,
    /// The login has asked for another factor, or for something else.
    #[error("reply: not the one that the login has asked for; see Question and Challenge::missing")]
    WrongReply,
}

/// A server's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The server's reason.
    pub fault: Fault,
    /// The remedy, from the cloud's documents; may be empty.
    pub remedy: &'static str,
    /// In a federated login, scheme, host and port of the party that refused: the identity provider
    /// or the identity service.
    pub origin: Option<Box<str>>,
    /// In a federated login, the known reason.
    pub problem: Option<FederationProblem>,
}

impl Refusal {
    /// A refusal of the identity service or of a service.
    pub(crate) const fn new(status: StatusCode, fault: Fault, remedy: &'static str) -> Self {
        Self { status, fault, remedy, origin: None, problem: None }
    }

    fn is_of_credential(&self) -> bool {
        match self.problem {
            Some(problem) => problem.refuses_credential(),
            None => matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.as_u16().fmt(f)?;
        if let Some(origin) = &self.origin {
            write!(f, " by {origin}")?;
        }
        write!(f, " ({})", self.fault)?;
        match self.remedy {
            "" => Ok(()),
            remedy => write!(f, "; {remedy}"),
        }
    }
}

/// A request without a response. A driver builds it from the error of its HTTP client.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{kind}: {}{detail}{}", before(origin.as_deref()), kind.remedy())]
#[non_exhaustive]
pub struct Failure {
    /// What failed.
    pub kind: FailureKind,
    /// The client's text, without URL, header or body.
    pub detail: String,
    /// Scheme, host and port, which the session knows.
    origin: Option<Box<str>>,
    head: Option<Box<Head>>,
}

/// The status and headers of a response whose body did not arrive. The headers may have a token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Failure {
    /// A failure of this kind. The detail is escaped and cut, but must not contain a secret.
    pub fn new(kind: FailureKind, detail: impl AsRef<str>) -> Self {
        Self { kind, detail: crate::text::shown(detail.as_ref()), origin: None, head: None }
    }

    /// The status and headers of a response whose body could not be read. A session takes a refusal
    /// for one as soon as its status is known.
    #[must_use]
    pub fn with_head(mut self, status: StatusCode, headers: HeaderMap) -> Self {
        self.head = Some(Box::new(Head { status, headers }));
        self
    }

    /// The same failure with the origin that the request was for.
    pub(crate) fn at(mut self, origin: &impl fmt::Display) -> Self {
        self.origin = Some(origin.to_string().into());
        self
    }

    pub(crate) fn take_head(&mut self) -> Option<Head> {
        Some(*self.head.take()?)
    }
}

/// The origin, as the beginning of a failure's text.
fn before(origin: Option<&str>) -> String {
    origin.map_or_else(String::new, |origin| format!("{origin}: "))
}

/// The kind of a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum FailureKind {
    /// The connection could not be established.
    #[error("cannot connect")]
    Connect,
    /// The host name is unknown.
    #[error("cannot resolve the host name")]
    Dns,
    /// The connection broke, or the peer did not speak HTTP.
    #[error("the connection failed")]
    Io,
    /// A secret could not be read from its [source](crate::SecretSource). Nothing was sent.
    #[error("cannot read a secret")]
    Source,
    /// The time limit was reached.
    #[error("no response in time")]
    Timeout,
    /// The certificate or the handshake was refused. A session does not retry soon after this.
    #[error("TLS failed")]
    Tls,
}

impl FailureKind {
    /// The end of a failure's text.
    fn remedy(self) -> &'static str {
        match self {
            Self::Tls => {
                "; check the port, the host name and the certificates (of a private CA, and of the \
                 client if the server requires one)"
            }
            Self::Connect | Self::Dns | Self::Io | Self::Source | Self::Timeout => "",
        }
    }
}
