//! Everything that can go wrong, and what to do about it.

use std::fmt;

use http::StatusCode;
use thiserror::Error as ThisError;
use time::UtcDateTime;

use crate::{fault::Fault, limits};

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
            ErrorKind::Protocol(why) => !matches!(why, ProtocolError::Redirect { .. }),
            _ => false,
        }
    }

    /// When a new try makes sense, if that is known: the server said so, or an account pauses.
    pub fn retry_at(&self) -> Option<UtcDateTime> {
        self.retry_at
    }

    /// Whether the service refused the credential itself, so that repeating it may lock the user
    /// out.
    pub(crate) fn is_credential_refused(&self) -> bool {
        matches!(self.kind(), ErrorKind::Rejected(refusal) if refusal.is_of_credential())
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
            Some(at) => write!(f, "; no new try before {}", crate::timestamp::format(at)),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("retry_at", &self.retry_at).finish()
    }
}

impl std::error::Error for Error {}

/// What is wrong with a caller's input, which field it is, and what to put there.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ConfigError {
    /// An application credential is bound to its project, so that no scope may be asked with it.
    #[error("scope: an application credential fixes its own; ask for Scope::default()")]
    ApplicationCredentialScope,
    /// A token or code holds a character outside the visible ASCII ones (0x21 to 0x7E).
    #[error(
        "{field}: has a character outside visible ASCII (a line end or a blank?); pass it trimmed"
    )]
    Characters {
        /// Which input.
        field: &'static str,
    },
    /// The v2.0 protocol has no domains.
    #[error("{field}: the v2.0 protocol knows no domains; leave it out")]
    DomainUnknown {
        /// Which input.
        field: &'static str,
    },
    /// A required input is empty.
    #[error("{field}: is empty; give a value")]
    Empty {
        /// Which input.
        field: &'static str,
    },
    /// An id cannot be part of a URL.
    #[error("{field}: is no id; pass it as the cloud shows it")]
    Id {
        /// Which input.
        field: &'static str,
    },
    /// The cloud does not take this way of logging in.
    #[error("credential: {cloud} takes no {method}; it takes {takes}")]
    Method {
        /// The cloud's name.
        cloud: &'static str,
        /// The way that was given.
        method: &'static str,
        /// The ways that there are.
        takes: String,
    },
    /// One method was given twice.
    #[error("credential: {method} is given twice; give each factor once")]
    MethodTwice {
        /// The method.
        method: &'static str,
    },
    /// The v2.0 protocol has no such request.
    #[error("identity url: the v2.0 protocol has no such request; it needs a v3 service")]
    NotInV2,
    /// A project's name means nothing without the domain that it is unique in.
    #[error(
        "scope.project.domain: missing; project names are unique within a domain only, \
         so name it: Scope::project_name_in(name, domain), or use the project's id"
    )]
    ProjectDomain,
    /// A region is no name of one.
    #[error("region: is no region; use lower-case letters, digits and hyphens, such as eu-de")]
    Region,
    /// The cloud does not take this kind of scope.
    #[error("scope: {cloud} takes no {scope}; it takes {takes}")]
    Scope {
        /// The cloud's name.
        cloud: &'static str,
        /// The scope that was given.
        scope: &'static str,
        /// The scopes that there are.
        takes: String,
    },
    /// An input is longer than [`limits::INPUT`].
    #[error("{field}: is longer than {limit} characters; check what was passed")]
    TooLong {
        /// Which input.
        field: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A URL cannot be used.
    #[error("{field}: {problem}")]
    Url {
        /// Which input.
        field: &'static str,
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// A user's name means nothing without the domain that it is unique in.
    #[error(
        "credential.user.domain: missing; user names are unique within a domain only, \
         so name it: UserRef::name_in(name, domain), or use the user's id"
    )]
    UserDomain,
    /// A second factor needs to know whose it is.
    #[error(
        "credential.user: {method} belongs to a user; start from Credential::password or ::totp"
    )]
    UserMissing {
        /// The method.
        method: &'static str,
    },
    /// The cloud's URL names no protocol version, so that only a login, which asks the server for
    /// it, can go there.
    #[error("identity url: names no version; end it with /v3 or /v2.0")]
    Version,
}

/// What is wrong with a URL. The URL is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum UrlProblem {
    /// There is no host, or it is no host name.
    #[error("has no usable host; write https://host/path")]
    Host,
    /// Plain HTTP would show the password to the network.
    #[error(
        "is plain http on another host than loopback, which would show every secret to the \
         network; use https, or opt in with Cloud::keystone_over_plain_http"
    )]
    PlainHttp,
    /// The port is no number from 1 to 65535.
    #[error("has a bad port; use 1 to 65535, or none")]
    Port,
    /// A query or a fragment makes no sense here.
    #[error("has a query or a fragment; end it with the path")]
    Query,
    /// It starts with neither `https://` nor `http://`.
    #[error("has no scheme; start it with https://")]
    Scheme,
    /// It is no URL.
    #[error("is no URL (a blank, a control character?)")]
    Syntax,
    /// It is longer than [`limits::URL`].
    #[error("is longer than {} characters", limits::URL)]
    TooLong,
    /// It carries a user name or password, which would leak into logs and other headers.
    #[error("carries user info before an @; pass the credential on its own")]
    UserInfo,
}

