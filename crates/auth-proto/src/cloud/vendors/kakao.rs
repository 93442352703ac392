//! KakaoCloud.
//!
//! Source: *API Preparations*. The service table is from the vendor's SDK, since the documents show
//! no catalog.

use super::keystone::KEYSTONE;
use crate::cloud::profile::{IdentityUrl, Profile, TableRow};
use crate::model::{credential::MethodKind, scope::ScopeKind};

pub(in crate::cloud) static KAKAO: Profile = Profile {
    id: "kakao",
    name: "KakaoCloud",
    identity: &[IdentityUrl::All("https://iam.kakaocloud.com/identity/v3")],
    regions: &["kr-central-2", "kr-central-1", "kr-central-3"],
    // Methods 1 and 2 are both application credentials.
    methods: &[MethodKind::ApplicationCredential],
    scopes: &[ScopeKind::Default],
    aliases: &[("object-store", "object-storage")],
    table: &[
        service("bcs", "https://bcs.{region}.kakaocloud.com/api/v1"),
        service("vpc", "https://vpc.{region}.kakaocloud.com/api/v1"),
        service("network", "https://network.{region}.kakaocloud.com/api/v1"),
        service("load-balancer", "https://load-balancer.{region}.kakaocloud.com/api/v1"),
        service("volume", "https://volume.{region}.kakaocloud.com/api/v1"),
        service("image", "https://image.{region}.kakaocloud.com/api/v1"),
        service("kubernetes-engine", "https://kubernetes-engine.{region}.kakaocloud.com/api/v1"),
        service("tgw", "https://tgw.{region}.kakaocloud.com/api/v1"),
        service("mysql", "https://mysql.{region}.kakaocloud.com/api/v1"),
        service("object-storage", "https://objectstorage.{region}.kakaocloud.com"),
    ],
    remedies: &[
        (400, "the service accepts only Content-Type: application/json"),
        (
            401,
            "check the access key's id or name, its secret and the user's id; replace a \
             deleted or expired key in the console under Access key",
        ),
        (
            404,
            "the access key does not exist or was deleted; create one in the console under \
             Access key",
        ),
    ],
    ..KEYSTONE
};

/// The SDK has hosts for this region only.
const fn service(service: &'static str, url: &'static str) -> TableRow {
    TableRow { service, url, regions: Some(&["kr-central-2"]) }
}
