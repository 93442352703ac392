//! NHN Cloud: the public zone, and the zones of the government.
//!
//! Sources: *IaaS Token* (newer) and *API v2 Preparations* (older). Where they differ, the newer
//! one is followed. Regions that the vendor has removed from its pages stay usable, marked as
//! retired. The zones are from the pages of each zone: `ko/identity-api-ZONE.md` of
//! <https://github.com/TOAST-DOCS/Compute>, and `ko/api-guide-ZONE.md` of
//! <https://github.com/TOAST-DOCS/Storage-Object-Storage>.

use super::keystone::KEYSTONE;
use crate::cloud::profile::{IdentityUrl, Profile, TableRow};
use crate::model::{credential::MethodKind, scope::ScopeKind};

pub(in crate::cloud) static NHN: Profile = Profile {
    id: "nhn",
    name: "NHN Cloud",
    // "Verify API endpoints": the same in all regions, although the catalog lists it under KR1.
    identity: &[IdentityUrl::All("https://api-identity-infrastructure.nhncloudservice.com/v2.0")],
    // KR3 came with the vendor's pages of 2026-03, which dropped US1.
    regions: &["KR1", "KR2", "KR3", "JP1"],
    retired: &["US1"],
    zone: "nhncloudservice.com",
    table: &[
        COMPUTE,
        NETWORK,
        IMAGE,
        VOLUME,
        TableRow { service: "nasv1", url: NAS, regions: Some(&["KR1", "KR2", "KR3"]) },
        OBJECT_STORE,
        KEY_MANAGER,
    ],
    ..RULES
};

/// *IaaS Token* for the government (`ko/public-api/iaas-token-gov.md` of
/// <https://github.com/TOAST-DOCS/TOAST-Cloud>).
pub(in crate::cloud) static GOV: Profile = Profile {
    id: "nhn-gov",
    name: "NHN Cloud (Gov)",
    identity: &[IdentityUrl::All(
        "https://api-identity-infrastructure.gov-nhncloudservice.com/v2.0",
    )],
    regions: &["KR1", "KR2"],
    zone: "gov-nhncloudservice.com",
    table: &[COMPUTE, NETWORK, IMAGE, VOLUME, everywhere("nasv1", NAS), OBJECT_STORE, KEY_MANAGER],
    ..RULES
};

pub(in crate::cloud) static NGSC: Profile = Profile {
    id: "nhn-ngsc",
    name: "NHN Cloud (ngsc.go.kr)",
    identity: &[IdentityUrl::All("https://api-identity-infrastructure.ngsc.go.kr/v2.0")],
    zone: "ngsc.go.kr",
    ..KR4
};

pub(in crate::cloud) static NINC: Profile = Profile {
    id: "nhn-ninc",
    name: "NHN Cloud (ninc.go.kr)",
    identity: &[IdentityUrl::All("https://api-identity-infrastructure.ninc.go.kr/v2.0")],
    zone: "ninc.go.kr",
    ..KR4
};

/// The page's table has `.com`, its sample `.go.kr`; this profile follows the table.
pub(in crate::cloud) static NGOIC: Profile = Profile {
    id: "nhn-ngoic",
    name: "NHN Cloud (ngoic.com)",
    identity: &[IdentityUrl::All("https://api-identity-infrastructure.ngoic.com/v2.0")],
    zone: "ngoic.com",
    ..KR4
};

/// The same contradiction as in `NGOIC`.
pub(in crate::cloud) static NGOVC: Profile = Profile {
    id: "nhn-ngovc",
    name: "NHN Cloud (ngovc.com)",
    identity: &[IdentityUrl::All("https://api-identity-infrastructure.ngovc.com/v2.0")],
    zone: "ngovc.com",
    ..KR4
};

/// The host of the object storage contains no region.
pub(in crate::cloud) static NCGN: Profile = Profile {
    id: "nhn-ncgn",
    name: "NHN Cloud (gncloud.go.kr)",
    identity: &[IdentityUrl::All("https://api-identity-infrastructure.gncloud.go.kr/v2.0")],
    regions: &["KR1"],
    zone: "gncloud.go.kr",
    table: &[
        COMPUTE,
        NETWORK,
        IMAGE,
        VOLUME,
        everywhere("object-store", "https://api-object-storage.{zone}/v1/AUTH_{project_id}"),
    ],
    ..RULES
};

/// The one documented service is an object storage over plain http, whose account is not
/// documented. A user can set it by `Cloud::with_override`.
pub(in crate::cloud) static NGCC: Profile = Profile {
    id: "nhn-ngcc",
    name: "NHN Cloud (ngcc)",
    identity: &[IdentityUrl::All("https://ngcc-kr4-iaas.kr.cloud.toastoven.net/identity/v2.0")],
    regions: &["KR4"],
    ..RULES
};

/// The zones of region KR4.
const KR4: Profile = Profile {
    regions: &["KR4"],
    table: &[
        COMPUTE,
        NETWORK,
        IMAGE,
        VOLUME,
        everywhere("nas", NAS),
        OBJECT_STORE,
        KEY_MANAGER,
        everywhere("kubernetes", "https://{region}-api-kubernetes-infrastructure.{zone}"),
        everywhere("orchestration", "https://{region}-api-orchestration-infrastructure.{zone}"),
    ],
    ..RULES
};

const RULES: Profile = Profile {
    methods: &[MethodKind::Password],
    // "Request": tenantId is required.
    scopes: &[ScopeKind::ProjectId],
    // The public zone and Gov list `nasv1`, the zones of KR4 `nas`.
    aliases: &[("nas", "nasv1")],
    remedies: &[
        (
            401,
            "check the account name (an e-mail address or an IAM id, not the API user id) and the \
             API password, which is set under \"Set API Endpoint\" and differs from the \
             account's password",
        ),
        (403, "the user has lost the project, or the tenant is disabled"),
    ],
    ..KEYSTONE
};

const COMPUTE: TableRow =
    everywhere("compute", "https://{region}-api-instance-infrastructure.{zone}/v2/{project_id}");
const NETWORK: TableRow =
    everywhere("network", "https://{region}-api-network-infrastructure.{zone}");
const IMAGE: TableRow = everywhere("image", "https://{region}-api-image-infrastructure.{zone}");
const VOLUME: TableRow = everywhere(
    "volumev2",
    "https://{region}-api-block-storage-infrastructure.{zone}/v2/{project_id}",
);
const NAS: &str = "https://{region}-api-nas-infrastructure.{zone}";
/// The path is from the vendor's Object Storage API guide. By that guide the object storage has a
/// separate tenant; the URL is right for a token of that tenant.
const OBJECT_STORE: TableRow =
    everywhere("object-store", "https://{region}-api-object-storage.{zone}/v1/AUTH_{project_id}");
const KEY_MANAGER: TableRow =
    everywhere("key-manager", "https://{region}-api-key-manager-infrastructure.{zone}");

const fn everywhere(service: &'static str, url: &'static str) -> TableRow {
    TableRow { service, url, regions: None }
}
