//! Which endpoint a caller wants.

use std::{fmt, str::FromStr};

use crate::error::ConfigError;

/// From where an endpoint can be reached.
///
/// v3 catalogs spell it `"interface": "public"`, v2.0 catalogs as the key `publicURL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Interface {
    /// For administrators, from an administrative network.
    Admin,
    /// For other services, from inside the cloud.
    Internal,
    /// For everyone. Most public clouds list nothing else.
    Public,
}

impl Interface {
    /// The v3 spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }
}

/// Reads both spellings, `public` and `publicURL`.
impl FromStr for Interface {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let all = [Self::Admin, Self::Internal, Self::Public];
        let name = name.strip_suffix("URL").unwrap_or(name);
        all.into_iter().find(|it| it.as_str() == name).ok_or(ConfigError::Interface)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A wish for an endpoint: a service type, and where it should stand.
///
/// ```
/// use auth_proto::{Interface, EndpointQuery};
///
/// let want = EndpointQuery::new("compute").region("KR1");
/// let want = EndpointQuery::new("image").interfaces(&[Interface::Internal, Interface::Public]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointQuery {
    pub(crate) service: String,
    pub(crate) region: Option<String>,
    pub(crate) interfaces: Vec<Interface>,
}

impl From<&str> for EndpointQuery {
    fn from(service: &str) -> Self {
        Self::new(service)
    }
}

impl From<String> for EndpointQuery {
    fn from(service: String) -> Self {
        Self::new(service)
    }
}

impl EndpointQuery {
    /// The service of this type (`compute`, `object-store`, …) or of another name of the type
    /// (`volumev3`), in any region, public.
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), region: None, interfaces: vec![Interface::Public] }
    }

    /// The type that is asked for, as it was given.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Only in this region. A service that the catalog lists under region `*` serves every region.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The interfaces that will do, the preferred one first; instead of public alone.
    #[must_use]
    pub fn interfaces(mut self, interfaces: &[Interface]) -> Self {
        self.interfaces = interfaces.to_vec();
        self
    }
}
