//! The storage of a catalog: one text, and two lists of rows that point into it.
//!
//! A catalog may hold thousands of endpoints, of which a program uses a few, so names and URLs are
//! not allocated one by one. Types, names, regions and URLs are written one after the other into
//! one text, and a row stores the position and length of each ([`Span`]).
//!
//! ```text
//! text        publicinternaladmincomputenovaR1https://a.example/v2.1https://b.example/v2.1image…
//!             ╰─ at 0 ─╯         ╰─ 19 ╯    ╰ 30  ╰─ at 32
//! services    type 19+7, name 26+4, endpoints 0..2, hash of "compute", …
//! endpoints   interface 0+6, region 30+2, url 32+22
//!             interface 6+8, region 30+2, url 54+22
//! ```
//!
//! The text begins with the three usual interfaces, so that these are compared by position. A
//! region is usually written once for all endpoints in it ([`Arena::region`]), but not always, so
//! regions are compared as texts.
//!
//! The service list doubles as a hash table: row `i` also stores the head of bucket `i`, and each
//! service the next one in its bucket. A bucket is in the server's order, because the first of
//! several services of one type has precedence.

use std::{iter, mem, ops::Range};

use crate::{limits, model::endpoint_query::Interface};

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Arena {
    text: String,
    services: Vec<ServiceRow>,
    endpoints: Vec<EndpointRow>,
}

/// A service. Its endpoints are `first..end` of the arena's.
#[derive(Clone, Copy)]
pub(crate) struct ServiceRow {
    hash: u32,
    pub(crate) service_type: Span,
    /// Empty if the server sent no name.
    pub(crate) name: Span,
    first: u32,
    end: u32,
    /// The first service in the bucket of this row's number, or [`NO_ROW`].
    bucket_head: u32,
    /// The next service in the bucket of this service's hash, or [`NO_ROW`].
    next_in_bucket: u32,
}

/// One URL of a service.
#[derive(Clone, Copy)]
pub(crate) struct EndpointRow {
    pub(crate) interface: Span,
    /// Empty if the server sent no region.
    pub(crate) region: Span,
    pub(crate) url: Span,
}

/// A part of an arena's text.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

/// The lengths of an arena's text and endpoints before an entry, which may turn out unusable.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    text: usize,
    endpoints: usize,
}

