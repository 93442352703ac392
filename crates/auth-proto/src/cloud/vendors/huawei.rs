//! Huawei Cloud, and Flexible Engine, which has the same rules.
//!
//! Source: *Obtaining a User Token Through Password Authentication* of the IAM API reference.

use super::keystone::KEYSTONE;
use crate::cloud::profile::{Advice, IdentityUrl, Profile};
use crate::model::{credential::MethodKind, scope::ScopeKind};

pub(in crate::cloud) static HUAWEI: Profile = Profile {
    id: "huawei",
    name: "Huawei Cloud",
    identity: &[
        IdentityUrl::All("https://iam.myhuaweicloud.com/v3"),
        IdentityUrl::In("eu-west-101", EUROPE_101),
        IdentityUrl::Each("https://iam.{region}.myhuaweicloud.com/v3"),
    ],
    // services/iam/v3/region/region.go of the vendor's SDK huaweicloud-sdk-go-v3.
    regions: &[
        "cn-north-1",
        "cn-north-2",
        "cn-north-4",
        "cn-north-9",
        "cn-east-2",
        "cn-east-3",
        "cn-east-4",
        "cn-east-5",
        "cn-south-1",
        "cn-south-2",
        "cn-southwest-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "af-south-1",
        "la-south-2",
        "la-north-2",
        "na-mexico-1",
        "sa-brazil-1",
        "me-east-1",
    ],
    ..RULES
};

/// Europe has a separate domain name (*Regions and Endpoints* of IAM; the region's host is from the
/// SDK).
pub(in crate::cloud) static HUAWEI_EU: Profile = Profile {
    id: "huawei-eu",
    name: "Huawei Cloud Europe",
    identity: &[
        IdentityUrl::All("https://iam.myhuaweicloud.eu/v3"),
        IdentityUrl::In("eu-west-101", EUROPE_101),
    ],
    regions: &["eu-west-101"],
    ..RULES
};

/// <https://github.com/FlexibleEngineCloud/fe-ressources/blob/master/example.rc>
pub(in crate::cloud) static FLEXIBLE_ENGINE: Profile = Profile {
    id: "flexibleengine",
    name: "Flexible Engine",
    identity: &[IdentityUrl::All("https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3")],
    regions: &["eu-west-0"],
    remedies: &[],
    ..RULES
};

/// IAM's error codes
/// (<https://support.huaweicloud.com/intl/en-us/ae-ad-1-api-iam/iam_01_0005.html>), and those of
/// the gateway in front of the services, also in their older spelling.
pub(in crate::cloud) const CODES: &[(&str, Advice)] = &[
    ("APIG.0301", Advice::LogIn),
    ("APIG.0307", Advice::LogIn),
    ("APIG.0308", Advice::Wait),
    ("APIGW.0301", Advice::LogIn),
    ("APIGW.0307", Advice::LogIn),
    ("APIGW.0308", Advice::Wait),
    // Too many requests.
    ("IAM.0012", Advice::Wait),
    // The service moves to another region.
    ("IAM.0020", Advice::Wait),
    // The account is locked.
    ("IAM.0061", Advice::GiveUp),
    // The password is wrong.
    ("IAM.0062", Advice::GiveUp),
    ("IAM.0066", Advice::LogIn),
    ("IAM.0067", Advice::LogIn),
    // The user may use only the console.
    ("IAM.0081", Advice::GiveUp),
    ("IAM.0082", Advice::GiveUp),
];

const EUROPE_101: &str = "https://iam.eu-west-101.myhuaweicloud.eu/v3";

const RULES: Profile = Profile {
    // *Obtaining an Unscoped Token with an OpenID Connect ID Token* (iam_13_0606) and *Obtaining a
    // Token with an OpenID Connect ID Token* (iam_13_0605) of the IAM API reference.
    methods: &[
        MethodKind::Federated,
        MethodKind::IdToken,
        MethodKind::Password,
        MethodKind::Token,
        MethodKind::Totp,
    ],
    // Table 4: the scope is mandatory. A request has one scope: of two, the project would win.
    scopes: &[ScopeKind::Domain, ScopeKind::ProjectId, ScopeKind::ProjectName],
    // Table 11: a project is named by id or by name; a region's project has the region's name.
    project_name_alone: true,
    // The catalog lists the identity service as `iam`.
    aliases: &[("identity", "iam")],
    // Table 9 names OBS. The vendor's tools use domain scope for the others
    // (huaweicloud/config/endpoints.go of terraform-provider-huaweicloud).
    global: &[
        "accessanalyzer",
        "cc",
        "eps",
        "iam",
        "identity",
        "identityext",
        "iec",
        "obs",
        "sts",
        "tms",
        "tmsv2",
        "ucs",
    ],
    // *Obtaining an Agency Token* of the IAM API reference.
    agency_field: Some("agency_name"),
    codes: CODES,
    remedies: &[
        (400, "check the names and the scope"),
        // "Obtaining a token" and "Status code: 401".
        (
            401,
            "check the IAM user's name and password and the account's name; a HUAWEI ID cannot \
             obtain a token: create an IAM user for it; a federated user must first set a \
             password: \"Forgot password\" on the login page",
        ),
        (403, "the IAM user lacks the permission, or may use only the console"),
        (404, "check the project or domain, and the identity URL"),
    ],
    ..KEYSTONE
};
