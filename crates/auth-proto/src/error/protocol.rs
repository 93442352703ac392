//! Errors in a server's response.

use http::StatusCode;
use thiserror::Error as ThisError;

use super::{ProviderDocument, UrlProblem};

/// The remedy for a response that no identity service sends.
const HINT: &str = "; check the identity URL and any proxy in between";

/// Why a response cannot be used. The text repeats nothing from the response's body.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The response contains two different tokens, or another token than the one asked about.
    #[error(
        "the {header} header has two different values, or another token than the one asked about{HINT}"
    )]
    AmbiguousToken {
        /// The header's name.
        header: &'static str,
    },
    /// A path for federated logins redirects, to a page where a person logs in.
    #[error(
        "{origin}: the identity service redirects ({status}) the federated login to a page for \
         browsers, so this path takes no bearer token; ask the cloud's operator to accept bearer \
         tokens there (AuthType oauth20 or auth-openidc of mod_auth_openidc), or use another \
         protocol"
    )]
    BearerRedirect {
        /// Scheme, host and port of the identity service.
        origin: String,
        /// The status.
        status: StatusCode,
    },
    /// The token's project is disabled, so that no service call with the token can succeed (NHN
    /// Cloud, IaaS Token, response table: `tenant.enabled`).
    #[error("project {project} is disabled; enable it, or log in to another project")]
    DisabledProject {
        /// Its id.
        project: String,
    },
    /// The service refused the request for its API versions, which carries no credential, or its
    /// answer lists none.
    #[error(
        "the identity URL names no API version, and {url} answered {status} without a list of \
         versions (no credential was sent); end the identity URL with the version, for example \
         {url}{}",
        if url.ends_with('/') { "v3" } else { "/v3" }
    )]
    Discovery {
        /// The URL that was asked: the identity URL without a version.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// The body is empty.
    #[error("the response has no body{HINT}")]
    Empty,
    /// The body is compressed, which no request accepts: each has `Accept-Encoding: identity`.
    #[error(
        "the response is compressed ({encoding}), which the request did not accept; correct the \
         server, or the proxy in between"
    )]
    Encoded {
        /// The encoding: `gzip`, for example.
        encoding: &'static str,
    },
    /// The token had ended before it arrived.
    #[error(
        "the token had already expired on arrival; check the clocks of the server and its proxies"
    )]
    Expired,
    /// A field is missing or has the wrong type.
    #[error("the response's {field} is {problem}{HINT}")]
    Field {
        /// Its path in the document.
        field: &'static str,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// The body is not valid JSON, or not JSON of the expected shape.
    #[error("the response's JSON is invalid at line {line}, column {column} ({category}){HINT}")]
    Json {
        /// Broken syntax, a wrong type or key, or an early end.
        category: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 if unknown.
        column: usize,
    },
    /// The response has no token.
    #[error("the response has no token ({place}){HINT}")]
    MissingToken {
        /// Where the token should be.
        place: &'static str,
    },
    /// The body is an HTML page, perhaps from a proxy or a login portal.
    #[error("the response is HTML, not JSON{HINT}")]
    NotJson,
    /// The body is not UTF-8.
    #[error("the response is not UTF-8{HINT}")]
    NotUtf8,
    /// A response of the identity provider cannot be used.
    #[error(
        "the identity provider at {origin} sent an unusable {document}: {}; {}",
        bare(why),
        document.remedy(field_of(why))
    )]
    Provider {
        /// Scheme, host and port of the provider.
        origin: String,
        /// The document.
        document: ProviderDocument,
        /// What is wrong with it.
        why: Box<Self>,
    },
    /// The provider's discovery document names a token endpoint that is not an allowed URL.
    #[error(
        "the token endpoint in the discovery document of {origin}: {problem} (no secret was sent; \
         the token endpoint can also be set by OidcClient::with_token_endpoint)"
    )]
    ProviderEndpoint {
        /// Scheme, host and port of the provider.
        origin: String,
        /// What is wrong with the URL.
        problem: UrlProblem,
    },
    /// The provider's discovery document does not list the grant, so that it was not tried.
    #[error(
        "the identity provider at {origin} does not offer the grant {grant} in its discovery \
         document (no secret was sent); log in in another way, or set the token endpoint if the \
         document is wrong"
    )]
    ProviderGrant {
        /// Scheme, host and port of the provider.
        origin: String,
        /// The grant.
        grant: &'static str,
    },
    /// The provider's discovery document names a token endpoint at another origin.
    #[error(
        "the discovery document of {origin} names a token endpoint at {named}, another origin (no \
         secret was sent); if that is right, allow it by OidcClient::with_allowed_origin"
    )]
    ProviderOrigin {
        /// Scheme, host and port of the provider.
        origin: String,
        /// Scheme, host and port that the document names.
        named: String,
    },
    /// The response is a redirect. Redirects are never followed, because that would send the
    /// password to another place.
    #[error("the service redirects ({status}) to {location}; configure the final URL instead")]
    Redirect {
        /// The status.
        status: StatusCode,
        /// Scheme and host of the new location, if they are readable.
        location: String,
    },
    /// The token has another scope than the requested one.
    #[error(
        "requested scope {asked} but the token is for {got}; request the token's scope, or check \
         the identity URL"
    )]
    ScopeMismatch {
        /// The requested scope.
        asked: String,
        /// The token's scope.
        got: String,
    },
    /// An identity service does not answer this request with this status.
    #[error("unexpected status {status}{HINT}")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// The token contains a character outside visible ASCII (0x21 to 0x7E).
    #[error("the token in {place} contains a character outside visible ASCII{HINT}")]
    TokenCharacters {
        /// Where the token was.
        place: &'static str,
    },
    /// A part of the response is larger than any real one.
    #[error("the response's {what} exceeds the limit of {limit}{HINT}")]
    TooLarge {
        /// The part.
        what: &'static str,
        /// The limit: bytes, or entries of a list.
        limit: usize,
    },
    /// The response is not a known response of an identity service.
    #[error("the response is not a token, a catalog, a list or a version document{HINT}")]
    Unknown,
    /// The service offers no API version that this crate supports.
    #[error("the service supports neither v3 nor v2.0{HINT}")]
    Version,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It is absent, or null.
    #[error("missing")]
    Missing,
    /// It is not a timestamp in any known format.
    #[error("not a valid timestamp")]
    Timestamp,
    /// It has another JSON type.
    #[error("of the wrong type")]
    Type,
}

