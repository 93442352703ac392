//! The login core's cloud for a configured name or URL.

use std::sync::LazyLock;

use auth_proto::{Cloud, Error};

/// The cloud at this URL, with the rules of the named cloud, else of the cloud that documents this
/// URL, else of stock Keystone.
pub(crate) fn cloud_at(
    name: Option<&str>,
    region: Option<&str>,
    url: &str,
    plain_http: bool,
) -> Result<Cloud, Error> {
    // Only for the comparison: `at` refuses plain http unless it is allowed.
    let stock = Cloud::keystone_over_plain_http(url)?;
    let is_here = |cloud: &Cloud| cloud.has_same_identity_service(&stock);
    let named = name.and_then(|name| locations(name, region).next());
    let documented = || DOCUMENTED.iter().find(|cloud| is_here(cloud)).cloned();
    let in_new_region = || {
        let mut clouds = REGIONAL.iter().filter_map(|id| Cloud::named_in(id, region?).ok());
        clouds.find(is_here)
    };
    let cloud = named.or_else(documented).or_else(in_new_region).unwrap_or_else(|| stock.clone());
    if plain_http { cloud.allow_plain_http() } else { cloud }.at(url)
}

/// The identity URL that the vendor documents for this region; `None` for an unknown cloud.
pub(super) fn documented_url(name: &str, region: Option<&str>) -> Option<Result<String, Error>> {
    Cloud::regions_of(name).ok()?;
    let cloud = region.map_or_else(|| Cloud::named(name), |region| Cloud::named_in(name, region));
    Some(cloud.map(|cloud| cloud.identity_url()))
}

/// Whether the named cloud documents this URL. A cloud without documented URLs documents none.
pub(crate) fn is_documented(name: &str, region: Option<&str>, url: &str) -> bool {
    let Ok(here) = Cloud::keystone(url) else { return false };
    locations(name, region).any(|cloud| cloud.has_same_identity_service(&here))
}

/// All clouds at each of their documented URLs. Where two share a URL, the first by id wins.
static DOCUMENTED: LazyLock<Vec<Cloud>> =
    LazyLock::new(|| Cloud::ids().flat_map(|id| locations(id, None)).collect());

/// Clouds with one identity service for each region: the region is part of the URL, also a region
/// that is not documented.
static REGIONAL: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let any = |id: &str| Cloud::named_in(id, "anywhere").map(|cloud| cloud.identity_url());
    Cloud::ids().filter(|id| any(id).is_ok_and(|url| url.contains("anywhere"))).collect()
});

/// A cloud at all its documented URLs, beginning with the region's.
fn locations<'a>(id: &'a str, region: Option<&'a str>) -> impl Iterator<Item = Cloud> {
    let others = Cloud::regions_of(id).unwrap_or_default().iter().copied();
    let regional = move |region| Cloud::named_in(id, region).ok();
    let all = Cloud::named(id).ok();
    region.and_then(regional).into_iter().chain(all).chain(others.filter_map(regional))
}
