//! Which of the core's clouds is meant, by its name or by its URL.

use std::{collections::HashMap, sync::LazyLock};

use auth_proto::{Cloud, Error};

/// The cloud of this name, or the one that is documented to be at this URL, or a stock Keystone; at
/// this URL.
pub(crate) fn by(name: Option<&str>, region: Option<&str>, url: &str) -> Result<Cloud, Error> {
    let stock = Cloud::keystone(url)?;
    let here = without_version(&stock);
    let named = name.and_then(|name| places(name, region).next());
    let documented = || DOCUMENTED.get(&here).cloned();
    let newer = || region.and_then(|region| newer(region, &here));
    named.or_else(documented).or_else(newer).map_or(Ok(stock), |cloud| cloud.at(url))
}

/// The identity URL that the vendor of a known cloud documents for this region.
pub(crate) fn home(name: &str, region: Option<&str>) -> Option<Result<String, Error>> {
    Cloud::regions_of(name).ok()?;
    let cloud = region.map_or_else(|| Cloud::named(name), |region| Cloud::named_in(name, region));
    Some(cloud.map(|cloud| cloud.identity_url()))
}

/// Every cloud at every place of its documents; the first, where two are at one.
static DOCUMENTED: LazyLock<HashMap<String, Cloud>> = LazyLock::new(|| {
    let mut documented = HashMap::new();
    for cloud in Cloud::ids().flat_map(|id| places(id, None)) {
        documented.entry(without_version(&cloud)).or_insert(cloud);
    }
    documented
});

/// The cloud that has this URL in a region that is newer than what we know of it.
fn newer(region: &str, here: &str) -> Option<Cloud> {
    /// Those that have an identity service for whatever region.
    static REGIONAL: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let any = |id: &str| Cloud::named_in(id, "anywhere").map(|cloud| cloud.identity_url());
        Cloud::ids().filter(|id| any(id).is_ok_and(|url| url.contains("anywhere"))).collect()
    });
    let mut clouds = REGIONAL.iter().filter_map(|id| Cloud::named_in(id, region).ok());
    clouds.find(|cloud| without_version(cloud) == here)
}

/// A cloud at all its documented places, that of the region first.
fn places<'a>(id: &'a str, region: Option<&'a str>) -> impl Iterator<Item = Cloud> {
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
