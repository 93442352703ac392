//! The check of the records of all processes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use testing::{configured::CONTROL, needles::Needles};

use crate::{
    fields::{Fields, Kind},
    record::{Process, party},
    request::requests,
};

/// What the processes of one suite received.
#[derive(Debug, Default)]
pub(crate) struct Suite {
    pub(crate) processes: usize,
    pub(crate) connections: usize,
    pub(crate) requests: usize,
    /// Secrets in their own fields.
    pub(crate) secrets: usize,
    /// Pairs of a party and a secret.
    pub(crate) pairs: usize,
    /// Connections whose bytes are no HTTP/1.1; they are searched, too.
    pub(crate) unread: usize,
    /// Each kind of secret that came to a configured party.
    pub(crate) kinds: BTreeMap<Kind, usize>,
    /// Each pair that no test configured.
    pub(crate) misplaced: BTreeSet<String>,
}

/// Shorter secrets, and these words, are not searched for in other fields.
const SHORTEST: usize = 8;
/// The documented sample password of Open Telekom Cloud, which is a word of the protocol.
const WORDS: [&str; 1] = ["password"];
/// The beginning of a long secret is searched for.
const LONGEST: usize = 24;

impl Suite {
    /// Adds a process.
    pub(crate) fn add(&mut self, process: &Process) {
        self.processes += 1;
        self.connections += process.connections.len();
        let (mut pairs, mut stems) = (HashSet::new(), BTreeMap::<String, BTreeSet<Kind>>::new());
        let mut rest = HashSet::new();
        let mut unread = Vec::new();
        for connection in &process.connections {
            let (requests, left) = requests(&connection.bytes);
            let here = &connection.party;
            let mut there = here.clone();
            for request in &requests {
                if request.header("user-agent") == Some(CONTROL) {
                    continue;
                }
                self.requests += 1;
                let fields = Fields::of(request);
                let place = format!("{} {}", request.method, request.target);
                // A proxy gets the whole URL, or the host and port of a tunnel.
                if let Some(target) = party(&request.target) {
                    there = target;
                }
                for (kind, secret) in fields.secrets {
                    self.secrets += 1;
                    let party = if kind == Kind::ProxyPassword { here } else { &there };
                    self.judge(process, party, kind, &place);
                    stems.entry(stem(&secret)).or_default().insert(kind);
                    pairs.insert((party.clone(), secret));
                }
                let texts = fields.rest.into_iter();
                rest.extend(texts.map(|(place, text)| (there.clone(), place, text)));
            }
            if !left.is_empty() {
                self.unread += 1;
                unread.push((there, left));
            }
        }
        self.pairs += pairs.len();
        let search = Search::new(&stems);
        for (party, place, text) in &rest {
            for kind in search.kinds(text.as_bytes()) {
                self.misplaced(
                    process,
                    party,
                    &format!("{} in the {place}: {text:.80}", kind.name()),
                );
            }
        }
        for (party, bytes) in unread {
            for kind in search.kinds(bytes) {
                self.judge(process, &party, kind, "bytes that are no HTTP/1.1");
            }
        }
    }

    fn judge(&mut self, process: &Process, party: &str, kind: Kind, place: &str) {
        match process.is(party, kind.roles()) {
            true => *self.kinds.entry(kind).or_default() += 1,
            false => self.misplaced(process, party, &format!("{} ({place:.80})", kind.name())),
        }
    }

    fn misplaced(&mut self, process: &Process, party: &str, what: &str) {
        self.misplaced.insert(format!("{}, {}: {what}", process.program, process.describe(party)));
    }
}

/// The beginning of a secret, where a character ends; empty if it is not searched for.
fn stem(secret: &str) -> String {
    if secret.len() < SHORTEST || WORDS.contains(&secret) {
        return String::new();
    }
    let ends = secret.char_indices().map(|(at, _)| at).chain([secret.len()]);
    let end = ends.take_while(|end| *end <= LONGEST).last().unwrap_or_default();
    secret[..end].to_owned()
}

/// A search for the beginnings of secrets, in all spellings.
struct Search<'a> {
    stems: Vec<(&'a str, &'a BTreeSet<Kind>)>,
    all: Needles,
}

impl<'a> Search<'a> {
    fn new(stems: &'a BTreeMap<String, BTreeSet<Kind>>) -> Self {
        let stems = stems.iter().map(|(stem, kinds)| (stem.as_str(), kinds));
        let stems: Vec<_> = stems.filter(|(stem, _)| !stem.is_empty()).collect();
        let texts: Vec<_> = stems.iter().map(|(stem, _)| *stem).collect();
        Self { all: Needles::new(&texts), stems }
    }

    /// The kinds of the secrets in a text.
    fn kinds(&self, text: &[u8]) -> BTreeSet<Kind> {
        if self.all.find(text).next().is_none() {
            return BTreeSet::new();
        }
        let is_in = |stem: &str| Needles::new(&[stem]).find(text).next().is_some();
        let found = self.stems.iter().filter(|(stem, _)| is_in(stem));
        found.flat_map(|(_, kinds)| kinds.iter().copied()).collect()
    }
}
