//! Both forms of a catalog.

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{MapAccess, value::MapAccessDeserializer},
};

use super::field::{Field, List, Shape};
use crate::{
    catalog::{Catalog, EndpointRow, ServiceRow},
    error::ProtocolError,
};

#[derive(Deserialize)]
#[serde(bound(deserialize = "E: Rows"))]
struct ServiceShape<E> {
    #[serde(default, rename = "type")]
    service_type: Field<String>,
    #[serde(default)]
    name: Field<String>,
    #[serde(default = "absent")]
    endpoints: Field<List<Listed<E>>>,
}

fn absent<T>() -> Field<T> {
    Field::Absent
}

/// One entry of a catalog. It counts as many as it has endpoints, so that these are bounded over all
/// services together: each of them takes many times the room that it has in the answer.
pub(crate) struct Entry<E>(ServiceShape<E>);

impl<E: Rows> Shape for Entry<E> {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let service = ServiceShape::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Some(Self(service)))
    }

    fn weight(&self) -> usize {
        let Field::Given(endpoints) = &self.0.endpoints else { return 1 };
        endpoints.iter().map(|listed| listed.rows.len()).sum::<usize>().max(1)
    }
}

/// One entry of a list of endpoints, which is no entry if there is no URL in it: it takes up no
/// room then.
struct Listed<E> {
    rows: Vec<EndpointRow>,
    form: PhantomData<E>,
}

impl<E: Rows> Shape for Listed<E> {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let entry = E::deserialize(MapAccessDeserializer::new(map))?;
        let rows: Vec<_> = entry.rows().collect();
        Ok((!rows.is_empty()).then_some(Self { rows, form: PhantomData }))
    }
}

/// v3: one entry an interface.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct V3Endpoint {
    interface: Field<String>,
    region: Field<String>,
    region_id: Field<String>,
    url: Field<String>,
}

/// v2.0: one entry a region, with a key for each interface. NHN Cloud gives `publicURL` alone.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct V2Endpoint {
    region: Field<String>,
    #[serde(rename = "publicURL")]
    public_url: Field<String>,
    #[serde(rename = "internalURL")]
    internal_url: Field<String>,
    #[serde(rename = "adminURL")]
    admin_url: Field<String>,
}

pub(crate) type Services<E> = Field<List<Entry<E>>>;

/// A catalog's form: how one entry becomes endpoints.
pub(crate) trait Rows: for<'a> Deserialize<'a> {
    fn rows(self) -> impl Iterator<Item = EndpointRow>;
}

impl Rows for V3Endpoint {
    fn rows(self) -> impl Iterator<Item = EndpointRow> {
        let region = self.region_id.text().or_else(|| self.region.text());
        let interface = self
            .interface
            .text()
            .map(|interface| interface.strip_suffix("URL").map(str::to_owned).unwrap_or(interface));
        let row = interface.zip(self.url.text());
        row.map(|(interface, url)| EndpointRow { interface, region, url }).into_iter()
    }
}

impl Rows for V2Endpoint {
    fn rows(self) -> impl Iterator<Item = EndpointRow> {
        let region = self.region.text();
        let urls = [
            ("public", self.public_url),
            ("internal", self.internal_url),
            ("admin", self.admin_url),
        ];
        urls.into_iter().filter_map(move |(interface, url)| {
            let (interface, region) = (interface.to_owned(), region.clone());
            url.text().map(|url| EndpointRow { interface, region, url })
        })
    }
}

/// `None` if the key is absent, null or no list: whoever sends no catalog says nothing about
/// services, whoever sends an empty one says that there are none.
pub(crate) fn catalog<E: Rows>(services: Services<E>) -> Result<Option<Catalog>, ProtocolError> {
    if !matches!(services, Field::Given(_)) {
        return Ok(None);
    }
    let mut rows = Vec::new();
    for Entry(service) in services.list("catalog")? {
        let Some(service_type) = service.service_type.text() else {
            continue;
        };
        let endpoints = service.endpoints.list("list of endpoints")?;
        rows.push(ServiceRow {
            service_type,
            name: service.name.text(),
            endpoints: endpoints.into_iter().flat_map(|listed| listed.rows).collect(),
        });
    }
    Ok(Some(Catalog { services: rows }))
}

/// The answer to `GET /v3/auth/catalog`.
pub(crate) fn read_catalog(body: &[u8]) -> Result<Catalog, ProtocolError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Answer {
        catalog: Services<V3Endpoint>,
    }
    let answer: Answer = super::read(body)?;
    let missing = answer.catalog.required("catalog")?;
    Ok(catalog(Field::Given(missing))?.unwrap_or_default())
}
