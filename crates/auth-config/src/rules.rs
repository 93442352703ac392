//! openstacksdk's rules for one cloud: defaults, below its profile, below its own entry, below the
//! values of its region, below what the caller chose; then the many ways to say one thing become
//! one.

use crate::{
    agency,
    cloud::CloudConfig,
    config::{Config, mapping},
    error::Error,
    keys, limits,
    origin::Origin,
    profile,
    region::{self, Region},
    source::Choices,
    template,
    value::{AUTH, Map, Node, Value, overlay, with_plain_keys},
    vendor,
    warning::Warning,
};

pub(crate) fn resolve(
    config: &Config,
    name: &str,
    own: Map,
    choices: &Choices,
) -> Result<CloudConfig, Error> {
    let mut warnings = config.warnings.clone();
    let mut own = with_plain_keys(own);
    if let Some(profile) = &choices.profile {
        own.insert("profile".to_owned(), Node::text(profile.as_str(), Origin::Choice));
    }
    let profile = profile::find(config, &own, &mut warnings)?;
    let regions = region::known(&own, profile.as_ref().map(|p| &p.values), &mut warnings)?;
    let region = region::chosen(name, &regions, choices.region.as_deref())?;

    let mut map = defaults();
    if let Some(profile) = &profile {
        overlay(&mut map, &profile.values);
    }
    overlay(&mut map, &own);
    for key in ["cloud", "regions"] {
        map.remove(key);
    }
    lay_region(&mut map, region);
    tell_unknown(&map, &mut warnings);

    let mut auth = map.remove(AUTH).map_or(Ok(Map::new()), |node| mapping(node, AUTH))?;
    check_texts(&map, &auth)?;
    settle_timeout(&mut map);
    settle_auth_type(&mut map, &mut warnings);
    settle_interface(&mut map);
    settle_names(&mut map, &mut auth);
    if auth.contains_key("project_id")
        || auth.contains_key("project_name")
        || agency::is_asked_for(&map, &auth)
    {
        settle_domain(&mut auth, &mut warnings);
    }
    if let Some(url) = auth.get_mut("auth_url") {
        template::fill(url, "auth.auth_url", &map)?;
    }
    if let Some(profile) = &profile {
        settle_url(&mut auth, &map, name, &profile.name)?;
    }
    settle_options(&mut map, &mut auth);
    template::fill_all(&mut map)?;

    let origin = Origin::Default;
    map.insert(AUTH.to_owned(), Node { value: Value::Map(auth), origin });
    let regions = regions.into_iter().map(|region| region.name).collect();
    CloudConfig::new(config, name, profile.map(|profile| profile.name), regions, map, warnings)
}

/// What holds where nobody said anything.
fn defaults() -> Map {
    let text = |(key, value): (&str, &str)| (key.to_owned(), Node::text(value, Origin::Default));
    let all = [
        ("auth_type", "password"),
        ("interface", "public"),
        ("network_api_version", "2"),
        ("object_store_api_version", "1"),
        ("verify", "true"),
    ];
    all.map(text).into_iter().collect()
}

fn lay_region(map: &mut Map, region: Option<Region>) {
    map.remove("region_name");
    let Some(Region { name, origin, mut values }) = region else { return };
    values.retain(|_, node| !node.is_null());
    overlay(map, &values);
    map.insert("region_name".to_owned(), Node::text(name, origin));
}

/// Keys that nothing reads are most likely misspelled. Variables are told of only where one is
/// nearly right: others use the prefix, too.
fn tell_unknown(map: &Map, warnings: &mut Vec<Warning>) {
    let auth = map.get(AUTH).and_then(Node::as_map).into_iter().flatten();
    let auth = auth.filter(|(key, _)| !keys::is_known_in_auth(key));
    let beside = map.iter().filter(|(key, _)| !keys::is_known(key));
    let all = beside.map(|(key, node)| (key, key.clone(), node));
    let all = all.chain(auth.map(|(key, node)| (key, format!("{AUTH}.{key}"), node)));
    for (key, shown, node) in all.take(limits::UNKNOWN_KEYS) {
        let (nearest, origin) = (keys::nearest(key), node.origin.clone());
        match origin {
            Origin::Variable(_) if nearest.is_none() => {}
            // `{password: a,b}` is a password, and a key without a value.
            _ if nearest.is_none() && node.is_null() => {
                warnings.push(Warning::ValueMissing(origin.above()));
            }
            _ => warnings.push(Warning::KeyUnknown { key: shown, nearest, origin }),
        }
    }
}

/// A password that starts with a bracket is a list, as far as YAML goes, and one with a brace a
/// mapping. They are no text, and not nothing either.
fn check_texts(map: &Map, auth: &Map) -> Result<(), Error> {
    let beside = map.iter().filter(|(key, _)| keys::is_text(key) || keys::is_text_in_auth(key));
    let beside = beside.map(|(key, node)| (key.clone(), node));
    let auth = auth.iter().filter(|(key, _)| keys::is_text_in_auth(key));
    for (key, node) in beside.chain(auth.map(|(key, node)| (format!("{AUTH}.{key}"), node))) {
        if matches!(node.value, Value::List(_) | Value::Map(_)) {
            let (problem, origin) = ("has to be a text; put quotes around it", node.origin.clone());
            return Err(Error::Misplaced { key, problem, origin });
        }
    }
    Ok(())
}

