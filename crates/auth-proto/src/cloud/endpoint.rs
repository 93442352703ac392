//! From a wish to a URL, and whether a token may go there.

use std::borrow::Cow;

use http::{HeaderName, Request, Uri};

use super::{Cloud, TableRow};
use crate::{
    catalog::Endpoint,
    error::{EndpointError, Error},
    select::{Interface, Select},
    text::{shown, shown_within},
    token::Token,
    url::Origin,
};

impl Cloud {
    /// Where a service is, for this token: from the token's catalog, else from the cloud's table.
    ///
    /// Among the endpoints of the wanted type, the interfaces count in the order of the wish; then
    /// the region: exactly the one that was asked for, then `*`, then none at all. The first one in
    /// the catalog's order wins.
    ///
    /// # Errors
    ///
    /// [`EndpointError::NotFound`] says what there is instead; [`EndpointError::Refused`] if the
    /// token must not go where the endpoint points.
    pub fn endpoint<'t>(&'t self, token: &'t Token, want: &Select) -> Result<Endpoint<'t>, Error> {
        let catalog = self.in_catalog(token, &want.service, want);
        let alias = || {
            let alias = self.0.profile.aliases.iter().find(|(name, _)| *name == want.service)?;
            self.in_catalog(token, alias.1, want)
        };
        let endpoint = catalog
            .or_else(alias)
            .or_else(|| self.in_table(token, want))
            .ok_or_else(|| self.not_found(token, want))?;
        if has_placeholder(&endpoint.url) {
            let service = shown(endpoint.service_type);
            return Err(EndpointError::Template { service }.into());
        }
        let (origin, _) = Origin::parse(&endpoint.url).map_err(|problem| {
            let target = format!("service {}", shown(endpoint.service_type));
            EndpointError::Url { target, problem }
        })?;
        self.trust(&origin)?;
        Ok(endpoint)
    }

    /// Sets the token on a request, if it may go where the request goes.
    ///
    /// # Errors
    ///
    /// [`EndpointError::Refused`] for plain http, loopback, link-local and metadata addresses,
    /// unless that is the identity service's own host or was named with
    /// [`allow_origin`](Self::allow_origin). The request is unchanged then.
    pub fn authorize<B>(&self, token: &Token, request: &mut Request<B>) -> Result<(), Error> {
        self.check_target(request.uri())?;
        request.headers_mut().insert(AUTH_TOKEN, token.header().clone());
        Ok(())
    }

    /// Whether a token may be sent to this URI, before there is one: a login for a request that
    /// must not go out would send the password for nothing.
    ///
    /// # Errors
    ///
    /// As [`authorize`](Self::authorize).
    pub fn check_target(&self, uri: &Uri) -> Result<(), Error> {
        let origin = Origin::of(uri).map_err(|problem| {
            let target = "the request".to_owned();
            EndpointError::Url { target, problem }
        })?;
        self.trust(&origin)
    }

    fn trust(&self, origin: &Origin) -> Result<(), Error> {
        let identity = &self.0.base.origin;
        let why = match origin.special() {
            _ if self.0.allowed.contains(origin) => return Ok(()),
            // The identity service's own host, unless that would be a step down to plain http.
            _ if origin.has_host_of(identity) && (origin.is_https() || !identity.is_https()) => {
                return Ok(());
            }
            Some(why) => why,
            None if origin.is_https() => return Ok(()),
            None => "it is plain http",
        };
        Err(EndpointError::Refused { origin: origin.to_string(), why }.into())
    }

