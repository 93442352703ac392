//! The kind of login that fits the configured credential, where no `auth_type` is set.

use std::iter;

use crate::{
    report::{origin::ValueOrigin, warning::Warning},
    value::{Map, Node, keys},
};

/// A kind of credential that can be configured completely.
struct Kind {
    /// The `auth_type` to write for it.
    auth_type: &'static str,
    secret: &'static str,
    /// The secret belongs to one of these. Empty for a secret that needs nothing else.
    owners: &'static [&'static str],
    /// The names of `auth_type` that send this secret.
    used_by: &'static [&'static str],
}

/// In the order of preference: a password is what `auth_type` means by default.
const KINDS: [Kind; 7] = [
    Kind {
        auth_type: "password",
        secret: "password",
        owners: &["user_id", "username"],
        used_by: &[
            "agency",
            "http_basic",
            "password",
            "v2password",
            "v3multifactor",
            "v3oidcpassword",
            "v3password",
        ],
    },
    Kind {
        auth_type: "v3applicationcredential",
        secret: "application_credential_secret",
        owners: &["application_credential_id", "application_credential_name"],
        used_by: &["v3applicationcredential"],
    },
    Kind {
        auth_type: "token",
        secret: "token",
        owners: &[],
        used_by: &["admin_token", "token", "v2token", "v3token"],
    },
    Kind {
        auth_type: "v3totp",
        secret: "passcode",
        owners: &["user_id", "username"],
        used_by: &["v3multifactor", "v3oidcpassword", "v3totp"],
    },
    Kind {
        auth_type: "v3oidcaccesstoken",
        secret: "access_token",
        owners: &["identity_provider"],
        used_by: &["v3idtoken", "v3oidcaccesstoken"],
    },
    Kind {
        auth_type: "v3oidcclientcredentials",
        secret: "client_secret",
        owners: &["client_id"],
        used_by: &["v3oidcclientcredentials", "v3oidcpassword"],
    },
    Kind {
        auth_type: "v3oauth2clientcredential",
        secret: "oauth2_client_secret",
        owners: &["oauth2_client_id"],
        used_by: &["v3oauth2clientcredential"],
    },
];

/// Sets `auth_type` to the kind of the configured credential, unless the user or a profile has set
/// it. Without a complete credential it stays the default, a password, which a program may ask for.
///
/// An application credential is recognised without its secret, too: its id is for nothing else.
pub(super) fn set_auth_type(map: &mut Map, auth: &Map) {
    if !map.get("auth_type").is_some_and(|node| node.origin == ValueOrigin::Default) {
        return;
    }
    let is_named = |kind: &Kind| kind.owners.iter().any(|owner| is_set(auth, owner));
    let is_application_credential =
        |kind: &Kind| kind.secret == "application_credential_secret" && is_named(kind);
    let fits = |kind: &&Kind| is_application_credential(kind) || kind.is_complete(auth);
    let Some(kind) = KINDS.iter().find(fits).filter(|kind| kind.auth_type != "password") else {
        return;
    };
    let has_endpoint =
        || ["endpoint", "url"].iter().any(|key| is_set(auth, key) || is_set(map, key));
    // A token with the URL of the services, and without one of an identity service.
    let auth_type = match kind.auth_type {
        "token" if !is_set(auth, "auth_url") && has_endpoint() => "admin_token",
        auth_type => auth_type,
    };
    let owner = || kind.owners.iter().find_map(|owner| auth.get(*owner));
    let origin = kind.secret_in(auth).or_else(owner).map(|node| node.origin.clone());
    let origin = origin.unwrap_or(ValueOrigin::Default);
    map.insert("auth_type".to_owned(), Node::text(auth_type, origin));
}

/// Whether this kind of login may have one `endpoint` for all services: no token is asked for.
pub(crate) fn is_without_login(map: &Map) -> bool {
    let auth_type = map.get("auth_type").and_then(Node::as_text);
    matches!(auth_type, Some("admin_token" | "http_basic" | "none"))
}

/// A warning for each complete credential that the kind of login does not use.
pub(crate) fn ignored_credentials(map: &Map, auth: &Map) -> Vec<Warning> {
    let used = map.get("auth_type").and_then(Node::as_text).unwrap_or_default();
    // A kind that is not supported is an error later.
    if !KINDS.iter().any(|kind| kind.used_by.contains(&used)) && !is_without_login(map) {
        return Vec::new();
    }
    let is_ignored = |kind: &&Kind| kind.is_complete(auth) && !kind.used_by.contains(&used);
    let ignored = |kind: &Kind| {
        let origin = kind.secret_in(auth)?.origin.clone();
        let used = used.to_owned();
        Some(Warning::CredentialIgnored { key: kind.secret, used, needed: kind.auth_type, origin })
    };
    KINDS.iter().filter(is_ignored).filter_map(ignored).collect()
}

/// A warning for a kind of login whose requests have no `Authorization: Bearer` header here, as they
/// have with keystoneauth.
pub(crate) fn missing_bearer(map: &Map) -> Option<Warning> {
    let node =
        map.get("auth_type").filter(|node| node.as_text() == Some("v3oauth2clientcredential"));
    node.map(|node| Warning::BearerNotSent(node.origin.clone()))
}

impl Kind {
    fn is_complete(&self, auth: &Map) -> bool {
        let has_owner =
            self.owners.is_empty() || self.owners.iter().any(|owner| is_set(auth, owner));
        has_owner && self.secret_in(auth).is_some()
    }

    /// The secret, or where it is read.
    fn secret_in<'a>(&self, auth: &'a Map) -> Option<&'a Node> {
        let mut names = iter::once(self.secret.to_owned()).chain(keys::sources(self.secret));
        names.find_map(|key| auth.get(&key).filter(|node| !node.is_empty()))
    }
}

fn is_set(auth: &Map, key: &str) -> bool {
    auth.get(key).is_some_and(|node| node.as_text().is_some())
}
