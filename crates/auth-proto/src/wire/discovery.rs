//! Version documents, in the four shapes that are out there: `versions.values[]` (Keystone's
//! root), `versions[]`, `version` (Keystone's `/v3`), and the bare entry.

use serde::{
    Deserialize,
    de::{MapAccess, value::MapAccessDeserializer},
};

use super::field::{Field, List, Object, Shape};
use crate::{error::ProtocolError, model::version::Version};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    version: Field<Version>,
    versions: Field<Versions>,
}

/// What stands under `versions`: a list, or an object with one.
struct Versions(List<Version>);

impl Shape for Versions {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Wrapped {
            values: Field<List<Version>>,
        }
        let wrapped = Wrapped::deserialize(MapAccessDeserializer::new(map))?;
        Ok(wrapped.values.ok().map(Self))
    }

    fn from_seq<'de, A: serde::de::SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        Ok(List::from_seq(seq)?.map(Self))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    id: Field<String>,
    links: Field<List<Object<Link>>>,
    status: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Link {
    href: Field<String>,
    rel: Field<String>,
}

/// An entry without an id is none.
impl Shape for Version {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let entry = Entry::deserialize(MapAccessDeserializer::new(map))?;
        let mut links = entry.links.ok().map_or_else(Vec::new, List::into_entries).into_iter();
        let own = links.find(|Object(link)| link.rel == Field::Given("self".to_owned()));
        Ok(entry.id.text().map(|id| Self {
            id,
            status: entry.status.text(),
            url: own.and_then(|Object(link)| link.href.text()),
        }))
    }
}

pub(crate) fn read_versions(body: &[u8]) -> Result<Vec<Version>, ProtocolError> {
    let answer: Answer = super::read(body)?;
    let mut versions = match answer.versions {
        Field::Given(Versions(list)) => Field::Given(list).list("list of versions")?,
        _ => Vec::new(),
    };
    versions.extend(answer.version.ok());
    if versions.is_empty() {
        // The bare entry has no key of its own around it.
        versions.extend(super::read_value::<Version>(body)?.ok());
    }
    match versions.is_empty() {
        true => Err(ProtocolError::Version),
        false => Ok(versions),
    }
}