    fn in_catalog<'t>(
        &self,
        token: &'t Token,
        service: &str,
        want: &Select,
    ) -> Option<Endpoint<'t>> {
        let services = || token.catalog().into_iter().flat_map(|catalog| catalog.services());
        let fitting = |interface: Interface| {
            let named = services().filter(move |row| row.service_type() == service);
            let all = named.flat_map(|row| row.endpoints());
            all.filter(move |endpoint| endpoint.interface == interface.as_str())
        };
        want.interfaces.iter().find_map(|&interface| match &want.region {
            None => fitting(interface).next(),
            Some(region) => {
                let of = |region: Option<&str>| {
                    fitting(interface).find(|endpoint| endpoint.region() == region)
                };
                // One that is listed under another region all the same serves this one too.
                let any = || fitting(interface).next().filter(|_| service == IDENTITY);
                of(Some(region)).or_else(|| of(Some("*"))).or_else(|| of(None)).or_else(any)
            }
        })
    }

    /// The table is that of the cloud's own place: elsewhere its rules hold, but not its hosts. The
    /// identity service is where it was configured, whatever the catalog leaves out.
    fn in_table<'t>(&'t self, token: &'t Token, want: &Select) -> Option<Endpoint<'t>> {
        if !want.interfaces.contains(&Interface::Public) {
            return None;
        }
        if want.service == IDENTITY {
            return Some(Endpoint {
                interface: Interface::Public.as_str(),
                region: None,
                retired: false,
                service_type: IDENTITY,
                url: self.identity_url().into(),
            });
        }
        self.table().iter().filter(|row| row.service == want.service).find_map(|row| {
            let region = match &want.region {
                None => row.regions.first()?,
                Some(region) => row.regions.iter().chain(row.retired).find(|it| *it == region)?,
            };
            row.endpoint(region, token)
        })
    }

    fn table(&self) -> &'static [TableRow] {
        match self.is_at_home() {
            true => self.0.profile.table,
            false => &[],
        }
    }

    fn not_found(&self, token: &Token, want: &Select) -> EndpointError {
        let interfaces: Vec<_> = want.interfaces.iter().map(|i| i.as_str()).collect();
        EndpointError::NotFound {
            service: shown(&want.service),
            region: want.region.as_deref().map_or_else(
                || "any region".to_owned(),
                |region| format!("region {}", shown(region)),
            ),
            interfaces: interfaces.join(" or "),
            available: self.available(token, want),
        }
    }

    /// What there is: the places of the service if it is there at all, else the services.
    fn available(&self, token: &Token, want: &Select) -> String {
        let service = want.service.as_str();
        const READABLE: usize = 400;
        let mut places = Vec::new();
        let mut types = Vec::new();
        for row in token.catalog().into_iter().flat_map(|catalog| catalog.services()) {
            if row.service_type() == service {
                let all = row.endpoints();
                places.extend(all.map(|endpoint| {
                    format!(
                        "{} in {}",
                        endpoint.interface,
                        endpoint.region().unwrap_or("no region")
                    )
                }));
            }
            types.push(row.service_type());
        }
        for row in self.table() {
            if row.service == service {
                places.extend(row.regions.iter().map(|region| format!("public in {region}")));
            }
            types.push(row.service);
        }
        types.sort_unstable();
        types.dedup();
        places.sort_unstable();
        places.dedup();
        let mut text = match (places.is_empty(), types.is_empty()) {
            (false, _) => places.join(", "),
            (true, false) => types.join(", "),
            (true, true) => "nothing".to_owned(),
        };
        if want.interfaces.is_empty() {
            text.push_str(" (no interface was asked for)");
        }
        if token.catalog().is_none() {
            text.push_str(" (the token came without a catalog)");
        }
        shown_within(&text, READABLE)
    }
}

impl TableRow {
    fn endpoint<'t>(&'static self, region: &'static str, token: &'t Token) -> Option<Endpoint<'t>> {
        let mut url = Cow::Borrowed(self.url);
        if url.contains("{region}") {
            url = url.replace("{region}", &region.to_ascii_lowercase()).into();
        }
        if url.contains("{project_id}") {
            let project = token.project().and_then(|project| project.id.as_deref())?;
            url = url.replace("{project_id}", project).into();
        }
        Some(Endpoint {
            interface: Interface::Public.as_str(),
            region: Some(Cow::Borrowed(region)),
            retired: self.retired.contains(&region),
            service_type: self.service,
            url,
        })
    }
}

const IDENTITY: &str = "identity";

/// `%(project_id)s` and `$(project_id)s`, as Keystone's own templates are written, and `{project}`.
fn has_placeholder(url: &str) -> bool {
    ["%(", "$(", "{"].iter().any(|mark| url.contains(mark))
}

pub(crate) const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
