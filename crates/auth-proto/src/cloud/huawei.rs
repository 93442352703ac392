//! Huawei Cloud.
//!
//! Source: *Obtaining a User Token Through Password Authentication* of the IAM API reference.

use super::Profile;
use crate::{credential::MethodKind, scope::ScopeKind};

pub(super) static HUAWEI: Profile = Profile {
    name: "Huawei Cloud",
    identity: "https://iam.myhuaweicloud.com/v3",
    methods: &[MethodKind::Password, MethodKind::Token, MethodKind::Totp],
    // Table 4: the scope is mandatory. Both at once are never sent: the project would win.
    scopes: &[ScopeKind::Domain, ScopeKind::ProjectId, ScopeKind::ProjectName],
    // Table 11: a project goes by id or by name; a region's project bears the region's name.
    project_name_alone: true,
    // The catalog lists the identity service as `iam`.
    aliases: &[("identity", "iam")],
    // Table 9 names OBS; the others are what the vendor's own tools use a domain's token for.
    global: &["accessanalyzer", "cc", "eps", "iam", "identity", "iec", "obs", "sts", "tms", "ucs"],
    table: &[],
    remedies: &[
        (400, "check the names and the scope"),
        // "Obtaining a token" and "Status code: 401".
        (
            401,
            "check the IAM user's name and password and the account's name; a HUAWEI ID cannot \
             obtain a token: create an IAM user for it; a federated user must first set a \
             password: \"Forgot password\" on the login page",
        ),
        (403, "the IAM user lacks the permission, or may use the console alone"),
        (404, "check the project or domain, and the identity URL"),
    ],
};

pub(super) fn identity(region: &str) -> String {
    match region {
        // Europe has a domain of its own.
        "eu-west-101" => "https://iam.eu-west-101.myhuaweicloud.eu/v3".to_owned(),
        _ => format!("https://iam.{region}.myhuaweicloud.com/v3"),
    }
}
