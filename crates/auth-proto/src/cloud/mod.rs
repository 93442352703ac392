//! What is known of each cloud, as data: its identity URL, its dialect, what it takes and refuses,
//! and the endpoints that its catalog leaves out.
//!
//! A cloud is one file here that holds one [`Profile`]; the rules that read it are in `check`,
//! `endpoint` and `refusal`, and name no cloud.

mod check;
mod endpoint;
mod huawei;
mod kakao;
mod keystone;
mod nhn;
mod otc;
mod refusal;

use std::{fmt, sync::Arc};

pub(crate) use endpoint::AUTH_TOKEN;

use crate::{
    credential::MethodKind,
    error::{ConfigError, Error, UrlProblem},
    scope::ScopeKind,
    url::{Base, Dialect, Origin},
};

/// A cloud: where its identity service is and by which rules it plays. Cheap to clone.
///
/// ```
/// use auth_proto::Cloud;
///
/// let documented = [Cloud::nhn(), Cloud::otc("eu-de")?, Cloud::kakao(), Cloud::huawei()];
/// let any_other = Cloud::keystone("https://keystone.example.org/identity/v3")?;
/// # Ok::<(), auth_proto::Error>(())
/// ```
#[derive(Clone)]
pub struct Cloud(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    profile: &'static Profile,
    base: Base,
    /// `None` where the server must be asked first.
    dialect: Option<Dialect>,
    /// Named by the user as places that tokens may go to.
    allowed: Vec<Origin>,
}

/// A kind of cloud.
struct Profile {
    name: &'static str,
    /// With its version, unless the server must be asked.
    identity: &'static str,
    methods: &'static [MethodKind],
    scopes: &'static [ScopeKind],
    /// Whether a project's name needs no domain.
    project_name_alone: bool,
    /// Types that a caller may ask for by another name, and that name.
    aliases: &'static [(&'static str, &'static str)],
    /// Services that want a token scoped to the domain, in lower case, letters and digits alone.
    global: &'static [&'static str],
    /// Endpoints that the catalog leaves out.
    table: &'static [TableRow],
    /// What to do about a refusal with this status.
    remedies: &'static [(u16, &'static str)],
}

/// A service of a cloud's documentation.
struct TableRow {
    service: &'static str,
    /// With `{region}`, in lower case, and `{project_id}` to fill in.
    url: &'static str,
    regions: &'static [&'static str],
    /// Regions that newer documents no longer list.
    retired: &'static [&'static str],
}

/// Which scope a service wants its tokens to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeHint {
    /// The domain: a global service of Huawei Cloud or Open Telekom Cloud.
    Domain,
    /// A project, as nearly every service.
    Project,
}

impl Cloud {
    /// NHN Cloud, public zone (IaaS Token; API v2 Preparations): v2.0, a tenant's id, an account
    /// name and the *API password*, which is not the account's.
    pub fn nhn() -> Self {
        Self::of(&nhn::NHN)
    }

    /// Open Telekom Cloud in a region, such as `eu-de` or `eu-nl` (Token Authentication): v3 and a
    /// password; project scope for most services, domain scope for the global ones.
    pub fn otc(region: &str) -> Result<Self, Error> {
        Self::of(&otc::OTC).at(&otc::identity(checked_region(region)?))
    }

    /// KakaoCloud (API Preparations): v3 and an access key, which is an application credential.
    pub fn kakao() -> Self {
        Self::of(&kakao::KAKAO)
    }

    /// Huawei Cloud by its global endpoint (Obtaining a User Token Through Password
    /// Authentication): v3, an IAM user's password; project or domain scope.
    pub fn huawei() -> Self {
        Self::of(&huawei::HUAWEI)
    }

    /// Huawei Cloud by a region's endpoint. Its tokens are good for that region alone.
    pub fn huawei_in(region: &str) -> Result<Self, Error> {
        Self::of(&huawei::HUAWEI).at(&huawei::identity(checked_region(region)?))
    }

    /// Any other cloud with a Keystone, by its identity URL, with or without a path prefix, a
    /// version (`/v3`, `/v2.0`) and a slash at the end. Without a version the first login asks the
    /// server for it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] unless it is https, or plain http on loopback.
    pub fn keystone(identity: &str) -> Result<Self, Error> {
        Self::of(&keystone::KEYSTONE).at(identity)
    }

    /// The same over plain http, which shows every password and token to the network between.
    pub fn keystone_over_plain_http(identity: &str) -> Result<Self, Error> {
        Self::of(&keystone::KEYSTONE).moved(identity)
    }

    /// A cloud by the same rules at another identity URL: a private zone, or an emulator on
    /// loopback. Endpoints that the catalog leaves out are not known there.
    ///
    /// # Errors
    ///
    /// As [`keystone`](Self::keystone).
    pub fn at(self, identity: &str) -> Result<Self, Error> {
        let moved = self.moved(identity)?;
        let origin = &moved.0.base.origin;
        if origin.is_https() || origin.is_loopback() {
            return Ok(moved);
        }
        Err(ConfigError::Url { field: IDENTITY_URL, problem: UrlProblem::PlainHttp }.into())
    }

