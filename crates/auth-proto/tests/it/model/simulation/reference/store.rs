//! Rule 9: a scope asks the store before it logs in, uses what other processes have found out, and
//! tells the store what came of a login that was its own.

use std::time::Duration;

use auth_proto::{SuspensionReason, limits};
use time::UtcDateTime;

use super::{
    Content, GIVEN, Held, LOST_WANT, Note, Phase, Reference, Verdict,
    drawn::{Late, Span},
    pauses::Cause,
    reach, seconds,
};

/// What a scope knows of its entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Share {
    /// No entry up to this generation is of use.
    pub(crate) known: u64,
    /// The credential and the generation of the entry that has the scope's token.
    pub(super) holds: Option<(u32, u64)>,
    pub(super) lease: Option<Leads>,
    pub(super) follows: Option<Follows>,
    /// When the wait for its token began and ended, if that is another process'.
    pub(super) followed: Option<(Duration, Duration)>,
    /// Entries in a row that were of no use.
    pub(super) useless: u32,
    /// The same, if the scope's token is refused at its first use.
    pub(super) on_trial: u32,
    /// From then on its refusal is not one at its first use.
    pub(super) trial_ends: Duration,
    /// The last token that was refused, and when it was issued if the store has never had it.
    pub(crate) refused: Option<(usize, Option<UtcDateTime>)>,
}

/// The scope has the lease.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leads {
    pub(super) credential: u32,
    pub(super) generation: u64,
    pub(super) until: Duration,
    /// When the store has to hear that a login goes on.
    pub(super) keep_at: Duration,
}

/// Another process has the lease.
#[derive(Clone, Debug)]
pub(super) struct Follows {
    /// Since when other processes have had one lease after the other.
    since: Duration,
    seen_at: Duration,
    look_at: Span,
}

/// The token of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) id: usize,
    /// Whether it is one of this scope that can be read.
    pub(crate) fits: bool,
    pub(crate) user: u32,
    /// The rest of its life when the store was asked.
    pub(crate) rest: Duration,
    /// Its life from `issued_at` on.
    pub(crate) life: Duration,
    pub(crate) issued_at: Option<UtcDateTime>,
    pub(crate) expires_at: UtcDateTime,
}

/// A lease lasts this long.
pub(crate) const LEASE: Duration = seconds(10);
pub(super) const KEEP: Duration = seconds(3);
/// A scope waits this long for others.
const PATIENCE: Duration = seconds(25);
const SILENCE: Duration = seconds(30);
pub(super) const USELESS: u32 = 3;
/// A token that has been in use for so long was good.
const TRIAL: Duration = seconds(60);
/// A scope asks the store so soon after the answer that gave the root token.
const ANSWER: Duration = seconds(1);

impl Share {
    /// When the scope asks again, while another process has the lease.
    fn look_at(&self, now: Duration, late: bool) -> Option<Duration> {
        let look_at = self.follows.as_ref().map(|follows| follows.look_at.at(late));
        look_at.filter(|at| now < *at)
    }

    /// Since when it waits. A scope that has not asked for so long begins again.
    pub(super) fn follows_since(&self, now: Duration) -> Option<Duration> {
        let follows = self.follows.as_ref().filter(|follows| now < follows.seen_at + LEASE);
        follows.map(|follows| follows.since)
    }

    /// The time that was drawn for that.
    pub(super) fn drawn(&mut self) -> Option<&mut Span> {
        self.follows.as_mut().map(|follows| &mut follows.look_at)
    }

    /// The same, if it is not known exactly.
    pub(super) fn span(&self) -> Option<Span> {
        self.follows.as_ref().map(|follows| follows.look_at)
    }
}

