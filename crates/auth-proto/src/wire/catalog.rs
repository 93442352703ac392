//! Both forms of a catalog, read straight into its [`Arena`].

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{Error, IgnoredAny, MapAccess, SeqAccess},
};

use super::{
    field::{Field, Into, ReadInto},
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

/// The answer to `GET /v3/auth/catalog`.
pub(crate) fn read_catalog(body: &[u8]) -> Result<Catalog, ProtocolError> {
    let mut services = Services::<V3>::for_document(body);
    let answer = SplitKey::<Nothing, _>::new("catalog", &mut services);
    let (_, given) = super::read_into(body, answer)?.required("document")?;
    given.required("catalog")?;
    services.catalog()
}

/// The services of an answer that is being read. What stands under the catalog's key goes into it
/// entry by entry; an entry of another type is passed over.
pub(crate) struct Services<F> {
    arena: Arena,
    /// An entry counts as many as it has endpoints, so that these are bounded over all services
    /// together.
    weight: usize,
    /// Some service had too many endpoints.
    cut: bool,
    form: PhantomData<F>,
}

impl<F> Services<F> {
    pub(crate) fn for_document(body: &[u8]) -> Self {
        // What is larger is refused before it is read.
        let length = body.len().min(limits::BODY);
        Self { arena: Arena::for_document(length), weight: 0, cut: false, form: PhantomData }
    }

    /// The catalog, if there was one: whoever sends none, null, or something that is no list says
    /// nothing about services, whoever sends an empty one says that there are none.
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

/// A list of services, or the single one that some documents show in its place.
impl<F: Form> ReadInto for &mut Services<F> {
    type Value = ();

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<()>, A::Error> {
        Service(self).map(map)
    }

    fn seq<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<()>, A::Error> {
        while seq.next_element_seed(Into(Service(self)))?.is_some() {
            if self.weight > limits::LIST {
                skip(seq)?;
                break;
            }
        }
        Ok(Some(()))
    }
}

/// One entry of a catalog. Without a type it is left out.
struct Service<'s, F>(&'s mut Services<F>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum ServiceKey {
    Endpoints,
    Name,
    Type,
    #[serde(other)]
    Other,
}

impl<F: Form> ReadInto for Service<'_, F> {
    type Value = ();

    fn map<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Option<()>, A::Error> {
        let Self(services) = self;
        let start = services.arena.mark();
        let (mut service_type, mut name, mut endpoints) = Default::default();
        while let Some(key) = map.next_key()? {
            let arena = &mut services.arena;
            match key {
                ServiceKey::Endpoints => {
                    let list = Endpoints { arena, form: PhantomData::<F> };
                    once(&mut endpoints, "endpoints", &mut map, list)?;
                }
                ServiceKey::Name => {
                    once(&mut name, "name", &mut map, put(|text| arena.push(text)))?;
                }
                ServiceKey::Type => {
                    once(&mut service_type, "type", &mut map, put(|text| arena.push(text)))?;
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
            None => services.arena.back_to(start),
        }
        Ok(Some(()))
    }
}

/// A list of endpoints, or a single one. One without a URL is no entry.
struct Endpoints<'a, F> {
    arena: &'a mut Arena,
    form: PhantomData<F>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Cut,
    Whole,
}

impl<F: Form> ReadInto for Endpoints<'_, F> {
    type Value = Length;

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<Length>, A::Error> {
        Endpoint::<F>::of(self.arena).map(map)?;
        Ok(Some(Length::Whole))
    }

    fn seq<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Length>, A::Error> {
        let mut count = 0;
        loop {
            let start = self.arena.mark();
            let entry = Into(Endpoint::<F>::of(self.arena));
            let Some(entry) = seq.next_element_seed(entry)? else { return Ok(Some(Length::Whole)) };
            count += usize::from(entry.ok().is_some());
            if count > limits::LIST {
                self.arena.back_to(start);
                skip(seq)?;
                return Ok(Some(Length::Cut));
            }
        }
    }
}

/// One entry of a list of endpoints, which is a row for each URL in it.
struct Endpoint<'a, F> {
    arena: &'a mut Arena,
    form: PhantomData<F>,
}

impl<'a, F> Endpoint<'a, F> {
    fn of(arena: &'a mut Arena) -> Self {
        Self { arena, form: PhantomData }
    }
}

