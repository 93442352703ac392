//! The supported clouds, as data: identity URL, API version, accepted methods and scopes, and the
//! endpoints that the catalog omits.
//!
//! A cloud is a [`Profile`] in the file of its vendor, and a line in `named`. The rules that read
//! profiles are in `check`, `endpoint`, `not_found`, `overrides`, `refusal`, `service_scope` and
//! `token_destination`. They name no cloud.

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
    error::{ConfigError, ConfigField, Error, UrlProblem},
    url::{ApiVersion, Base, Origin},
};

/// A cloud: the URL of its identity service, and its rules. A clone is cheap.
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
    /// `None` until the first login discovers it.
    api_version: Option<ApiVersion>,
    /// Whether the identity URL is the vendor's. The table of endpoints applies only then.
    is_home: bool,
    /// Origins that the user allows tokens to be sent to.
    allowed: Vec<Origin<'static>>,
    overrides: Vec<Override>,
    /// By the service's [plain](plain) name.
    hints: Vec<(String, ScopeHint)>,
}

/// The scope that a service needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeHint {
    /// A domain, for the global services of Huawei Cloud and Open Telekom Cloud.
    Domain,
    /// A project, for nearly every service.
    Project,
}

impl Cloud {
    /// NHN Cloud, public zone (IaaS Token; API v2 Preparations): v2.0, the id of a tenant, the name
    /// of an account and its *API password*, which differs from the account's password.
    pub fn nhn() -> Self {
        Self::global(&nhn::NHN)
    }

    /// Open Telekom Cloud in a region, such as `eu-de` or `eu-nl` (Token Authentication): v3 and a
    /// password; project scope for most services, domain scope for the global ones.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Region`] if the region cannot be part of a host name.
    pub fn otc(region: &str) -> Result<Self, Error> {
        Self::of(&otc::OTC, Some(region))
    }

    /// KakaoCloud (API Preparations): v3 and an access key, that is an application credential.
    pub fn kakao() -> Self {
        Self::global(&kakao::KAKAO)
    }

    /// Huawei Cloud, global identity endpoint (Obtaining a User Token Through Password
    /// Authentication): v3, an IAM user and a password; project or domain scope.
    pub fn huawei() -> Self {
        Self::global(&huawei::HUAWEI)
    }

    /// Huawei Cloud, identity endpoint of a region. Its tokens are valid only in that region.
    ///
    /// # Errors
    ///
    /// As [`otc`](Self::otc).
    pub fn huawei_in(region: &str) -> Result<Self, Error> {
        Self::of(&huawei::HUAWEI, Some(region))
    }

    /// Any other Keystone, by its identity URL. The URL may have a path prefix, a version (`/v3`,
    /// `/v2.0`) and a slash at the end. Without a version, the first login discovers it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] if the URL is invalid, or plain http to another machine.
    pub fn keystone(identity: &str) -> Result<Self, Error> {
        Self::global(&keystone::STOCK).at(identity)
    }

    /// As [`keystone`](Self::keystone), also over plain http, which shows every password and token
    /// to the network.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] if the URL is invalid.
    pub fn keystone_over_plain_http(identity: &str) -> Result<Self, Error> {
        Self::global(&keystone::STOCK).moved(identity)
    }

