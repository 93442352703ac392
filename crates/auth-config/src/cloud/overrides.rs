//! Configured URLs of services.

use auth_proto::Cloud;

use crate::{
    report::error::Error,
    value::{Map, Node},
};

/// The cloud with the configured URLs of services. `compute_endpoint` is an older name of
/// `compute_endpoint_override`.
///
/// Each URL is registered for the service's name and for its `_service_type`, which is the type in
/// the query of [`CloudConfig::endpoint_query`](crate::CloudConfig::endpoint_query). The name is
/// registered last and wins.
pub(super) fn apply(mut cloud: Cloud, map: &Map) -> Result<Cloud, Error> {
    for name_of in [service_type, service] {
        for end in ENDS {
            for (key, node) in map {
                let Some(url) = node.as_text() else { continue };
                let name = key.strip_suffix(end).and_then(|prefix| name_of(map, prefix));
                let Some(name) = name else { continue };
                cloud = cloud.with_override(name, translated(url)).map_err(|error| {
                    Error::Override { key: key.clone(), error, origin: node.origin.clone() }
                })?;
            }
        }
    }
    Ok(cloud)
}

/// Whether a service has a URL of its own.
pub(super) fn is_any(map: &Map) -> bool {
    let is_set = |(key, node): (&String, &Node)| {
        node.as_text().is_some() && ENDS.iter().any(|end| key.ends_with(end))
    };
    map.iter().any(is_set)
}

/// The ends of the keys, the older one first.
const ENDS: [&str; 2] = ["_endpoint", "_endpoint_override"];

fn service_type(map: &Map, prefix: &str) -> Option<String> {
    map.get(&format!("{prefix}_service_type"))?.as_text().map(str::to_owned)
}

fn service(_: &Map, prefix: &str) -> Option<String> {
    Some(prefix.replace('_', "-"))
}

/// Translates keystoneauth's `%(project_id)s` to `{project_id}`, and its `%%` to `%`. The core
/// refuses unknown placeholders.
fn translated(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let name = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
        rest = match name {
            Some((name, after)) => {
                out.extend(["{", name, "}"]);
                after
            }
            None => {
                out.push('%');
                after.strip_prefix('%').unwrap_or(after)
            }
        };
    }
    out.push_str(rest);
    out
}
