//! Catalogs that no document prints, built from the vendors' endpoint tables.

use serde_json::{Value, json};

use crate::tokens::format::mixed;

/// A service with one public endpoint.
pub(crate) struct CatalogService {
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    /// May contain `{project}`.
    pub(crate) url: &'static str,
    pub(crate) region: Option<&'static str>,
}

impl CatalogService {
    pub(crate) const fn new(
        region: &'static str,
        kind: &'static str,
        name: &'static str,
        url: &'static str,
    ) -> Self {
        Self { kind, name, url, region: Some(region) }
    }

    /// The service's catalog entry, with the project's id in its URL.
    pub(crate) fn row(&self, project: &str) -> Value {
        let url = self.url.replace("{project}", project);
        json!({
            "endpoints": [{
                "id": id(&url, self.kind),
                "interface": "public",
                "region": self.region,
                "region_id": self.region,
                "url": url,
            }],
            "id": id(self.kind, self.name),
            "name": self.name,
            "type": self.kind,
        })
    }
}

/// A catalog of these services.
pub(crate) fn rows<'a>(
    services: impl IntoIterator<Item = &'a CatalogService>,
    project: &str,
) -> Vec<Value> {
    services.into_iter().map(|service| service.row(project)).collect()
}

/// A stable identifier that looks like Keystone's.
pub(crate) fn id(first: &str, second: &str) -> String {
    let [high, low] = [first, second].map(|text| {
        text.bytes().fold(0, |hash: u64, byte| mixed(hash.rotate_left(8) ^ u64::from(byte)))
    });
    format!("{:016x}{:016x}", mixed(high ^ low.rotate_left(32)), mixed(high.wrapping_add(low)))
}
