//! What an identity service's answer says, without the secrets in it.

use auth_proto::{ApiVersion, IdentityResponse};
use serde::{Serialize, Serializer};

use crate::{
    raw,
    shapes::{self, Shape},
};

/// Reads a response as text, see [`raw::read`], and what the core makes of it; a token only in
/// this API version, if one is given. Never panics, whatever the text.
///
/// ```
/// let report = auth_cli::inspect::inspect(b"HTTP/1.1 502 Bad Gateway\n\n<html>", None);
/// assert!(report.is_understood());
/// let json = serde_json::to_string(&report)?;
/// assert_eq!(json, r#"{"kind":"error","status":502,"code":null,"title":null,"message":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn inspect(text: &[u8], api_version: Option<ApiVersion>) -> Report {
    let answer = raw::read(text).map_err(|why| why.to_string());
    Report(answer.and_then(|response| {
        IdentityResponse::read(&response, api_version).map_err(|why| why.to_string())
    }))
}

/// What was found. It is written as JSON, with the hash of a token in the token's place.
#[derive(Clone, Debug)]
pub struct Report(Result<IdentityResponse, String>);

impl Report {
    /// Whether the text was an answer of an identity service: a refusal is one too.
    pub fn is_understood(&self) -> bool {
        !matches!(self.shape(), Shape::Malformed { .. })
    }

    fn shape(&self) -> Shape<'_> {
        match &self.0 {
            Ok(IdentityResponse::Catalog(catalog)) => {
                Shape::Catalog { catalog: shapes::services(catalog) }
            }
            Ok(IdentityResponse::Domains(domains, next)) => {
                Shape::Domains { domains: shapes::domains(domains), next: next.as_deref() }
            }
            Ok(IdentityResponse::Fault(status, fault)) => Shape::of_fault(status.as_u16(), fault),
            Ok(IdentityResponse::Projects(projects, next)) => {
                Shape::Projects { projects: shapes::projects(projects), next: next.as_deref() }
            }
            Ok(IdentityResponse::Receipt(challenge)) => Shape::of_challenge(challenge),
            Ok(IdentityResponse::SystemScopes(scopes)) => Shape::System { all: !scopes.is_empty() },
            Ok(IdentityResponse::Token(api_version, token)) => Shape::of_token(*api_version, token),
            Ok(IdentityResponse::Versions(versions)) => {
                Shape::Versions { versions: shapes::versions(versions) }
            }
            Ok(_) => Shape::Malformed { reason: "the answer is of a kind unknown to this program" },
            Err(reason) => Shape::Malformed { reason },
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shape().serialize(serializer)
    }
}
