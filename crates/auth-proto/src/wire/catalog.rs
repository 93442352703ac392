//! Both forms of a catalog, streamed into its [`Arena`] without values in between.

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, SeqAccess},
};

use super::{
    field::Field,
    read_into::{FieldSeed, ReadInto},
    split_key::{Nothing, SplitKey},
};
use crate::{
    error::ProtocolError,
    limits,
    model::{
        arena::{Arena, EndpointRow, Span},
        catalog::Catalog,
        endpoint_query::Interface,
    },
};

/// Reads the response to `GET /v3/auth/catalog`.
pub(crate) fn read_catalog(body: &[u8]) -> Result<Catalog, ProtocolError> {
    let mut services = Services::<V3Form>::for_document(body);
    let document = SplitKey::<Nothing, _>::new("catalog", &mut services);
    let (_, given) = super::read_document(body, document)?.required("document")?;
    given.required("catalog")?;
    services.catalog()
}

/// The catalog of a response that is being read, entry by entry. Entries of another type are
/// skipped.
pub(crate) struct Services<F> {
    arena: Arena,
    /// The number of endpoints of all services together, where a service without any counts as one.
    weight: usize,
    /// A service had more than [`limits::LIST`] endpoints.
    cut: bool,
    form: PhantomData<F>,
}

impl<F> Services<F> {
    pub(crate) fn for_document(body: &[u8]) -> Self {
        // A larger document is refused before it is read.
        let length = body.len().min(limits::BODY);
        Self { arena: Arena::for_document(length), weight: 0, cut: false, form: PhantomData }
    }

    /// The catalog; `None` if it was absent, null or not a list, which says nothing about the
    /// services. An empty list is an empty catalog.
    pub(crate) fn if_given(self, given: &Field<()>) -> Result<Option<Catalog>, ProtocolError> {
        match given {
            Field::Given(()) => self.catalog().map(Some),
            _ => Ok(None),
        }
    }

    fn catalog(mut self) -> Result<Catalog, ProtocolError> {
        let too_large = |what| Err(ProtocolError::TooLarge { what, limit: limits::LIST });
        if self.weight > limits::LIST {
            return too_large("catalog");
        }
        if self.cut {
            return too_large("list of endpoints");
        }
        self.arena.finish();
        Ok(Catalog { services: self.arena })
    }
}

/// A list of services, or a single service without a list, as some documents show it.
impl<F: CatalogForm> ReadInto for &mut Services<F> {
    type Value = ();

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<()>, A::Error> {
        ServiceEntry(self).map(map)
    }

    fn seq<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<()>, A::Error> {
        while seq.next_element_seed(FieldSeed(ServiceEntry(self)))?.is_some() {
            if self.weight > limits::LIST {
                skip_rest(seq)?;
                break;
            }
        }
        Ok(Some(()))
    }
}

/// One entry of a catalog. An entry without a type is dropped.
struct ServiceEntry<'s, F>(&'s mut Services<F>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum ServiceKey {
    Endpoints,
    Name,
    Type,
    #[serde(other)]
    Other,
}

impl<F: CatalogForm> ReadInto for ServiceEntry<'_, F> {
    type Value = ();

    fn map<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Option<()>, A::Error> {
        let Self(services) = self;
        let start = services.arena.mark();
        let (mut service_type, mut name, mut endpoints) = Default::default();
        while let Some(key) = map.next_key()? {
            let arena = &mut services.arena;
            match key {
                ServiceKey::Endpoints => {
                    arena.drop_endpoints(start);
                    let list = EndpointList { arena, form: PhantomData::<F> };
                    read_last(&mut endpoints, &mut map, list)?;
                }
                ServiceKey::Name => {
                    read_last(&mut name, &mut map, write(|text| arena.push(text)))?;
                }
                ServiceKey::Type => {
                    read_last(&mut service_type, &mut map, write(|text| arena.push(text)))?;
                }
                ServiceKey::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        services.weight += services.arena.endpoints_since(start).max(1);
        match service_type.ok() {
            Some(service_type) => {
                services.cut |= endpoints.ok() == Some(Length::Cut);
                services.arena.push_service(service_type, name.ok().unwrap_or_default(), start);
            }
            None => services.arena.rewind(start),
        }
        Ok(Some(()))
    }
}

/// A list of endpoints, or a single endpoint without a list. Endpoints without a URL are skipped.
struct EndpointList<'a, F> {
    arena: &'a mut Arena,
    form: PhantomData<F>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Cut,
    Whole,
}