impl<F: Form> ReadInto for Endpoint<'_, F> {
    type Value = ();

    fn map<'de, A: MapAccess<'de>>(self, map: A) -> Result<Option<()>, A::Error> {
        let start = self.arena.mark();
        F::read(self.arena, map)?;
        let is_entry = self.arena.endpoints_since(start) > 0;
        if !is_entry {
            self.arena.back_to(start);
        }
        Ok(is_entry.then_some(()))
    }
}

/// A catalog's form: how one entry becomes endpoints.
pub(crate) trait Form {
    fn read<'de, A: MapAccess<'de>>(arena: &mut Arena, map: A) -> Result<(), A::Error>;
}

/// v3: one entry an interface.
pub(crate) struct V3;

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

impl Form for V3 {
    fn read<'de, A: MapAccess<'de>>(arena: &mut Arena, mut map: A) -> Result<(), A::Error> {
        let (mut interface, mut region, mut region_id, mut url) = Default::default();
        while let Some(key) = map.next_key()? {
            match key {
                V3Key::Interface => {
                    let name = put(|text| arena.interface(text));
                    once(&mut interface, "interface", &mut map, name)?;
                }
                V3Key::Region => {
                    once(&mut region, "region", &mut map, put(|text| arena.region(text)))?;
                }
                V3Key::RegionId => {
                    let name = put(|text| match region {
                        // Nearly always the two are the same.
                        Field::Given(region) if arena.is(region, text) => region,
                        _ => arena.region(text),
                    });
                    once(&mut region_id, "region_id", &mut map, name)?;
                }
                V3Key::Url => once(&mut url, "url", &mut map, put(|text| arena.push(text)))?,
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

/// v2.0: one entry a region, with a key for each interface. NHN Cloud gives `publicURL` alone.
pub(crate) struct V2;

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

impl Form for V2 {
    fn read<'de, A: MapAccess<'de>>(arena: &mut Arena, mut map: A) -> Result<(), A::Error> {
        let (mut region, mut public, mut internal, mut admin) = Default::default();
        while let Some(key) = map.next_key()? {
            let (url, name) = match key {
                V2Key::Admin => (&mut admin, "adminURL"),
                V2Key::Internal => (&mut internal, "internalURL"),
                V2Key::Public => (&mut public, "publicURL"),
                V2Key::Region => {
                    once(&mut region, "region", &mut map, put(|text| arena.region(text)))?;
                    continue;
                }
                V2Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            once(url, name, &mut map, put(|text| arena.push(text)))?;
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

/// Takes a text to where it is put. An empty one is none: clouds write `""` where they mean nothing.
const fn put<P: FnOnce(&str) -> Span>(put: P) -> Put<P> {
    Put(put)
}

struct Put<P>(P);

impl<P: FnOnce(&str) -> Span> ReadInto for Put<P> {
    type Value = Span;

    /// Ids and names; some clouds write them as numbers.
    fn number(self, number: i64) -> Option<Span> {
        self.text(&number.to_string())
    }

    #[inline]
    fn text(self, text: &str) -> Option<Span> {
        (!text.is_empty()).then(|| (self.0)(text))
    }
}

/// Reads what stands under a key that may stand there once.
#[inline]
fn once<'de, A: MapAccess<'de>, T: ReadInto>(
    field: &mut Field<T::Value>,
    key: &'static str,
    map: &mut A,
    take: T,
) -> Result<(), A::Error> {
    if !matches!(field, Field::Absent) {
        return Err(A::Error::duplicate_field(key));
    }
    *field = map.next_value_seed(Into(take))?;
    Ok(())
}

/// Passes over what is left of a list.
fn skip<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_what_tells_that_it_is_too_large() {
        let endpoints = |count| vec![r#"{"interface":"public","url":"u"}"#; count].join(",");
        let service = |count| format!(r#"{{"type":"a","endpoints":[{}]}}"#, endpoints(count));
        for (services, kept) in [
            (vec![service(0); 3 * limits::LIST], limits::LIST + 1),
            (vec![service(limits::LIST / 2); 9], 3),
            (vec![service(3 * limits::LIST)], 1),
        ] {
            let body = format!(r#"{{"catalog": [{}]}}"#, services.join(","));
            let mut services = Services::<V3>::for_document(body.as_bytes());
            let answer = SplitKey::<Nothing, _>::new("catalog", &mut services);
            crate::wire::read_into(body.as_bytes(), answer).unwrap();
            let arena = &services.arena;
            assert_eq!(arena.services().len(), kept);
            assert!(arena.services().iter().all(|row| arena.endpoints(row).len() <= limits::LIST));
        }
    }
}