    /// Lets tokens go to this origin (scheme, host and port) although it is plain http, or a
    /// loopback, link-local or metadata address.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] if it is no URL.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, Error> {
        let (origin, _) = Origin::parse(origin)
            .map_err(|problem| ConfigError::Url { field: "allowed origin", problem })?;
        Arc::make_mut(&mut self.0).allowed.push(origin);
        Ok(self)
    }

    /// The cloud's name, for people.
    pub fn name(&self) -> &'static str {
        self.0.profile.name
    }

    /// The dialect that it speaks; `None` where the first login asks the server.
    pub fn dialect(&self) -> Option<Dialect> {
        self.0.dialect
    }

    /// The identity URL, with the version if it is known.
    pub fn identity_url(&self) -> String {
        self.0.base.join(match self.0.dialect {
            Some(Dialect::V2) => "/v2.0",
            Some(Dialect::V3) => "/v3",
            None => "",
        })
    }

    /// Whether nothing that this cloud is used with may be plain http, so that an HTTP client may
    /// be told to refuse it.
    pub fn is_https_only(&self) -> bool {
        self.0.base.origin.is_https() && self.0.allowed.iter().all(Origin::is_https)
    }

    /// Which scope a service wants, for calls by a user who did not choose one.
    ///
    /// `service` is a catalog type or the name in the vendor's list, however it is spelled:
    /// `OBS`, `Anti-DDoS`, `iam`.
    pub fn scope_hint(&self, service: &str) -> ScopeHint {
        let plain: String = service.chars().filter(char::is_ascii_alphanumeric).collect();
        match self.0.profile.global.contains(&plain.to_ascii_lowercase().as_str()) {
            true => ScopeHint::Domain,
            false => ScopeHint::Project,
        }
    }

    /// The same cloud after its server has been asked for its version.
    pub(crate) fn speaking(mut self, dialect: Dialect) -> Self {
        Arc::make_mut(&mut self.0).dialect = Some(dialect);
        self
    }

    /// Whether the identity service is where the vendor documents it.
    fn is_at_home(&self) -> bool {
        Base::parse(self.0.profile.identity).is_ok_and(|(home, _)| home == self.0.base)
    }

    /// The URL of `path` under the identity URL without its version.
    pub(crate) fn identity_path(&self, path: &str) -> String {
        self.0.base.join(path)
    }

    fn of(profile: &'static Profile) -> Self {
        // Every profile's URL is parsed by a test.
        let (base, dialect) = match Base::parse(profile.identity) {
            Ok(parsed) => parsed,
            Err(problem) => unreachable!("the built-in identity URL {problem}"),
        };
        Self(Arc::new(Inner { profile, base, dialect, allowed: Vec::new() }))
    }

    fn moved(mut self, identity: &str) -> Result<Self, Error> {
        let (base, dialect) = Base::parse(identity)
            .map_err(|problem| ConfigError::Url { field: IDENTITY_URL, problem })?;
        let inner = Arc::make_mut(&mut self.0);
        let usual = Base::parse(inner.profile.identity).ok().and_then(|(_, dialect)| dialect);
        inner.base = base;
        inner.dialect = dialect.or(usual);
        Ok(self)
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("name", &self.name())
            .field("identity_url", &self.identity_url())
            .field("dialect", &self.dialect())
            .finish_non_exhaustive()
    }
}

const IDENTITY_URL: &str = "identity url";

/// A region becomes part of a host name.
fn checked_region(region: &str) -> Result<&str, ConfigError> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    match !region.is_empty() && region.len() <= 63 && region.bytes().all(fits) {
        true => Ok(region),
        false => Err(ConfigError::Region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: [&Profile; 5] =
        [&huawei::HUAWEI, &kakao::KAKAO, &keystone::KEYSTONE, &nhn::NHN, &otc::OTC];

    #[test]
    fn every_profile_is_sound() {
        for profile in PROFILES {
            let cloud = Cloud::of(profile);
            assert!(cloud.is_https_only(), "{cloud:?}");
            assert!(!profile.methods.is_empty() && !profile.scopes.is_empty(), "{cloud:?}");
            for row in profile.table {
                Origin::parse(&row.url.replace("{region}", "r")).unwrap();
                assert!(!row.regions.is_empty(), "{}", row.service);
            }
            for service in profile.global {
                assert_eq!(cloud.scope_hint(service), ScopeHint::Domain, "{service}");
            }
        }
    }

    #[test]
    fn regions_are_checked_before_they_become_host_names() {
        for region in ["", "eu.de", "eu-de/", "EU-DE", "eu-de@evil.example", "é"] {
            assert!(Cloud::otc(region).is_err(), "{region}");
            assert!(Cloud::huawei_in(region).is_err(), "{region}");
        }
    }
}
