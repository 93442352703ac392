//! The login core's cloud for a configured name or URL.

use std::{collections::HashMap, sync::LazyLock};

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
    let here = without_version(&stock);
    let named = name.and_then(|name| locations(name, region).next());
    let documented = || DOCUMENTED.get(&here).cloned();
    let in_new_region = || region.and_then(|region| in_new_region(region, &here));
    let cloud = named.or_else(documented).or_else(in_new_region).unwrap_or(stock);
    if plain_http { cloud.allow_plain_http() } else { cloud }.at(url)
}

/// The identity URL that the vendor documents for this region; `None` for an unknown cloud.
pub(super) fn documented_url(name: &str, region: Option<&str>) -> Option<Result<String, Error>> {
    Cloud::regions_of(name).ok()?;
    let cloud = region.map_or_else(|| Cloud::named(name), |region| Cloud::named_in(name, region));
    Some(cloud.map(|cloud| cloud.identity_url()))
}

/// All clouds by each of their documented URLs. Where two share a URL, the first by id wins.
static DOCUMENTED: LazyLock<HashMap<String, Cloud>> = LazyLock::new(|| {
    let mut documented = HashMap::new();
    for cloud in Cloud::ids().flat_map(|id| locations(id, None)) {
        documented.entry(without_version(&cloud)).or_insert(cloud);
    }
    documented
});

/// The cloud whose pattern of URLs fits this URL in an undocumented region.
fn in_new_region(region: &str, here: &str) -> Option<Cloud> {
    /// Clouds with one identity service for each region.
    static REGIONAL: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let any = |id: &str| Cloud::named_in(id, "anywhere").map(|cloud| cloud.identity_url());
        Cloud::ids().filter(|id| any(id).is_ok_and(|url| url.contains("anywhere"))).collect()
    });
    let mut clouds = REGIONAL.iter().filter_map(|id| Cloud::named_in(id, region).ok());
    clouds.find(|cloud| without_version(cloud) == here)
}

/// A cloud at all its documented URLs, beginning with the region's.
fn locations<'a>(id: &'a str, region: Option<&'a str>) -> impl Iterator<Item = Cloud> {
    let others = Cloud::regions_of(id).unwrap_or_default().iter().copied();
    let regional = move |region| Cloud::named_in(id, region).ok();
    let all = Cloud::named(id).ok();
    region.and_then(regional).into_iter().chain(all).chain(others.filter_map(regional))
}

fn without_version(cloud: &Cloud) -> String {
    let url = cloud.identity_url();
    let bare = ["/v2.0", "/v3"].iter().find_map(|end| url.strip_suffix(end));
    bare.unwrap_or(&url).to_owned()
}
