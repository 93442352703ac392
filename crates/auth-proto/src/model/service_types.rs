//! Service types and their aliases.
//!
//! Source: OpenStack's Service Types Authority as of 2024-05-08,
//! <https://service-types.openstack.org/service-types.json>. It has 45 types; these have aliases.

/// The official type first, then its aliases in the authority's order.
const NAMES: [&[&str]; 19] = [
    &["admin-logic", "registration"],
    &["alarm", "alarming"],
    &["application-container", "container"],
    &["application-deployment", "application_deployment"],
    &["baremetal", "bare-metal"],
    &["block-storage", "volumev3", "volumev2", "volume", "block-store"],
    &["clustering", "resource-cluster", "cluster"],
    &["container-infrastructure-management", "container-infrastructure", "container-infra"],
    &["event", "events"],
    &["instance-ha", "ha"],
    &["message", "messaging"],
    &["meter", "metering", "telemetry"],
    &["monitoring-logging", "monitoring-log-api"],
    &["multi-region-network-automation", "tricircle"],
    &["operator-policy", "policy"],
    &["resource-optimization", "infra-optim"],
    &["root-cause-analysis", "rca"],
    &["shared-file-system", "sharev2", "share"],
    &["workflow", "workflowv2"],
];

/// The types that match a query for `service`, in order of preference: `service`, the official
/// type, the aliases.
///
/// A query for `volumev2` does not match `volumev3`, nor the other way round: the caller has chosen
/// a version.
pub(crate) fn names(service: &str) -> impl Iterator<Item = &str> {
    // Mostly the exact type is found, and the aliases are never looked up.
    let exact = std::iter::once(service);
    exact.clone().chain(exact.flat_map(others))
}

fn others(service: &str) -> impl Iterator<Item = &str> {
    let group = NAMES.iter().find(|names| names.contains(&service)).copied().unwrap_or_default();
    group.iter().copied().filter(move |name| {
        *name != service && (version(name).is_none() || version(service).is_none())
    })
}

/// The official type, if this is an alias.
pub(crate) fn official(service: &str) -> Option<&'static str> {
    let names = NAMES.iter().find(|names| names[1..].contains(&service))?;
    Some(names[0])
}

/// The version at the end of a type: `3` in `volumev3`.
fn version(name: &str) -> Option<char> {
    let mut letters = name.chars().rev();
    let version = letters.next().filter(char::is_ascii_digit)?;
    (letters.next() == Some('v')).then_some(version)
}