impl Arena {
    /// Empty, with capacity for a usual catalog in a document of this length. It grows if needed;
    /// [`finish`](Self::finish) shrinks it.
    pub(crate) fn for_document(length: usize) -> Self {
        let mut text = String::with_capacity(INTERFACES.len() + length / 2);
        text.push_str(INTERFACES);
        let services = Vec::with_capacity(length / 320);
        Self { text, services, endpoints: Vec::with_capacity(length / 160) }
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// The text of a span, `None` if it is empty.
    pub(crate) fn optional_text(&self, span: Span) -> Option<&str> {
        (!span.is_empty()).then(|| self.text(span))
    }

    pub(crate) fn services(&self) -> &[ServiceRow] {
        &self.services
    }

    pub(crate) fn endpoints(&self, service: &ServiceRow) -> &[EndpointRow] {
        &self.endpoints[service.first as usize..service.end as usize]
    }

    /// The services of this type, in the server's order.
    pub(crate) fn services_of_type(&self, service: &str) -> impl Iterator<Item = &ServiceRow> {
        let hash = hash(service);
        let row = |at: u32| self.services.get(at as usize);
        let bucket = self.services.get(self.bucket_of(hash));
        let head = bucket.map_or(NO_ROW, |bucket| bucket.bucket_head);
        let chain = iter::successors(row(head), move |before| row(before.next_in_bucket));
        chain.filter(move |row| row.hash == hash && self.text_is(row.service_type, service))
    }

    /// The bucket of this hash. Bucket 0 of an empty arena does not exist.
    fn bucket_of(&self, hash: u32) -> usize {
        hash as usize % self.services.len().max(1)
    }

    #[inline]
    pub(crate) fn text_is(&self, span: Span, text: &str) -> bool {
        span.length as usize == text.len() && self.text.as_bytes()[span.range()] == *text.as_bytes()
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::new(start, text.len())
    }

    /// The span of an interface, in either spelling. An unusual one is written.
    #[inline]
    pub(crate) fn interface(&mut self, name: &str) -> Span {
        let name = name.strip_suffix("URL").unwrap_or(name);
        let usual = [Interface::Public, Interface::Internal, Interface::Admin];
        let usual = usual.into_iter().find(|usual| usual.as_str() == name);
        usual.map_or_else(|| self.push(name), Span::of)
    }

    /// The span of a region. It is written unless a recent endpoint is in the same region.
    ///
    /// Most catalogs list the same regions in the same order for each service. So the first
    /// candidate is the endpoint with the same number in the previous service:
    ///
    /// ```text
    ///                   previous service            current service, not pushed yet
    ///            ╭───────────────────────────╮╭─────────────╮
    /// endpoints …│ R1    R2    R3    R4   R5 ││ R1    R2    ?
    ///            ▲           ▲                ▲             ▲
    ///            first       first + 2        end           endpoints.len() = end + 2
    /// ```
    #[inline]
    pub(crate) fn region(&mut self, name: &str) -> Span {
        if let Some(previous) = self.services.last()
            && let at = previous.first as usize + self.endpoints.len() - previous.end as usize
            && let Some(candidate) = self.endpoints.get(at)
            && self.text_is(candidate.region, name)
        {
            return candidate.region;
        }
        let recent = self.endpoints.iter().rev().take(RECENT).map(|row| row.region);
        let same = recent.into_iter().find(|region| self.text_is(*region, name));
        same.unwrap_or_else(|| self.push(name))
    }

    #[inline]
    pub(crate) fn push_endpoint(&mut self, row: EndpointRow) {
        self.endpoints.push(row);
    }

    /// Adds a service, whose endpoints are all since the mark.
    pub(crate) fn push_service(&mut self, service_type: Span, name: Span, since: Mark) {
        let hash = hash(self.text(service_type));
        let (first, end) = (to_u32(since.endpoints), to_u32(self.endpoints.len()));
        let (bucket_head, next_in_bucket) = (NO_ROW, NO_ROW);
        let row = ServiceRow { hash, service_type, name, first, end, bucket_head, next_in_bucket };
        self.services.push(row);
    }

    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark { text: self.text.len(), endpoints: self.endpoints.len() }
    }

    /// The number of endpoints that were pushed since the mark.
    #[inline]
    pub(crate) fn endpoints_since(&self, mark: Mark) -> usize {
        self.endpoints.len() - mark.endpoints
    }

    /// Drops all text and endpoints since the mark.
    #[inline]
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.text.truncate(mark.text);
        self.endpoints.truncate(mark.endpoints);
    }

    /// Drops the endpoints since the mark, and keeps the text, to which names may point.
    #[inline]
    pub(crate) fn drop_endpoints(&mut self, mark: Mark) {
        self.endpoints.truncate(mark.endpoints);
    }

    /// Fills the hash table and frees unused capacity, after the last service.
    pub(crate) fn finish(&mut self) {
        // Each service is put in front of its bucket: the last one first, the first one last.
        for at in (0..self.services.len()).rev() {
            let bucket = self.bucket_of(self.services[at].hash);
            let next = mem::replace(&mut self.services[bucket].bucket_head, to_u32(at));
            self.services[at].next_in_bucket = next;
        }
        self.text.shrink_to_fit();
        self.services.shrink_to_fit();
        self.endpoints.shrink_to_fit();
    }

    fn service_texts(&self, service: &ServiceRow) -> [&str; 2] {
        [service.service_type, service.name].map(|span| self.text(span))
    }

    fn endpoint_texts(&self, service: &ServiceRow) -> impl Iterator<Item = [&str; 3]> {
        let rows = self.endpoints(service).iter();
        rows.map(|row| [row.interface, row.region, row.url].map(|span| self.text(span)))
    }
}

