//! A login: its methods, its scope, and the factors that are still missing.

use http::StatusCode;
use serde_json::{Value, json};
use time::UtcDateTime;

use crate::{
    clouds::stock::{factors::Proof, scope},
    directory::{
        Codes, Target,
        session::{Methods, Session},
    },
    keystone::{login::LoginBody, settings::Settings},
    message::{content_type, response::Refusal, routed::RoutedRequest},
    tokens::{TokenTerms, Tokens},
};

/// Why a login gives no token.
pub(super) enum Stop {
    Refused(Refusal),
    /// The methods so far are right, but the user needs more. The session's scope is `Nothing`.
    MoreFactors(Session),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Checks a login in the order of Keystone: the request, the scope, each method, the receipt, the
/// missing factors, and the roles.
pub(super) fn log_in(
    request: &RoutedRequest<'_>,
    tokens: &Tokens,
    receipts: &Tokens,
    settings: &Settings,
) -> Result<TokenTerms, Stop> {
    content_type::check(request)?;
    let body = read(request.body)?;
    let asked = scope::read(body.scope.as_ref(), settings)?;
    let proof = Proof::of(request, &body, asked, tokens)?;
    let target = asked.unwrap_or_else(|| own_target(&proof, settings));
    let methods = proof.methods.and(of_receipt(request, &proof, receipts)?);
    let session =
        Session { user: proof.user, methods, target, key: proof.key, origin: proof.origin };
    if proof.user.codes == Codes::Required && !(methods.has("password") && methods.has("totp")) {
        return Err(Stop::MoreFactors(Session { target: Target::Nothing, ..session }));
    }
    let has_role = proof.key.is_some() || settings.has_role(proof.user, target);
    if target != Target::Nothing && !has_role {
        return Err(Refusal::unauthorized().into());
    }
    Ok(TokenTerms { expires_by: proof.expires_by.unwrap_or(UtcDateTime::MAX), ..session.into() })
}

/// The body, if each of its methods has an object and is supported.
fn read(body: &[u8]) -> Result<LoginBody, Refusal> {
    let json = match body {
        b"" => Ok(json!({})),
        body => serde_json::from_slice::<Value>(body),
    };
    match json {
        Ok(Value::Object(fields)) if !fields.contains_key("auth") => {
            return Err(Refusal::malformed("Expecting to find auth in request body."));
        }
        Ok(Value::Object(_)) => {}
        _ => return Err(Refusal::malformed("Expecting to find valid JSON in request body.")),
    }
    let login = LoginBody::read(body)?;
    if let Some(method) = login.methods.iter().find(|method| login.factor(method).is_none()) {
        return Err(Refusal::malformed(&format!("Expecting to find {method} in identity.")));
    }
    if login.methods.iter().any(|method| !Methods::SUPPORTED.contains(&method.as_str())) {
        return Err(unsupported());
    }
    if login.scope.is_some() && login.methods.iter().any(|method| method == KEY) {
        let refusal = Refusal::unauthorized_because(
            "Error authenticating with application credential: Application credentials cannot \
             request a scope.",
        );
        return Err(refusal.with_identity(json!({})));
    }
    Ok(login)
}

/// The scope of a login without a scope: the application credential's project, or the user's
/// default project if the user has a role there.
fn own_target(proof: &Proof, settings: &Settings) -> Target {
    if let Some(key) = proof.key {
        return Target::Project(key.project);
    }
    proof
        .user
        .default_project
        .map(Target::Project)
        .filter(|target| settings.has_role(proof.user, *target))
        .unwrap_or(Target::Nothing)
}

/// The methods of the receipt, which must be of the same user.
fn of_receipt(
    request: &RoutedRequest<'_>,
    proof: &Proof,
    receipts: &Tokens,
) -> Result<Methods, Refusal> {
    let Some(receipt) = request.header("openstack-auth-receipt").filter(|text| !text.is_empty())
    else {
        return Ok(Methods::default());
    };
    let session = receipts.find(receipt, request.now).and_then(|grant| grant.session);
    match session {
        Some(session) if session.user.id == proof.user.id => Ok(session.methods),
        // As Keystone does, with the receipt in the message.
        _ => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            format!("Could not find auth receipt: {receipt}."),
        )),
    }
}

/// The server has no such method. Keystone names those that it has.
pub(super) fn unsupported() -> Refusal {
    Refusal::unauthorized_because("Attempted to authenticate with an unsupported method.")
        .with_identity(json!({ "methods": Methods::SUPPORTED }))
}

pub(super) const KEY: &str = "application_credential";
