//! Vendor profiles: what `clouds-public.yaml`, the login core and this crate know of clouds by name.
//! Identity URLs and regions are the core's; `profiles.yaml` holds what it does not know.

use std::{path::Path, sync::LazyLock};

use auth_proto::Cloud;

use crate::{
    config::{Config, mapping},
    error::Error,
    origin::Origin,
    value::{Map, Node, Value, with_plain_keys},
    warning::Warning,
    yaml,
};

/// A profile's name and what it says.
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) values: Map,
}

/// The profile that a cloud refers to, if it is known: `clouds-public.yaml` goes before those that
/// are built in. An unknown one is warned of, and the cloud stands for itself.
pub(crate) fn find(
    config: &Config,
    own: &Map,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Profile>, Error> {
    let Some(node) = own.get("profile").or_else(|| own.get("cloud")) else { return Ok(None) };
    let Some(name) = node.as_text().filter(|name| *name != config.variables_name) else {
        return Ok(None);
    };
    if let Some(node) = own.get("cloud") {
        let (key, origin) = ("cloud".to_owned(), node.origin.clone());
        warnings.push(Warning::Deprecated { key, instead: "profile", origin });
    }
    let public = config.public.as_ref().map_err(Clone::clone)?.get("public-clouds");
    if let Some(node) = public.and_then(Node::as_map).and_then(|all| all.get(name)) {
        let values = with_plain_keys(mapping(node.clone(), name)?);
        return Ok(Some(Profile { name: name.to_owned(), values }));
    }
    let Some(values) = built_in(name) else {
        let origin = node.origin.clone();
        warnings.push(Warning::ProfileUnknown { name: name.to_owned(), origin });
        return Ok(None);
    };
    usable(name, values, warnings).map(Some)
}

/// A built-in profile, unless its cloud is no more.
fn usable(name: &str, mut values: Map, warnings: &mut Vec<Warning>) -> Result<Profile, Error> {
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
    Ok(Profile { name, values })
}

/// In the format of `clouds-public.yaml`.
static BUILT_IN: LazyLock<Node> = LazyLock::new(|| {
    let text = include_bytes!("profiles.yaml");
    let read = yaml::read(Path::new("profiles.yaml"), text);
    read.expect("the built-in profiles are tested").0
});

fn built_in(name: &str) -> Option<Map> {
    let more = BUILT_IN.as_map()?.get("public-clouds")?.as_map()?.get(name).cloned();
    let regions = Cloud::regions_of(name).ok();
    if more.is_none() && regions.is_none() {
        return None;
    }
    let origin = Origin::Profile(name.to_owned());
    let more = more.map(|node| known_from(node, &origin));
    let mut values = more.and_then(|node| node.as_map().cloned()).unwrap_or_default();
    if let Some(regions) = regions {
        let text = |region: &&str| Node::text(*region, origin.clone());
        let value = Value::List(regions.iter().map(text).collect());
        values.entry("regions".to_owned()).or_insert(Node { value, origin });
    }
    Some(values)
}

fn known_from(node: Node, origin: &Origin) -> Node {
    let value = match node.value {
        Value::List(items) => {
            Value::List(items.into_iter().map(|node| known_from(node, origin)).collect())
        }
        Value::Map(map) => {
            Value::Map(map.into_iter().map(|(k, node)| (k, known_from(node, origin))).collect())
        }
        value => value,
    };
    Node { value, origin: origin.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    #[test]
    fn built_in_profiles_hold_known_keys_and_no_url_that_the_core_has() {
        let text = include_bytes!("profiles.yaml");
        assert_eq!(yaml::read(Path::new("p"), text).unwrap().1, []);
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
