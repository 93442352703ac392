//! Open Telekom Cloud (document 002). The document prints no responses; they are those of stock v3
//! with the vendor's endpoint table for eu-de.

use serde_json::{Value, json};

use crate::{
    account,
    keystone::{
        agency::Agencies,
        catalog::{self, CatalogService},
        login::LoginBody,
        password::Directory,
        settings::Settings,
        v3::V3Rules,
    },
    message::response::Refusal,
    tokens::TokenScope,
};

pub(crate) static RULES: V3Rules = V3Rules {
    authenticate,
    token,
    catalog,
    nocatalog: Some(Vec::new()),
    rescope,
    // The vendor's clients send this name; its manual has `agency_name`.
    agencies: Some(Agencies { field: "xrole_name", project: account::OTC_PROJECT_NAME }),
};

/// Without a scope the token is for global services, whose scope is the domain.
fn authenticate(login: &LoginBody, _: &Settings) -> Result<TokenScope, Refusal> {
    DIRECTORY.authenticate(login)?;
    rescope(login.scope.as_ref())
}

fn rescope(scope: Option<&Value>) -> Result<TokenScope, Refusal> {
    Ok(DIRECTORY.scope(scope)?.unwrap_or(TokenScope::Domain))
}

fn token(scope: TokenScope) -> Value {
    let mut body = json!({
        "token": {
            "methods": ["password"],
            // As at Huawei, the id of a role has no meaning.
            "roles": [
                { "id": "0", "name": "te_admin" },
                { "id": "0", "name": "op_gated_tasssg" },
            ],
            "user": {
                "domain": DIRECTORY.domain(),
                "id": account::OTC_USER_ID,
                "name": account::OTC_USER,
                "password_expires_at": "",
            },
        }
    });
    match scope {
        TokenScope::Domain => body["token"]["domain"] = DIRECTORY.domain(),
        TokenScope::Project => {
            body["token"]["project"] = json!({
                "domain": DIRECTORY.domain(),
                "id": account::OTC_PROJECT,
                "name": account::OTC_PROJECT_NAME,
            });
        }
        TokenScope::Nothing => {}
    }
    body
}

fn catalog(scope: TokenScope) -> Vec<Value> {
    let services = match scope {
        TokenScope::Domain => GLOBAL,
        TokenScope::Project => REGIONAL,
        TokenScope::Nothing => &[],
    };
    catalog::rows(services, account::OTC_PROJECT)
}

const DIRECTORY: Directory = Directory {
    user_id: account::OTC_USER_ID,
    user: account::OTC_USER,
    password: account::OTC_PASSWORD,
    domain_id: account::OTC_DOMAIN_ID,
    domain: account::OTC_DOMAIN,
    project_id: account::OTC_PROJECT,
    project: account::OTC_PROJECT_NAME,
};

/// Some types contain a version, and one service has no region.
const REGIONAL: &[CatalogService] = &[
    row("compute", "nova", "https://ecs.eu-de.otc.t-systems.com/v2.1/{project}"),
    row("network", "neutron", "https://vpc.eu-de.otc.t-systems.com"),
    row("image", "glance", "https://ims.eu-de.otc.t-systems.com"),
    row("volumev2", "cinderv2", "https://evs.eu-de.otc.t-systems.com/v2/{project}"),
    row("volumev3", "cinderv3", "https://evs.eu-de.otc.t-systems.com/v3/{project}"),
    row("identity", "keystone", "https://iam.eu-de.otc.t-systems.com/v3"),
    row("object", "objectstorage", "https://obs.eu-de.otc.t-systems.com"),
    row("object-store", "swift", "https://swift.eu-de.otc.t-systems.com/v1/AUTH_{project}"),
    row("dns", "designate", "https://dns.eu-de.otc.t-systems.com"),
    row("antiddos", "anti-ddos", "https://antiddos.eu-de.otc.t-systems.com/v1/{project}"),
    TAGS,
    row("kms", "kmsv1", "https://kms.eu-de.otc.t-systems.com/v1.0/{project}"),
    row("rdsv3", "rdsv3", "https://rds.eu-de.otc.t-systems.com/v3/{project}"),
    row("vpc", "vpc", "https://vpc.eu-de.otc.t-systems.com/v1/{project}"),
    row("smn", "smnv2", "https://smn.eu-de.otc.t-systems.com/v2/{project}"),
    row("ces", "cesv1", "https://ces.eu-de.otc.t-systems.com/V1.0/{project}"),
];

/// Anti-DDoS, IAM, OBS and TMS (document 002, Procedure, step 1). A domain token has no project, so
/// Anti-DDoS's URL is without one.
const GLOBAL: &[CatalogService] = &[
    row("antiddos", "anti-ddos", "https://antiddos.eu-de.otc.t-systems.com/v1"),
    row("iam", "iam", "https://iam.eu-de.otc.t-systems.com/v3.0"),
    row("identity", "keystone", "https://iam.eu-de.otc.t-systems.com/v3"),
    row("object", "objectstorage", "https://obs.eu-de.otc.t-systems.com"),
    row("obs", "obs", "https://obs.eu-de.otc.t-systems.com"),
    TAGS,
];

const TAGS: CatalogService = CatalogService {
    region: None,
    ..row("tms", "tag-management", "https://tms.eu-de.otc.t-systems.com/v1.0")
};

const fn row(kind: &'static str, name: &'static str, url: &'static str) -> CatalogService {
    CatalogService::new("eu-de", kind, name, url)
}
