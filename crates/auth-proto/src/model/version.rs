//! The versions of the identity protocol that a server offers.

use crate::url::ApiVersion;

/// One version, as a server's version document describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// `v3.14`, `v2.0`, …
    pub id: String,
    /// `stable` and `current` are fit for use, `deprecated` still is, others are not.
    pub status: Option<String>,
    /// Where it is. In a recorded [`IdentityResponse`](crate::IdentityResponse) that is what the server says, which is
    /// often wrong behind a proxy, so that nothing is ever sent there; [`Versions`](crate::Versions)
    /// puts it right.
    pub url: Option<String>,
}

impl Version {
    /// The API version that it stands for, if it is one that this crate speaks and fit for use.
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