/// Older tools had a time-out for each service; there is one.
fn settle_timeout(map: &mut Map) {
    let is_old = |key: &String| {
        key.ends_with("timeout") && !matches!(key.as_str(), "timeout" | "api_timeout")
    };
    let old: Vec<_> = map.keys().filter(|key| is_old(key)).cloned().collect();
    for key in old {
        if let Some(node) = map.remove(&key).filter(|node| !node.is_null()) {
            map.insert("api_timeout".to_owned(), node);
        }
    }
}

/// `auth_plugin` is an older name, and loses even to the default.
fn settle_auth_type(map: &mut Map, warnings: &mut Vec<Warning>) {
    if let Some(node) = map.remove("auth_plugin") {
        let (key, origin) = ("auth_plugin".to_owned(), node.origin);
        warnings.push(Warning::Deprecated { key, instead: "auth_type", origin });
    }
}

/// `endpoint_type` is an older name for `interface`, with or without a service before it, and wins.
fn settle_interface(map: &mut Map) {
    let old: Vec<_> = map.keys().filter(|key| key.ends_with("endpoint_type")).cloned().collect();
    for key in old {
        if let Some(node) = map.remove(&key) {
            map.insert(key.replace("endpoint_type", "interface"), node);
        }
    }
}

/// Values that go by several names, each once under `auth` and once beside it, the weakest first:
/// beside `auth` beats within it, because the command line and variables end up there.
fn settle_names(map: &mut Map, auth: &mut Map) {
    let names: &[(&str, &[&str])] = &[
        ("domain_id", &["domain_id"]),
        ("domain_name", &["domain_name"]),
        ("passcode", &["passcode"]),
        ("project_domain_id", &["project_domain_id"]),
        ("project_domain_name", &["project_domain_name"]),
        ("project_id", &["tenant_id", "project_id"]),
        ("project_name", &["tenant_name", "project_name"]),
        ("token", &["auth_token", "token"]),
        ("user_domain_id", &["user_domain_id"]),
        ("user_domain_name", &["user_domain_name"]),
    ];
    let names = names.iter().map(|(target, names)| (*target, names.to_vec()));
    let names = names.chain(agency::ALIASES.map(|(target, alias)| (target, vec![alias, target])));
    let is_v2_password = map.get("auth_type").and_then(Node::as_text) == Some("v2password");
    for (target, mut names) in names {
        // There, the tenant is what is asked for, and its name comes last.
        if is_v2_password && target.starts_with("project_") {
            names.reverse();
        }
        let candidates = names.iter().flat_map(|name| [auth.remove(*name), map.remove(*name)]);
        let candidates: Vec<_> = candidates.flatten().filter(|n| n.as_text().is_some()).collect();
        if let Some(node) = candidates.into_iter().last() {
            auth.insert(target.to_owned(), node);
        }
    }
}

/// With a project, or the scope of an agency, `domain_id` and `domain_name` are short for the user's
/// and the project's domain; without one they are the scope.
fn settle_domain(auth: &mut Map, warnings: &mut Vec<Warning>) {
    for (short, user, project) in [
        ("domain_id", "user_domain_id", "project_domain_id"),
        ("domain_name", "user_domain_name", "project_domain_name"),
    ] {
        let Some(node) = auth.remove(short) else { continue };
        let mut used = false;
        for key in [user, project] {
            used |= !auth.contains_key(key);
            auth.entry(key.to_owned()).or_insert_with(|| node.clone());
        }
        if !used {
            let (why, origin) = ("another scope and both domains are given", node.origin);
            warnings.push(Warning::ScopeIgnored { key: short, why, origin });
        }
    }
}

/// Where nobody gave a URL it is the one that the login core documents for the profile.
fn settle_url(auth: &mut Map, map: &Map, cloud: &str, profile: &str) -> Result<(), Error> {
    let is_given = |map: &Map| map.get("auth_url").and_then(Node::as_text).is_some();
    if is_given(auth) || is_given(map) {
        return Ok(());
    }
    let region = map.get("region_name").and_then(Node::as_text);
    if let Some(url) = vendor::home(profile, region) {
        let url = url.map_err(|error| Error::Proto { cloud: cloud.to_owned(), error })?;
        let origin = Origin::Profile(profile.to_owned());
        auth.insert("auth_url".to_owned(), Node::text(url, origin));
    }
    Ok(())
}

/// What a login is made of may stand beside `auth`; within it wins.
fn settle_options(map: &mut Map, auth: &mut Map) {
    auth.retain(|_, node| !is_empty(node));
    for key in keys::login_options() {
        if let Some(node) = map.remove(key).filter(|node| !is_empty(node)) {
            auth.entry(key.to_owned()).or_insert(node);
        }
    }
    // An older spelling.
    if let Some(node) = auth.remove("user_name") {
        auth.entry("username".to_owned()).or_insert(node);
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Null | Value::Text(_) => node.as_text().is_none(),
    }
}
