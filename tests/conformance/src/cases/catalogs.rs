//! Endpoints: every service, region and interface of a catalog, compared with the server's data.

use auth_proto::{EndpointQuery, Interface};

use crate::{
    case::{Case, On, same},
    keystone::Keystone,
    wish::found,
};
use testing::Client;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for on in [On::Project("alpha"), On::Domain("corp"), On::System, On::Nothing] {
        for service in SERVICES {
            cases.push(Case::new(
                "endpoints",
                format!("{service}, {on:?}"),
                move |world, through| {
                    let wish = world.wish(world.password("alice"), on.scope(world))?;
                    everywhere(world, &wish.client(through)?, service)
                },
            ));
        }
    }
    cases
}

const SERVICES: [&str; 14] = [
    "block-storage",
    "compute",
    "container-infra",
    "dns",
    "identity",
    "image",
    "key-manager",
    "load-balancer",
    "metric",
    "network",
    "object-store",
    "orchestration",
    "placement",
    "volumev3",
];

fn everywhere(world: &Keystone, client: &Client, service: &str) -> Result<(), String> {
    let token = client.token()?;
    let raw = world.validated(token.expose())?.ok_or("no token")?;
    let listed = |service: &str, region: Option<&str>, interface: Interface| {
        let entries = raw["catalog"].as_array().into_iter().flatten();
        let entries = entries.filter(|entry| entry["type"] == service);
        let endpoints = entries.flat_map(|entry| entry["endpoints"].as_array());
        let mut fitting = endpoints.flatten().filter(|endpoint| {
            endpoint["interface"] == interface.as_str()
                && region.is_none_or(|region| endpoint["region_id"] == region)
        });
        fitting.next().and_then(|endpoint| endpoint["url"].as_str())
    };
    let at = format!("{}/v3", world.url);
    let is_bare = raw["catalog"].is_null();
    let configured = |interface| (is_bare && interface == Interface::Public).then_some(at.as_str());
    for region in ["RegionOne", "RegionTwo", "EU-West", "Nowhere"] {
        for interface in [Interface::Public, Interface::Internal, Interface::Admin] {
            let want = listed(service, Some(region), interface).or_else(|| match service {
                // The identity service serves all regions. Without a catalog, its endpoint is
                // the configured URL.
                "identity" => listed(service, None, interface).or_else(|| configured(interface)),
                // An alias of the same service.
                "volumev3" => listed("block-storage", Some(region), interface),
                _ => None,
            });
            let select = EndpointQuery::new(service).region(region).interfaces(&[interface]);
            let place = format!("{service}, {region}, {}", interface.as_str());
            same(&place, found(client, &select)?.as_deref(), want)?;
        }
    }
    Ok(())
}
