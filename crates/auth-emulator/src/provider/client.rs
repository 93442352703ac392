//! The clients of the provider, and how they prove who they are.

use http::header::AUTHORIZATION;

use crate::{
    account,
    message::routed::RoutedRequest,
    provider::{
        ProviderSettings,
        answer::OauthError,
        base64,
        form::{self, Form},
    },
};

/// A client.
pub(super) struct Client {
    pub(super) id: &'static str,
    /// `None` for a public client.
    pub(super) secret: Option<&'static str>,
    /// The grants that it may use.
    pub(super) grants: &'static [&'static str],
}

pub(super) static CLIENTS: [Client; 2] = [
    Client { id: account::OIDC_CLIENT, secret: Some(account::OIDC_CLIENT_SECRET), grants: &GRANTS },
    Client {
        id: account::OIDC_PUBLIC_CLIENT,
        secret: None,
        grants: &[PASSWORD, REFRESH_TOKEN, DEVICE_CODE],
    },
];

pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";
pub(super) const PASSWORD: &str = "password";
pub(super) const REFRESH_TOKEN: &str = "refresh_token";
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const GRANTS: [&str; 4] = [CLIENT_CREDENTIALS, PASSWORD, REFRESH_TOKEN, DEVICE_CODE];

impl Client {
    /// The client that sent a request, by HTTP Basic or by its form, but not by both.
    pub(super) fn of(
        request: &RoutedRequest<'_>,
        form: &Form,
        settings: &ProviderSettings,
    ) -> Result<&'static Self, OauthError> {
        let (id, secret) = match request.headers.get(AUTHORIZATION) {
            Some(_) => {
                let (id, secret) = basic(request)
                    .ok_or_else(|| OauthError::client("The Authorization header is not Basic."))?;
                let is_other = form.get("client_id").is_some_and(|other| other != id);
                if is_other || form.get("client_secret").is_some() {
                    return Err(OauthError::malformed("The client authenticates in two ways."));
                }
                (id, Some(secret).filter(|secret| !secret.is_empty()))
            }
            None => {
                let id = form
                    .get("client_id")
                    .ok_or_else(|| OauthError::client("The request names no client."))?;
                (id.to_owned(), form.get("client_secret").map(str::to_owned))
            }
        };
        let client = CLIENTS.iter().find(|client| client.id == id);
        client
            .filter(|client| settings.secret(client.id, client.secret) == secret.as_deref())
            .ok_or_else(|| OauthError::client("Client authentication failed."))
    }

    /// Refuses a client that may not use this grant.
    pub(super) fn check(&self, grant: &str) -> Result<(), OauthError> {
        if self.grants.contains(&grant) {
            return Ok(());
        }
        let description = format!("The client may not use the grant {grant}.");
        Err(OauthError::new("unauthorized_client", description))
    }
}

/// The client id and the secret of HTTP Basic, both encoded as in a form (RFC 6749, section 2.3.1).
fn basic(request: &RoutedRequest<'_>) -> Option<(String, String)> {
    let (scheme, text) = request.header(AUTHORIZATION.as_str())?.split_once(' ')?;
    let text = String::from_utf8(base64::decoded(text.trim())?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let is_basic = scheme.eq_ignore_ascii_case("basic");
    is_basic.then(|| (form::decoded(id), form::decoded(secret)))
}
