//! NHN Cloud: Identity v2.0, the token in the body (documents 000 and 001).

use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    account,
    answer::{self, Refusal},
    call::Call,
    content_type,
    documents::{self, NHN_COMPUTE_RESPONSE, NHN_IAAS_RESPONSE},
    emulator::Settings,
    stamp,
    system::System,
    tokens::{Grant, Scope, Tokens},
};

/// `/v2.0/tokens`.
pub(crate) fn tokens(
    call: &Call<'_>,
    tokens: &mut Tokens,
    settings: &Settings,
) -> Response<Vec<u8>> {
    if *call.method != Method::POST {
        return answer::no_such_method(call, "POST");
    }
    if let Err(refusal) = admit(call) {
        return refusal.answer(call);
    }
    let (token, grant) = tokens.issue(Scope::Project, call.now);
    answer::value(StatusCode::OK, &access(call, &token, grant, settings))
}

/// Holds the request against the Request table: `tenantId` and `passwordCredentials`, both
/// required.
fn admit(call: &Call<'_>) -> Result<(), Refusal> {
    content_type::check(call)?;
    let request: TokenRequest = serde_json::from_slice(call.body)
        .map_err(|_| Refusal::malformed("Expecting to find auth in request body."))?;
    if let Some(key) = ["identity", "scope"].iter().find(|key| request.auth.contains_key(**key)) {
        return Err(Refusal::malformed(&format!("Identity v2.0 has no auth.{key}.")));
    }
    let auth = Auth::deserialize(Value::Object(request.auth)).map_err(|_| {
        Refusal::malformed("Expecting to find tenantId and passwordCredentials in auth.")
    })?;
    let known = auth.tenant_id == account::NHN_TENANT
        && auth.password_credentials.username == account::NHN_USER
        && auth.password_credentials.password == account::NHN_PASSWORD;
    if known { Ok(()) } else { Err(Refusal::unauthorized()) }
}

/// The documented body with a token and times of its own.
fn access(call: &Call<'_>, token: &str, grant: Grant, settings: &Settings) -> Value {
    let mut body = documents::parsed(match call.system {
        System::NhnCompute => NHN_COMPUTE_RESPONSE,
        _ => NHN_IAAS_RESPONSE,
    });
    let access = &mut body["access"];
    access["token"]["id"] = token.into();
    access["token"]["issued_at"] = stamp::naive(grant.issued_at).into();
    access["token"]["expires"] = stamp::to_the_second(grant.expires_at).into();
    let enabled = !settings.tenant_disabled;
    access["token"]["tenant"]["enabled"] =
        if settings.enabled_as_string { json!(enabled.to_string()) } else { json!(enabled) };
    call.localize(&mut access["serviceCatalog"]);
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
