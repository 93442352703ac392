//! What a scope knows of its entry in the store.

use std::time::Duration;

use http::HeaderValue;
use time::UtcDateTime;

use crate::{
    model::{entry::Entry, token::Token},
    session::store::{Lease, Name, Note},
};

/// The length of a lease: the others wait at most this long for a process that was killed. A process
/// that lives extends its lease.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// A lease is extended after this time, so that there is time for two more tries.
const KEEP: Duration = Duration::from_secs(3);

/// After this many entries in a row that are of no use, the scope stops asking.
const USELESS: u32 = 3;

/// A token of the store that is refused later than this after its import was good before: a revocation
/// has ended it, and says nothing about the store.
const TRIAL: Duration = Duration::from_secs(60);

/// A scope's part in the sharing of tokens. Without a store it stays empty.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// The generation that is of no use to the scope, with all earlier ones.
    known: u64,
    /// The entry that has the scope's token.
    holds: Option<(Name, u64)>,
    /// The lease under which the scope may log in.
    leads: Option<Box<Leads>>,
    /// Set while other processes have the lease.
    follows: Option<Follows>,
    /// When the wait for the token of another process began and ended, which the scope has now.
    followed: Option<(Duration, Duration)>,
    /// The number of answers in a row that were of no use, or that nobody has waited for.
    useless: u32,
    /// The same with the entry that has the scope's token, should a service refuse that before any has
    /// accepted it.
    on_trial: u32,
    /// When it has been in use for so long that its refusal no longer counts.
    trial_ends: Duration,
    /// The last token that was refused.
    refused: Option<Refused>,
}

/// What is left of a refused token.
#[derive(Debug)]
struct Refused {
    header: HeaderValue,
    /// Of a token that the store has never had. Generations say which entries are newer than one that
    /// it had, and the clocks of an identity service's nodes may differ.
    issued_at: Option<UtcDateTime>,
}

#[derive(Debug)]
struct Leads {
    lease: Lease,
    /// From then on the store may have given another lease.
    until: Duration,
    /// When the lease has to be extended.
    keep_at: Duration,
    /// The answer that gave the token.
    answer: Option<Entry>,
    /// Whether the login has ended, which the session has to report to the store.
    is_over: bool,
}

#[derive(Debug)]
struct Follows {
    /// When the scope began to wait, for this process or another one before.
    since: Duration,
    look_at: Duration,
    /// When the store last answered that another process has the lease.
    seen_at: Duration,
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

    /// When the scope asks the store again, while another process logs in.
    pub(crate) fn look_at(&self, at: Duration) -> Option<Duration> {
        self.follows.as_ref().map(|follows| follows.look_at).filter(|look_at| at < *look_at)
    }

    /// Since when the scope waits for other processes. A scope that has not asked for the length of a
    /// lease begins again.
    pub(crate) fn follows_since(&self, at: Duration) -> Option<Duration> {
        let follows = self.follows.as_ref().filter(|follows| at < follows.seen_at + LEASE);
        follows.map(|follows| follows.since)
    }

    /// When the wait for its token began, if that is another process' and was there at this time or
    /// later.
    pub(crate) fn followed_since(&self, ended: Duration) -> Option<Duration> {
        self.followed.filter(|(_, at)| *at >= ended).map(|(since, _)| since)
    }

    /// Whether the store has given too many entries that are of no use.
    pub(crate) fn has_seen_enough(&self) -> bool {
        self.useless >= USELESS
    }

    /// Whether a refusal speaks against this token of the store, too: it is the refused token, or the
    /// first one that the store gives after it, and older. What ends a token, such as a new password,
    /// ends the older ones as well. The next one counts even if it is older, because the clocks of
    /// an identity service's nodes may differ.
    pub(crate) fn is_doubtful(&self, token: &Token) -> bool {
        let Some(refused) = &self.refused else { return false };
        let times = token.issued_at().zip(refused.issued_at);
        let is_older = times.is_some_and(|(own, refused)| own < refused);
        refused.header == token.header() || is_older && self.useless <= 1
    }

