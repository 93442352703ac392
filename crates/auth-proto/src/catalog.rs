//! The services that a token is good for, and where they are.

use std::borrow::Cow;

use http::Uri;

use crate::{
    error::{EndpointError, Error},
    join::{check, join},
    text::shown,
    url::Origin,
};

/// The service catalog of a token: v3's `catalog` or v2.0's `serviceCatalog`, in one form and in
/// the server's order.
///
/// Services without a type and endpoints without a URL are left out: nothing could find or use
/// them. A service with no endpoints stays, as Keystone lists it to domain- and system-scoped
/// tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub(crate) services: Vec<ServiceRow>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceRow {
    pub(crate) service_type: String,
    pub(crate) name: Option<String>,
    pub(crate) endpoints: Vec<EndpointRow>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EndpointRow {
    /// `public`, whether the catalog said `public` or `publicURL`.
    pub(crate) interface: String,
    pub(crate) region: Option<String>,
    pub(crate) url: String,
}

impl Catalog {
    /// The services, in the server's order. A type may occur more than once.
    pub fn services(&self) -> impl ExactSizeIterator<Item = Service<'_>> {
        self.services.iter().map(|row| Service { row })
    }

    /// Whether there are no services at all.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }
}

/// One service of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Service<'c> {
    row: &'c ServiceRow,
}

impl<'c> Service<'c> {
    /// What kind of service it is: `compute`, `object-store`, `volumev3`, …
    pub fn service_type(&self) -> &'c str {
        &self.row.service_type
    }

    /// What the operator calls it: `nova`, `swift`, …
    pub fn name(&self) -> Option<&'c str> {
        self.row.name.as_deref()
    }

    pub(crate) fn row_endpoints(&self) -> &'c [EndpointRow] {
        &self.row.endpoints
    }

    /// Where it is.
    pub fn endpoints(&self) -> impl ExactSizeIterator<Item = Endpoint<'c>> + use<'c> {
        let service_type = self.service_type();
        self.row.endpoints.iter().map(move |row| Endpoint {
            interface: &row.interface,
            region: row.region.as_deref().map(Cow::Borrowed),
            retired: false,
            service_type,
            url: Cow::Borrowed(&row.url),
        })
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
    /// # use auth_proto::{Cloud, Select, Token};
    /// # fn example(cloud: &Cloud, token: &Token) -> Result<(), Box<dyn std::error::Error>> {
    /// let compute = cloud.endpoint(token, &Select::new("compute"))?;
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