/// Compares the texts of the rows: equal arenas may store them at different positions.
impl PartialEq for Arena {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.services.iter().zip(&other.services);
        self.services.len() == other.services.len()
            && pairs.all(|(one, two)| {
                self.service_texts(one) == other.service_texts(two)
                    && self.endpoint_texts(one).eq(other.endpoint_texts(two))
            })
    }
}

impl Eq for Arena {}

impl Span {
    fn new(start: usize, length: usize) -> Self {
        Self { start: to_u32(start), length: to_u32(length) }
    }

    /// The position of this interface in every arena's text.
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

const NO_ROW: u32 = u32::MAX;

/// The text that every arena begins with; [`Span::of`] knows the positions.
const INTERFACES: &str = "publicinternaladmin";

/// The number of endpoints that a region is searched among. Without this bound a catalog with
/// thousands of regions would take quadratic time.
const RECENT: usize = 64;

/// A position in a text that is no longer than its document.
fn to_u32(position: usize) -> u32 {
    const { assert!(limits::BODY < u32::MAX as usize / 2) };
    u32::try_from(position).expect("a body is bounded")
}

/// FNV-1a. Types that are made to collide cost a comparison of texts each, as without a hash table.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
impl Arena {
    /// The text behind the interfaces.
    pub(crate) fn written(&self) -> &str {
        &self.text[INTERFACES.len()..]
    }

    /// The unused capacity of the text, the services and the endpoints.
    pub(crate) fn unused(&self) -> [usize; 3] {
        [
            self.text.capacity() - self.text.len(),
            self.services.capacity() - self.services.len(),
            self.endpoints.capacity() - self.endpoints.len(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_recent_region_is_written_once() {
        let up_to = |count: usize| (0..count).collect::<Vec<_>>();
        let again = |count: usize| [up_to(count), vec![0]].concat();
        let rotated = |by: usize| (0..200).map(|number| (number + by) % 200).collect::<Vec<_>>();
        for (services, written) in [
            (vec![again(1)], 1),
            (vec![again(RECENT)], RECENT),
            (vec![again(RECENT + 1)], RECENT + 2),
            // The same number in the previous service, however many there are.
            (vec![up_to(1000); 3], 1000),
            (vec![up_to(1000), up_to(10), vec![0]], 1000),
            // Neither: written twice, and equal all the same.
            (vec![rotated(0), rotated(100)], 400),
        ] {
            let arena = in_regions(&services);
            assert_eq!(arena.written().len(), 4 * written);
            let rows = arena.endpoints.iter().map(|row| arena.text(row.region));
            assert!(rows.eq(services.concat().iter().map(|number| format!("{number:04}"))));
        }
    }

    /// From the reference: <http://www.isthe.com/chongo/tech/comp/fnv/>.
    #[test]
    fn hashes_are_those_of_fnv() {
        for (text, known) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            assert_eq!(hash(text), known, "{text}");
        }
    }

    #[test]
    fn a_type_is_found_within_a_few_steps() {
        let mut arena = Arena::for_document(0);
        for at in 0..2500 {
            let start = arena.mark();
            let service_type = arena.push(&format!("service-{at}"));
            arena.push_service(service_type, Span::default(), start);
        }
        arena.finish();
        let row = |at: u32| arena.services.get(at as usize);
        let chain = |bucket: &ServiceRow| {
            let rows =
                iter::successors(row(bucket.bucket_head), |before| row(before.next_in_bucket));
            rows.count()
        };
        let lengths: Vec<usize> = arena.services.iter().map(chain).collect();
        assert_eq!(lengths.iter().sum::<usize>(), 2500);
        assert!(lengths.iter().all(|length| *length <= 12), "{lengths:?}");
    }
}
