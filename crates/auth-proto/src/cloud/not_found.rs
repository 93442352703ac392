//! Builds the "endpoint not found" error: what is available, and the nearest match.

use std::collections::BTreeSet;

use super::Cloud;
use crate::{
    error::EndpointError,
    model::{
        endpoint_query::{EndpointQuery, Interface},
        service_types,
        token::Token,
    },
    text::{nearest::nearest, shown, shown_within},
};

/// The available services, regions and interfaces, sorted and without duplicates.
#[derive(Default)]
struct Available<'t> {
    types: BTreeSet<&'t str>,
    regions: BTreeSet<&'t str>,
    interfaces: BTreeSet<&'t str>,
    /// Interface and region of each endpoint of the wanted service.
    endpoints: BTreeSet<(&'t str, &'t str)>,
    /// Whether the wanted service is listed, with or without endpoints.
    is_listed: bool,
}

impl Cloud {
    pub(super) fn not_found(&self, token: &Token, want: &EndpointQuery) -> EndpointError {
        let available = self.available(token, want);
        let interfaces: Vec<_> = want.interfaces.iter().map(|it| it.as_str()).collect();
        EndpointError::NotFound {
            service: shown(&want.service),
            region: want.region.as_deref().map_or_else(
                || "any region".to_owned(),
                |region| format!("region {}", shown(region)),
            ),
            interfaces: match interfaces.is_empty() {
                true => "such".to_owned(),
                false => interfaces.join(" or "),
            },
            available: available.text(token.catalog().is_none(), want.interfaces.is_empty()),
            nearest: available.nearest(want).map(shown),
        }
    }

    fn available<'t>(&'t self, token: &'t Token, want: &EndpointQuery) -> Available<'t> {
        let fits = |service: &str| self.types(&want.service).any(|name| name == service);
        let mut available = Available::default();
        for row in token.catalog().into_iter().flat_map(|catalog| catalog.services()) {
            let service = row.service_type();
            available.types.insert(service);
            available.is_listed |= fits(service);
            for (interface, region) in row.locations() {
                available.add_endpoint(fits(service), interface, region.unwrap_or(NO_REGION));
            }
        }
        for row in self.table() {
            available.types.insert(row.service);
            available.is_listed |= fits(row.service);
            for region in row.regions(self.0.profile) {
                available.add_endpoint(fits(row.service), Interface::Public.as_str(), region);
            }
        }
        available.types.extend(self.overridden());
        available
    }
}

impl<'t> Available<'t> {
    fn add_endpoint(&mut self, fits: bool, interface: &'t str, region: &'t str) {
        self.regions.insert(region);
        self.interfaces.insert(interface);
        if fits {
            self.endpoints.insert((interface, region));
        }
    }

    /// The endpoints of the wanted service if it is listed, otherwise all services, regions and
    /// interfaces.
    fn text(&self, no_catalog: bool, no_interface: bool) -> String {
        let endpoints = || {
            self.endpoints.iter().map(|(interface, region)| match *region {
                NO_REGION => format!("{interface} in no region"),
                region => format!("{interface} in {region}"),
            })
        };
        let mut text = match (self.is_listed, self.types.is_empty()) {
            (true, _) if self.endpoints.is_empty() => {
                "the service without any endpoint, as in tokens of another scope".to_owned()
            }
            (true, _) => listed(endpoints(), 400),
            (false, true) => "nothing".to_owned(),
            (false, false) => {
                let types = listed(self.types.iter().map(ToString::to_string), 240);
                let regions = listed(self.known_regions().map(str::to_owned), 120);
                let interfaces = listed(self.interfaces.iter().map(ToString::to_string), 40);
                match regions.as_str() {
                    "" => types,
                    regions => format!("{types} (regions: {regions}; interfaces: {interfaces})"),
                }
            }
        };
        if no_interface {
            text.push_str(" (no interface was asked for)");
        }
        if no_catalog {
            text.push_str(" (the token came without a catalog)");
        }
        text
    }

    /// The most similar type, or the most similar region of the wanted service.
    fn nearest(&self, want: &EndpointQuery) -> Option<&'t str> {
        if !self.is_listed {
            let officials = self.types.iter().filter_map(|name| service_types::official(name));
            return nearest(&want.service, self.types.iter().copied().chain(officials));
        }
        let regions = || self.endpoints.iter().map(|(_, region)| *region);
        let region = want.region.as_deref()?;
        // If the region is known, the interface is missing.
        let is_wrong = regions().all(|known| known != region);
        is_wrong.then(|| nearest(region, regions()))?
    }

    fn known_regions(&self) -> impl Iterator<Item = &'t str> {
        self.regions.iter().copied().filter(|region| *region != NO_REGION)
    }
}

/// The region of an endpoint without one.
const NO_REGION: &str = "";

/// The first items, up to `limit` bytes, and the number of items left out.
fn listed(all: impl Iterator<Item = String>, limit: usize) -> String {
    let mut text = String::new();
    let mut left_out = 0_usize;
    for item in all {
        let item = shown_within(&item, limit / 2);
        if left_out > 0 || text.len() + item.len() > limit {
            left_out += 1;
            continue;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&item);
    }
    match left_out {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        let list = |items: &[&str]| listed(items.iter().map(|item| (*item).to_owned()), 8);
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["abcd", "efgh"]), "abcd, efgh");
        assert_eq!(list(&["abcd", "efgh", "i"]), "abcd, efgh and 1 more");
        // After the first omitted item, all others are omitted.
        assert_eq!(list(&["a", "bcde", "fghi", "j"]), "a, bcde and 2 more");
        assert_eq!(list(&["abcdefghi"]), "abcd…");
    }
}
