//! The keys under `auth` that decide a token's scope.

use crate::{
    report::warning::Warning,
    rules::credential::is_without_login,
    value::{Map, Node},
};

/// Keys that set a scope. The id of a kind is before its name, and wins over it.
pub(crate) const SCOPES: &[&str] =
    &["domain_id", "domain_name", "project_id", "project_name", "system_scope", "trust_id"];

/// The key that makes a login one for an agency.
pub(crate) const AGENCY_NAME: &str = "target_agency_name";

/// Whether the login is for a project.
pub(super) fn has_project(auth: &Map) -> bool {
    auth.contains_key("project_id") || auth.contains_key("project_name")
}

/// Whether the login assumes an agency.
pub(crate) fn is_agency(map: &Map, auth: &Map) -> bool {
    let auth_type = map.get("auth_type").and_then(Node::as_text);
    auth.get(AGENCY_NAME).and_then(Node::as_text).is_some() || auth_type == Some("agency")
}

/// Whether the services have no identity service: the kind of login asks for no token, and the
/// services' URLs are set. A token may also be used with the catalog of an identity service.
pub(crate) fn is_standalone(map: &Map, auth: &Map) -> bool {
    let is_token = map.get("auth_type").and_then(Node::as_text) == Some("admin_token");
    is_without_login(map)
        && (!is_token || auth.contains_key("endpoint") || !auth.contains_key("auth_url"))
}

/// Warnings about scopes that the kind of login does not use.
pub(crate) fn ignored_scopes(map: &Map, auth: &Map) -> Vec<Warning> {
    let why = match map.get("auth_type").and_then(Node::as_text) {
        _ if is_agency(map, auth) => {
            "an agency's token is for target_project_name, or for target_domain_name"
        }
        Some("v3applicationcredential" | "v3oauth2clientcredential") => {
            "an application credential has a fixed scope"
        }
        _ if is_standalone(map, auth) => "services without an identity service have no scopes",
        _ => return Vec::new(),
    };
    let ignored = |&key: &&'static str| {
        let origin = auth.get(key)?.origin.clone();
        Some(Warning::ScopeIgnored { key, why, origin })
    };
    SCOPES.iter().filter_map(ignored).collect()
}
