//! The clouds with a built-in profile.

use super::{
    Cloud,
    profile::Profile,
    vendors::{huawei, kakao, keystone, nhn, otc, v2},
};
use crate::{
    error::{ConfigError, Error},
    text::{nearest::nearest, shown},
};

/// Sorted by id.
static NAMED: [&Profile; 35] = [
    &keystone::AURO,
    &keystone::BINERO,
    &keystone::CITYCLOUD,
    &v2::CONOHA,
    &keystone::CONOHA_V3,
    &keystone::DREAMCOMPUTE,
    &keystone::ELASTX,
    &keystone::ENTERCLOUDSUITE,
    &huawei::FLEXIBLE_ENGINE,
    &huawei::HUAWEI,
    &huawei::HUAWEI_EU,
    &keystone::INFOMANIAK,
    &kakao::KAKAO,
    &keystone::LIMESTONENETWORKS,
    &nhn::NHN,
    &nhn::GOV,
    &nhn::NCGN,
    &nhn::NGCC,
    &nhn::NGOIC,
    &nhn::NGOVC,
    &nhn::NGSC,
    &nhn::NINC,
    &otc::OTC,
    &otc::OTC_SWISS,
    &keystone::OVH,
    &keystone::OVH_US,
    &keystone::PLUSCLOUDOPEN,
    &v2::RACKSPACE,
    &keystone::REGIOCLOUD,
    &keystone::SELECTEL,
    &keystone::SWITCHCLOUD,
    &keystone::SWITCHENGINES,
    &keystone::VEXXHOST,
    &keystone::WAVESTACK,
    &keystone::ZETTA,
];

impl Cloud {
    /// The cloud with this id, one of [`ids`](Self::ids). If openstacksdk has a vendor profile of
    /// the cloud, the id is its name.
    ///
    /// # Errors
    ///
    /// [`ConfigError::CloudUnknown`]; [`ConfigError::RegionNeeded`] if the cloud has a separate
    /// identity service in each region.
    pub fn named(id: &str) -> Result<Self, Error> {
        Self::of(find(id)?, None)
    }

    /// As [`named`](Self::named), with the identity service of a region, if regions have separate
    /// ones.
    ///
    /// ```
    /// use auth_proto::Cloud;
    ///
    /// let dutch = Cloud::named_in("otc", "eu-nl")?;
    /// assert_eq!(dutch.identity_url(), "https://iam.eu-nl.otc.t-systems.com/v3");
    /// let government = Cloud::named("nhn-gov")?;
    /// assert_eq!(government.regions(), ["KR1", "KR2"]);
    /// # Ok::<(), auth_proto::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`named`](Self::named), and [`ConfigError::Region`] if the region cannot be part of a
    /// host name.
    pub fn named_in(id: &str, region: &str) -> Result<Self, Error> {
        Self::of(find(id)?, Some(region))
    }

    /// The regions of the cloud with this id, as [`regions`](Self::regions), without a `Cloud`,
    /// which may need a region.
    ///
    /// # Errors
    ///
    /// [`ConfigError::CloudUnknown`].
    pub fn regions_of(id: &str) -> Result<&'static [&'static str], Error> {
        Ok(find(id)?.regions)
    }

    /// The ids of all clouds with a built-in profile, in alphabetical order.
    pub fn ids() -> impl ExactSizeIterator<Item = &'static str> {
        NAMED.iter().map(|profile| profile.id)
    }
}

fn find(id: &str) -> Result<&'static Profile, ConfigError> {
    NAMED.iter().copied().find(|profile| profile.id == id).ok_or_else(|| {
        ConfigError::CloudUnknown { id: shown(id), nearest: nearest(id, Cloud::ids()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cloud::{ScopeHint, keystone::STOCK},
        url::Origin,
    };

    #[test]
    fn every_profile_is_sound() {
        assert!(Cloud::ids().is_sorted() && Cloud::ids().all(|id| id != STOCK.id));
        for profile in NAMED.iter().copied().chain([&STOCK]) {
            let region = profile.regions.first().copied();
            let cloud = Cloud::of(profile, region).unwrap();
            assert!(cloud.is_https_only(), "{cloud:?}");
            assert!(!profile.methods.is_empty() && !profile.scopes.is_empty(), "{cloud:?}");
            assert!(profile.regions.iter().all(|region| Cloud::of(profile, Some(region)).is_ok()));
            assert!(profile.id == STOCK.id || Cloud::regions_of(profile.id) == Ok(profile.regions));
            assert_eq!(cloud.regions(), profile.regions);
            // The error for a missing region lists the regions.
            assert!(profile.identity(None).is_ok() || !profile.regions.is_empty(), "{cloud:?}");
            for row in profile.table {
                let url = row.url.replace("{region}", "r").replace("{zone}", profile.zone);
                Origin::parse(&url.replace("{project_id}", "p")).unwrap();
                assert!(!url.replace("{project_id}", "p").contains('{'), "{url}");
                assert!(row.regions(profile).next().is_some(), "{}", row.service);
            }
            for service in profile.global {
                assert_eq!(cloud.scope_hint(service), ScopeHint::Domain, "{service}");
            }
        }
    }

    #[test]
    fn regions_that_become_hosts_are_checked() {
        for region in ["", "eu.de", "eu-de/", "EU-DE", "eu-de@evil.example", "é"] {
            assert!(Cloud::otc(region).is_err(), "{region}");
            assert!(Cloud::huawei_in(region).is_err(), "{region}");
            assert!(Cloud::named_in("citycloud", region).is_err(), "{region}");
        }
        // Regions that are newer than this crate.
        for (region, is_label) in [
            ("eu-west-9", true),
            ("eu", true),
            ("9", true),
            (&"e".repeat(63), true),
            (&"e".repeat(64), false),
        ] {
            assert_eq!(Cloud::huawei_in(region).is_ok(), is_label, "{region}");
        }
    }
}
