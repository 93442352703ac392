//! A federated login of either adapter, and what its caller sees.

use std::{
    sync::atomic::{AtomicI64, Ordering::SeqCst},
    time::Duration,
};

use auth_proto::{Cloud, Credential, ErrorKind, Federation, OidcClient, ProtocolError, Refusal};
use testing::{Adapter, Error, events};
use time::UtcDateTime;

use super::{Place, Table};
use crate::clients::{NOW, of_error, of_token, scope};

/// The client's secret.
pub(crate) const SECRET: &str = "s3cret-of-the-client";
/// The password of the user at the provider.
pub(crate) const PASSWORD: &str = "s3cret-of-the-user";
/// The provider's token, or the ID token that the caller has.
pub(crate) const BEARER: &str = "s3cret-bearer";
/// The unscoped token.
pub(crate) const ROOT: &str = "s3cret-root";
/// The token that the provider sends beside the bearer.
pub(crate) const UNWANTED: &str = "s3cret-unwanted";
pub(crate) const SECRETS: [&str; 5] = [SECRET, PASSWORD, BEARER, ROOT, UNWANTED];

/// A good token response.
pub(crate) const ANSWER: &str = r#"{"access_token": "s3cret-bearer", "token_type": "Bearer",
    "expires_in": 300, "id_token": "s3cret-unwanted"}"#;

/// The way in of a table. The name of a row about the `id_token`, or about a provider that is
/// configured by its name, says so.
fn credential(table: Table, name: &str, place: &Place) -> Credential {
    let token_endpoint = format!("{}/token", place.provider);
    let mut client = match table {
        Table::Documents => {
            let document = format!("{}/.well-known/openid-configuration", place.provider);
            let by_name = name.ends_with("by name");
            let host = if by_name { "//localhost" } else { "//127.0.0.1" };
            OidcClient::discovered("robot", document.replace("//127.0.0.1", host))
        }
        _ => OidcClient::new("robot", token_endpoint),
    };
    if name.ends_with("for an ID token") {
        client = client.with_id_token();
    }
    let client = client.with_secret(SECRET);
    Credential::federated(match table {
        Table::Answers => Federation::password("idp", "openid", client, "jo", PASSWORD),
        Table::Documents | Table::Gates => Federation::client_credentials("idp", "openid", client),
        Table::IdTokens => Federation::id_token("idp", BEARER),
    })
}

fn cloud(table: Table, place: &Place) -> Cloud {
    let url = format!("{}/v3", place.cloud);
    match table {
        Table::IdTokens => Cloud::otc("eu-de").unwrap().at(&url).unwrap(),
        _ => Cloud::keystone(&url).unwrap(),
    }
}

/// The outcome of a login, and all texts that the caller can print or log.
pub(crate) fn log_in(
    adapter: Adapter,
    table: Table,
    name: &str,
    place: &Place,
    timeout: Duration,
) -> (String, String) {
    let credential = credential(table, name, place);
    // The requests of a login up to the one that is replaced.
    let requests = if table == Table::Gates { 2 } else { 1 };
    let client = adapter
        .client(cloud(table, place), credential, scope())
        .own_runtime()
        .clock(clock(requests))
        .identity_timeout(timeout)
        .build()
        .unwrap();
    let (result, events) = events::lines(|| client.token());
    let shown = match &result {
        Ok(token) => format!("{token:?}"),
        Err(error) => error.shown(),
    };
    let shown = format!("{shown} {client:?} {client:#?} {}", events.join("\n"));
    (result.map_or_else(|error| outcome(&error), |token| of_token(&token)), shown)
}

/// A clock that advances by 15 seconds after each try until the third one, as in the other tables: so
/// the pauses between them are over, and no test waits. It is read twice for each request.
fn clock(requests: i64) -> impl Fn() -> UtcDateTime + Send + Sync + 'static {
    let readings = AtomicI64::new(0);
    move || {
        let tries = readings.fetch_add(1, SeqCst) / (2 * requests);
        NOW + time::Duration::seconds(15 * tries.min(2))
    }
}

fn outcome(error: &Error) -> String {
    let Some(error) = error.auth() else { return format!("{error:?}") };
    let short = of_error(error);
    match error.kind() {
        ErrorKind::Protocol(ProtocolError::Provider { origin, document, why }) => {
            format!("{document} of {origin}: {why:?}")
        }
        ErrorKind::Rejected(Refusal { problem: Some(problem), .. }) => {
            short.replacen("refused", &format!("{problem:?}"), 1)
        }
        ErrorKind::Transport(failure) => {
            let text = failure.to_string();
            let (_, of_party) = text.split_once(": ").unwrap_or_default();
            format!("{:?} of {of_party}", failure.kind)
        }
        _ => short,
    }
}