impl<F: CatalogForm> ReadInto for EndpointList<'_, F> {
    type Value = Length;

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<Length>, A::Error> {
        EndpointEntry::<F>::of(self.arena).map(map)?;
        Ok(Some(Length::Whole))
    }

    fn seq<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Length>, A::Error> {
        let mut count = 0;
        loop {
            let start = self.arena.mark();
            let entry = FieldSeed(EndpointEntry::<F>::of(self.arena));
            let Some(entry) = seq.next_element_seed(entry)? else { return Ok(Some(Length::Whole)) };
            count += usize::from(entry.ok().is_some());
            if count > limits::LIST {
                self.arena.rewind(start);
                skip_rest(seq)?;
                return Ok(Some(Length::Cut));
            }
        }
    }
}

/// One entry of a list of endpoints. It becomes a row for each URL in it.
struct EndpointEntry<'a, F> {
    arena: &'a mut Arena,
    form: PhantomData<F>,
}

impl<'a, F> EndpointEntry<'a, F> {
    fn of(arena: &'a mut Arena) -> Self {
        Self { arena, form: PhantomData }
    }
}

impl<F: CatalogForm> ReadInto for EndpointEntry<'_, F> {
    type Value = ();

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<()>, A::Error> {
        let start = self.arena.mark();
        F::read(self.arena, map)?;
        let is_entry = self.arena.endpoints_since(start) > 0;
        if !is_entry {
            self.arena.rewind(start);
        }
        Ok(is_entry.then_some(()))
    }
}

/// How one entry of a list of endpoints becomes endpoints.
pub(crate) trait CatalogForm {
    fn read<'de, A: MapAccess<'de>>(arena: &mut Arena, map: A) -> Result<(), A::Error>;
}

/// v3: one entry for each interface.
pub(crate) struct V3Form;

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum V3Key {
    Interface,
    Region,
    RegionId,
    Url,
    #[serde(other)]
    Other,
}