impl Reference {
    /// The store is asked, or another process has the lease. `None` if the scope may log in.
    pub(super) fn look(&mut self, index: usize, late: Late) -> Option<Verdict> {
        let (now, scope) = (self.now, &self.scopes[index]);
        if !self.has_store || !matches!(scope.phase, Phase::Idle) {
            return None;
        }
        if now < self.silent_until {
            reach("9: a login while the store is silent");
            return None;
        }
        if scope.share.lease.is_some_and(|lease| now < lease.until) {
            return None;
        }
        // A refused secret is read again for this process alone.
        if self.block(index, late).is_some() {
            return None;
        }
        if let Some(look_at) = scope.share.look_at(now, late.look) {
            reach("9: callers wait for another process");
            self.followed = Some(index);
            return Some(Verdict::Wait(look_at));
        }
        if scope.share.lease.is_some() {
            reach("9: a lease that ended");
            self.tell(index, Content::Nothing);
        }
        self.scopes[index].phase = Phase::Taking(self.hand_out(index, LOST_WANT));
        Some(Verdict::Take(index))
    }

    /// Whether another process is about to tell the store.
    pub(super) fn is_followed(&self, index: usize, late: Late) -> bool {
        self.scopes[index].share.look_at(self.now, late.look).is_some()
    }

    /// The session has named the time at which it asks the store again.
    pub(super) fn hear_look(&mut self, named: Duration) {
        let Some(index) = self.followed.take() else { return };
        let is_end = |token: &Held| token.ends_at == named;
        // A caller waits for the end of its token at most.
        let is_hidden = self.scopes.iter().any(|scope| scope.token.as_ref().is_some_and(is_end));
        // Or until the lease of the caller's scope has to be kept.
        let leases = self.scopes.iter().filter_map(|scope| scope.share.lease);
        let is_hidden = is_hidden || leases.into_iter().any(|lease| lease.keep_at == named);
        if let Some(look_at) = self.scopes[index].share.drawn()
            && look_at.has(named)
            && !is_hidden
        {
            *look_at = Span::exact(named);
        }
    }

    /// Whether the scope's question to the store is under way.
    pub(crate) fn is_taking(&self, index: usize) -> bool {
        matches!(self.scopes[index].phase, Phase::Taking(_))
    }

    /// A question has got no answer.
    pub(crate) fn has_no_answer(&mut self, index: usize) {
        self.misses += 1;
        self.is_silent(index, SuspensionReason::NoAnswer);
    }

    /// The store is of no use, and the scope logs in.
    pub(crate) fn is_silent(&mut self, index: usize, reason: SuspensionReason) {
        self.suspends(index, reason);
        self.scopes[index].phase = Phase::Idle;
    }

    /// The store is of no use.
    pub(super) fn suspends(&mut self, index: usize, reason: SuspensionReason) {
        reach("9: silence");
        if self.now >= self.silent_until {
            self.notes.push(Note::StoreSuspended(reason));
        }
        self.silent_until = self.now + SILENCE;
        let share = &mut self.scopes[index].share;
        (share.useless, share.follows) = (0, None);
    }

    /// The scope's token is good.
    pub(super) fn is_proven(&mut self, index: usize) {
        let share = &mut self.scopes[index].share;
        (share.useless, share.on_trial) = (0, 0);
    }

    /// What a driver has handed in is no answer.
    pub(crate) fn is_not_asked(&mut self, index: usize) {
        self.scopes[index].phase = Phase::Idle;
    }

    /// The caller who asked the store has not waited for its answer.
    pub(super) fn is_missed(&mut self, index: usize) {
        reach("9: nobody waits for the store");
        self.misses += 1;
        self.has_read(index, false, SuspensionReason::NoAnswer);
    }

