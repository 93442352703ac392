//! What is known of each cloud, as data: its identity URL, its API version, what it takes and refuses,
//! and the endpoints that its catalog leaves out.
//!
//! A cloud is one file here that holds its [`Profile`], and a line in `named`; the rules that read
//! it are in `check`, `endpoint`, `hint`, `missing`, `overrides`, `refusal` and `trust`, and name no
//! cloud.

mod check;
mod endpoint;
mod huawei;
mod kakao;
mod keystone;
mod named;
mod nhn;
mod not_found;
mod otc;
mod overrides;
mod profile;
mod refusal;
mod service_scope;
mod template;
mod token_destination;
mod v2;

use std::{fmt, sync::Arc};

use http::Uri;

pub use self::profile::Advice;
pub(crate) use self::token_destination::AUTH_TOKEN;
use self::{overrides::Override, profile::Profile};
use crate::{
    error::{ConfigError, Error, UrlProblem},
    url::{ApiVersion, Base, Origin},
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
    api_version: Option<ApiVersion>,
    /// Whether the identity service is where the vendor documents it.
    is_home: bool,
    /// Named by the user as places that tokens may go to.
    allowed: Vec<Origin<'static>>,
    overrides: Vec<Override>,
    /// By services, spelled [plainly](plain).
    hints: Vec<(String, ScopeHint)>,
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
        Self::everywhere(&nhn::NHN)
    }

    /// Open Telekom Cloud in a region, such as `eu-de` or `eu-nl` (Token Authentication): v3 and a
    /// password; project scope for most services, domain scope for the global ones.
    pub fn otc(region: &str) -> Result<Self, Error> {
        Self::of(&otc::OTC, Some(region))
    }

    /// KakaoCloud (API Preparations): v3 and an access key, which is an application credential.
    pub fn kakao() -> Self {
        Self::everywhere(&kakao::KAKAO)
    }

    /// Huawei Cloud by its global endpoint (Obtaining a User Token Through Password
    /// Authentication): v3, an IAM user's password; project or domain scope.
    pub fn huawei() -> Self {
        Self::everywhere(&huawei::HUAWEI)
    }

    /// Huawei Cloud by a region's endpoint. Its tokens are good for that region alone.
    pub fn huawei_in(region: &str) -> Result<Self, Error> {
        Self::of(&huawei::HUAWEI, Some(region))
    }

    /// Any other cloud with a Keystone, by its identity URL, with or without a path prefix, a
    /// version (`/v3`, `/v2.0`) and a slash at the end. Without a version the first login asks the
    /// server for it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] unless it is https, or plain http on loopback.
    pub fn keystone(identity: &str) -> Result<Self, Error> {
        Self::everywhere(&keystone::STOCK).at(identity)
    }

    /// The same over plain http, which shows every password and token to the network between.
    pub fn keystone_over_plain_http(identity: &str) -> Result<Self, Error> {
        Self::everywhere(&keystone::STOCK).moved(identity)
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

    /// Where a service is by the user's own word, which comes before the catalog and the cloud's
    /// table, for every interface. Tokens may go to its origin as to one that was named with
    /// [`allow_origin`](Self::allow_origin), unless a placeholder is part of the host's name.
    ///
    /// The URL may hold `{project_id}`, or `{tenant_id}`, which is the same, `{domain_id}`,
    /// `{user_id}` (all three are the token's) and `{region}` (the one that is asked for).
    ///
    /// ```
    /// use auth_proto::Cloud;
    ///
    /// let swift = "https://swift.example.org/v1/AUTH_{project_id}";
    /// let cloud = Cloud::keystone("https://keystone.example.org/v3")?
    ///     .with_override("object-store", swift)?;
    /// # Ok::<(), auth_proto::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Empty`] without a service, [`ConfigError::Placeholder`] for an unknown
    /// placeholder, [`ConfigError::Url`] if it makes no URL.
    pub fn with_override(
        mut self,
        service: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<Self, Error> {
        let service = service.into();
        let (own, origin) = Override::new(service.clone(), url.into())?;
        let inner = Arc::make_mut(&mut self.0);
        inner.overrides.retain(|other| !other.is_for(&service));
        inner.overrides.push(own);
        inner.allowed.extend(origin);
        Ok(self)
    }

    /// Which scope a service wants, by the user's own word. It holds for the other names of its type,
    /// too, but for those that have a word of their own.
    #[must_use]
    pub fn with_scope_hint(mut self, service: &str, hint: ScopeHint) -> Self {
        let service = plain(service);
        let inner = Arc::make_mut(&mut self.0);
        inner.hints.retain(|(other, _)| *other != service);
        inner.hints.push((service, hint));
        self
    }

    /// The field that names the agency in a login by `assume_role`, where the cloud has such a
    /// login: `agency_name` at Huawei Cloud, `xrole_name` at Open Telekom Cloud.
    pub fn agency_field(&self) -> Option<&'static str> {
        self.0.profile.agency_field
    }

    /// The cloud's name, for people.
    pub fn name(&self) -> &'static str {
        self.0.profile.name
    }

    /// The API version that it speaks; `None` where the first login asks the server.
    pub fn api_version(&self) -> Option<ApiVersion> {
        self.0.api_version
    }

    /// The identity URL, with the version if it is known.
    pub fn identity_url(&self) -> String {
        self.0.base.join(match self.0.api_version {
            Some(ApiVersion::V2) => "/v2.0",
            Some(ApiVersion::V3) => "/v3",
            None => "",
        })
    }

    /// The regions that the cloud's documents list. There may be newer ones, and none are listed
    /// where they are many.
    pub fn regions(&self) -> &'static [&'static str] {
        self.0.profile.regions
    }

    /// Whether nothing that this cloud is used with may be plain http, so that an HTTP client may
    /// be told to refuse it.
    pub fn is_https_only(&self) -> bool {
        self.0.base.origin.is_https() && self.0.allowed.iter().all(Origin::is_https)
    }

    /// Which scope a service wants, for calls by a user who did not choose one.
    ///
    /// `service` is a catalog type or the name in the vendor's list, however it is spelled:
    /// `OBS`, `Anti-DDoS`, `iam`. What the documents say can be overridden
    /// ([`with_scope_hint`](Self::with_scope_hint)). [`Session::scope_for`](crate::Session::scope_for)
    /// makes a scope of it.
    pub fn scope_hint(&self, service: &str) -> ScopeHint {
        let own = |name: &str| {
            let name = plain(name);
            self.0.hints.iter().find(|(other, _)| *other == name).map(|(_, hint)| *hint)
        };
        match self.types(&service.to_ascii_lowercase()).find_map(own) {
            Some(hint) => hint,
            None if self.0.profile.global.contains(&plain(service).as_str()) => ScopeHint::Domain,
            None => ScopeHint::Project,
        }
    }

    /// The same cloud after its server has been asked for its version.
    pub(crate) fn speaking(mut self, api_version: ApiVersion) -> Self {
        Arc::make_mut(&mut self.0).api_version = Some(api_version);
        self
    }

    /// The URL of `path` under the identity URL without its version.
    pub(crate) fn identity_path(&self, path: &str) -> String {
        self.0.base.join(path)
    }

    /// The same as a URI.
    pub(crate) fn identity_uri(&self, path: &str) -> Result<Uri, ConfigError> {
        let problem = |problem| ConfigError::Url { field: IDENTITY_URL, problem };
        self.0.base.uri(path).map_err(problem)
    }

    /// A cloud with one identity service for all regions, as a test makes sure.
    fn everywhere(profile: &'static Profile) -> Self {
        match Self::of(profile, None) {
            Ok(cloud) => cloud,
            Err(error) => unreachable!("the built-in identity URL: {error}"),
        }
    }

    fn of(profile: &'static Profile, region: Option<&str>) -> Result<Self, Error> {
        let identity = profile.identity(region)?;
        let (base, api_version) = parsed(&identity)?;
        let (allowed, overrides, hints) = (Vec::new(), Vec::new(), Vec::new());
        let is_home = true;
        Ok(Self(Arc::new(Inner { profile, base, api_version, is_home, allowed, overrides, hints })))
    }

    fn moved(mut self, identity: &str) -> Result<Self, Error> {
        let (base, api_version) = parsed(identity)?;
        let inner = Arc::make_mut(&mut self.0);
        inner.is_home &= inner.base == base;
        inner.base = base;
        inner.api_version = api_version.or_else(|| inner.profile.api_version());
        Ok(self)
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("name", &self.name())
            .field("identity_url", &self.identity_url())
            .field("api_version", &self.api_version())
            .finish_non_exhaustive()
    }
}

const IDENTITY_URL: &str = "identity url";

fn parsed(identity: &str) -> Result<(Base, Option<ApiVersion>), ConfigError> {
    Base::parse(identity).map_err(|problem| ConfigError::Url { field: IDENTITY_URL, problem })
}

/// A service's name in lower case, letters and digits alone.
fn plain(service: &str) -> String {
    let letters = service.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}
