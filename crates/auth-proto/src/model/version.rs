//! The API versions that a server offers.

use crate::url::ApiVersion;

/// One entry of a server's version document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The id, such as `v3.14` or `v2.0`.
    pub id: String,
    /// The status. `stable`, `current`, `supported` and `deprecated` versions can be used, others
    /// cannot.
    pub status: Option<String>,
    /// The URL. In an [`IdentityResponse`](crate::IdentityResponse) it is the server's own, which
    /// is often wrong behind a proxy, and no request is sent there; [`Versions`](crate::Versions)
    /// corrects it.
    pub url: Option<String>,
}

impl Version {
    /// The API version, if this crate supports it and the status allows its use.
    pub fn api_version(&self) -> Option<ApiVersion> {
        let usable = self.status.as_deref().is_none_or(|status| {
            let known = ["current", "deprecated", "stable", "supported"];
            known.iter().any(|known| status.eq_ignore_ascii_case(known))
        });
        match self.id.as_str() {
            _ if !usable => None,
            "v2.0" => Some(ApiVersion::V2),
            id if id == "v3" || id.starts_with("v3.") => Some(ApiVersion::V3),
            _ => None,
        }
    }
}
