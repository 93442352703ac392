//! The service catalog of a token.

use std::{borrow::Cow, fmt};

use http::Uri;

use crate::{
    error::{EndpointError, Error},
    model::{
        arena::{Arena, EndpointRow, ServiceRow, Span},
        endpoint_query::Interface,
    },
    text::shown,
    url::{
        Origin,
        join::{check, join},
    },
};

/// The service catalog of a token: v3's `catalog` or v2.0's `serviceCatalog`, in one form and in
/// the server's order.
///
/// Services without a type and endpoints without a URL are omitted, since a lookup cannot use them.
/// A service without endpoints is kept: Keystone lists such services for domain and system scope.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    pub(crate) services: Arena,
}

impl Catalog {
    /// The services, in the server's order. Several services may have the same type.
    pub fn services(&self) -> impl ExactSizeIterator<Item = Service<'_>> {
        let arena = &self.services;
        arena.services().iter().map(|row| Service { arena, row })
    }

    /// Whether the catalog has no services.
    pub fn is_empty(&self) -> bool {
        self.services.services().is_empty()
    }

    /// The endpoint of this type and interface that fits the region best: an endpoint in the
    /// region, then in `*`, then without a region, then, if `anywhere`, in another region. Of
    /// several equally good ones, the first.
    // Never inlined, so that a profile separates the search from the check of the URL.
    #[inline(never)]
    pub(crate) fn find(
        &self,
        service_type: &str,
        interface: Interface,
        region: Option<&str>,
        anywhere: bool,
    ) -> Option<Endpoint<'_>> {
        let (arena, interface) = (&self.services, Span::of(interface));
        let mut best: Option<(Fit, Service<'_>, &EndpointRow)> = None;
        for row in arena.services_of_type(service_type) {
            let service = Service { arena, row };
            let rows = arena.endpoints(row).iter().filter(|row| row.interface == interface);
            for row in rows {
                match service.fit(row, region) {
                    Fit::Exact => return Some(service.endpoint(row)),
                    Fit::Elsewhere if !anywhere => {}
                    fit if best.is_none_or(|(than, ..)| fit < than) => {
                        best = Some((fit, service, row));
                    }
                    _ => {}
                }
            }
        }
        best.map(|(_, service, row)| service.endpoint(row))
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services: Vec<_> = self.services().collect();
        f.debug_struct("Catalog").field("services", &services).finish()
    }
}

/// How well an endpoint fits the wanted region, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    /// In region `*`.
    Everywhere,
    /// Without a region.
    NoRegion,
    Elsewhere,
}

/// One service of a catalog.
#[derive(Clone, Copy)]
pub struct Service<'c> {
    arena: &'c Arena,
    row: &'c ServiceRow,
}

impl<'c> Service<'c> {
    /// The type, such as `compute`, `object-store` or `volumev3`.
    pub fn service_type(&self) -> &'c str {
        self.arena.text(self.row.service_type)
    }

    /// The operator's name for the service, such as `nova` or `swift`.
    pub fn name(&self) -> Option<&'c str> {
        self.arena.optional_text(self.row.name)
    }

    /// The endpoints, in the server's order.
    pub fn endpoints(&self) -> impl ExactSizeIterator<Item = Endpoint<'c>> + use<'c> {
        let service = *self;
        self.arena.endpoints(self.row).iter().map(move |row| service.endpoint(row))
    }

    /// Interface and region of each endpoint.
    pub(crate) fn locations(&self) -> impl Iterator<Item = (&'c str, Option<&'c str>)> + use<'c> {
        let arena = self.arena;
        let rows = arena.endpoints(self.row).iter();
        rows.map(|row| (arena.text(row.interface), arena.optional_text(row.region)))
    }

    fn endpoint(&self, row: &EndpointRow) -> Endpoint<'c> {
        Endpoint {
            interface: self.arena.text(row.interface),
            region: self.arena.optional_text(row.region).map(Cow::Borrowed),
            retired: false,
            service_type: self.service_type(),
            url: Cow::Borrowed(self.arena.text(row.url)),
        }
    }

    fn fit(&self, row: &EndpointRow, region: Option<&str>) -> Fit {
        match region {
            None => Fit::Exact,
            Some(_) if row.region.is_empty() => Fit::NoRegion,
            Some(region) if self.arena.text_is(row.region, region) => Fit::Exact,
            Some(_) if self.arena.text_is(row.region, "*") => Fit::Everywhere,
            Some(_) => Fit::Elsewhere,
        }
    }
}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("service_type", &self.service_type())
            .field("name", &self.name())
            .field("endpoints", &self.endpoints().collect::<Vec<_>>())
            .finish()
    }
}

/// A URL of a service, for one interface and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint<'t> {
    pub(crate) interface: &'t str,
    pub(crate) region: Option<Cow<'t, str>>,
    pub(crate) retired: bool,
    pub(crate) service_type: &'t str,
    pub(crate) url: Cow<'t, str>,
}

impl Endpoint<'_> {
    /// The interface: `public`, `internal`, `admin`, or an unusual one of the server.
    pub fn interface(&self) -> &str {
        self.interface
    }

    /// The region, if the catalog names one. `*` means all regions (Huawei Cloud, Open Telekom
    /// Cloud).
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Whether the endpoint comes from the cloud's built-in table, in a region that the cloud's
    /// newer documents no longer list.
    pub fn is_retired(&self) -> bool {
        self.retired
    }

    /// The type of the service.
    pub fn service_type(&self) -> &str {
        self.service_type
    }

    /// The URL, unchanged from the catalog or the cloud's built-in table, except that of the identity
    /// service, which ends in the API version of the login.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of a path with an optional query, such as `/servers?limit=1`, below this endpoint.
    ///
    /// The path is appended to the endpoint's path, with one slash between the two. Scheme, host
    /// and port are always the endpoint's.
    ///
    /// ```
    /// # use auth_proto::{Cloud, EndpointQuery, Token};
    /// # fn example(cloud: &Cloud, token: &Token) -> Result<(), Box<dyn std::error::Error>> {
    /// let compute = cloud.endpoint(token, &EndpointQuery::new("compute"))?;
    /// let servers = compute.join(&"/servers?limit=1".parse()?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`EndpointError::Url`] if the path does not start with a slash; if it has a segment `.` or
    /// `..`, plain or percent-encoded, which a client or proxy may resolve; or if the endpoint's
    /// URL is invalid or has a query.
    pub fn join(&self, path: &Uri) -> Result<Uri, Error> {
        Self::check_path(path)?;
        let refused = |problem| {
            let target = format!("service {}", shown(self.service_type));
            EndpointError::Url { target, problem }
        };
        let (_, endpoint) = Origin::parse(&self.url).map_err(refused)?;
        Ok(join(&endpoint, path).map_err(refused)?)
    }

    /// Checks whether [`join`](Self::join) accepts a path. The check needs no endpoint, so a caller
    /// can refuse a bad path before a login sends the password.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn check_path(path: &Uri) -> Result<(), Error> {
        let target = || "the request".to_owned();
        Ok(check(path).map_err(|problem| EndpointError::Url { target: target(), problem })?)
    }
}
