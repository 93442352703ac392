//! Vendor profiles: settings by the name of a cloud, from `clouds-public.yaml`, else built in.
//! Built-in identity URLs and regions come from the login core; `profiles.yaml` adds the rest.

use std::{path::Path, sync::LazyLock};

use auth_proto::Cloud;

use crate::{
    input::parse,
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    value::{Map, Node, Value, mapping, with_plain_keys},
};

/// The parts of the configuration that profiles depend on.
pub(crate) struct ProfileSource<'a> {
    /// The contents of `clouds-public.yaml`.
    pub(crate) public: Result<&'a Map, &'a Error>,
    /// The name of the cloud of the `OS_*` variables, which cannot be a profile.
    pub(crate) variables_name: &'a str,
}

/// A profile's name and settings.
pub(crate) struct VendorProfile {
    pub(crate) name: String,
    pub(crate) values: Map,
}

/// The profile that a cloud names. `clouds-public.yaml` wins over the built-in profiles. An unknown
/// profile is reported and ignored.
pub(super) fn find(
    source: &ProfileSource<'_>,
    own: &Map,
    warnings: &mut Vec<Warning>,
) -> Result<Option<VendorProfile>, Error> {
    let Some(node) = own.get("profile").or_else(|| own.get("cloud")) else { return Ok(None) };
    let Some(name) = node.as_text().filter(|name| *name != source.variables_name) else {
        return Ok(None);
    };
    if let Some(node) = own.get("cloud") {
        let (key, origin) = ("cloud".to_owned(), node.origin.clone());
        warnings.push(Warning::Deprecated { key, instead: "profile", origin });
    }
    let public = source.public.map_err(Clone::clone)?.get("public-clouds");
    if let Some(node) = public.and_then(Node::as_map).and_then(|all| all.get(name)) {
        let values = with_plain_keys(mapping(node.clone(), name)?);
        return Ok(Some(VendorProfile { name: name.to_owned(), values }));
    }
    let Some(values) = built_in(name) else {
        let origin = node.origin.clone();
        warnings.push(Warning::ProfileUnknown { name: name.to_owned(), origin });
        return Ok(None);
    };
    usable(name, values, warnings).map(Some)
}

/// A built-in profile, unless its cloud has been shut down.
fn usable(
    name: &str,
    mut values: Map,
    warnings: &mut Vec<Warning>,
) -> Result<VendorProfile, Error> {
    let name = name.to_owned();
    let text = |node: Option<Node>| node.as_ref().and_then(Node::as_text).unwrap_or("").to_owned();
    let (status, message) = (text(values.remove("status")), text(values.remove("message")));
    match status.as_str() {
        "shutdown" => return Err(Error::ProfileShutdown { name, message }),
        "deprecated" => {
            warnings.push(Warning::ProfileDeprecated { name: name.clone(), message });
        }
        _ => {}
    }
    Ok(VendorProfile { name, values })
}

/// The file `profiles.yaml`, which has the format of `clouds-public.yaml`.
static BUILT_IN: LazyLock<Node> = LazyLock::new(|| {
    let text = include_bytes!("profiles.yaml");
    let read = parse::read(Path::new("profiles.yaml"), text);
    read.expect("the built-in profiles are tested").0
});

fn built_in(name: &str) -> Option<Map> {
    let additions = BUILT_IN.as_map()?.get("public-clouds")?.as_map()?.get(name).cloned();
    let regions = Cloud::regions_of(name).ok();
    if additions.is_none() && regions.is_none() {
        return None;
    }
    let origin = ValueOrigin::Profile(name.to_owned());
    let additions = additions.map(|node| with_origin(node, &origin));
    let mut values = additions.and_then(|node| node.as_map().cloned()).unwrap_or_default();
    if let Some(regions) = regions {
        let text = |region: &&str| Node::text(*region, origin.clone());
        let value = Value::List(regions.iter().map(text).collect());
        values.entry("regions".to_owned()).or_insert(Node { value, origin });
    }
    Some(values)
}

/// The node with this origin in place of the line in `profiles.yaml`.
fn with_origin(node: Node, origin: &ValueOrigin) -> Node {
    let value = match node.value {
        Value::List(items) => {
            Value::List(items.into_iter().map(|node| with_origin(node, origin)).collect())
        }
        Value::Map(map) => {
            Value::Map(map.into_iter().map(|(k, node)| (k, with_origin(node, origin))).collect())
        }
        value => value,
    };
    Node { value, origin: origin.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::keys;

    #[test]
    fn profiles_add_only_what_the_core_lacks() {
        let text = include_bytes!("profiles.yaml");
        assert_eq!(parse::read(Path::new("p"), text).unwrap().1, []);
        for (name, profile) in BUILT_IN.as_map().unwrap()["public-clouds"].as_map().unwrap() {
            let profile = profile.as_map().unwrap();
            for key in profile.keys() {
                assert!(keys::is_known(key), "{name}: {key}");
            }
            let auth = profile.get("auth").and_then(Node::as_map);
            if let Some(url) = auth.and_then(|auth| auth.get("auth_url")) {
                assert!(Cloud::regions_of(name).is_err(), "{name}");
                assert!(Cloud::keystone(url.as_text().unwrap()).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn all_clouds_of_the_core_are_profiles() {
        assert!(Cloud::ids().all(|id| built_in(id).is_some()));
        assert!(built_in("nosuch").is_none());
    }
}