    /// Another process has the lease.
    pub(crate) fn follow(&mut self, since: Duration, at: Duration, look_at: Duration) {
        self.follows = Some(Follows { since, look_at, seen_at: at });
    }

    /// The scope may log in for all processes.
    pub(crate) fn lead(&mut self, lease: Lease, until: Duration) {
        (self.follows, self.followed) = (None, None);
        self.prove();
        let keep_at = until.saturating_sub(LEASE - KEEP);
        self.leads = Some(Box::new(Leads { lease, until, keep_at, answer: None, is_over: false }));
    }

    /// When the lease has to be extended.
    pub(crate) fn keep_at(&self, at: Duration) -> Option<Duration> {
        let leads = self.leads.as_ref().filter(|leads| at < leads.until && !leads.is_over);
        leads.map(|leads| leads.keep_at)
    }

    /// Whether the store waits for the end of a lease.
    pub(crate) fn has_lease(&self) -> bool {
        self.leads.is_some()
    }

    /// Extends the lease.
    pub(crate) fn keep_lease(&mut self, at: Duration) -> Option<Note> {
        let leads = self.leads.as_mut()?;
        (leads.keep_at, leads.until) = (at + KEEP, at + LEASE);
        let (name, generation) = (leads.lease.name().clone(), leads.lease.generation());
        Some(Note::Keep { name, generation, lease: LEASE })
    }

    /// The scope has seen the entry of this generation.
    pub(crate) fn see(&mut self, generation: u64) {
        // The store is asked again at once. The wait goes on.
        self.follows.iter_mut().for_each(|follows| follows.look_at = Duration::ZERO);
        self.useless = self.useless.saturating_add(1);
        self.known = self.known.max(generation);
    }

    /// The scope's token is from the store.
    pub(crate) fn hold(&mut self, name: Name, generation: u64, at: Duration) {
        self.holds = Some((name, generation));
        (self.on_trial, self.useless) = (self.useless, 0);
        self.trial_ends = at + TRIAL;
        self.followed = self.follows.take().map(|follows| (follows.since, at));
    }

    /// The scope's token is good.
    pub(crate) fn prove(&mut self) {
        (self.on_trial, self.useless) = (0, 0);
    }

    /// Keeps the answer of a login until it is reported to the store.
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
            self.on_trial = 0;
        }
        self.end();
    }

    /// The caller who asked the store has not waited for its answer.
    pub(crate) fn miss(&mut self) {
        self.useless = self.useless.saturating_add(1);
    }

    /// An entry was of use, or the session asks for none for some time.
    pub(crate) fn heed(&mut self) {
        (self.follows, self.useless) = (None, 0);
    }

    /// The login that had the lease is over, or the lease has ended before it.
    pub(crate) fn end(&mut self) {
        if let Some(leads) = &mut self.leads {
            leads.is_over = true;
        }
    }

    /// The credential has changed, and so has the name of the entry. The token stays.
    pub(crate) fn rename(&mut self) {
        (self.known, self.follows, self.followed) = (0, None, None);
        self.end();
    }

    /// The lease of a login that is over, the answer that gave a token, and whether the lease has
    /// ended before.
    pub(crate) fn take_over(&mut self, at: Duration) -> Option<(Lease, Option<Entry>, bool)> {
        let leads = self.leads.take_if(|leads| leads.is_over)?;
        Some((leads.lease, leads.answer, at >= leads.until))
    }

    /// This token of the scope is of no use to any process. Returns the entry that has it.
    pub(crate) fn forget(&mut self, token: &Token, at: Duration) -> Option<(Name, u64)> {
        let entry = self.holds.take();
        let is_same = |refused: &Refused| refused.header == token.header();
        if !self.refused.as_ref().is_some_and(is_same) {
            let issued_at = token.issued_at().filter(|_| entry.is_none());
            self.refused = Some(Refused { header: token.header().clone(), issued_at });
        }
        match token.marks.is_accepted_anywhere() || at >= self.trial_ends {
            true => self.prove(),
            false => self.useless = self.useless.max(self.on_trial),
        }
        entry
    }
}
