//! The request and response bodies of the five documents, complete.
//!
//! Two documents annotate their samples with `//` comments, which are not JSON and are left out.
//! Everything else is as printed, including placeholders such as `"Access key ID"` and identifiers
//! that the vendor shortened with `...`.

use serde_json::Value;

/// NHN Cloud, "IaaS Token" (document 000), Request IaaS Token Issuance: the request body.
pub const NHN_IAAS_REQUEST: &str = include_str!("documents/nhn_iaas_request.json");

/// NHN Cloud, "IaaS Token" (document 000), Request IaaS Token Issuance: the response body.
///
/// The token's lifetime is 11:58:53. `expires` has a zone and no fraction, `issued_at` a fraction
/// and no zone.
pub const NHN_IAAS_RESPONSE: &str = include_str!("documents/nhn_iaas_response.json");

/// NHN Cloud, "API v2 Preparations" (document 001), Obtain a Token: the request body.
pub const NHN_COMPUTE_REQUEST: &str = include_str!("documents/nhn_compute_request.json");

/// NHN Cloud, "API v2 Preparations" (document 001), Obtain a Token: the response body.
///
/// Equal to [`NHN_IAAS_RESPONSE`] to the byte; the two documents differ in their tables.
pub const NHN_COMPUTE_RESPONSE: &str = include_str!("documents/nhn_compute_response.json");

/// Open Telekom Cloud, "Token Authentication" (document 002), Procedure, step 1: a project-level
/// service.
pub const OTC_PROJECT_REQUEST: &str = include_str!("documents/otc_project_request.json");

/// Open Telekom Cloud, "Token Authentication" (document 002), Procedure, step 1: a global service.
pub const OTC_DOMAIN_REQUEST: &str = include_str!("documents/otc_domain_request.json");

/// KakaoCloud, "API Preparations" (document 003), Method 1: access key ID and secret.
pub const KAKAO_ID_REQUEST: &str = include_str!("documents/kakao_id_request.json");

/// KakaoCloud, "API Preparations" (document 003), Method 2: access key name, secret and user ID.
pub const KAKAO_NAME_REQUEST: &str = include_str!("documents/kakao_name_request.json");

/// KakaoCloud, "API Preparations" (document 003), Appendix. View project list: the response body.
///
/// Its links have `http:` and lack the `/identity` of the requested URL.
pub const KAKAO_PROJECTS_RESPONSE: &str = include_str!("documents/kakao_projects_response.json");

/// Huawei Cloud IAM, "Obtaining a User Token Through Password Authentication" (document 004),
/// Example Request: scope project, sent with `?nocatalog=true`.
pub const HUAWEI_PROJECT_REQUEST: &str = include_str!("documents/huawei_project_request.json");

/// Huawei Cloud IAM (document 004), Example Request: scope domain.
pub const HUAWEI_DOMAIN_REQUEST: &str = include_str!("documents/huawei_domain_request.json");

/// Huawei Cloud IAM (document 004), Example Response: scope project, without the catalog.
pub const HUAWEI_PROJECT_RESPONSE: &str = include_str!("documents/huawei_project_response.json");

/// Huawei Cloud IAM (document 004), Example Response: scope domain, with its catalog.
pub const HUAWEI_DOMAIN_RESPONSE: &str = include_str!("documents/huawei_domain_response.json");

/// Huawei Cloud IAM (document 004), Status code: 400.
pub const HUAWEI_400: &str = include_str!("documents/huawei_400.json");

/// Huawei Cloud IAM (document 004), Status code: 401.
pub const HUAWEI_401: &str = include_str!("documents/huawei_401.json");

/// Huawei Cloud IAM (document 004), Example Response: the start of `X-Subject-Token`.
///
/// The first bytes of this base64 are a DER length of 6,840 bytes, so that the token has 9,120
/// characters, which exceeds a header limit of 8 KiB.
pub const HUAWEI_TOKEN_PREFIX: &str = "MIIatAYJKoZIhvcNAQcCoIIapTCCGqECAQExDTALB";

/// One of the bodies above, parsed.
pub(crate) fn parsed(document: &str) -> Value {
    serde_json::from_str(document).expect("the documented bodies are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_is_json() {
        for document in [
            NHN_IAAS_REQUEST,
            NHN_IAAS_RESPONSE,
            NHN_COMPUTE_REQUEST,
            NHN_COMPUTE_RESPONSE,
            OTC_PROJECT_REQUEST,
            OTC_DOMAIN_REQUEST,
            KAKAO_ID_REQUEST,
            KAKAO_NAME_REQUEST,
            KAKAO_PROJECTS_RESPONSE,
            HUAWEI_PROJECT_REQUEST,
            HUAWEI_DOMAIN_REQUEST,
            HUAWEI_PROJECT_RESPONSE,
            HUAWEI_DOMAIN_RESPONSE,
            HUAWEI_400,
            HUAWEI_401,
        ] {
            assert!(parsed(document).is_object());
        }
    }
}
