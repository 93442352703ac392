//! An identity service's answer, without its secrets.

use auth_proto::{ApiVersion, IdentityResponse};
use serde::{Serialize, Serializer};

use crate::{
    read_response,
    view::{self, AnswerView},
};

/// Reads a response as text (see [`read_response`]) and what an identity service says in it.
///
/// With an API version, a token is accepted in that version only; without one, in either. Never
/// panics: a text that cannot be read makes a report of the kind `malformed`, with the reason.
///
/// ```
/// let report = auth_inspect::inspect(b"HTTP/1.1 502 Bad Gateway\n\n<html>", None);
/// assert!(report.is_understood());
/// let json = serde_json::to_string(&report)?;
/// assert_eq!(json, r#"{"kind":"error","status":502,"code":null,"title":null,"message":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn inspect(text: &[u8], api_version: Option<ApiVersion>) -> Report {
    let response = read_response(text).map_err(|why| why.to_string());
    Report(response.and_then(|response| {
        IdentityResponse::read(&response, api_version).map_err(|why| why.to_string())
    }))
}

/// What an answer says. Serializes to JSON with a token's hash in place of the token.
#[derive(Clone, Debug)]
pub struct Report(Result<IdentityResponse, String>);

impl Report {
    /// Whether the text was an answer of an identity service. A refusal is one too.
    pub fn is_understood(&self) -> bool {
        !matches!(self.view(), AnswerView::Malformed { .. })
    }

    fn view(&self) -> AnswerView<'_> {
        match &self.0 {
            Ok(IdentityResponse::Catalog(catalog)) => {
                AnswerView::Catalog { catalog: view::services(catalog) }
            }
            Ok(IdentityResponse::Domains(domains, next)) => {
                AnswerView::Domains { domains: view::domains(domains), next: next.as_deref() }
            }
            Ok(IdentityResponse::Fault(status, fault)) => {
                AnswerView::of_fault(status.as_u16(), fault)
            }
            Ok(IdentityResponse::Projects(projects, next)) => {
                AnswerView::Projects { projects: view::projects(projects), next: next.as_deref() }
            }
            Ok(IdentityResponse::Receipt(challenge)) => AnswerView::of_challenge(challenge),
            Ok(IdentityResponse::SystemScopes(scopes)) => {
                AnswerView::System { all: !scopes.is_empty() }
            }
            Ok(IdentityResponse::Token(api_version, token)) => {
                AnswerView::of_token(*api_version, token)
            }
            Ok(IdentityResponse::Versions(versions)) => {
                AnswerView::Versions { versions: view::versions(versions) }
            }
            Ok(_) => {
                AnswerView::Malformed { reason: "the answer is of a kind unknown to this program" }
            }
            Err(reason) => AnswerView::Malformed { reason },
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}
