//! What there is to know of a cloud. A cloud is one [`Profile`], and a line in `named.rs`.

use std::borrow::Cow;

use crate::{
    error::{ConfigError, fault::Code},
    model::{credential::MethodKind, scope::ScopeKind},
    text::shown_within,
    url::{ApiVersion, Base},
};

/// A kind of cloud.
pub(super) struct Profile {
    /// Its name in configurations: that of openstacksdk's vendor profiles, where it has one there.
    pub(super) id: &'static str,
    /// Its name for people.
    pub(super) name: &'static str,
    /// With the version, which is its API version, unless the server must be asked.
    pub(super) identity: &'static [At],
    /// The regions that its documents list; there may be newer ones.
    pub(super) regions: &'static [&'static str],
    /// Regions that newer documents no longer list.
    pub(super) retired: &'static [&'static str],
    pub(super) methods: &'static [MethodKind],
    pub(super) scopes: &'static [ScopeKind],
    /// Whether a project's name needs no domain.
    pub(super) project_name_alone: bool,
    /// Pairs of types that this cloud has one name for where others have the other, beside what
    /// `service_types` knows.
    pub(super) aliases: &'static [(&'static str, &'static str)],
    /// Services that want a token scoped to the domain, in lower case, letters and digits alone.
    pub(super) global: &'static [&'static str],
    /// Whether a login without a scope gives a token for them.
    pub(super) default_is_global: bool,
    /// What `{zone}` stands for in the table.
    pub(super) zone: &'static str,
    /// Endpoints that the catalog leaves out.
    pub(super) table: &'static [TableRow],
    /// The field that names the agency in a login by `assume_role`, where there is such a login.
    pub(super) agency_field: Option<&'static str>,
    /// Error codes that say more than the status.
    pub(super) codes: &'static [(&'static str, Advice)],
    /// What to do about a refusal with this status.
    pub(super) remedies: &'static [(u16, &'static str)],
}

/// Where an identity service is. `{region}` is filled in, in lower case.
pub(super) enum At {
    /// For all regions, and for whoever names none.
    All(&'static str),
    /// For each region that is asked for.
    Each(&'static str),
    /// For this region.
    In(&'static str, &'static str),
}

/// A service of a cloud's documentation.
pub(super) struct TableRow {
    pub(super) service: &'static str,
    /// With `{region}`, in lower case, `{zone}` and `{project_id}` to fill in.
    pub(super) url: &'static str,
    /// `None` for all regions of the profile, the retired ones included.
    pub(super) regions: Option<&'static [&'static str]>,
}

/// What an error code asks for, as far as the cloud's documents say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing will help but a change: another password, a role, an unlocked account.
    GiveUp,
    /// The token has ended. Log in again.
    LogIn,
    /// The service cannot answer now. Try again later.
    Wait,
}

impl Profile {
    /// The identity URL, for a region if one is named.
    pub(super) fn identity(&self, region: Option<&str>) -> Result<Cow<'static, str>, ConfigError> {
        let own = self.identity.iter().find_map(|at| match at {
            At::In(place, url) if region == Some(place) => Some(*url),
            _ => None,
        });
        let each = || {
            self.identity.iter().find_map(|at| match at {
                At::Each(url) => Some(*url).zip(region),
                _ => None,
            })
        };
        let all = || {
            self.identity.iter().find_map(|at| match at {
                At::All(url) => Some(*url),
                _ => None,
            })
        };
        if let Some(url) = own {
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

    /// The API version, which is the same at all its places.
    pub(super) fn api_version(&self) -> Option<ApiVersion> {
        let (At::All(url) | At::Each(url) | At::In(_, url)) = self.identity.first()?;
        Base::parse(&url.replace("{region}", "region"))
            .ok()
            .and_then(|(_, api_version)| api_version)
    }

    /// What the documents say of an error code.
    pub(super) fn advice(&self, code: &Code) -> Option<Advice> {
        let Code::Text(code) = code else { return None };
        self.codes.iter().find(|(known, _)| known == code).map(|(_, advice)| *advice)
    }

    /// A region becomes part of a host name.
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
    /// The regions that it is in, the retired ones last.
    pub(super) fn regions(&self, profile: &Profile) -> impl Iterator<Item = &'static str> {
        let own = self.regions.unwrap_or(profile.regions);
        let retired = if self.regions.is_none() { profile.retired } else { &[] };
        own.iter().chain(retired).copied()
    }
}
