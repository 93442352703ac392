//! The store behind a catalog: one text, and two lists of rows that point into it.
//!
//! A catalog may hold thousands of endpoints, of which a program asks for a few. So nothing in it is
//! an allocation of its own: types, names, regions and URLs stand one after the other in one text,
//! without anything between them, and a row says of each where it begins and how long it is.
//!
//! ```text
//! text        publicinternaladmincomputenovaR1https://a.example/v2.1https://b.example/v2.1image…
//!             ╰─ at 0 ─╯         ╰─ 19 ╯    ╰ 30  ╰─ at 32
//! services    type 19+7, name 26+4, endpoints 0..2, hash of "compute", …
//! endpoints   interface 0+6, region 30+2, url 32+22
//!             interface 6+8, region 30+2, url 54+22
//! ```
//!
//! The text begins with the usual interfaces, so that these are compared as numbers. A region is
//! written once for all endpoints in it, as far as it is found again at little cost
//! ([`Arena::region`]): two rows may point at two copies of one name, so regions are compared as
//! texts.
//!
//! The services are a hash table, too, that takes no room of its own: each row says which is the
//! first service whose hash, modulo their number, is the row's number, and each service which is the
//! next one there. These chains are in the server's order, because the first of several services
//! of one type counts.

use std::{iter, mem, ops::Range};

use crate::{limits, model::endpoint_query::Interface};

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Arena {
    text: String,
    services: Vec<ServiceRow>,
    endpoints: Vec<EndpointRow>,
}

/// A service. Its endpoints are a stretch of the arena's.
#[derive(Clone, Copy)]
pub(crate) struct ServiceRow {
    hash: u32,
    pub(crate) service_type: Span,
    /// Empty if there is none.
    pub(crate) name: Span,
    first: u32,
    end: u32,
    /// The first service whose hash falls on this row, and the next one after this service whose
    /// hash falls on the same row as its own; or [`NONE`].
    first_here: u32,
    next: u32,
}

/// A place where a service is.
#[derive(Clone, Copy)]
pub(crate) struct EndpointRow {
    pub(crate) interface: Span,
    /// Empty if there is none.
    pub(crate) region: Span,
    pub(crate) url: Span,
}

/// A part of an arena's text.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

/// What an arena held at some time.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    text: usize,
    endpoints: usize,
}

