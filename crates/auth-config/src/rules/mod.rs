//! openstacksdk's rules for one cloud. Layers are merged, then synonyms become one key.
//!
//! The layers, from the lowest: built-in defaults, the profile, the cloud's own entry, the values of
//! the region, the caller's choices.

pub(crate) mod credential;
pub(crate) mod names;
pub(crate) mod profile;
pub(crate) mod region;
pub(crate) mod scope;
pub(crate) mod template;
pub(crate) mod vendor;

pub(crate) use profile::ProfileSource;

use crate::{
    input::Choices,
    limits,
    report::{error::Error, origin::ValueOrigin, warning::Warning},
    rules::{
        profile::{PublicProfile, VendorProfile},
        region::Region,
        template::HostParts,
    },
    value::{AUTH, Map, Node, Value, keys, mapping, overlay, with_plain_keys},
};

/// A cloud after all rules have been applied.
pub(crate) struct Resolved {
    /// The name of the profile, if a known one is used.
    pub(crate) profile: Option<String>,
    /// The names of all configured regions.
    pub(crate) regions: Vec<String>,
    /// All settings, with `auth` as one of them.
    pub(crate) settings: Map,
    /// The profile's places, if it is from `clouds-public.yaml`.
    pub(crate) public_profile: Option<PublicProfile>,
    pub(crate) host_parts: HostParts,
}

