//! From a wish to a URL.

use std::borrow::Cow;

use super::{
    Cloud,
    profile::{Profile, TableRow},
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
    /// Where a service is, for this token: by the user's own word
    /// ([`with_override`](Self::with_override)), else by the token's catalog, else by the cloud's
    /// table.
    ///
    /// In each of them the exact type comes first, then the other names of the same type: the
    /// official one and its aliases by OpenStack's Service Types Authority (`block-storage`,
    /// `volumev3`, `volumev2`, …), then the cloud's own (`iam` for `identity`). Who asks for
    /// `volumev2` never gets `volumev3`.
    ///
    /// Among the endpoints of one type, the interfaces count in the order of the wish; then the
    /// region: exactly the one that was asked for, then `*`, then none at all. The first one in
    /// the catalog's order wins, over several entries of one type. The identity service is one for
    /// all regions, wherever it is listed.
    ///
    /// # Errors
    ///
    /// [`EndpointError::NotFound`] says what there is instead; [`EndpointError::Refused`] if the
    /// token must not go where the endpoint points; [`EndpointError::Unfilled`] if an override or
    /// the table needs what neither the token nor the wish holds.
    pub fn endpoint<'t>(
        &'t self,
        token: &'t Token,
        want: &EndpointQuery,
    ) -> Result<Endpoint<'t>, Error> {
        let own = self.overriding(&want.service);
        let endpoint = match own {
            Some(own) => own.endpoint(token, want)?,
            None => self.listed(token, want)?,
        };
        if fast_path::is_url(&endpoint.url) {
            return Ok(endpoint);
        }
        if own.is_none() && has_placeholder(&endpoint.url) {
            let service = shown(endpoint.service_type);
            return Err(EndpointError::Template { service }.into());
        }
        let refused = |problem| {
            let target = format!("service {}", shown(endpoint.service_type));
            EndpointError::Url { target, problem }
        };
        let uri = parsed(&endpoint.url).map_err(refused)?;
        self.trust(&Origin::of(&uri).map_err(refused)?)?;
        Ok(endpoint)
    }

    /// Where a service is by the catalog, else by the table.
    fn listed<'t>(
        &'t self,
        token: &'t Token,
        want: &EndpointQuery,
    ) -> Result<Endpoint<'t>, EndpointError> {
        let types = || self.types(&want.service);
        let catalog = || types().find_map(|service| in_catalog(token, service, want));
        let table = || types().find_map(|service| self.in_table(token, service, want));
        let found = catalog().map(Ok).or_else(table);
        found.ok_or_else(|| self.not_found(token, want))?
    }

    /// The types that will do for this one, the best first.
    pub(super) fn types<'s>(&self, service: &'s str) -> impl Iterator<Item = &'s str> + use<'s> {
        let own = self.0.profile.aliases.iter().filter_map(move |(one, other)| match service {
            _ if service == *one => Some(*other),
            _ if service == *other => Some(*one),
            _ => None,
        });
        service_types::names(service).chain(own)
    }

    /// The table is that of the cloud's own place: elsewhere its rules hold, but not its hosts. The
    /// identity service is where it was configured, whatever the catalog leaves out.
    fn in_table<'t>(
        &'t self,
        token: &'t Token,
        service: &str,
        want: &EndpointQuery,
    ) -> Option<Result<Endpoint<'t>, EndpointError>> {
        if !want.interfaces.contains(&Interface::Public) {
            return None;
        }
        if service == IDENTITY {
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

    pub(super) fn table(&self) -> &'static [TableRow] {
        match self.0.is_home {
            true => self.0.profile.table,
            false => &[],
        }
    }
}

fn in_catalog<'t>(token: &'t Token, service: &str, want: &EndpointQuery) -> Option<Endpoint<'t>> {
    let catalog = token.catalog()?;
    let region = want.region.as_deref();
    // One that is listed under another region all the same serves this one too.
    let anywhere = service == IDENTITY;
    let mut interfaces = want.interfaces.iter();
    interfaces.find_map(|interface| catalog.find(service, *interface, region, anywhere))
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

/// `%(project_id)s` and `$(project_id)s`, as Keystone's own templates are written, and `{project}`.
fn has_placeholder(url: &str) -> bool {
    ["{", "%(", "$("].iter().any(|mark| url.contains(mark))
}
