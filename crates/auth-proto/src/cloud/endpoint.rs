//! The lookup of an endpoint.

use std::borrow::Cow;

use super::{
    Cloud,
    profile::{Profile, TableRow},
    standalone::standalone_endpoint,
    template::filled,
};
use crate::{
    error::{EndpointError, Error},
    model::{
        catalog::Endpoint,
        endpoint_query::{EndpointQuery, Interface},
        service_types,
        token::Token,
    },
    text::shown,
    url::{Origin, fast_path, parsed},
};

impl Cloud {
    /// Looks up the endpoint of a service: in the overrides
    /// ([`with_override`](Self::with_override)), then in the token's catalog, then in the cloud's
    /// built-in table. A [standalone](Self::standalone) service has neither catalog nor table.
    ///
    /// In each of them, the exact type has precedence, then the official type and its aliases by
    /// OpenStack's Service Types Authority (`block-storage`, `volumev3`, `volumev2`, …), then the
    /// cloud's aliases (`iam` for `identity`). A query for `volumev2` never finds `volumev3`.
    ///
    /// Among the endpoints of a type, the query's interfaces have precedence in their order. Then
    /// an endpoint in the wanted region precedes one in `*`, and that one precedes an endpoint
    /// without a region. Of several equally good endpoints, the first in the catalog is taken.
    ///
    /// The identity service fits every region, regardless of the region that lists it. Its URL ends
    /// in the [API version](Self::api_version) of the login, if that is known: the catalog may list
    /// it without a version, or with another one. An override stays as it is.
    ///
    /// # Errors
    ///
    /// [`EndpointError::NotFound`], with the available endpoints; [`EndpointError::Refused`] if the
    /// token must not be sent to the endpoint's host; [`EndpointError::Url`] if the URL is invalid;
    /// [`EndpointError::Template`] if the catalog has a template instead of a URL;
    /// [`EndpointError::Unfilled`] if neither the token nor the query has the value of a
    /// placeholder.
    pub fn endpoint<'t>(
        &'t self,
        token: &'t Token,
        want: &EndpointQuery,
    ) -> Result<Endpoint<'t>, Error> {
        let by_user = self.override_for(&want.service);
        let endpoint = match by_user {
            Some(by_user) => by_user.endpoint(token, want)?,
            None => match self.standalone_url() {
                Some(url) => standalone_endpoint(url),
                None => self.listed(token, want)?,
            },
        };
        if !fast_path::is_url(&endpoint.url) {
            let checked = self.check_endpoint(&endpoint, by_user.is_some());
            checked.map_err(|error| error.without_secrets(&token.secrets()))?;
        }
        Ok(endpoint)
    }

    /// The full check of a URL. One that the user has set has no placeholder left.
    fn check_endpoint(&self, endpoint: &Endpoint<'_>, by_user: bool) -> Result<(), Error> {
        if !by_user && has_placeholder(&endpoint.url) {
            let service = shown(endpoint.service_type);
            return Err(EndpointError::Template { service }.into());
        }
        let refused = |problem| {
            let target = format!("service {}", shown(endpoint.service_type));
            EndpointError::Url { target, problem }
        };
        let uri = parsed(&endpoint.url).map_err(refused)?;
        self.check_origin(&Origin::of(&uri).map_err(refused)?)
    }

    /// Looks up the catalog, then the built-in table.
    fn listed<'t>(&'t self, token: &'t Token, want: &EndpointQuery) -> Result<Endpoint<'t>, Error> {
        let types = || self.types(&want.service);
        let catalog = || types().find_map(|service| self.in_catalog(token, service, want));
        let table = || types().find_map(|service| self.in_table(token, service, want));
        match catalog().map(Ok).or_else(table) {
            Some(found) => Ok(found?),
            None => {
                let error = Error::from(self.not_found(token, want));
                Err(error.without_secrets(&token.secrets()))
            }
        }
    }

    /// The types that match a query for this service, in order of preference.
    pub(super) fn types<'s>(&self, service: &'s str) -> impl Iterator<Item = &'s str> + use<'s> {
        let own = self.0.profile.aliases.iter().filter_map(move |(one, other)| match service {
            _ if service == *one => Some(*other),
            _ if service == *other => Some(*one),
            _ => None,
        });
        service_types::names(service).chain(own)
    }

    fn in_catalog<'t>(
        &self,
        token: &'t Token,
        service: &str,
        want: &EndpointQuery,
    ) -> Option<Endpoint<'t>> {
        let catalog = token.catalog()?;
        let region = want.region.as_deref();
        // The identity service of another region serves this one, too.
        let anywhere = service == IDENTITY;
        let mut interfaces = want.interfaces.iter();
        let find = |interface: &Interface| catalog.find(service, *interface, region, anywhere);
        match interfaces.find_map(find) {
            Some(endpoint) if anywhere => Some(self.with_version(endpoint)),
            found => found,
        }
    }

    /// Lets the URL of the identity service end in the API version of the login. Catalogs list it
    /// without a version, or with that of another API. (Huawei Cloud's type `iam` is an API of its
    /// own, v3.0, and stays.)
    fn with_version<'t>(&self, endpoint: Endpoint<'t>) -> Endpoint<'t> {
        let url = &endpoint.url;
        let Some(version) = self.version_path() else { return endpoint };
        let path = url.trim_end_matches('/');
        if !path.contains("://") || path.contains(['?', '#']) {
            return endpoint;
        }
        let prefix = match path.rsplit_once('/') {
            Some((prefix, last)) if is_version(last) && prefix.contains("://") => prefix,
            _ => path,
        };
        let prefix = prefix.trim_end_matches('/');
        if url.strip_suffix(version) == Some(prefix) {
            return endpoint;
        }
        let url = format!("{prefix}{version}").into();
        Endpoint { url, ..endpoint }
    }

    /// Looks up the built-in table. The identity service is always at the configured identity URL.
    fn in_table<'t>(
        &'t self,
        token: &'t Token,
        service: &str,
        want: &EndpointQuery,
    ) -> Option<Result<Endpoint<'t>, EndpointError>> {
        if !want.interfaces.contains(&Interface::Public) {
            return None;
        }
        if service == IDENTITY && !self.is_standalone() {
            return Some(Ok(Endpoint {
                interface: Interface::Public.as_str(),
                region: None,
                retired: false,
                service_type: IDENTITY,
                url: self.identity_url().into(),
            }));
        }
        let profile = self.0.profile;
        self.table().iter().filter(|row| row.service == service).find_map(|row| {
            let wanted = |region: &&str| want.region.as_deref().is_none_or(|want| want == *region);
            Some(row.endpoint(profile, row.regions(profile).find(wanted)?, token))
        })
    }

    /// The built-in table; empty at another identity URL than the vendor's, which has other hosts.
    pub(super) fn table(&self) -> &'static [TableRow] {
        match self.0.is_home {
            true => self.0.profile.table,
            false => &[],
        }
    }
}

impl TableRow {
    fn endpoint<'t>(
        &self,
        profile: &Profile,
        region: &'static str,
        token: &Token,
    ) -> Result<Endpoint<'t>, EndpointError> {
        let lower = region.to_ascii_lowercase();
        let url = filled(self.url, |name| match name {
            "project_id" => token.project()?.id.as_deref(),
            "region" => Some(&lower),
            "zone" => Some(profile.zone),
            _ => None,
        });
        let url = url.map_err(|placeholder| EndpointError::Unfilled {
            service: self.service.to_owned(),
            placeholder: placeholder.to_owned(),
        })?;
        Ok(Endpoint {
            interface: Interface::Public.as_str(),
            region: Some(Cow::Borrowed(region)),
            retired: profile.retired.contains(&region),
            service_type: self.service,
            url: url.into(),
        })
    }
}

const IDENTITY: &str = "identity";

/// Whether a segment of a path is an API version, such as `v3` or `v2.0`.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or_default();
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Finds `%(project_id)s` and `$(project_id)s`, as in Keystone's templates, and `{project}`.
pub(super) fn has_placeholder(url: &str) -> bool {
    ["{", "%(", "$("].iter().any(|mark| url.contains(mark))
}
