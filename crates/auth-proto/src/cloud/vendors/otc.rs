//! Open Telekom Cloud.
//!
//! Source: *Token Authentication* of the API gateway's manual.

use super::keystone::KEYSTONE;
use crate::cloud::{
    huawei,
    profile::{Advice, IdentityUrl, Profile},
};
use crate::model::{credential::MethodKind, scope::ScopeKind};

pub(in crate::cloud) static OTC: Profile = Profile {
    id: "otc",
    name: "Open Telekom Cloud",
    identity: &[
        IdentityUrl::Each("https://iam.{region}.otc.t-systems.com/v3"),
        IdentityUrl::In("eu-ch2", SWISS),
    ],
    regions: &["eu-de", "eu-nl"],
    ..RULES
};

/// The Swiss installation has separate hosts
/// (<https://docs.otc.t-systems.com/cloud-create/api-ref/auth.html>; openstacksdk's profile lacks
/// the scheme).
pub(in crate::cloud) static OTC_SWISS: Profile = Profile {
    id: "otc-swiss",
    name: "Open Telekom Cloud Swiss",
    identity: &[IdentityUrl::All(SWISS)],
    regions: &["eu-ch2"],
    ..RULES
};

const SWISS: &str = "https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3";

const RULES: Profile = Profile {
    // *Obtaining a Token with an OpenID Connect ID Token* of the IAM API reference; the vendor's
    // otc-auth sends the bearer to the stock OS-FEDERATION path.
    methods: &[
        MethodKind::Federated,
        MethodKind::IdToken,
        MethodKind::Password,
        MethodKind::Token,
        MethodKind::Totp,
    ],
    scopes: &[ScopeKind::Default, ScopeKind::Domain, ScopeKind::ProjectId, ScopeKind::ProjectName],
    project_name_alone: true,
    aliases: &[("identity", "iam"), ("object-store", "object")],
    // "Procedure": Anti-DDoS, IAM, OBS and TMS; `identity` and `object` are their catalog types.
    global: &["antiddos", "iam", "identity", "obs", "object", "tms"],
    // *Obtaining a User Token* of the IAM API reference: a token with an empty scope is valid for
    // global services.
    default_is_global: true,
    // The manual's table has `agency_name`; its sample and the vendor's clients
    // (gophertelekomcloud, python-otcextensions) send `xrole_name`.
    agency_field: Some("xrole_name"),
    codes: &CODES,
    remedies: &[(
        401,
        "check the IAM user's name and password and the domain's name (My Credentials); five \
         wrong passwords lock the user for 15 minutes",
    )],
    ..KEYSTONE
};

/// The codes of Huawei Cloud, and DCS's "Invalid token"
/// (<https://github.com/opentelekomcloud/terraform-provider-opentelekomcloud/issues/2455>).
const CODES: [(&str, Advice); huawei::CODES.len() + 1] = {
    let mut codes = [("111401001", Advice::LogIn); huawei::CODES.len() + 1];
    let mut index = 0;
    while index < huawei::CODES.len() {
        codes[index] = huawei::CODES[index];
        index += 1;
    }
    codes
};
