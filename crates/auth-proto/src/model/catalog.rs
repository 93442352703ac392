//! The services that a token is good for, and where they are.

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
/// Services without a type and endpoints without a URL are left out: nothing could find or use
/// them. A service with no endpoints stays, as Keystone lists it to domain- and system-scoped
/// tokens.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    pub(crate) services: Arena,
}

impl Catalog {
    /// The services, in the server's order. A type may occur more than once.
    pub fn services(&self) -> impl ExactSizeIterator<Item = Service<'_>> {
        let arena = &self.services;
        arena.services().iter().map(|row| Service { arena, row })
    }

    /// Whether there are no services at all.
    pub fn is_empty(&self) -> bool {
        self.services.services().is_empty()
    }

    /// The endpoint of this type and interface that suits the region best: it is in it, or in `*`,
    /// or in none, or `anywhere`. Of several the first one.
    ///
    /// A function of its own in every build, so that a profiler tells it from the check of the URL.
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

/// How an endpoint suits a region, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    Everywhere,
    Nowhere,
    Elsewhere,
}

/// One service of a catalog.
#[derive(Clone, Copy)]
pub struct Service<'c> {
    arena: &'c Arena,
    row: &'c ServiceRow,
}

impl<'c> Service<'c> {
    /// What kind of service it is: `compute`, `object-store`, `volumev3`, …
    pub fn service_type(&self) -> &'c str {
        self.arena.text(self.row.service_type)
    }

    /// What the operator calls it: `nova`, `swift`, …
    pub fn name(&self) -> Option<&'c str> {
        self.arena.optional_text(self.row.name)
    }

    /// Where it is.
    pub fn endpoints(&self) -> impl ExactSizeIterator<Item = Endpoint<'c>> + use<'c> {
        let service = *self;
        self.arena.endpoints(self.row).iter().map(move |row| service.endpoint(row))
    }

    /// Interface and region of each of its endpoints.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&'c str, Option<&'c str>)> + use<'c> {
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
            Some(_) if row.region.is_empty() => Fit::Nowhere,
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

/// A place where a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint<'t> {
    pub(crate) interface: &'t str,
    pub(crate) region: Option<Cow<'t, str>>,
    pub(crate) retired: bool,
    pub(crate) service_type: &'t str,
    pub(crate) url: Cow<'t, str>,
}

impl Endpoint<'_> {
    /// Its interface: `public`, `internal` or `admin`, or another word of the server's.
    pub fn interface(&self) -> &str {
        self.interface
    }

    /// Its region, if the catalog names one. `*` stands for all of them (Huawei Cloud, Open
    /// Telekom Cloud).
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Whether the operator's newer documents no longer list it.
    pub fn is_retired(&self) -> bool {
        self.retired
    }

    /// The type of its service.
    pub fn service_type(&self) -> &str {
        self.service_type
    }

    /// Its URL, just as the catalog or the cloud's table has it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of a path under this one, such as `/servers?limit=1`, with its query.
    ///
    /// The endpoint's own path stays in front of it, with one slash between the two, and the host
    /// is the endpoint's whatever the path looks like.
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
    /// [`EndpointError::Url`] if the path does not start with a slash, or has a segment `.` or `..`,
    /// written out or percent-encoded, which clients and proxies may take for a way out; or if the
    /// endpoint cannot take a path.
    pub fn join(&self, path: &Uri) -> Result<Uri, Error> {
        Self::check_path(path)?;
        let own = |problem| {
            let target = format!("service {}", shown(self.service_type));
            EndpointError::Url { target, problem }
        };
        let (_, endpoint) = Origin::parse(&self.url).map_err(own)?;
        Ok(join(&endpoint, path).map_err(own)?)
    }

    /// Whether [`join`](Self::join) takes this path, before there is an endpoint: a login for a
    /// request that must not go out would send the password for nothing.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn check_path(path: &Uri) -> Result<(), Error> {
        let target = || "the request".to_owned();
        Ok(check(path).map_err(|problem| EndpointError::Url { target: target(), problem })?)
    }
}