/// The text without the remedy, which is one for an identity service.
fn bare(why: &ProtocolError) -> String {
    let text = why.to_string();
    text.strip_suffix(HINT).map_or_else(|| text.clone(), str::to_owned)
}

/// The field that is missing or wrong.
fn field_of(why: &ProtocolError) -> Option<&'static str> {
    match why {
        ProtocolError::Field { field, .. } => Some(field),
        ProtocolError::MissingToken { place } => Some(place),
        _ => None,
    }
}

impl ProtocolError {
    /// The texts that come from a server.
    pub(super) fn server_texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::DisabledProject { project: text }
            | Self::ProviderOrigin { named: text, .. }
            | Self::Redirect { location: text, .. }
            | Self::ScopeMismatch { got: text, .. } => vec![text],
            Self::Provider { why, .. } => why.server_texts(),
            _ => Vec::new(),
        }
    }

    /// Whether the next response may be usable: a proxy or a restart breaks responses for a while,
    /// but the service's own decisions stay the same.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            // A proxy may answer for the service with a page of its own.
            Self::Discovery { status, .. } => status.is_success(),
            Self::Provider { why, .. } => why.is_transient(),
            Self::BearerRedirect { .. }
            | Self::DisabledProject { .. }
            | Self::ProviderEndpoint { .. }
            | Self::ProviderGrant { .. }
            | Self::ProviderOrigin { .. }
            | Self::Redirect { .. }
            | Self::ScopeMismatch { .. }
            | Self::Status { .. }
            | Self::Version => false,
            Self::AmbiguousToken { .. }
            | Self::Empty
            | Self::Encoded { .. }
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
