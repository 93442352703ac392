//! The OpenID provider that runs beside the server, as its program recorded it.

use std::collections::BTreeMap;

use auth_proto::OidcClient;
use http::{Request, header};
use serde::Deserialize;
use serde_json::Value;
use testing::send;

/// The provider, and the contents of it that cases need.
#[derive(Deserialize)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) discovery_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) accounts: BTreeMap<String, Account>,
    clients: BTreeMap<String, StoredClient>,
}

#[derive(Deserialize)]
pub(crate) struct Account {
    pub(crate) password: String,
}

/// A client; public without a secret.
#[derive(Deserialize)]
struct StoredClient {
    id: String,
    secret: Option<String>,
}

impl Provider {
    /// A client, whose token endpoint is discovered.
    pub(crate) fn client(&self, key: &str) -> OidcClient {
        self.with_secret(
            key,
            OidcClient::discovered(&self.clients[key].id, &self.discovery_endpoint),
        )
    }

    /// A client with this token endpoint.
    pub(crate) fn client_at(&self, key: &str, token_endpoint: &str) -> OidcClient {
        self.with_secret(key, OidcClient::new(&self.clients[key].id, token_endpoint))
    }

    fn with_secret(&self, key: &str, client: OidcClient) -> OidcClient {
        match &self.clients[key].secret {
            Some(secret) => client.with_secret(secret.as_str()),
            None => client,
        }
    }

    /// How often this client has asked for a token, with success or without.
    pub(crate) fn logins(&self, key: &str) -> Result<u64, String> {
        let request = Request::get(format!("{}/logins", self.issuer)).body(String::new());
        let answer = send(request.map_err(|error| error.to_string())?);
        let answer = answer.map_err(|stop| stop.to_string())?;
        let answer: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok(answer[&self.clients[key].id].as_u64().unwrap_or_default())
    }

    pub(crate) fn id(&self, key: &str) -> &str {
        &self.clients[key].id
    }

    /// A token of the provider for this client, without the crates under test: `access_token` or
    /// `id_token`. The secret must need no escape.
    pub(crate) fn bearer(&self, key: &str, kind: &str) -> Result<String, String> {
        let client = &self.clients[key];
        let secret = client.secret.as_deref().unwrap_or_default();
        let form = format!(
            "grant_type=client_credentials&scope=openid%20profile&client_id={}&client_secret={}",
            client.id,
            secret.replace(' ', "+"),
        );
        let request = Request::post(&self.token_endpoint)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .map_err(|error| error.to_string())?;
        let answer = send(request).map_err(|stop| stop.to_string())?;
        let answer: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let token = answer[kind].as_str().map(str::to_owned);
        token.ok_or_else(|| format!("the provider gave no {kind}: {answer}"))
    }
}
