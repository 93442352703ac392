//! The data of a cloud: one [`Profile`], and a line in `named.rs`.

use std::borrow::Cow;

use crate::{
    error::{ConfigError, fault::Code},
    model::{credential::MethodKind, scope::ScopeKind},
    text::shown_within,
    url::{ApiVersion, Base},
};

/// The data of a cloud.
pub(super) struct Profile {
    /// The name in configurations: that of openstacksdk's vendor profile, if there is one.
    pub(super) id: &'static str,
    /// The name for people.
    pub(super) name: &'static str,
    /// The identity URLs, with the API version unless a login must discover it.
    pub(super) identity: &'static [IdentityUrl],
    /// The regions in the cloud's documents. The cloud may have newer ones.
    pub(super) regions: &'static [&'static str],
    /// Regions that newer documents no longer list.
    pub(super) retired: &'static [&'static str],
    /// The accepted methods.
    pub(super) methods: &'static [MethodKind],
    /// The accepted scopes.
    pub(super) scopes: &'static [ScopeKind],
    /// Whether a project's name needs no domain.
    pub(super) project_name_alone: bool,
    /// Pairs of types that mean the same service at this cloud, in addition to `service_types`.
    pub(super) aliases: &'static [(&'static str, &'static str)],
    /// Services that need domain scope, in lower case, only their letters and digits.
    pub(super) global: &'static [&'static str],
    /// Whether a token without a scope is valid for these services.
    pub(super) default_is_global: bool,
    /// The value of `{zone}` in the table.
    pub(super) zone: &'static str,
    /// Endpoints that the catalog omits.
    pub(super) table: &'static [TableRow],
    /// The field for the agency's name in an `assume_role` request; `None` without agencies.
    pub(super) agency_field: Option<&'static str>,
    /// The documented meaning of error codes.
    pub(super) codes: &'static [(&'static str, Advice)],
    /// The remedies for a refusal with this status, as the user reads them.
    pub(super) remedies: &'static [(u16, &'static str)],
}

/// The URL of an identity service. `{region}` is filled in, in lower case.
pub(super) enum IdentityUrl {
    /// One URL for all regions.
    All(&'static str),
    /// A URL for each region, with `{region}`.
    Each(&'static str),
    /// The URL for this region. It has precedence over the others.
    In(&'static str, &'static str),
}

/// A service in the cloud's documents.
pub(super) struct TableRow {
    pub(super) service: &'static str,
    /// With the placeholders `{region}` (in lower case), `{zone}` and `{project_id}`.
    pub(super) url: &'static str,
    /// `None` for all regions of the profile, including the retired ones.
    pub(super) regions: Option<&'static [&'static str]>,
}

/// The action that a cloud's documents recommend for an error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Do not retry. The user must change something: the password, a role, a locked account.
    GiveUp,
    /// The token has expired. Log in again.
    LogIn,
    /// The service cannot answer now. Try again later.
    Wait,
}

impl Profile {
    /// The identity URL of a region, or of all regions.
    pub(super) fn identity(&self, region: Option<&str>) -> Result<Cow<'static, str>, ConfigError> {
        let of_region = self.identity.iter().find_map(|known| match known {
            IdentityUrl::In(name, url) if region == Some(name) => Some(*url),
            _ => None,
        });
        let each = || {
            self.identity.iter().find_map(|known| match known {
                IdentityUrl::Each(url) => Some(*url).zip(region),
                _ => None,
            })
        };
        let all = || {
            self.identity.iter().find_map(|known| match known {
                IdentityUrl::All(url) => Some(*url),
                _ => None,
            })
        };
        if let Some(url) = of_region {
            return Ok(url.into());
        }
        if let Some((url, region)) = each() {
            return Ok(url.replace("{region}", &self.host_part(region)?).into());
        }
        all().map(Cow::Borrowed).ok_or_else(|| {
            let regions = shown_within(&self.regions.join(", "), crate::limits::ERROR_TEXT);
            ConfigError::RegionNeeded { cloud: self.name, regions }
        })
    }

    /// The API version, which is the same in all identity URLs.
    pub(super) fn api_version(&self) -> Option<ApiVersion> {
        let (IdentityUrl::All(url) | IdentityUrl::Each(url) | IdentityUrl::In(_, url)) =
            self.identity.first()?;
        Base::parse(&url.replace("{region}", "region"))
            .ok()
            .and_then(|(_, api_version)| api_version)
    }

    /// The documented advice for an error code.
    pub(super) fn advice(&self, code: &Code) -> Option<Advice> {
        let Code::Text(code) = code else { return None };
        self.codes.iter().find(|(known, _)| known == code).map(|(_, advice)| *advice)
    }

    /// The region in lower case, if it can be part of a host name.
    fn host_part(&self, region: &str) -> Result<String, ConfigError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_label = (1..=63).contains(&region.len()) && region.bytes().all(fits);
        match is_label || self.regions.contains(&region) {
            true => Ok(region.to_ascii_lowercase()),
            false => Err(ConfigError::Region),
        }
    }
}

impl TableRow {
    /// The regions of the service, the retired ones last.
    pub(super) fn regions(&self, profile: &Profile) -> impl Iterator<Item = &'static str> {
        let current = self.regions.unwrap_or(profile.regions);
        let retired = if self.regions.is_none() { profile.retired } else { &[] };
        current.iter().chain(retired).copied()
    }
}