/// Applies all rules to a cloud's own entry.
///
/// The order of the steps is openstacksdk's (`get_one` and its `_fix_*` functions) and decides which
/// of two settings wins:
///
/// 1. Merge the layers. The region must be known first, because it is a layer.
/// 2. Report unknown keys and wrong types, while keys still have the names that the user wrote.
/// 3. Rename old keys beside `auth` (time-outs, `auth_plugin`, `endpoint_type`) and kinds of login.
/// 4. Unite the names of one value, from `auth` and beside it ([`names::unite`]). All later steps read
///    the united names under `auth`.
/// 5. Distribute `domain_id` and `domain_name`. This needs the project's united name: without a
///    project both are a scope.
/// 6. Fill placeholders in `auth_url` from the keys beside `auth`, before step 7 moves some of them.
///    A missing URL is the profile's.
/// 7. Move login options from beside `auth` into it, where a value that is already there wins.
/// 8. Fill placeholders in the services' URLs.
/// 9. Derive the kind of login from the credential, if none is set. openstacksdk does not. Kinds
///    without a login have an `endpoint` in place of `auth_url`.
pub(crate) fn resolve(
    name: &str,
    own: Map,
    choices: &Choices,
    source: &ProfileSource<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Resolved, Error> {
    let mut own = with_plain_keys(own);
    if let Some(profile) = &choices.profile {
        own.insert("profile".to_owned(), Node::text(profile.as_str(), ValueOrigin::Choice));
    }
    let profile = profile::find(source, &own, warnings)?;
    let regions = region::known(&own, profile.as_ref().map(|p| &p.values), warnings)?;
    let region = region::chosen(name, &regions, choices.region.as_deref())?;
    let mut map = merge_layers(profile.as_ref(), &own, region);
    if choices.plain_http {
        map.insert(keys::PLAIN_HTTP.to_owned(), Node::text("true", ValueOrigin::Choice));
    }

    report_unknown_keys(&map, warnings);
    let mut auth = map.remove(AUTH).map_or(Ok(Map::new()), |node| mapping(node, AUTH))?;
    check_texts(&map, &auth)?;

    names::rename_timeouts(&mut map);
    names::drop_auth_plugin(&mut map, warnings);
    names::rename_auth_types(&mut map);
    names::rename_endpoint_types(&mut map);
    names::unite(&mut map, &mut auth);
    if scope::has_project(&auth) || scope::is_agency(&map, &auth) {
        names::distribute_domain(&mut auth, warnings);
    }

    let mut host_parts = HostParts::new();
    if let Some(url) = auth.get_mut("auth_url") {
        template::fill(url, "auth.auth_url", &map, &mut host_parts)?;
    }
    if let Some(profile) = &profile {
        add_documented_url(&mut auth, &map, name, &profile.name)?;
    }
    names::move_login_options(&mut map, &mut auth);
    template::fill_service_urls(&mut map, &mut host_parts)?;
    credential::set_auth_type(&mut map, &auth);
    if credential::is_without_login(&map) {
        names::move_endpoint(&mut map, &mut auth);
    }

    map.insert(AUTH.to_owned(), Node { value: Value::Map(auth), origin: ValueOrigin::Default });
    let (profile, public_profile) = match profile {
        Some(VendorProfile { name, public, .. }) => (Some(name), public),
        None => (None, None),
    };
    let regions = regions.into_iter().map(|region| region.name).collect();
    Ok(Resolved { profile, regions, settings: map, public_profile, host_parts })
}

/// Merges all layers. The keys that chose the layers are dropped, except `profile`.
fn merge_layers(profile: Option<&VendorProfile>, own: &Map, region: Option<Region>) -> Map {
    let mut map = defaults();
    if let Some(profile) = profile {
        overlay(&mut map, &profile.values);
    }
    // A URL of the cloud's own wins over the profile's, also beside `auth`, where variables are: it
    // is how a user confirms where the password goes.
    if let (true, Some(Node { value: Value::Map(auth), .. })) =
        (own.get("auth_url").is_some_and(|node| node.as_text().is_some()), map.get_mut(AUTH))
    {
        auth.remove("auth_url");
    }
    overlay(&mut map, own);
    for key in ["cloud", "regions", "region_name"] {
        map.remove(key);
    }
    if let Some(Region { name, origin, mut values }) = region {
        values.retain(|_, node| !node.is_null());
        overlay(&mut map, &values);
        map.insert("region_name".to_owned(), Node::text(name, origin));
    }
    map
}

/// The lowest layer.
fn defaults() -> Map {
    let text =
        |(key, value): (&str, &str)| (key.to_owned(), Node::text(value, ValueOrigin::Default));
    let all = [
        ("auth_type", "password"),
        ("interface", "public"),
        ("network_api_version", "2"),
        ("object_store_api_version", "1"),
        ("verify", "true"),
    ];
    all.map(text).into_iter().collect()
}

/// Reports unknown keys, which are most likely misspelled. An unknown variable is reported only if
/// it resembles a known one: other programs use the prefix `OS_`, too.
fn report_unknown_keys(map: &Map, warnings: &mut Vec<Warning>) {
    let auth = map.get(AUTH).and_then(Node::as_map).into_iter().flatten();
    let auth = auth.filter(|(key, _)| !keys::is_known_in_auth(key));
    let beside = map.iter().filter(|(key, _)| !keys::is_known(key));
    let all = beside.map(|(key, node)| (key, key.clone(), node));
    let all = all.chain(auth.map(|(key, node)| (key, format!("{AUTH}.{key}"), node)));
    for (key, shown, node) in all.take(limits::UNKNOWN_KEYS) {
        let (nearest, origin) = (keys::nearest(key), node.origin.clone());
        match origin {
            ValueOrigin::Variable(_) if nearest.is_none() => {}
            // YAML reads `{password: a,b}` as a password `a` and a key `b` without a value. The key
            // is part of a secret and must not be shown.
            _ if nearest.is_none() && node.is_null() => {
                warnings.push(Warning::ValueMissing(origin.above()));
            }
            _ => warnings.push(Warning::KeyUnknown { key: shown, nearest, origin }),
        }
    }
}

/// Refuses lists and mappings in the place of a text: YAML reads an unquoted password that starts
/// with a bracket as a list, and one that starts with a brace as a mapping.
fn check_texts(map: &Map, auth: &Map) -> Result<(), Error> {
    let beside = map.iter().filter(|(key, _)| keys::is_text(key) || keys::is_text_in_auth(key));
    let beside = beside.map(|(key, node)| (key.clone(), node));
    let auth = auth.iter().filter(|(key, _)| keys::is_text_in_auth(key));
    for (key, node) in beside.chain(auth.map(|(key, node)| (format!("{AUTH}.{key}"), node))) {
        if matches!(node.value, Value::List(_) | Value::Map(_)) {
            let (problem, origin) = ("must be a text; put quotes around it", node.origin.clone());
            return Err(Error::InvalidValue { key, problem, origin });
        }
    }
    Ok(())
}

/// Adds the identity URL that the vendor documents for the region, if none is configured.
fn add_documented_url(auth: &mut Map, map: &Map, cloud: &str, profile: &str) -> Result<(), Error> {
    let is_set = |map: &Map| map.get("auth_url").and_then(Node::as_text).is_some();
    if is_set(auth) || is_set(map) {
        return Ok(());
    }
    let region = map.get("region_name").and_then(Node::as_text);
    if let Some(url) = vendor::documented_url(profile, region) {
        let url = url.map_err(|error| Error::Proto { cloud: cloud.to_owned(), error })?;
        let origin = ValueOrigin::Profile(profile.to_owned());
        auth.insert("auth_url".to_owned(), Node::text(url, origin));
    }
    Ok(())
}
