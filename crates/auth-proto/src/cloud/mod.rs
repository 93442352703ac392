//! The supported clouds, as data: identity URL, API version, accepted methods and scopes, and the
//! endpoints that the catalog omits.
//!
//! A cloud is a [`Profile`] in `vendors`, and a line in `named`. The other files are the rules that
//! read profiles. They name no cloud.

mod check;
mod endpoint;
mod federation;
mod named;
mod not_found;
mod overrides;
mod profile;
mod refusal;
mod service_scope;
mod standalone;
mod template;
mod token_destination;
mod vendors;

use std::{fmt, sync::Arc};

use http::Uri;

pub use self::profile::Advice;
pub(crate) use self::refusal::status_is_transient;
use self::{
    overrides::Override,
    profile::Profile,
    vendors::{huawei, kakao, keystone, nhn, otc},
};
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
    /// Whether passwords and tokens may be sent over plain http to ordinary hosts.
    plain_http: bool,
    /// Origins that the user allows tokens to be sent to.
    allowed: Vec<Origin<'static>>,
    overrides: Vec<Override>,
    /// The endpoint of every service without an override, if there is no identity service. Empty if
    /// these services have no common one.
    standalone: Option<String>,
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

    /// Allows plain http for the whole cloud: for the identity URL in a later [`at`](Self::at), and
    /// for every endpoint. Everyone on the way can read the passwords and tokens. A loopback,
    /// link-local or metadata address still has to be [named](Self::allow_origin).
    ///
    /// ```
    /// use auth_proto::Cloud;
    ///
    /// let lab = "http://keystone.lab.example:5000/v3";
    /// let cloud = Cloud::keystone_over_plain_http(lab)?.allow_plain_http();
    /// let swift = "http://swift.lab.example:8080/v1".parse()?;
    /// assert!(cloud.check_target(&swift).is_ok());
    /// let metadata = "http://169.254.169.254/latest".parse()?;
    /// assert!(cloud.check_target(&metadata).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        Arc::make_mut(&mut self.0).plain_http = true;
        self
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
        let is_allowed = moved.0.plain_http && origin.special().is_none();
        if origin.is_https() || origin.is_loopback() || is_allowed {
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

    /// Sets the API version, which the first login then does not have to discover.
    #[must_use]
    pub fn with_api_version(mut self, api_version: ApiVersion) -> Self {
        Arc::make_mut(&mut self.0).api_version = Some(api_version);
        self
    }

    /// Whether both clouds have the same identity service: the same scheme, host, port and path.
    /// Spelling (`:443`, capitals, a slash at the end) and the API version do not matter.
    ///
    /// ```
    /// use auth_proto::Cloud;
    ///
    /// let configured = Cloud::keystone("https://IAM.eu-de.otc.t-systems.com:443/v3")?;
    /// assert!(configured.has_same_identity_service(&Cloud::otc("eu-de")?));
    /// # Ok::<(), auth_proto::Error>(())
    /// ```
    pub fn has_same_identity_service(&self, other: &Self) -> bool {
        self.0.base == other.0.base
    }

    /// The identity URL, with the API version if it is known. Of a [standalone
    /// service](Self::standalone), its URL without a version at the end.
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

    /// Whether the identity URL and all allowed origins are https, and plain http is not allowed. If
    /// so, the HTTP client should refuse plain http.
    pub fn is_https_only(&self) -> bool {
        let is_https = self.0.base.origin.is_https() && !self.0.plain_http;
        is_https && self.0.allowed.iter().all(Origin::is_https)
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

    /// Scheme, host and port of the identity URL.
    pub(crate) fn identity_origin(&self) -> &Origin<'static> {
        &self.0.base.origin
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
        Ok(Self(Arc::new(Inner {
            profile,
            base,
            api_version,
            is_home: true,
            plain_http: false,
            allowed: Vec::new(),
            overrides: Vec::new(),
            standalone: None,
            hints: Vec::new(),
        })))
    }

    fn moved(mut self, identity: &str) -> Result<Self, Error> {
        let (base, api_version) = parsed(identity)?;
        let inner = Arc::make_mut(&mut self.0);
        inner.is_home &= inner.base == base;
        inner.base = base;
        match &mut inner.standalone {
            // There is no token to fill it in from.
            Some(_) if endpoint::has_placeholder(identity) => {
                let (field, problem) = (ConfigField::IdentityUrl, UrlProblem::Syntax);
                return Err(ConfigError::Url { field, problem }.into());
            }
            Some(url) => identity.clone_into(url),
            None => inner.api_version = api_version.or_else(|| inner.profile.api_version()),
        }
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
