//! NHN Cloud: Identity v2.0, with the token in the body (documents 000 and 001).

use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    account,
    documents::{self, NHN_COMPUTE_RESPONSE, NHN_IAAS_RESPONSE},
    keystone::settings::Settings,
    message::{
        content_type,
        response::{self, Refusal},
        routed::RoutedRequest,
    },
    system::System,
    tokens::{Grant, TokenScope, Tokens, timestamp},
};

/// `/v2.0/tokens`.
pub(crate) fn tokens(
    request: &RoutedRequest<'_>,
    tokens: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    if *request.method != Method::POST {
        return response::no_such_method(request, "POST");
    }
    if let Err(refusal) = authenticate(request) {
        return refusal.response(request);
    }
    let (token, grant) = tokens.issue(TokenScope::Project, request.now);
    response::value(StatusCode::OK, &access(request, &token, grant, settings))
}

/// Checks the request by the Request table: `tenantId` and `passwordCredentials` are required.
fn authenticate(request: &RoutedRequest<'_>) -> Result<(), Refusal> {
    content_type::check(request)?;
    let body: TokenRequest = serde_json::from_slice(request.body)
        .map_err(|_| Refusal::malformed("Expecting to find auth in request body."))?;
    if let Some(key) = ["identity", "scope"].iter().find(|key| body.auth.contains_key(**key)) {
        return Err(Refusal::malformed(&format!("Identity v2.0 has no auth.{key}.")));
    }
    let auth = Auth::deserialize(Value::Object(body.auth)).map_err(|_| {
        Refusal::malformed("Expecting to find tenantId and passwordCredentials in auth.")
    })?;
    let known = auth.tenant_id == account::NHN_TENANT
        && auth.password_credentials.username == account::NHN_USER
        && auth.password_credentials.password == account::NHN_PASSWORD;
    if known { Ok(()) } else { Err(Refusal::unauthorized()) }
}

/// The documented body with the new token and its times.
fn access(request: &RoutedRequest<'_>, token: &str, grant: Grant, settings: &Settings) -> Value {
    let mut body = documents::parsed(match request.system {
        System::NhnCompute => NHN_COMPUTE_RESPONSE,
        _ => NHN_IAAS_RESPONSE,
    });
    let access = &mut body["access"];
    access["token"]["id"] = token.into();
    access["token"]["issued_at"] = timestamp::naive(grant.issued_at).into();
    access["token"]["expires"] = timestamp::to_the_second(grant.expires_at).into();
    let enabled = !settings.tenant_disabled;
    access["token"]["tenant"]["enabled"] =
        if settings.enabled_as_string { json!(enabled.to_string()) } else { json!(enabled) };
    request.localize(&mut access["serviceCatalog"]);
    body
}

#[derive(Deserialize)]
struct TokenRequest {
    auth: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Auth {
    tenant_id: String,
    password_credentials: PasswordCredentials,
}

#[derive(Deserialize)]
struct PasswordCredentials {
    username: String,
    password: String,
}
