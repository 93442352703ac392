//! Open Telekom Cloud.
//!
//! Source: *Token Authentication* of the API gateway's manual.

use super::Profile;
use crate::{credential::MethodKind, scope::ScopeKind};

pub(super) static OTC: Profile = Profile {
    name: "Open Telekom Cloud",
    identity: "https://iam.eu-de.otc.t-systems.com/v3",
    methods: &[MethodKind::Password, MethodKind::Token, MethodKind::Totp],
    // No scope at all gives a token for global services.
    scopes: &[ScopeKind::Default, ScopeKind::Domain, ScopeKind::ProjectId, ScopeKind::ProjectName],
    project_name_alone: true,
    aliases: &[("identity", "iam"), ("object-store", "object")],
    // "Procedure": Anti-DDoS, IAM, OBS and TMS; `identity` and `object` are their catalog types.
    global: &["antiddos", "iam", "identity", "obs", "object", "tms"],
    table: &[],
    remedies: &[(
        401,
        "check the IAM user's name and password and the domain's name (My Credentials); five \
         wrong passwords lock the user for 15 minutes",
    )],
};

pub(super) fn identity(region: &str) -> String {
    match region {
        // The Swiss installation has hosts of its own.
        "eu-ch2" => "https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3".to_owned(),
        _ => format!("https://iam.{region}.otc.t-systems.com/v3"),
    }
}
