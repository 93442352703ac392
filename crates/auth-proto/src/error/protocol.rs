//! What a server's answer gets wrong.

use http::StatusCode;
use thiserror::Error as ThisError;

/// What to do where nothing better is known.
const HINT: &str = "; is the identity URL right, does a proxy change the answer?";

/// Why an answer is no answer. Nothing of the answer's text is repeated.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Two different tokens came at once, or another one than was asked about.
    #[error("the answer carries two different {header} headers, or another one's{HINT}")]
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
    #[error("the answer has no body{HINT}")]
    Empty,
    /// The token had ended before it arrived.
    #[error("the token had expired on arrival; compare the clocks of the server and its proxies")]
    Expired,
    /// A field is missing or of the wrong type.
    #[error("the answer's {field} is {problem}{HINT}")]
    Field {
        /// Its path in the document.
        field: &'static str,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// The body is JSON no further than here.
    #[error("the answer's JSON fails in line {line}, column {column} ({category}){HINT}")]
    Json {
        /// Broken syntax, a wrong type or key, or an early end.
        category: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 where unknown.
        column: usize,
    },
    /// There is no token where one should be.
    #[error("the answer carries no token ({place}){HINT}")]
    MissingToken {
        /// Where it should be.
        place: &'static str,
    },
    /// The body is a page for people, perhaps a proxy's or a login portal's.
    #[error("the answer is HTML, not JSON{HINT}")]
    NotJson,
    /// The body is not UTF-8.
    #[error("the answer is not UTF-8{HINT}")]
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
    #[error(
        "the token is for {got}, asked was {asked}; ask for the scope that it has, or check the identity URL"
    )]
    ScopeMismatch {
        /// The scope asked for.
        asked: String,
        /// The scope that came.
        got: String,
    },
    /// The status belongs to no answer of an identity service.
    #[error("the status {status} is no answer to this request{HINT}")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// The token holds a character outside 0x21 to 0x7E.
    #[error("the token in {place} holds a character outside visible ASCII{HINT}")]
    TokenCharacters {
        /// Where it stood.
        place: &'static str,
    },
    /// Something is larger than any real answer.
    #[error("the answer's {what} is larger than {limit}{HINT}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit: bytes, or entries of a list.
        limit: usize,
    },
    /// It is none of the answers that an identity service gives.
    #[error("the answer is no token, catalog, list or version document{HINT}")]
    Unknown,
    /// None of the offered protocol versions is v2.0 or v3.
    #[error("the service offers neither v3 nor v2.0{HINT}")]
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

impl ProtocolError {
    /// Whether the next answer may be a better one: what a proxy or a restart breaks for a while,
    /// as against what the service means.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::DisabledProject { .. }
            | Self::Redirect { .. }
            | Self::ScopeMismatch { .. }
            | Self::Status { .. }
            | Self::Version => false,
            Self::AmbiguousToken { .. }
            | Self::Empty
            | Self::Expired
            | Self::Field { .. }
            | Self::Json { .. }
            | Self::MissingToken { .. }
            | Self::NotJson
            | Self::NotUtf8
            | Self::TokenCharacters { .. }
            | Self::TooLarge { .. }
            | Self::Unknown => true,
        }
    }
}
