//! Synonyms: older and alternative names of a setting become one key.

use crate::{
    report::warning::Warning,
    value::{Map, Node, keys},
};

/// Renames the time-outs that older tools had for each service to `api_timeout`.
pub(super) fn rename_timeouts(map: &mut Map) {
    let is_old = |key: &String| {
        key.ends_with("timeout") && !matches!(key.as_str(), "timeout" | "api_timeout")
    };
    let old: Vec<_> = map.keys().filter(|key| is_old(key)).cloned().collect();
    for key in old {
        if let Some(node) = map.remove(&key).filter(|node| !node.is_null()) {
            map.insert("api_timeout".to_owned(), node);
        }
    }
}

/// Drops `auth_plugin`, an older name of `auth_type`. Even the default `auth_type` wins over it, as
/// in openstacksdk.
pub(super) fn drop_auth_plugin(map: &mut Map, warnings: &mut Vec<Warning>) {
    if let Some(node) = map.remove("auth_plugin") {
        let (key, origin) = ("auth_plugin".to_owned(), node.origin);
        warnings.push(Warning::Deprecated { key, instead: "auth_type", origin });
    }
}

/// Gives each kind of login one name: those of openstacksdk, and the spelling of a vendor's page
/// (<https://docs.infomaniak.cloud/identity/policies>).
pub(super) fn rename_auth_types(map: &mut Map) {
    let Some(node) = map.get_mut("auth_type") else { return };
    let name = match node.as_text() {
        None | Some("None") => "none",
        Some("token_endpoint") => "admin_token",
        // A plugin of its own for keystoneauth, which has no key `access_token_file`
        // (rackerlabs/understack, python/keystoneauth-kubeservicetoken).
        Some("v3oidcaccesstokenfile") => "v3oidcaccesstoken",
        Some("v3application_credential") => "v3applicationcredential",
        Some(_) => return,
    };
    *node = Node::text(name, node.origin.clone());
}

/// Renames `endpoint_type` to `interface`, also after the name of a service. The older name wins.
pub(super) fn rename_endpoint_types(map: &mut Map) {
    let old: Vec<_> = map.keys().filter(|key| key.ends_with("endpoint_type")).cloned().collect();
    for key in old {
        if let Some(node) = map.remove(&key) {
            map.insert(key.replace("endpoint_type", "interface"), node);
        }
    }
}

/// Moves values with several names to one key of `auth`. Each name may be set in `auth` and beside
/// it. The last name in the table wins; of one name the value beside `auth` wins, because options
/// of a command line and variables are there.
pub(super) fn unite(map: &mut Map, auth: &mut Map) {
    let is_v2_password = map.get("auth_type").and_then(Node::as_text) == Some("v2password");
    for (target, synonyms) in SYNONYMS {
        let mut names = synonyms.to_vec();
        // A v2 password login is for a tenant, so the tenant's name wins there.
        if is_v2_password && target.starts_with("project_") {
            names.reverse();
        }
        let candidates = names.iter().flat_map(|name| [auth.remove(*name), map.remove(*name)]);
        let candidates: Vec<_> = candidates.flatten().filter(|n| n.as_text().is_some()).collect();
        if let Some(node) = candidates.into_iter().last() {
            auth.insert((*target).to_owned(), node);
        }
    }
}

/// The key under `auth`, and the names of its value from the weakest to the strongest.
///
/// `target_*` are the keys of the plugin `agency` of python-otcextensions. gophertelekomcloud reads
/// the same values from the variables `OS_AGENCY_NAME`, `OS_AGENCY_DOMAIN_NAME` and
/// `OS_DELEGATED_PROJECT`.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("domain_id", &["domain_id"]),
    ("domain_name", &["domain_name"]),
    ("passcode", &["passcode"]),
    ("project_domain_id", &["project_domain_id"]),
    ("project_domain_name", &["project_domain_name"]),
    ("project_id", &["tenant_id", "project_id"]),
    ("project_name", &["tenant_name", "project_name"]),
    ("target_agency_name", &["agency_name", "target_agency_name"]),
    ("target_domain_name", &["agency_domain_name", "target_domain_name"]),
    ("target_project_name", &["delegated_project", "target_project_name"]),
    ("token", &["auth_token", "token"]),
    ("user_domain_id", &["user_domain_id"]),
    ("user_domain_name", &["user_domain_name"]),
];

/// Replaces `domain_id` and `domain_name` by the domains of the user and of the project, for which
/// they are short in a login for a project or an agency.
pub(super) fn distribute_domain(auth: &mut Map, warnings: &mut Vec<Warning>) {
    for (short, user, project) in [
        ("domain_id", "user_domain_id", "project_domain_id"),
        ("domain_name", "user_domain_name", "project_domain_name"),
    ] {
        let Some(node) = auth.remove(short) else { continue };
        let mut is_used = false;
        for key in [user, project] {
            is_used |= !auth.contains_key(key);
            auth.entry(key.to_owned()).or_insert_with(|| node.clone());
        }
        if !is_used {
            let (why, origin) = ("another scope and both domains are set", node.origin);
            warnings.push(Warning::ScopeIgnored { key: short, why, origin });
        }
    }
}

/// Moves the URL of services without an identity service into `auth`. `url` is an older name of it.
pub(super) fn move_endpoint(map: &mut Map, auth: &mut Map) {
    let found = ["endpoint", "url"].into_iter().find_map(|key| {
        let inside = auth.remove(key).filter(|node| !node.is_empty());
        inside.or_else(|| map.remove(key).filter(|node| !node.is_empty()))
    });
    if let Some(node) = found {
        auth.insert("endpoint".to_owned(), node);
    }
}

/// Names of options that win nothing over the newer name.
const OLDER_NAMES: [(&str, &str); 3] =
    [("authorization_code", "code"), ("scope", "openid_scope"), ("user_name", "username")];

/// Moves login options from beside `auth` into it. A value that is already there wins.
pub(super) fn move_login_options(map: &mut Map, auth: &mut Map) {
    auth.retain(|_, node| !node.is_empty());
    for key in keys::login_options() {
        if let Some(node) = map.remove(key).filter(|node| !node.is_empty()) {
            auth.entry(key.to_owned()).or_insert(node);
        }
    }
    for (older, key) in OLDER_NAMES {
        if let Some(node) = auth.remove(older) {
            auth.entry(key.to_owned()).or_insert(node);
        }
    }
}
