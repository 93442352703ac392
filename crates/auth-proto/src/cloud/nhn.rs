//! NHN Cloud, public zone.
//!
//! Sources: *IaaS Token* (the newer) and *API v2 Preparations* (the older); where they differ the
//! newer holds, and what the vendor's pages have dropped since stays reachable, marked as retired.

use super::{Profile, TableRow};
use crate::{credential::MethodKind, scope::ScopeKind};

pub(super) static NHN: Profile = Profile {
    name: "NHN Cloud",
    // "Verify API endpoints": the same in all regions, though the catalog lists it under KR1.
    identity: "https://api-identity-infrastructure.nhncloudservice.com/v2.0",
    methods: &[MethodKind::Password],
    // "Request": tenantId is required. Object storage has a tenant of its own.
    scopes: &[ScopeKind::ProjectId],
    project_name_alone: false,
    aliases: &[],
    global: &[],
    table: &[
        TableRow {
            service: "compute",
            url: "https://{region}-api-instance-infrastructure.nhncloudservice.com/v2/{project_id}",
            regions: REGIONS,
            retired: US,
        },
        TableRow {
            service: "network",
            url: "https://{region}-api-network-infrastructure.nhncloudservice.com",
            regions: REGIONS,
            retired: US,
        },
        TableRow {
            service: "image",
            url: "https://{region}-api-image-infrastructure.nhncloudservice.com",
            regions: REGIONS,
            retired: US,
        },
        TableRow {
            service: "volumev2",
            url: "https://{region}-api-block-storage-infrastructure.nhncloudservice.com/v2/{project_id}",
            regions: REGIONS,
            retired: US,
        },
        TableRow {
            service: "nasv1",
            url: "https://{region}-api-nas-infrastructure.nhncloudservice.com",
            regions: &["KR1", "KR2", "KR3"],
            retired: &[],
        },
        // The path is from the vendor's Object Storage API guide.
        TableRow {
            service: "object-store",
            url: "https://{region}-api-object-storage.nhncloudservice.com/v1/AUTH_{project_id}",
            regions: REGIONS,
            retired: US,
        },
        TableRow {
            service: "key-manager",
            url: "https://{region}-api-key-manager-infrastructure.nhncloudservice.com",
            regions: REGIONS,
            retired: US,
        },
    ],
    remedies: &[
        (
            401,
            "check the account name (an e-mail address or an IAM id, not the API user id) and the \
             API password, which is set under \"Set API Endpoint\" and is not the account's",
        ),
        (403, "the user has lost the project, or the tenant is disabled"),
    ],
};

/// KR3 came with the vendor's pages of 2026-03.
const REGIONS: &[&str] = &["KR1", "KR2", "KR3", "JP1"];
/// Dropped from the same pages.
const US: &[&str] = &["US1"];