    /// Another process has the lease.
    pub(crate) fn is_busy(&mut self, index: usize) {
        // A login that asks a question keeps its lease until the reply.
        let asks = !self.name_has_secrets() && self.root_of(index).is_none();
        let question = if asks { limits::QUESTION } else { Duration::ZERO };
        let now = self.now;
        let root = self.root_of(index).and_then(|root| self.scopes[root].share.followed);
        // Its callers may have waited for the root.
        let root = root.filter(|(_, ended)| now <= *ended + ANSWER);
        let own = self.scopes[index].share.follows_since(now);
        let since = own.or_else(|| root.map(|(since, _)| since)).unwrap_or(now);
        let longest = since + PATIENCE + question;
        if now >= longest {
            reach("9: leases without end");
            return self.is_silent(index, SuspensionReason::LeaseInTheWay);
        }
        reach("9: another process has the lease");
        let (low, high) = (Duration::from_millis(50), Duration::from_millis(500));
        let look_at = Span((now + low).min(longest), (now + high).min(longest));
        let share = &mut self.scopes[index].share;
        share.follows = Some(Follows { since, seen_at: now, look_at });
        self.scopes[index].phase = Phase::Idle;
    }

    /// The scope has the lease of this generation.
    pub(crate) fn is_led(&mut self, index: usize, generation: u64) {
        reach("9: a lease");
        let Phase::Taking(handed) = self.scopes[index].phase else { return };
        let credential = self.credential;
        let (until, keep_at) = (handed.sent_at + LEASE, handed.sent_at + KEEP);
        let lease = Some(Leads { credential, generation, until, keep_at });
        let scope = &mut self.scopes[index];
        scope.phase = Phase::Idle;
        let before = scope.share.clone();
        scope.share = Share { lease, follows: None, followed: None, ..before };
        self.is_proven(index);
    }

    /// The store has an entry of this generation. Returns whether it is read.
    pub(crate) fn finds(&mut self, index: usize, generation: u64) -> bool {
        let share = &mut self.scopes[index].share;
        if generation <= share.known {
            reach("9: an entry that is known");
            self.is_silent(index, SuspensionReason::Useless);
            return false;
        }
        share.known = generation;
        if let Some(follows) = &mut share.follows {
            follows.look_at = Span::exact(Duration::ZERO);
        }
        true
    }

    /// An entry was read, and was of use or not.
    fn has_read(&mut self, index: usize, is_of_use: bool, reason: SuspensionReason) {
        let scope = &mut self.scopes[index];
        scope.phase = Phase::Idle;
        scope.share.useless = if is_of_use { 0 } else { scope.share.useless + 1 };
        if scope.share.useless >= USELESS {
            reach("9: three entries of no use");
            self.is_silent(index, reason);
        }
    }

    /// The entry of this generation has this token. Returns whether the session uses it.
    pub(crate) fn finds_token(&mut self, index: usize, generation: u64, entry: Entry) -> bool {
        let Phase::Taking(handed) = self.scopes[index].phase else { return false };
        let token = Some(self.shared(index, handed.sent_at, &entry));
        let token = token.filter(|token| self.is_of_use(index, token, &entry));
        let is_of_use = token.is_some();
        let on_trial = self.scopes[index].share.useless + 1;
        self.has_read(index, is_of_use, SuspensionReason::Useless);
        let Some(token) = token else { return false };
        reach("9: a token of another process");
        if self.root == Some(index) {
            (self.is_trusted, self.valid_at) = (true, None);
            (self.has_shared_root, self.needs_person) = (true, !token.is_renewable());
        }
        // It may be as old as the token, and proves no secret.
        if self.root_of(index).is_none() && self.name_has_secrets() {
            self.lockout = None;
            self.refused_secrets.clear();
        }
        let (credential, now) = (self.credential, self.now);
        let scope = &mut self.scopes[index];
        Self::is_replaced(scope);
        (scope.token, scope.streak, scope.granted) = (Some(token), None, true);
        scope.share.holds = Some((credential, generation));
        (scope.share.on_trial, scope.share.trial_ends) = (on_trial, now + TRIAL);
        scope.share.followed = scope.share.follows.take().map(|follows| (follows.since, now));
        scope.lost_root = false;
        scope.is_served_again();
        self.notes.push(Note::TokenImported(index));
        true
    }

