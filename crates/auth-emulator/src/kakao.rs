//! KakaoCloud (document 003): stock Keystone behind `/identity`, access keys only.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    account,
    answer::Refusal,
    catalog::{self, Service},
    emulator::Settings,
    tokens::Scope,
    v3::{Dialect, Login, Reference},
};

pub(crate) static DIALECT: Dialect =
    Dialect { admit, token, catalog, nocatalog: None, rescope, agencies: None };

/// What an application credential gave is good for its own project alone.
fn rescope(_: Option<&Value>) -> Result<Scope, Refusal> {
    Err(Refusal::forbidden("You are not authorized to perform the requested action: rescope."))
}

/// Method 1: id and secret. Method 2: name, secret and user.
fn admit(login: &Login, settings: &Settings) -> Result<Scope, Refusal> {
    let key: ApplicationCredential = login.sole("application_credential")?;
    if login.scope.is_some() {
        return Err(Refusal::unauthorized_because(
            "Application credentials cannot request a scope.",
        ));
    }
    match (&key.id, &key.name, &key.user) {
        (Some(id), _, _) if settings.access_key_deleted || id != account::KAKAO_KEY_ID => {
            return Err(Refusal::not_found(format!(
                "Could not find Application Credential: {id}."
            )));
        }
        (Some(_), _, _) => {}
        (None, Some(name), Some(user)) => {
            if user.is_empty() || user.id.is_none() && user.domain.is_none() {
                return Err(Refusal::malformed("Expecting to find user id, or name and domain."));
            }
            let known = name == account::KAKAO_KEY_NAME && is_holder(user);
            if settings.access_key_deleted || !known {
                return Err(Refusal::unauthorized());
            }
        }
        (None, _, _) => {
            return Err(Refusal::malformed("Expecting to find id, or name and user."));
        }
    }
    if key.secret == account::KAKAO_SECRET {
        Ok(Scope::Project)
    } else {
        Err(Refusal::unauthorized())
    }
}

/// The user of the project list, by the id that is shown there or by the placeholder of method 2;
/// or by name and domain, as stock Keystone takes it.
fn is_holder(user: &Reference) -> bool {
    let in_domain = user
        .domain
        .as_ref()
        .is_none_or(|it| it.means(account::KAKAO_DOMAIN_ID, account::KAKAO_DOMAIN));
    [account::KAKAO_USER_ID, "unique user ID"]
        .iter()
        .any(|id| user.means(id, account::KAKAO_USER_NAME))
        && in_domain
}

/// The document shows no body; this is what stock Keystone says of such a token.
fn token(_: Scope) -> Value {
    let domain = json!({ "id": account::KAKAO_DOMAIN_ID, "name": account::KAKAO_DOMAIN });
    json!({
        "token": {
            "application_credential": {
                "id": account::KAKAO_KEY_ID,
                "name": account::KAKAO_KEY_NAME,
                "restricted": true,
            },
            "audit_ids": ["5mSq1XgzQkSCnQYdE8b0yw"],
            "is_domain": false,
            "methods": ["application_credential"],
            "project": {
                "domain": &domain,
                "id": account::KAKAO_PROJECT,
                "name": account::KAKAO_PROJECT_NAME,
            },
            "roles": [{ "id": catalog::id("role", "admin"), "name": "admin" }],
            "user": {
                "domain": &domain,
                "id": account::KAKAO_USER_ID,
                "name": account::KAKAO_USER_NAME,
                "password_expires_at": null,
            },
        }
    })
}

fn catalog(_: Scope) -> Vec<Value> {
    catalog::rows(SERVICES, account::KAKAO_PROJECT)
}

#[derive(Deserialize)]
struct ApplicationCredential {
    id: Option<String>,
    name: Option<String>,
    secret: String,
    user: Option<Reference>,
}

const SERVICES: &[Service] = &[
    row("identity", "keystone", "https://iam.kakaocloud.com/identity/v3"),
    row("bcs", "bcs", "https://bcs.kr-central-2.kakaocloud.com/api/v1"),
    row("vpc", "vpc", "https://vpc.kr-central-2.kakaocloud.com/api/v1"),
    row("network", "network", "https://network.kr-central-2.kakaocloud.com/api/v1"),
    row(
        "load-balancer",
        "load-balancer",
        "https://load-balancer.kr-central-2.kakaocloud.com/api/v1",
    ),
    row("volume", "volume", "https://volume.kr-central-2.kakaocloud.com/api/v1"),
    row("image", "image", "https://image.kr-central-2.kakaocloud.com/api/v1"),
];

const fn row(kind: &'static str, name: &'static str, url: &'static str) -> Service {
    Service::new("kr-central-2", kind, name, url)
}