impl CatalogForm for V3Form {
    fn read<'de, A: MapAccess<'de>>(arena: &mut Arena, mut map: A) -> Result<(), A::Error> {
        let (mut interface, mut region, mut region_id, mut url) = Default::default();
        while let Some(key) = map.next_key()? {
            match key {
                V3Key::Interface => {
                    let name = write(|text| arena.interface(text));
                    read_last(&mut interface, &mut map, name)?;
                }
                V3Key::Region => {
                    read_last(&mut region, &mut map, write(|text| arena.region(text)))?;
                }
                V3Key::RegionId => {
                    let name = write(|text| match region {
                        // The two are nearly always the same.
                        Field::Given(region) if arena.text_is(region, text) => region,
                        _ => arena.region(text),
                    });
                    read_last(&mut region_id, &mut map, name)?;
                }
                V3Key::Url => read_last(&mut url, &mut map, write(|text| arena.push(text)))?,
                V3Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if let (Some(interface), Some(url)) = (interface.ok(), url.ok()) {
            let region = region_id.ok().or_else(|| region.ok()).unwrap_or_default();
            arena.push_endpoint(EndpointRow { interface, region, url });
        }
        Ok(())
    }
}

/// v2.0: one entry for each region, with a key for each interface. NHN Cloud sends only
/// `publicURL`.
pub(crate) struct V2Form;

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum V2Key {
    #[serde(rename = "adminURL")]
    Admin,
    #[serde(rename = "internalURL")]
    Internal,
    #[serde(rename = "publicURL")]
    Public,
    Region,
    #[serde(other)]
    Other,
}

impl CatalogForm for V2Form {
    fn read<'de, A: MapAccess<'de>>(arena: &mut Arena, mut map: A) -> Result<(), A::Error> {
        let (mut region, mut public, mut internal, mut admin) = Default::default();
        while let Some(key) = map.next_key()? {
            let url = match key {
                V2Key::Admin => &mut admin,
                V2Key::Internal => &mut internal,
                V2Key::Public => &mut public,
                V2Key::Region => {
                    read_last(&mut region, &mut map, write(|text| arena.region(text)))?;
                    continue;
                }
                V2Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            read_last(url, &mut map, write(|text| arena.push(text)))?;
        }
        let region = region.ok().unwrap_or_default();
        for (interface, url) in [
            (Interface::Public, public),
            (Interface::Internal, internal),
            (Interface::Admin, admin),
        ] {
            if let Some(url) = url.ok() {
                arena.push_endpoint(EndpointRow { interface: Span::of(interface), region, url });
            }
        }
        Ok(())
    }
}

/// Writes a text by this function. An empty text is rejected: clouds write `""` for an absent one.
struct WriteText<W>(W);

/// A function, so that the compiler infers the closure's type for every lifetime of the text.
const fn write<W: FnOnce(&str) -> Span>(write: W) -> WriteText<W> {
    WriteText(write)
}

impl<W: FnOnce(&str) -> Span> ReadInto for WriteText<W> {
    type Value = Span;

    /// An id or a name; some clouds write them as numbers.
    fn number(self, number: i64) -> Option<Span> {
        self.text(&number.to_string())
    }

    #[inline]
    fn text(self, text: &str) -> Option<Span> {
        (!text.is_empty()).then(|| (self.0)(text))
    }
}

/// Reads the value of a key. The last one of a repeated key counts; the texts of the others stay in
/// the arena, where nothing points to them.
#[inline]
fn read_last<'de, A: MapAccess<'de>, R: ReadInto>(
    field: &mut Field<R::Value>,
    map: &mut A,
    reader: R,
) -> Result<(), A::Error> {
    *field = map.next_value_seed(FieldSeed(reader))?;
    Ok(())
}

/// Skips the rest of a list.
fn skip_rest<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_entries_leave_no_text() {
        let services = r#"{"name": "lost", "endpoints": [
                {"interface": "lost", "region": "lost", "url": "lost"}]},
            {"type": "a", "endpoints": [
                {"interface": "lost", "region": "lost", "region_id": "lost2"},
                {"interface": "publicURL", "region": "R", "region_id": "R", "url": "u"},
                {"url": "lost", "region": "lost"}]},
            {"endpoints": [{"interface": "public", "region": "R", "url": "lost"}], "name": "lost"},
            {"type": "b", "endpoints": {"interface": "admin", "region_id": "R", "url": "w"}}"#;
        let body = format!(r#"{{"catalog": [{services}]}}"#);
        let arena = read_catalog(body.as_bytes()).unwrap().services;
        assert_eq!(arena.written(), "aRubw");
        let endpoints = arena.services().iter().map(|row| arena.endpoints(row).len());
        assert_eq!(endpoints.collect::<Vec<_>>(), [1, 1]);
        assert_eq!(arena.unused(), [0, 0, 0]);
    }

    #[test]
    fn a_too_large_catalog_is_not_read_to_its_end() {
        let endpoints = |count| vec![r#"{"interface":"public","url":"u"}"#; count].join(",");
        let service = |count| format!(r#"{{"type":"a","endpoints":[{}]}}"#, endpoints(count));
        for (services, kept) in [
            (vec![service(0); 3 * limits::LIST], limits::LIST + 1),
            (vec![service(limits::LIST / 2); 9], 3),
            (vec![service(3 * limits::LIST)], 1),
        ] {
            let body = format!(r#"{{"catalog": [{}]}}"#, services.join(","));
            let mut services = Services::<V3Form>::for_document(body.as_bytes());
            let document = SplitKey::<Nothing, _>::new("catalog", &mut services);
            crate::wire::read_document(body.as_bytes(), document).unwrap();
            let arena = &services.arena;
            assert_eq!(arena.services().len(), kept);
            assert!(arena.services().iter().all(|row| arena.endpoints(row).len() <= limits::LIST));
        }
    }
}