    /// Moves the cloud to another identity URL with the same rules: for a private zone, or an
    /// emulator on loopback. The built-in table of endpoints does not apply there.
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
        Err(ConfigError::Url { field: ConfigField::IdentityUrl, problem: UrlProblem::PlainHttp }
            .into())
    }

    /// Allows tokens to be sent to this origin (scheme, host and port) although it is plain http,
    /// or a loopback, link-local or metadata address.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] if the URL is invalid.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, Error> {
        let (origin, _) = Origin::parse(origin)
            .map_err(|problem| ConfigError::Url { field: ConfigField::AllowedOrigin, problem })?;
        Arc::make_mut(&mut self.0).allowed.push(origin);
        Ok(self)
    }

    /// Sets the endpoint of a service for all interfaces. It takes precedence over the catalog and
    /// the built-in table. The origin of the URL is [allowed](Self::allow_origin) for tokens,
    /// unless a placeholder is part of the host.
    ///
    /// The URL may contain `{project_id}` or its synonym `{tenant_id}`, `{domain_id}` and
    /// `{user_id}`, which are filled in from the token, and `{region}`, which is filled in from the
    /// query.
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
    /// [`ConfigError::Empty`] for an empty service, [`ConfigError::Placeholder`] for an unknown
    /// placeholder, [`ConfigError::Url`] if the result is not a valid URL.
    pub fn with_override(
        mut self,
        service: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<Self, Error> {
        let service = service.into();
        let (new, origin) = Override::new(service.clone(), url.into())?;
        let inner = Arc::make_mut(&mut self.0);
        inner.overrides.retain(|other| !other.is_for(&service));
        inner.overrides.push(new);
        inner.allowed.extend(origin);
        Ok(self)
    }

    /// Overrides which scope a service needs. The override also applies to the aliases of its type,
    /// unless they have an override.
    #[must_use]
    pub fn with_scope_hint(mut self, service: &str, hint: ScopeHint) -> Self {
        let service = plain(service);
        let inner = Arc::make_mut(&mut self.0);
        inner.hints.retain(|(other, _)| *other != service);
        inner.hints.push((service, hint));
        self
    }

    /// The field for the agency's name in an `assume_role` request: `agency_name` at Huawei Cloud,
    /// `xrole_name` at Open Telekom Cloud. `None` if the cloud has no agencies.
    pub fn agency_field(&self) -> Option<&'static str> {
        self.0.profile.agency_field
    }

    /// The name of the cloud, for people.
    pub fn name(&self) -> &'static str {
        self.0.profile.name
    }

    /// The API version; `None` until the first login discovers it.
    pub fn api_version(&self) -> Option<ApiVersion> {
        self.0.api_version
    }

    /// The identity URL, with the API version if it is known.
    pub fn identity_url(&self) -> String {
        self.0.base.join(self.version_path().unwrap_or_default())
    }

    /// The API version as the last segment of a path.
    pub(crate) fn version_path(&self) -> Option<&'static str> {
        self.0.api_version.map(ApiVersion::path)
    }

    /// The regions in the cloud's documents. The cloud may have newer ones. Empty for clouds with
    /// too many regions to list.
    pub fn regions(&self) -> &'static [&'static str] {
        self.0.profile.regions
    }

    /// Whether the identity URL and all allowed origins are https. If so, the HTTP client should
    /// refuse plain http.
    pub fn is_https_only(&self) -> bool {
        self.0.base.origin.is_https() && self.0.allowed.iter().all(Origin::is_https)
    }

    /// The scope that a service needs by the cloud's documents or by
    /// [`with_scope_hint`](Self::with_scope_hint).
    ///
    /// `service` is a catalog type or the vendor's name; case and punctuation do not matter: `OBS`,
    /// `Anti-DDoS`, `iam`. [`Session::scope_for`](crate::Session::scope_for) gives a scope that
    /// fits.
    pub fn scope_hint(&self, service: &str) -> ScopeHint {
        let overridden = |name: &str| {
            let name = plain(name);
            self.0.hints.iter().find(|(other, _)| *other == name).map(|(_, hint)| *hint)
        };
        match self.types(&service.to_ascii_lowercase()).find_map(overridden) {
            Some(hint) => hint,
            None if self.0.profile.global.contains(&plain(service).as_str()) => ScopeHint::Domain,
            None => ScopeHint::Project,
        }
    }

    /// Sets the discovered API version.
    pub(crate) fn speaking(mut self, api_version: ApiVersion) -> Self {
        Arc::make_mut(&mut self.0).api_version = Some(api_version);
        self
    }

    /// The URL of `path` below the identity URL without its version.
    pub(crate) fn identity_path(&self, path: &str) -> String {
        self.0.base.join(path)
    }

    /// As [`identity_path`](Self::identity_path), as a URI.
    pub(crate) fn identity_uri(&self, path: &str) -> Result<Uri, ConfigError> {
        let problem = |problem| ConfigError::Url { field: ConfigField::IdentityUrl, problem };
        self.0.base.uri(path).map_err(problem)
    }

    /// A cloud with one identity URL for all regions. A test checks each of them.
    fn global(profile: &'static Profile) -> Self {
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

fn parsed(identity: &str) -> Result<(Base, Option<ApiVersion>), ConfigError> {
    Base::parse(identity)
        .map_err(|problem| ConfigError::Url { field: ConfigField::IdentityUrl, problem })
}

/// A service's name in lower case, only its letters and digits.
fn plain(service: &str) -> String {
    let letters = service.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}
