//! The catalog: services with three interfaces in two regions, with some endpoints missing.

use serde_json::{Value, json};

use crate::{directory::Target, keystone::catalog::id};

/// The catalog of a scope. Without a project, a service with the project's id in its URLs has no
/// endpoints.
pub(super) fn of(target: Target) -> Value {
    let project = match target {
        Target::Project(project) => Some(project.id),
        Target::Nothing | Target::Domain(_) | Target::System => None,
    };
    SERVICES.iter().map(|service| service.row(project)).collect()
}

struct Service {
    kind: &'static str,
    name: &'static str,
    /// The path of its URLs, which may contain `{project}`. The identity service has a host of its
    /// own.
    path: &'static str,
    /// The region or the interface in which it has no endpoint.
    lacks: &'static str,
}

impl Service {
    fn row(&self, project: Option<&str>) -> Value {
        let endpoints = REGIONS.into_iter().flat_map(|region| {
            INTERFACES.into_iter().filter_map(move |interface| {
                let is_missing = self.lacks == region || self.lacks == interface;
                let url = self.url(region, interface, project).filter(|_| !is_missing)?;
                Some(json!({
                    "id": id(&format!("{region} {interface}"), self.kind),
                    "interface": interface,
                    "region_id": region,
                    "url": url,
                    "region": region,
                }))
            })
        });
        json!({
            "endpoints": endpoints.collect::<Value>(),
            "id": id(self.kind, self.name),
            "type": self.kind,
            "name": self.name,
        })
    }

    fn url(&self, region: &str, interface: &str, project: Option<&str>) -> Option<String> {
        let path = match (self.path.contains(PROJECT), project) {
            (true, None) => return None,
            (true, Some(project)) => self.path.replace(PROJECT, project),
            (false, _) => self.path.to_owned(),
        };
        Some(match self.kind {
            "identity" => format!("https://identity.keystone.example{path}"),
            _ => {
                let (name, region) = (self.name, region.to_ascii_lowercase());
                format!("https://{name}.{interface}.{region}.keystone.example{path}")
            }
        })
    }
}

const PROJECT: &str = "{project}";
const REGIONS: [&str; 2] = ["RegionOne", "RegionTwo"];
const INTERFACES: [&str; 3] = ["public", "internal", "admin"];

const SERVICES: &[Service] = &[
    row("identity", "keystone", "/v3"),
    row("compute", "nova", "/v2.1"),
    row("image", "glance", ""),
    row("network", "neutron", ""),
    row("volumev3", "cinderv3", "/v3/{project}"),
    row("block-storage", "cinder", "/v3"),
    row("object-store", "swift", "/v1/AUTH_{project}"),
    Service { lacks: "RegionTwo", ..row("dns", "designate", "") },
    Service { lacks: "admin", ..row("key-manager", "barbican", "") },
];

const fn row(kind: &'static str, name: &'static str, path: &'static str) -> Service {
    Service { kind, name, path, lacks: "" }
}
