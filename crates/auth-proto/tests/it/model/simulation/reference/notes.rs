//! Rule 9: what a session tells the store.

use std::time::Duration;

use auth_proto::SuspensionReason;

use super::{
    Note, Phase, Reference, Scope,
    drawn::Span,
    reach, seconds,
    store::{KEEP, LEASE, USELESS},
};

/// A note for the store, about the entry of a scope and a credential.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Forget((usize, u32), u64),
    Keep((usize, u32), u64),
    Put((usize, u32), u64, Content),
}

/// What a note puts into the store.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Nothing,
    /// The rest of the pause, and whether its status is one of a refused credential.
    Pause {
        is_refusal: bool,
        is_of_credential: bool,
        rest: Span,
    },
    /// The token and the rest of its life.
    Token(usize, Duration),
}

impl Reference {
    /// A login of this scope has given this token, which the scope uses now or not.
    pub(super) fn tell_token(&mut self, index: usize, id: usize, ends_at: Duration, is_used: bool) {
        let (now, share) = (self.now, &mut self.scopes[index].share);
        if is_used {
            share.holds = share.lease.map(|lease| (lease.credential, lease.generation));
            share.on_trial = 0;
        }
        if let Some(lease) = share.lease {
            share.known = share.known.max(lease.generation);
        }
        self.tell(index, Content::Token(id, ends_at - now));
    }

    /// A login of this scope has failed: what that means for other processes. The scope's token stays
    /// in the store while callers can use it.
    pub(super) fn tell_pause(&mut self, index: usize) {
        let (now, scope) = (self.now, &self.scopes[index]);
        let is_own = self.root_of(index).is_none() && !self.name_has_secrets();
        let streak = scope.streak.as_ref().filter(|streak| streak.has_status);
        let streak = streak.filter(|streak| scope.lacks_token() || streak.is_refusal);
        let content = match streak.filter(|streak| !(is_own && streak.is_refused)) {
            None => Content::Nothing,
            Some(streak) => {
                let rest = |until: Duration| (until - now).min(seconds(86_400));
                Content::Pause {
                    is_refusal: streak.is_refusal,
                    is_of_credential: streak.is_refused,
                    rest: Span(rest(streak.until.0), rest(streak.until.1)),
                }
            }
        };
        self.tell(index, content);
    }

    /// The lease goes back to the store with this.
    pub(super) fn tell(&mut self, index: usize, content: Content) {
        let Some(lease) = self.scopes[index].share.lease.take() else { return };
        if self.now >= lease.until {
            reach("9: a lease that was lost");
            self.notes.push(Note::LeaseLost(index));
        }
        reach(match content {
            Content::Nothing => "9: a lease comes back with nothing",
            Content::Pause { is_refusal: false, .. } => "9: a lease comes back with a pause",
            Content::Pause { .. } => "9: a lease comes back with a refusal",
            Content::Token(..) => "9: a lease comes back with a token",
        });
        self.told.push(Told::Put((index, lease.credential), lease.generation, content));
    }

    /// The scopes that wait for this root token do not get it.
    pub(super) fn gives_up_leases_of(&mut self, root: usize) {
        for index in 0..self.scopes.len() {
            let scope = &self.scopes[index];
            let waits = matches!(scope.phase, Phase::Idle) && scope.share.lease.is_some();
            if waits && self.root_of(index) == Some(root) {
                reach("9: a lease without a root token");
                self.tell(index, Content::Nothing);
            }
        }
    }

    /// Whether a scope may wait for anything: a request, a question, or another process' root.
    fn is_under_way(&self) -> bool {
        let root = self.root.and_then(|root| self.scopes[root].share.follows_since(self.now));
        root.is_some() || self.scopes.iter().any(|scope| scope.phase.handed().is_some())
    }

    /// While anything is under way, all leases are kept.
    pub(crate) fn keep_leases(&mut self) {
        if !self.is_under_way() {
            return;
        }
        for (index, scope) in self.scopes.iter_mut().enumerate() {
            let Some(lease) = scope.share.lease.as_mut() else { continue };
            let is_due = self.now >= lease.keep_at && self.now < lease.until;
            if is_due {
                reach(match scope.phase.handed() {
                    Some(_) => "9: a lease is kept",
                    None => "9: a lease of a scope that waits is kept",
                });
                (lease.until, lease.keep_at) = (self.now + LEASE, self.now + KEEP);
                self.told.push(Told::Keep((index, lease.credential), lease.generation));
            }
        }
    }

    /// When a caller looks again at what is under way: the session then keeps the lease.
    pub(super) fn keeps_at(&self, index: usize) -> Option<Duration> {
        if !self.is_under_way() {
            return None;
        }
        let lease = self.scopes[index].share.lease.filter(|lease| self.now < lease.until);
        lease.map(|lease| lease.keep_at)
    }

    /// A lease that nobody has waited for.
    pub(crate) fn is_led_late(&mut self, name: (usize, u32), generation: u64) {
        reach("9: a lease that comes late");
        self.told.push(Told::Put(name, generation, Content::Nothing));
    }

    /// The scope's token is of no use to any process.
    pub(super) fn forget(&mut self, index: usize, id: usize) {
        let Self { scopes, now, .. } = self;
        let Scope { token, share, .. } = &mut scopes[index];
        if share.refused.is_none_or(|(refused, _)| refused != id) {
            let issued_at = token.as_ref().and_then(|token| token.issued_at);
            share.refused = Some((id, issued_at.filter(|_| share.holds.is_none())));
        }
        let is_accepted = token.as_ref().is_some_and(|token| token.accepted.contains(&true));
        match is_accepted || *now >= share.trial_ends {
            true => (share.useless, share.on_trial) = (0, 0),
            false => share.useless = share.useless.max(share.on_trial),
        }
        let is_suspended = share.useless >= USELESS;
        if let Some((credential, generation)) = share.holds.take() {
            reach("9: an entry is forgotten");
            self.told.push(Told::Forget((index, credential), generation));
        }
        if is_suspended {
            reach("9: one refused token after the other");
            self.suspends(index, SuspensionReason::Useless);
        }
    }

    /// The credential is another one: so is the name of the entry.
    pub(super) fn renames(&mut self, index: usize) {
        self.tell(index, Content::Nothing);
        let share = &mut self.scopes[index].share;
        (share.known, share.follows, share.followed) = (0, None, None);
    }

    /// Whether processes with the same name for their entries have the same secrets.
    pub(super) fn name_has_secrets(&self) -> bool {
        !self.has_source && !self.one_time
    }
}
