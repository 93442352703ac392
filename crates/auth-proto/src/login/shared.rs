//! The answers to logins that processes share.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Response};
use zeroize::Zeroizing;

use super::response::check_token;
use crate::{
    cloud::Cloud,
    error::ProtocolError,
    model::{
        body::Body,
        credential::Credential,
        entry::{Entry, Shared, SharedAnswer},
        scope::Scope,
        token::{LoginSecrets, Token},
    },
    url::ApiVersion,
    wire,
};

/// A copy of the answer to a login, without the life of its token. `None` if it cannot hold a token.
pub(crate) fn answer_of(
    cloud: &Cloud,
    response: &Response<impl AsRef<[u8]>>,
) -> Option<SharedAnswer> {
    let api_version = cloud.api_version()?;
    let header = match api_version {
        ApiVersion::V2 => None,
        ApiVersion::V3 => Some(wire::header(response.headers(), wire::SUBJECT_TOKEN).ok()?),
    };
    let body = Body::new(response.body().as_ref().to_vec().into());
    Some(SharedAnswer { api_version, header, body, life: Duration::ZERO })
}

impl Entry {
    /// The token, to revoke it for example. `None` for a pause, and for an answer of v2.0 that cannot
    /// be read.
    pub fn expose_token(&self) -> Option<Zeroizing<String>> {
        let Shared::Answer(answer) = &self.shared else { return None };
        let text = match &answer.header {
            Some(header) => header.to_str().ok()?.to_owned(),
            None => wire::v2::read_token(answer.body.as_bytes()).ok()?.expose().to_owned(),
        };
        Some(Zeroizing::new(text))
    }
}

/// The token of an answer that another process got for this scope, after the checks of a login.
pub(crate) fn read_shared(
    cloud: &Cloud,
    credential: &Credential,
    scope: &Scope,
    answer: &SharedAnswer,
) -> Result<Token, ProtocolError> {
    if cloud.api_version() != Some(answer.api_version) {
        return Err(ProtocolError::Version);
    }
    let mut token = match (&answer.header, answer.api_version) {
        (Some(header), ApiVersion::V3) => {
            let mut headers = HeaderMap::new();
            headers.insert(wire::SUBJECT_TOKEN, header.clone());
            wire::v3::read_token(&headers, answer.body.as_bytes())?
        }
        _ => wire::v2::read_token(answer.body.as_bytes())?,
    };
    token.login_secrets =
        LoginSecrets { methods: Some(Arc::clone(&credential.methods)), later: Vec::new() };
    check_token(&token, scope)?;
    Ok(token)
}