impl Arena {
    /// An empty one with room for a usual catalog in a document of this size, which is made anew if
    /// it does not do and given back if it is too much.
    pub(crate) fn for_document(length: usize) -> Self {
        let mut text = String::with_capacity(WORDS.len() + length / 2);
        text.push_str(WORDS);
        let services = Vec::with_capacity(length / 320);
        Self { text, services, endpoints: Vec::with_capacity(length / 160) }
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// A text that may be none.
    pub(crate) fn filled(&self, span: Span) -> Option<&str> {
        (!span.is_empty()).then(|| self.text(span))
    }

    pub(crate) fn services(&self) -> &[ServiceRow] {
        &self.services
    }

    pub(crate) fn endpoints(&self, service: &ServiceRow) -> &[EndpointRow] {
        &self.endpoints[service.first as usize..service.end as usize]
    }

    fn names(&self, service: &ServiceRow) -> [&str; 2] {
        [service.service_type, service.name].map(|span| self.text(span))
    }

    fn places(&self, service: &ServiceRow) -> impl Iterator<Item = [&str; 3]> {
        let rows = self.endpoints(service).iter();
        rows.map(|row| [row.interface, row.region, row.url].map(|span| self.text(span)))
    }

    /// The services of this type, in the server's order.
    pub(crate) fn of_type(&self, service: &str) -> impl Iterator<Item = &ServiceRow> {
        let hash = hash(service);
        let row = |at: u32| self.services.get(at as usize);
        let at = self.services.get(self.place_of(hash)).map_or(NONE, |place| place.first_here);
        let chained = iter::successors(row(at), move |before| row(before.next));
        chained.filter(move |row| row.hash == hash && self.is(row.service_type, service))
    }

    /// The row where the services of this hash begin, if there are any services.
    fn place_of(&self, hash: u32) -> usize {
        hash as usize % self.services.len().max(1)
    }

    #[inline]
    pub(crate) fn is(&self, span: Span, text: &str) -> bool {
        span.length as usize == text.len() && self.text.as_bytes()[span.range()] == *text.as_bytes()
    }

    /// Writes a text.
    #[inline]
    pub(crate) fn push(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::new(start, text.len())
    }

    /// Writes the name of an interface, in either spelling, unless it is a usual one.
    #[inline]
    pub(crate) fn interface(&mut self, name: &str) -> Span {
        let name = name.strip_suffix("URL").unwrap_or(name);
        let usual = [Interface::Public, Interface::Internal, Interface::Admin];
        let usual = usual.into_iter().find(|usual| usual.as_str() == name);
        usual.map_or_else(|| self.push(name), Span::of)
    }

    /// Writes the name of a region, unless it was among the last ones.
    ///
    /// Most catalogs list each service at the same places in the same order, so that the endpoint
    /// at this place of the service before is in this region, too.
    #[inline]
    pub(crate) fn region(&mut self, name: &str) -> Span {
        if let Some(before) = self.services.last()
            && let place = before.first as usize + self.endpoints.len() - before.end as usize
            && let Some(twin) = self.endpoints.get(place)
            && self.is(twin.region, name)
        {
            return twin.region;
        }
        let near = self.endpoints.iter().rev().take(NEAR).map(|row| row.region);
        near.into_iter().find(|region| self.is(*region, name)).unwrap_or_else(|| self.push(name))
    }

    #[inline]
    pub(crate) fn push_endpoint(&mut self, row: EndpointRow) {
        self.endpoints.push(row);
    }

    /// Adds a service of all endpoints since the mark.
    pub(crate) fn push_service(&mut self, service_type: Span, name: Span, since: Mark) {
        let hash = hash(self.text(service_type));
        let (first, end) = (short(since.endpoints), short(self.endpoints.len()));
        let (first_here, next) = (NONE, NONE);
        let row = ServiceRow { hash, service_type, name, first, end, first_here, next };
        self.services.push(row);
    }

    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark { text: self.text.len(), endpoints: self.endpoints.len() }
    }

    /// How many endpoints there are since.
    #[inline]
    pub(crate) fn endpoints_since(&self, mark: Mark) -> usize {
        self.endpoints.len() - mark.endpoints
    }

    /// Forgets what was written since, of which no service is made.
    #[inline]
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.text.truncate(mark.text);
        self.endpoints.truncate(mark.endpoints);
    }

    /// Makes the services ready to be found, when all are there, and gives back the room that was
    /// not used.
    pub(crate) fn finish(&mut self) {
        // From the last one on, so that the first one comes to stand before the others.
        for at in (0..self.services.len()).rev() {
            let place = self.place_of(self.services[at].hash);
            let next = mem::replace(&mut self.services[place].first_here, short(at));
            self.services[at].next = next;
        }
        self.text.shrink_to_fit();
        self.services.shrink_to_fit();
        self.endpoints.shrink_to_fit();
    }
}

/// Two are equal that say the same, wherever it stands in their texts.
impl PartialEq for Arena {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.services.iter().zip(&other.services);
        self.services.len() == other.services.len()
            && pairs.all(|(one, two)| {
                self.names(one) == other.names(two) && self.places(one).eq(other.places(two))
            })
    }
}

impl Eq for Arena {}

impl Span {
    fn new(start: usize, length: usize) -> Self {
        Self { start: short(start), length: short(length) }
    }

    /// Where every text has this interface.
    pub(crate) const fn of(interface: Interface) -> Self {
        match interface {
            Interface::Public => Self { start: 0, length: 6 },
            Interface::Internal => Self { start: 6, length: 8 },
            Interface::Admin => Self { start: 14, length: 5 },
        }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.length == 0
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.start as usize + self.length as usize
    }
}

/// No row.
const NONE: u32 = u32::MAX;

const WORDS: &str = "publicinternaladmin";

