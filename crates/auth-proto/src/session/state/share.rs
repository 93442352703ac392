//! What a scope knows of its entry in the store.

use std::time::Duration;

use http::HeaderValue;

use crate::{
    model::{entry::Entry, token::Token},
    session::store::{Lease, Name},
};

/// A lease lasts this long: longer than a request with an HTTP client's usual time-out.
pub(crate) const LEASE: Duration = Duration::from_secs(20);

/// After this many entries in a row that are of no use, the scope asks for no other one.
const USELESS: u32 = 3;

/// A scope's part in the sharing of tokens. Without a store it stays empty.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// The generation that is of no use to the scope, with all earlier ones.
    known: u64,
    /// The entry that has the scope's token.
    holds: Option<(Name, u64)>,
    /// The lease under which the scope may log in.
    leads: Option<Box<Leads>>,
    /// The process that has the lease.
    follows: Option<Follows>,
    /// The number of entries in a row that were of no use.
    useless: u32,
    /// The last token whose entry was forgotten.
    refused: Option<HeaderValue>,
}

#[derive(Debug)]
struct Leads {
    lease: Lease,
    /// From then on the store may have given another lease.
    until: Duration,
    /// The answer that gave the token.
    answer: Option<Entry>,
    /// Whether the login has ended, so that the store must be told.
    is_over: bool,
}

#[derive(Debug)]
struct Follows {
    generation: u64,
    since: Duration,
    look_at: Duration,
}

impl Share {
    /// The generation that is of no use to the scope, with all earlier ones.
    pub(crate) fn known(&self) -> u64 {
        self.known
    }

    /// Whether the scope may log in.
    pub(crate) fn leads(&self, at: Duration) -> bool {
        self.leads.as_ref().is_some_and(|leads| at < leads.until)
    }

    /// Whether the answer of a login is for the store.
    pub(crate) fn wants_answer(&self) -> bool {
        self.leads.is_some()
    }

    /// When the scope asks the store again, while another process logs in.
    pub(crate) fn look_at(&self, at: Duration) -> Option<Duration> {
        self.follows.as_ref().map(|follows| follows.look_at).filter(|look_at| at < *look_at)
    }

    /// Whether the lease of this generation has been in the way for longer than two leases last: the
    /// store does not end it.
    pub(crate) fn is_stuck(&self, generation: u64, at: Duration) -> bool {
        let same = self.follows.as_ref().filter(|follows| follows.generation == generation);
        same.is_some_and(|follows| at >= follows.since.saturating_add(2 * LEASE))
    }

    /// Whether the store has given too many entries that are of no use.
    pub(crate) fn has_seen_enough(&self) -> bool {
        self.useless >= USELESS
    }

    /// Whether the store was told to forget this token.
    pub(crate) fn has_refused(&self, token: &Token) -> bool {
        self.refused.as_ref() == Some(token.header())
    }

    /// Another process has the lease of this generation.
    pub(crate) fn follow(&mut self, generation: u64, at: Duration, look_at: Duration) {
        let same = self.follows.take().filter(|follows| follows.generation == generation);
        let since = same.map_or(at, |follows| follows.since);
        self.follows = Some(Follows { generation, since, look_at });
    }

    /// The scope may log in for all processes.
    pub(crate) fn lead(&mut self, lease: Lease, until: Duration) {
        (self.follows, self.useless) = (None, 0);
        self.leads = Some(Box::new(Leads { lease, until, answer: None, is_over: false }));
    }

    /// The scope has seen the entry of this generation.
    pub(crate) fn see(&mut self, generation: u64) {
        self.follows = None;
        self.useless = self.useless.saturating_add(1);
        self.known = self.known.max(generation);
    }

    /// The scope's token is from the store.
    pub(crate) fn hold(&mut self, name: Name, generation: u64) {
        (self.holds, self.useless) = (Some((name, generation)), 0);
    }

    /// Keeps the answer of a login until the store is told.
    pub(crate) fn keep(&mut self, entry: Entry) {
        if let Some(leads) = &mut self.leads {
            leads.answer = Some(entry);
        }
    }

    /// A login has given a token, which is the scope's now, or ends earlier than the one that the scope
    /// has.
    pub(crate) fn log_in(&mut self, is_kept: bool) {
        let lease = self.leads.as_ref().map(|leads| &leads.lease);
        let entry = lease.map(|lease| (lease.name().clone(), lease.generation()));
        if let Some((_, generation)) = entry {
            self.known = self.known.max(generation);
        }
        if is_kept {
            self.holds = entry;
        }
        self.end();
    }

    /// An entry was of use, or the session asks for none for some time.
    pub(crate) fn heed(&mut self) {
        self.useless = 0;
    }

    /// The login that had the lease is over, or the lease has ended before it.
    pub(crate) fn end(&mut self) {
        if let Some(leads) = &mut self.leads {
            leads.is_over = true;
        }
    }

    /// The credential is another one: so is the name of the entry. The token stays.
    pub(crate) fn rename(&mut self) {
        (self.known, self.follows) = (0, None);
        self.end();
    }

    /// The lease of a login that is over, and the answer that gave a token.
    pub(crate) fn take_over(&mut self) -> Option<(Lease, Option<Entry>)> {
        let leads = self.leads.take_if(|leads| leads.is_over)?;
        Some((leads.lease, leads.answer))
    }

    /// The entry that has this token of the scope, which is of no use to any process.
    pub(crate) fn forget(&mut self, token: &Token) -> Option<(Name, u64)> {
        let entry = self.holds.take()?;
        self.refused = Some(token.header().clone());
        Some(entry)
    }
}