/// Why there is no endpoint, or why a token must not go there.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum EndpointError {
    /// Nothing fits.
    #[error("no {interfaces} endpoint of service {service} in {region}; there is: {available}")]
    NotFound {
        /// The service type asked for.
        service: String,
        /// The region asked for, or `any region`.
        region: String,
        /// The interfaces asked for.
        interfaces: String,
        /// What there is, cut to a readable length.
        available: String,
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
    /// The URL cannot be used.
    #[error("the endpoint's URL {0}")]
    Url(UrlProblem),
}

/// An error in the calling program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Misuse {
    /// A factor was given that nobody asked for.
    #[error("answer: no factor is asked for; poll first")]
    NoQuestion,
    /// More scopes than [`limits::SESSIONS`] are in use at once.
    #[error(
        "more than {} scopes are in use at once; share clients, or use more accounts",
        limits::SESSIONS
    )]
    TooManyScopes,
    /// Another factor was asked for.
    #[error("answer: this factor is not among those asked for; see Challenge::missing")]
    WrongFactor,
}

/// Why an answer is no answer. Nothing of the answer's text is repeated.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Two different tokens came at once.
    #[error("the answer carries two different {header} headers")]
    AmbiguousToken {
        /// The header's name.
        header: &'static str,
    },
    /// The project that the token is for is disabled, so that no call with it can succeed (NHN
    /// Cloud, IaaS Token, response table: `tenant.enabled`).
    #[error("the project {project} is disabled; have it enabled, or log in to another one")]
    DisabledProject {
        /// Its id.
        project: String,
    },
    /// The body is empty.
    #[error("the answer has no body")]
    Empty,
    /// The token had ended before it arrived.
    #[error("the token had expired on arrival; compare the clocks of the server and its proxies")]
    Expired,
    /// A field is missing or of the wrong type.
    #[error("the answer's {field} is {problem}")]
    Field {
        /// Its path in the document.
        field: &'static str,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// The body is JSON no further than here.
    #[error("the answer's JSON fails in line {line}, column {column} ({category})")]
    Json {
        /// Broken syntax, a wrong type or key, or an early end.
        category: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 where unknown.
        column: usize,
    },
    /// There is no token where one should be.
    #[error("the answer carries no token ({place})")]
    MissingToken {
        /// Where it should be.
        place: &'static str,
    },
    /// The body is a page for people, perhaps a proxy's or a login portal's.
    #[error("the answer is HTML, not JSON; is the identity URL right, is a proxy in between?")]
    NotJson,
    /// The body is not UTF-8.
    #[error("the answer is not UTF-8")]
    NotUtf8,
    /// Redirects are never followed: they would carry the password along.
    #[error("the service redirects ({status}) to {location}; configure the URL that is meant")]
    Redirect {
        /// The status.
        status: StatusCode,
        /// Scheme and host of the place it points to, if that is readable.
        location: String,
    },
    /// The token is for something else than was asked.
    #[error("the token is for {got}, asked was {asked}")]
    ScopeMismatch {
        /// The scope asked for.
        asked: String,
        /// The scope that came.
        got: String,
    },
    /// The status belongs to no answer of an identity service.
    #[error("the status {status} is no answer to this request")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// The token holds a character outside 0x21 to 0x7E.
    #[error("the token in {place} holds a character outside visible ASCII")]
    TokenCharacters {
        /// Where it stood.
        place: &'static str,
    },
    /// Something is larger than any real answer.
    #[error("the answer's {what} is larger than {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit: bytes, or entries of a list.
        limit: usize,
    },
    /// It is none of the answers that an identity service gives.
    #[error("the answer is no token, catalog, list or version document; is the URL right?")]
    Unknown,
    /// None of the offered protocol versions is v2.0 or v3.
    #[error("the service offers neither v3 nor v2.0")]
    Version,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It is absent, or null.
    #[error("missing")]
    Missing,
    /// It is no moment in any known spelling.
    #[error("no timestamp")]
    Timestamp,
    /// It is of another JSON type.
    #[error("of the wrong type")]
    Type,
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

impl Refusal {
    /// Keystone answers 404 for an application credential or token that does not exist, and 403
    /// for a user who is known but not allowed.
    fn is_of_credential(&self) -> bool {
        matches!(
            self.status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
        )
    }
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
    #[error("TLS failed; if the cloud has a private CA, give its certificate")]
    Tls,
}
