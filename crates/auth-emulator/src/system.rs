//! The systems, with their hosts and paths.

use std::fmt;

/// One of the emulated identity services.
///
/// Two documents describe NHN Cloud. On its real host, the newer one applies:
/// [`System::NhnIaas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {
    /// NHN Cloud, "IaaS Token" (document 000): Identity v2.0.
    NhnIaas,
    /// NHN Cloud, "API v2 Preparations" (document 001): Identity v2.0.
    NhnCompute,
    /// Open Telekom Cloud, "Token Authentication" (document 002): Identity v3 by password.
    Otc,
    /// KakaoCloud, "API Preparations" (document 003): Identity v3 by application credential.
    Kakao,
    /// Huawei Cloud IAM, "Obtaining a User Token Through Password Authentication" (document 004):
    /// Identity v3 by password.
    Huawei,
    /// A stock Keystone, as of version 30: Identity v3 by password, one-time code, token or
    /// application credential, or by a token of the [`Provider`](crate::Provider), for a project, a
    /// domain, the system, or nothing.
    Keystone,
}

/// The host of the identity provider of the stock Keystone's cloud, which only a caller in process
/// can use.
pub(crate) const PROVIDER_HOST: &str = "login.keystone.example";
/// The path prefix of the identity provider on hosts other than [`PROVIDER_HOST`].
pub(crate) const PROVIDER_PATH: &str = "/provider";

impl System {
    /// Every system: in the order of the documents, then the stock Keystone.
    pub const ALL: [Self; 6] =
        [Self::NhnIaas, Self::NhnCompute, Self::Otc, Self::Kakao, Self::Huawei, Self::Keystone];

    /// The number of the vendor's document that describes the system, `"000"` to `"004"`; `None`
    /// for the stock Keystone.
    pub const fn document(self) -> Option<&'static str> {
        match self {
            Self::NhnIaas => Some("000"),
            Self::NhnCompute => Some("001"),
            Self::Otc => Some("002"),
            Self::Kakao => Some("003"),
            Self::Huawei => Some("004"),
            Self::Keystone => None,
        }
    }

    /// The path prefix on hosts other than the vendor's: `"/nhn-iaas"` and so on.
    ///
    /// The API's path follows: `/kakao/identity/v3/auth/tokens`.
    pub const fn path(self) -> &'static str {
        match self {
            Self::NhnIaas => "/nhn-iaas",
            Self::NhnCompute => "/nhn-compute",
            Self::Otc => "/otc",
            Self::Kakao => "/kakao",
            Self::Huawei => "/huawei",
            Self::Keystone => "/keystone",
        }
    }

    /// The documented identity URL, version included. The stock Keystone's is at a host that does
    /// not exist.
    ///
    /// [`Emulator::handle`](crate::Emulator::handle) accepts requests to it and to the vendor's
    /// other documented hosts.
    pub const fn identity_url(self) -> &'static str {
        match self {
            Self::NhnIaas | Self::NhnCompute => {
                "https://api-identity-infrastructure.nhncloudservice.com/v2.0"
            }
            Self::Otc => "https://iam.eu-de.otc.t-systems.com/v3",
            Self::Kakao => "https://iam.kakaocloud.com/identity/v3",
            Self::Huawei => "https://iam.myhuaweicloud.com/v3",
            Self::Keystone => "https://identity.keystone.example/v3",
        }
    }

    /// The path between the host and the version.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Kakao => "/identity",
            Self::NhnIaas | Self::NhnCompute | Self::Otc | Self::Huawei | Self::Keystone => "",
        }
    }

    /// The version's path segment.
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::NhnIaas | Self::NhnCompute => "/v2.0",
            Self::Otc | Self::Kakao | Self::Huawei | Self::Keystone => "/v3",
        }
    }

    /// The system with this name, which is its path without the slash.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// The system of the cloud to which `host` belongs. Both NHN documents name the same hosts,
    /// which belong to the newer one.
    pub(crate) fn by_host(host: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| {
            host.strip_suffix(system.cloud()).is_some_and(|rest| rest.ends_with('.'))
        })
    }

    /// Whether the vendor documents an identity service on `host`.
    pub(crate) fn has_identity_at(self, host: &str) -> bool {
        match self {
            Self::NhnIaas | Self::NhnCompute => {
                host == "api-identity-infrastructure.nhncloudservice.com"
            }
            Self::Otc => {
                matches!(host, "iam.eu-de.otc.t-systems.com" | "iam.eu-nl.otc.t-systems.com")
            }
            Self::Kakao => host == "iam.kakaocloud.com",
            Self::Huawei => {
                host == "iam.myhuaweicloud.com"
                    || host
                        .strip_prefix("iam.")
                        .and_then(|rest| rest.strip_suffix(".myhuaweicloud.com"))
                        .is_some_and(|region| !region.is_empty() && !region.contains('.'))
            }
            Self::Keystone => host == "identity.keystone.example",
        }
    }

    fn name(self) -> &'static str {
        &self.path()[1..]
    }

    /// The common domain of the vendor's hosts.
    const fn cloud(self) -> &'static str {
        match self {
            Self::NhnIaas | Self::NhnCompute => "nhncloudservice.com",
            Self::Otc => "otc.t-systems.com",
            Self::Kakao => "kakaocloud.com",
            Self::Huawei => "myhuaweicloud.com",
            Self::Keystone => "keystone.example",
        }
    }
}

/// The name in paths: `nhn-iaas`, `nhn-compute`, `otc`, `kakao`, `huawei`, `keystone`.
impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_belong_to_their_cloud_only() {
        assert_eq!(System::by_host("ecs.cn-north-1.myhuaweicloud.com"), Some(System::Huawei));
        assert_eq!(
            System::by_host("api-identity-infrastructure.nhncloudservice.com"),
            Some(System::NhnIaas)
        );
        assert_eq!(System::by_host("evilkakaocloud.com"), None);
        assert_eq!(System::by_host("iam.kakaocloud.com.example"), None);
        assert_eq!(System::by_host("127.0.0.1"), None);
    }

    #[test]
    fn identity_is_at_the_documented_hosts_only() {
        assert!(System::Huawei.has_identity_at("iam.cn-north-4.myhuaweicloud.com"));
        assert!(!System::Huawei.has_identity_at("iam..myhuaweicloud.com"));
        assert!(!System::Huawei.has_identity_at("iam.a.b.myhuaweicloud.com"));
        assert!(!System::Huawei.has_identity_at("ecs.cn-north-4.myhuaweicloud.com"));
        assert!(System::Otc.has_identity_at("iam.eu-nl.otc.t-systems.com"));
        assert!(!System::Otc.has_identity_at("iam.eu-ch.otc.t-systems.com"));
    }
}
