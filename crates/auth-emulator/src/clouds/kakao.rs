//! KakaoCloud (document 003): stock Keystone under `/identity`, with access keys only.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    account,
    keystone::{
        catalog::{self, CatalogService},
        login::{LoginBody, Reference},
        settings::Settings,
        v3::V3Rules,
    },
    message::response::Refusal,
    tokens::TokenScope,
};

pub(crate) static RULES: V3Rules =
    V3Rules { authenticate, token, catalog, nocatalog: None, rescope, agencies: None };

/// A token of an application credential cannot be exchanged.
fn rescope(_: Option<&Value>) -> Result<TokenScope, Refusal> {
    Err(Refusal::forbidden("You are not authorized to perform the requested action: rescope."))
}

/// Method 1: id and secret. Method 2: name, secret and user.
fn authenticate(login: &LoginBody, settings: &Settings) -> Result<TokenScope, Refusal> {
    let key: ApplicationCredential = login.only_method("application_credential")?;
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
            let known = name == account::KAKAO_KEY_NAME && is_owner(user);
            if settings.access_key_deleted || !known {
                return Err(Refusal::unauthorized());
            }
        }
        (None, _, _) => {
            return Err(Refusal::malformed("Expecting to find id, or name and user."));
        }
    }
    if key.secret == account::KAKAO_SECRET {
        Ok(TokenScope::Project)
    } else {
        Err(Refusal::unauthorized())
    }
}

/// Whether this is the owner of the access key: by the id in the project list, by the placeholder
/// of method 2, or by name and domain as in stock Keystone.
fn is_owner(user: &Reference) -> bool {
    let in_domain = user
        .domain
        .as_ref()
        .is_none_or(|it| it.matches(account::KAKAO_DOMAIN_ID, account::KAKAO_DOMAIN));
    [account::KAKAO_USER_ID, "unique user ID"]
        .iter()
        .any(|id| user.matches(id, account::KAKAO_USER_NAME))
        && in_domain
}

/// The document shows no body; this is stock Keystone's.
fn token(_: TokenScope) -> Value {
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

fn catalog(_: TokenScope) -> Vec<Value> {
    catalog::rows(SERVICES, account::KAKAO_PROJECT)
}

#[derive(Deserialize)]
struct ApplicationCredential {
    id: Option<String>,
    name: Option<String>,
    secret: String,
    user: Option<Reference>,
}

const SERVICES: &[CatalogService] = &[
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

const fn row(kind: &'static str, name: &'static str, url: &'static str) -> CatalogService {
    CatalogService::new("kr-central-2", kind, name, url)
}