/// So many endpoints back a region is looked for. A bound, because with thousands of regions every
/// one would be held against all others.
const NEAR: usize = 64;

/// A place in a text that is no longer than the document that it was read from.
fn short(place: usize) -> u32 {
    const { assert!(limits::BODY < u32::MAX as usize / 2) };
    u32::try_from(place).expect("a body is bounded")
}

/// FNV-1a. Types that are made to collide cost a comparison of texts each, as without it.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::catalog::read_catalog;

    fn read(services: &str) -> Arena {
        let body = format!(r#"{{"catalog": [{services}]}}"#);
        read_catalog(body.as_bytes()).unwrap().services
    }

    /// An arena of services with an endpoint in each of these regions.
    fn in_regions(services: &[Vec<usize>]) -> Arena {
        let mut arena = Arena::for_document(0);
        for regions in services {
            let start = arena.mark();
            for number in regions {
                let region = arena.region(&format!("{number:04}"));
                let (interface, url) = Default::default();
                arena.push_endpoint(EndpointRow { interface, region, url });
            }
            arena.push_service(Span::default(), Span::default(), start);
        }
        arena
    }

    #[test]
    fn what_is_left_out_takes_no_room() {
        let arena = read(
            r#"{"name": "lost", "endpoints": [
                {"interface": "lost", "region": "lost", "url": "lost"}]},
            {"type": "a", "endpoints": [
                {"interface": "lost", "region": "lost", "region_id": "lost2"},
                {"interface": "publicURL", "region": "R", "region_id": "R", "url": "u"},
                {"url": "lost", "region": "lost"}]},
            {"endpoints": [{"interface": "public", "region": "R", "url": "lost"}], "name": "lost"},
            {"type": "b", "endpoints": {"interface": "admin", "region_id": "R", "url": "w"}}"#,
        );
        assert_eq!(&arena.text[WORDS.len()..], "aRubw");
        assert_eq!((arena.services.len(), arena.endpoints.len()), (2, 2));
        assert_eq!(arena.text.capacity(), arena.text.len());
        assert_eq!((arena.services.capacity(), arena.endpoints.capacity()), (2, 2));
    }

    #[test]
    fn a_region_is_written_once_as_far_as_it_is_looked_for() {
        let up_to = |count: usize| (0..count).collect::<Vec<_>>();
        let again = |count: usize| [up_to(count), vec![0]].concat();
        let rotated = |by: usize| (0..200).map(|number| (number + by) % 200).collect::<Vec<_>>();
        for (services, written) in [
            (vec![again(1)], 1),
            (vec![again(NEAR)], NEAR),
            (vec![again(NEAR + 1)], NEAR + 2),
            // At the same place of the service before, however many there are.
            (vec![up_to(1000); 3], 1000),
            (vec![up_to(1000), up_to(10), vec![0]], 1000),
            // Beyond both: written again, and the same all the same.
            (vec![rotated(0), rotated(100)], 400),
        ] {
            let arena = in_regions(&services);
            assert_eq!(arena.text.len() - WORDS.len(), 4 * written);
            let rows = arena.endpoints.iter().map(|row| arena.text(row.region));
            assert!(rows.eq(services.concat().iter().map(|number| format!("{number:04}"))));
        }
    }

    /// The reference's own: <http://www.isthe.com/chongo/tech/comp/fnv/>.
    #[test]
    fn hashes_are_those_of_fnv() {
        for (text, known) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            assert_eq!(hash(text), known, "{text}");
        }
    }

    #[test]
    fn a_type_is_found_within_a_few_steps() {
        let services: Vec<_> =
            (0..2500).map(|at| format!(r#"{{"type": "service-{at}"}}"#)).collect();
        let arena = read(&services.join(","));
        let steps = |place: &ServiceRow| {
            let row = |at: u32| arena.services.get(at as usize);
            iter::successors(row(place.first_here), |before| row(before.next)).count()
        };
        let (longest, all) = arena
            .services
            .iter()
            .map(steps)
            .fold((0, 0), |(longest, all), some| (some.max(longest), all + some));
        assert!(all == 2500 && longest <= 12, "{longest} of {all}");
    }
}
