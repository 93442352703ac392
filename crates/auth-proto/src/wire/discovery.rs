//! Version documents, in the four shapes that are out there: `versions.values[]` (Keystone's
//! root), `versions[]`, `version` (Keystone's `/v3`), and the bare entry.

use serde::Deserialize;

use super::field::{Field, List, Object};
use crate::{error::ProtocolError, version::Version};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    id: Field<String>,
    links: Field<List<Object<Link>>>,
    status: Field<String>,
    values: Field<List<Object<Self>>>,
    version: Field<List<Object<Self>>>,
    versions: Field<List<Object<Self>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Link {
    href: Field<String>,
    rel: Field<String>,
}

pub(crate) fn read_versions(body: &[u8]) -> Result<Vec<Version>, ProtocolError> {
    let mut versions = Vec::new();
    collect(super::read(body)?, &mut versions)?;
    match versions.is_empty() {
        true => Err(ProtocolError::Version),
        false => Ok(versions),
    }
}

fn collect(entry: Entry, versions: &mut Vec<Version>) -> Result<(), ProtocolError> {
    for inner in [entry.versions, entry.version, entry.values] {
        for Object(inner) in inner.list("list of versions")? {
            collect(inner, versions)?;
        }
    }
    if let Some(id) = entry.id.text() {
        let mut links = entry.links.list("list of links")?.into_iter();
        let own = links.find(|Object(link)| link.rel == Field::Given("self".to_owned()));
        let url = own.and_then(|Object(link)| link.href.text());
        versions.push(Version { id, status: entry.status.text(), url });
    }
    Ok(())
}
