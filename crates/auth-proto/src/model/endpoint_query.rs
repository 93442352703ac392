//! The query for an endpoint.

use std::{fmt, str::FromStr};

use crate::error::ConfigError;

/// The network that an endpoint is for.
///
/// v3 catalogs write `"interface": "public"`, v2.0 catalogs have a key `publicURL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Interface {
    /// For administrators, in an administrative network.
    Admin,
    /// For other services, in the cloud's internal network.
    Internal,
    /// For all users. Most public clouds list no other interface.
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

/// Parses both spellings, `public` and `publicURL`.
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

/// A query for an endpoint: service type, region and interfaces.
///
/// ```
/// use auth_proto::{Interface, EndpointQuery};
///
/// let query = EndpointQuery::new("compute").region("KR1");
/// let query = EndpointQuery::new("image").interfaces(&[Interface::Internal, Interface::Public]);
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
    /// A service by its type (`compute`, `object-store`, …) or an alias of the type (`volumev3`),
    /// in any region, with the public interface.
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), region: None, interfaces: vec![Interface::Public] }
    }

    /// The wanted type, as it was given.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Limits the query to a region. An endpoint in region `*` or without a region fits every
    /// region.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Replaces the interfaces (by default only the public one) by these, in order of preference.
    #[must_use]
    pub fn interfaces(mut self, interfaces: &[Interface]) -> Self {
        self.interfaces = interfaces.to_vec();
        self
    }
}
