//! The bodies of tokens and receipts.

use serde_json::{Value, json};

use crate::{
    account,
    clouds::stock::catalog,
    directory::{Codes, Domain, GROUP, Target, session::Session},
    keystone::catalog::id,
    message::routed::RoutedRequest,
    tokens::{Grant, format::audit_id, timestamp},
};

/// The description of a token, with its catalog unless the request has `?nocatalog` or the token
/// has no scope.
pub(super) fn token(request: &RoutedRequest<'_>, grant: &Grant) -> Option<Value> {
    let session = grant.session?;
    let audit_ids: Vec<_> = [Some(grant.key), session.origin].into_iter().flatten().collect();
    let mut token = json!({
        "methods": session.methods.names(),
        "user": user(&session),
        "audit_ids": audit_ids.into_iter().map(audit_id).collect::<Vec<_>>(),
        "expires_at": timestamp::zoned(grant.expires_at),
        "issued_at": timestamp::zoned(grant.issued_at),
    });
    match session.target {
        Target::Nothing => return Some(json!({ "token": token })),
        Target::Project(project) => {
            token["project"] = json!({
                "domain": domain(project.domain),
                "id": project.id,
                "name": project.name,
            });
            token["is_domain"] = false.into();
        }
        Target::Domain(of) => token["domain"] = domain(of),
        Target::System => token["system"] = json!({ "all": true }),
    }
    let roles = session.roles().iter().map(|name| json!({ "id": id("role", name), "name": name }));
    token["roles"] = roles.collect();
    if let Some(key) = session.key {
        token["application_credential"] = json!({
            "id": key.id,
            "name": key.name,
            "restricted": !key.unrestricted,
        });
    }
    if request.parameter("nocatalog").is_none() {
        token["catalog"] = catalog::of(session.target);
        request.localize(&mut token["catalog"]);
    }
    Some(json!({ "token": token }))
}

/// The user of a token. A federated one has no password.
fn user(session: &Session) -> Value {
    let mut user = json!({
        "domain": domain(session.user.domain),
        "id": session.user.id,
        "name": session.user.name,
    });
    if session.is_federated() {
        user["OS-FEDERATION"] = json!({
            "groups": [{ "id": GROUP }],
            "identity_provider": { "id": account::FEDERATION_PROVIDER },
            "protocol": { "id": account::FEDERATION_PROTOCOL },
        });
    } else {
        user["password_expires_at"] = Value::Null;
    }
    user
}

/// The description of a receipt, and the methods that the user needs.
pub(super) fn receipt(session: &Session, grant: &Grant) -> Value {
    let required: &[&[&str]] = match session.user.codes {
        Codes::Required => &[&["password", "totp"]],
        Codes::None | Codes::Allowed => &[],
    };
    json!({
        "receipt": {
            "methods": session.methods.names(),
            "user": {
                "id": session.user.id,
                "name": session.user.name,
                "domain": domain(session.user.domain),
            },
            "expires_at": timestamp::zoned(grant.expires_at),
            "issued_at": timestamp::zoned(grant.issued_at),
        },
        "required_auth_methods": required,
    })
}

fn domain(domain: &Domain) -> Value {
    json!({ "id": domain.id, "name": domain.name })
}
