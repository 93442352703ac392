//! Huawei Cloud IAM (document 004).

use serde_json::Value;

use crate::{
    account,
    documents::{self, HUAWEI_DOMAIN_RESPONSE, HUAWEI_PROJECT_RESPONSE},
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
    agencies: Some(Agencies { field: "agency_name", project: account::HUAWEI_PROJECT }),
};

/// The scope is mandatory (document 004, Table 4).
fn authenticate(login: &LoginBody, _: &Settings) -> Result<TokenScope, Refusal> {
    DIRECTORY.authenticate(login)?;
    rescope(login.scope.as_ref())
}

fn rescope(scope: Option<&Value>) -> Result<TokenScope, Refusal> {
    DIRECTORY.scope(scope)?.ok_or_else(|| Refusal::malformed("Expecting to find scope in auth."))
}

fn token(scope: TokenScope) -> Value {
    documents::parsed(match scope {
        TokenScope::Domain | TokenScope::Nothing => HUAWEI_DOMAIN_RESPONSE,
        TokenScope::Project => HUAWEI_PROJECT_RESPONSE,
    })
}

/// The document prints the catalog of a domain token, with services of region `*`. A project token
/// also has the services of the project's region.
fn catalog(scope: TokenScope) -> Vec<Value> {
    let mut rows = match scope {
        TokenScope::Nothing => return Vec::new(),
        TokenScope::Domain => Vec::new(),
        TokenScope::Project => catalog::rows(REGIONAL, account::HUAWEI_PROJECT_ID),
    };
    let mut documented = documents::parsed(HUAWEI_DOMAIN_RESPONSE);
    if let Value::Array(global) = documented["token"]["catalog"].take() {
        rows.extend(global);
    }
    rows
}

const DIRECTORY: Directory = Directory {
    user_id: account::HUAWEI_USER_ID,
    user: account::HUAWEI_USER,
    password: account::HUAWEI_PASSWORD,
    domain_id: account::HUAWEI_DOMAIN_ID,
    domain: account::HUAWEI_DOMAIN,
    project_id: account::HUAWEI_PROJECT_ID,
    project: account::HUAWEI_PROJECT,
};

/// The vendor's catalogs contain both its own service types and OpenStack's.
const REGIONAL: &[CatalogService] = &[
    row("compute", "nova", "https://ecs.cn-north-1.myhuaweicloud.com/v2.1/{project}"),
    row("ecs", "ecs", "https://ecs.cn-north-1.myhuaweicloud.com/v1/{project}"),
    row("network", "neutron", "https://vpc.cn-north-1.myhuaweicloud.com"),
    row("vpc", "vpc", "https://vpc.cn-north-1.myhuaweicloud.com/v1/{project}"),
    row("volumev2", "cinderv2", "https://evs.cn-north-1.myhuaweicloud.com/v2/{project}"),
    row("evs", "evs", "https://evs.cn-north-1.myhuaweicloud.com/v2/{project}"),
    row("image", "glance", "https://ims.cn-north-1.myhuaweicloud.com"),
    row("ims", "ims", "https://ims.cn-north-1.myhuaweicloud.com/v2"),
    row("object", "objectstorage", "https://obs.cn-north-1.myhuaweicloud.com"),
    row("obs", "obs", "https://obs.cn-north-1.myhuaweicloud.com"),
    row("rdsv3", "rdsv3", "https://rds.cn-north-1.myhuaweicloud.com/v3/{project}"),
];

const fn row(kind: &'static str, name: &'static str, url: &'static str) -> CatalogService {
    CatalogService::new("cn-north-1", kind, name, url)
}