    fn is_of_use(&self, index: usize, token: &Held, entry: &Entry) -> bool {
        let scope = &self.scopes[index];
        if !entry.fits {
            reach("9: a token that does not fit");
            return false;
        }
        let root = self.root_of(index).and_then(|root| self.scopes[root].token.as_ref());
        if root.is_some_and(|root| root.user.is_some_and(|user| user != entry.user)) {
            reach("9: a token of another user");
            return false;
        }
        if scope.holds(entry.id) {
            reach("9: the token that the scope has");
            return false;
        }
        if let Some((id, issued_at)) = scope.share.refused {
            if id == entry.id {
                reach("9: a token that was refused");
                return false;
            }
            let is_older =
                entry.issued_at.zip(issued_at).is_some_and(|(own, refused)| own < refused);
            if is_older && scope.share.useless == 0 {
                reach("9: an older token than the refused one");
                return false;
            }
            if is_older {
                reach("9: one older token after the other");
            }
        }
        if token.ends_at < self.now + seconds(3) {
            reach("9: a token that ends at once");
            return false;
        }
        let is_longer = scope.token.as_ref().is_none_or(|own| own.ends_at < token.ends_at);
        if !is_longer && scope.due.is_none() {
            reach("9: a token that ends no later");
        }
        is_longer || scope.due.is_some()
    }

    /// The token of an entry. It is renewed at the same point of its life as in other processes.
    fn shared(&self, index: usize, asked_at: Duration, entry: &Entry) -> Held {
        let whole = entry.life.min(seconds(30 * 86_400)).max(entry.rest);
        let spent = whole - entry.rest;
        let at = |part: Duration| (asked_at + part).saturating_sub(spent);
        let (low, high) = if whole < seconds(600) { (50, 70) } else { (75, 90) };
        let ends_at = at(whole - seconds(2).min(whole / 10));
        let mut token = Held {
            id: entry.id,
            user: Some(entry.user),
            issued_at: entry.issued_at,
            expires_at: entry.expires_at,
            full_life: whole,
            not_before: Duration::ZERO,
            root: None,
            renew_at: Span(at(whole * low / 100), at(whole * high / 100)),
            mandatory_at: at(whole - seconds(60).min(whole / 10)).min(ends_at),
            ends_at,
            accepted: [false; 3],
            refused: [false; 3],
        };
        let root = self.root_of(index).and_then(|root| self.scopes[root].token.as_ref());
        match root {
            Some(root) if self.ends_with(ends_at, root) => self.is_due_with(&mut token, root),
            Some(_) => {}
            // Another one takes a person, or another given token.
            None if self.one_time || self.root == Some(GIVEN) => token.is_not_renewed(),
            None => {}
        }
        token
    }

    /// The entry has a pause that lasts until then. Returns whether the session pauses.
    pub(crate) fn finds_pause(
        &mut self,
        index: usize,
        (cause, is_refusal): (Cause, bool),
        rest: Duration,
        age: Duration,
    ) -> bool {
        let Phase::Taking(handed) = self.scopes[index].phase else { return false };
        let (now, until) = (self.now, (handed.sent_at + rest).saturating_sub(age));
        let is_over = now >= until;
        self.has_read(index, !is_over, SuspensionReason::Useless);
        if !is_over {
            self.scopes[index].share.follows = None;
        }
        if is_refusal {
            reach(if is_over { "9: an old refusal" } else { "9: a refusal of another process" });
            // On the session's axis there may be no time before it.
            self.lock_out(index, now, |_| until.max(now));
            if !is_over {
                self.compare_announced(index);
                self.notes.push(Note::PauseImported(index));
            }
            return !is_over;
        }
        if is_over {
            reach("9: an old pause");
            return false;
        }
        reach("9: a pause of another process");
        self.pause_until(index, cause, until);
        self.compare_announced(index);
        self.notes.push(Note::PauseImported(index));
        true
    }
}
