//! Version documents, in four shapes: `versions.values[]` (Keystone's root), `versions[]`,
//! `version` (Keystone's `/v3`), and an entry without a key around it.

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{MapAccess, SeqAccess, value::MapAccessDeserializer},
};

use super::{
    field::{Field, List, Object},
    last_key::last_key_counts,
    read_into::ReadInto,
};
use crate::{error::ProtocolError, model::version::Version};

last_key_counts! {
    struct VersionDocument {
        version: Field<Version>,
        versions: Field<VersionList>,
    }
}

/// The value of `versions`: a list, or an object with one.
struct VersionList(List<Version>);

impl ReadInto for PhantomData<VersionList> {
    type Value = VersionList;

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<VersionList>, A::Error> {
        last_key_counts! {
            struct Wrapped {
                values: Field<List<Version>>,
            }
        }
        let wrapped = Wrapped::deserialize(MapAccessDeserializer::new(map))?;
        Ok(wrapped.values.ok().map(VersionList))
    }

    fn seq<'de, A: SeqAccess<'de>>(self, seq: A) -> Result<Option<VersionList>, A::Error> {
        Ok(PhantomData::<List<Version>>.seq(seq)?.map(VersionList))
    }
}

last_key_counts! {
    struct VersionEntry {
        id: Field<String>,
        links: Field<List<Object<Link>>>,
        status: Field<String>,
    }
}

last_key_counts! {
    struct Link {
        href: Field<String>,
        rel: Field<String>,
    }
}

/// An entry without an id is skipped.
impl ReadInto for PhantomData<Version> {
    type Value = Version;

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<Version>, A::Error> {
        let entry = VersionEntry::deserialize(MapAccessDeserializer::new(map))?;
        let mut links = entry.links.ok().map_or_else(Vec::new, List::into_entries).into_iter();
        let own = links.find(|Object(link)| link.rel == Field::Given("self".to_owned()));
        Ok(entry.id.text().map(|id| Version {
            id,
            status: entry.status.text(),
            url: own.and_then(|Object(link)| link.href.text()),
        }))
    }
}

pub(crate) fn read_versions(body: &[u8]) -> Result<Vec<Version>, ProtocolError> {
    let document: VersionDocument = super::read(body)?;
    let mut versions = match document.versions {
        Field::Given(VersionList(list)) => Field::Given(list).list("list of versions")?,
        _ => Vec::new(),
    };
    versions.extend(document.version.ok());
    if versions.is_empty() {
        // The document may be an entry itself.
        versions.extend(super::read_value::<Version>(body)?.ok());
    }
    match versions.is_empty() {
        true => Err(ProtocolError::Version),
        false => Ok(versions),
    }
}
