//! Login by the ID token of an identity provider (Huawei Cloud IAM, "Obtaining a Token with an OpenID
//! Connect ID Token"; Open Telekom Cloud has the same).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    account,
    directory::{GROUP, User},
    keystone::v3::V3Rules,
    message::{content_type, response::Refusal, routed::RoutedRequest},
    provider::{Provider, TokenKind},
    tokens::{Holder, TokenScope, TokenTerms},
};

/// Checks a login: the header that names the provider, the ID token, and the scope, which may be
/// absent.
pub(crate) fn authenticate(
    request: &RoutedRequest<'_>,
    rules: &V3Rules,
    provider: &Provider,
) -> Result<TokenTerms, Refusal> {
    content_type::check(request)?;
    let missing = |what: &str| Refusal::malformed(&format!("Expecting to find {what}."));
    let name = request.header("x-idp-id").ok_or_else(|| missing("the header X-Idp-Id"))?;
    let Login { auth } =
        serde_json::from_slice(request.body).map_err(|_| missing("auth.id_token.id"))?;
    if name != account::FEDERATION_PROVIDER {
        return Err(Refusal::not_found(format!("Could not find Identity Provider: {name}.")));
    }
    let subject = provider.subject(&auth.id_token.id, TokenKind::Id, request.now);
    let user = subject.and_then(|subject| subject.user()).ok_or_else(Refusal::unauthorized)?;
    let scope = match &auth.scope {
        None => TokenScope::Nothing,
        scope => (rules.rescope)(scope.as_ref())?,
    };
    Ok(TokenTerms { holder: Holder::Federated(user), ..scope.into() })
}

/// Turns the token body of the document's user into that of the provider's.
pub(crate) fn federate(user: &User, token: &mut Value) {
    token["methods"] = json!(["mapped"]);
    token["user"] = json!({
        "domain": token["user"]["domain"].take(),
        "id": user.id,
        "name": user.name,
        "OS-FEDERATION": {
            "groups": [{ "id": GROUP }],
            "identity_provider": { "id": account::FEDERATION_PROVIDER },
            "protocol": { "id": "oidc" },
        },
    });
}

/// Removes what an unscoped token has not.
pub(crate) fn unscope(token: &mut Value) {
    if let Value::Object(fields) = token {
        for field in ["catalog", "domain", "project", "roles"] {
            fields.remove(field);
        }
    }
}

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    id_token: IdToken,
    scope: Option<Value>,
}

#[derive(Deserialize)]
struct IdToken {
    id: String,
}
