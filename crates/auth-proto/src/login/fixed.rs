//! Tokens that need no login.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::request::token_header;
use crate::{
    cloud::Cloud,
    error::{ConfigError, Error},
    model::{
        credential::{Credential, Method, UserRef},
        token::{Token, TokenKind, sensitive},
    },
};

/// The token of this credential at a standalone service, which gives out no tokens. `None` at a
/// cloud with an identity service. The [cloud](Cloud::check) has accepted the credential.
pub(crate) fn fixed_token(cloud: &Cloud, credential: &Credential) -> Result<Option<Token>, Error> {
    if !cloud.is_standalone() {
        return Ok(None);
    }
    let (kind, header) = match (&credential.methods[..], &credential.user) {
        ([Method::ExistingToken(token)], _) => {
            (TokenKind::Keystone, token_header(token.expose_secret())?)
        }
        ([Method::HttpBasic(password)], Some(UserRef::Name { name, .. })) => {
            (TokenKind::Basic, basic(name, password.expose_secret())?)
        }
        ([Method::NoAuth], _) => (TokenKind::Nothing, HeaderValue::from_static("")),
        _ => return Ok(None),
    };
    Ok(Some(Token::unvalidated(kind, header)))
}

/// The value of `Authorization` (RFC 7617, section 2). It is wiped from memory with its last clone.
pub(super) fn basic(user: &str, password: &str) -> Result<HeaderValue, ConfigError> {
    let plain = Zeroizing::new(format!("{user}:{password}"));
    let scheme = b"Basic ";
    // Allocated once: a vector that grows leaves copies of the password behind.
    let mut value = Zeroizing::new(vec![0; scheme.len() + 4 * plain.len().div_ceil(3)]);
    let (start, rest) = value.split_at_mut(scheme.len());
    start.copy_from_slice(scheme);
    BASE64_STANDARD.encode_slice(&*plain, rest).map_err(|_| ConfigError::HttpBasic)?;
    sensitive(value).ok_or(ConfigError::HttpBasic)
}
