//! Which of the core's clouds is meant, by its name or by its URL.

use auth_proto::{Cloud, Error};

/// The cloud of this name, or the one that is documented to be at this URL, or a stock Keystone; at
/// this URL.
pub(crate) fn by(name: Option<&str>, region: Option<&str>, url: &str) -> Result<Cloud, Error> {
    let stock = Cloud::keystone(url)?;
    let here = without_version(&stock);
    let is_here = |cloud: &Cloud| without_version(cloud) == here;
    let named = name.and_then(|name| places(name, region).next());
    let known = named.or_else(|| Cloud::ids().flat_map(|id| places(id, region)).find(is_here));
    known.map_or(Ok(stock), |cloud| cloud.at(url))
}

/// The identity URL that the vendor of a known cloud documents for this region.
pub(crate) fn home(name: &str, region: Option<&str>) -> Option<Result<String, Error>> {
    Cloud::regions_of(name).ok()?;
    let cloud = region.map_or_else(|| Cloud::named(name), |region| Cloud::named_in(name, region));
    Some(cloud.map(|cloud| cloud.identity_url()))
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
