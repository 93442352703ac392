//! Rule 4: the pauses after failures, and everything else that keeps a scope from sending.

use std::time::Duration;

use super::{
    Reference,
    drawn::{Late, Span},
    reach, seconds,
};

/// The reason why a login gave no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No status.
    Transport,
    /// The same, and it stays so.
    Tls,
    /// An answer that cannot be read.
    Unreadable,
    /// A 404.
    Missing,
    /// A refusal of the request. With a `Retry-After`, it does not last.
    Permanent,
    /// An answer that stays as it is: a redirect, or a token for another scope.
    Redirected,
    /// A refusal of the credential, or of a factor.
    Refused,
    /// A busy service.
    Unavailable,
}

impl Cause {
    /// Whether the service has answered with an error.
    fn has_status(self) -> bool {
        matches!(self, Self::Missing | Self::Permanent | Self::Refused | Self::Unavailable)
    }

    /// Whether the same login may succeed later.
    pub(super) fn is_retryable(self, asked: Option<Duration>) -> bool {
        match self {
            Self::Transport | Self::Unreadable | Self::Unavailable => true,
            Self::Missing | Self::Permanent => asked.is_some(),
            Self::Tls | Self::Redirected | Self::Refused => false,
        }
    }
}

/// Failures in a row.
#[derive(Clone, Debug)]
pub(crate) struct Streak {
    pub(super) failures: u32,
    /// Answers in a row that are none.
    pub(super) unreadable: u32,
    pub(super) refusals: u32,
    since: Duration,
    pub(super) until: Span,
    pub(super) is_retryable: bool,
    pub(super) is_transient: bool,
    pub(super) is_refused: bool,
    /// It counts as the refusal of the credential, not of a factor or a scope.
    pub(super) is_refusal: bool,
    /// The service has answered with an error.
    pub(super) has_status: bool,
    has_asked: bool,
    pub(super) is_cleared: bool,
}

impl Streak {
    fn new(now: Duration) -> Self {
        Self {
            failures: 1,
            unreadable: 0,
            refusals: 0,
            since: now,
            until: Span::exact(now),
            is_retryable: false,
            is_transient: false,
            is_refused: false,
            is_refusal: false,
            has_status: false,
            has_asked: false,
            is_cleared: false,
        }
    }

    pub(super) fn holds(&self, now: Duration, late: bool) -> bool {
        now < self.until.at(late) && !self.is_cleared
    }

    pub(super) fn is_certainly_over(&self, now: Duration) -> bool {
        !self.holds(now, true)
    }

    fn block(&self, late: bool) -> Block {
        let until = self.until.at(late);
        let waits = self.is_transient && until <= self.since + seconds(30);
        Block { waits, until, is_refused: self.is_refused }
    }

    /// Whether a wrong factor can be a slip of the user: twice in a row.
    pub(super) fn may_be_a_slip(&self) -> bool {
        !self.is_refused || self.failures < 2
    }
}

/// A reason to send nothing: until when, and whether callers wait for that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(super) waits: bool,
    pub(super) until: Duration,
    /// It is the refusal of a credential.
    pub(super) is_refused: bool,
}

impl Reference {
    /// What keeps a scope from sending. What callers cannot wait for goes first.
    pub(super) fn block(&self, index: usize, late: Late) -> Option<Block> {
        let (now, scope) = (self.now, &self.scopes[index]);
        let own = scope.streak.iter().filter(|streak| streak.holds(now, late.pause));
        let shared = self.retry_after.iter().filter(|streak| streak.holds(now, late.retry_after));
        let own = own.map(|streak| streak.block(late.pause));
        let shared = shared.map(|streak| streak.block(late.retry_after));
        // An exchange shows no credential.
        let is_derived = self.root_of(index).is_some();
        let lockout = self.lockout.iter().filter(|lockout| lockout.all_scopes || !scope.granted);
        let lockout = lockout.filter(|_| !is_derived).map(|lockout| {
            let others_first = lockout.others_want_it && lockout.refused == index;
            let until = lockout.until + seconds(if others_first { 3600 } else { 0 });
            Block { waits: false, until, is_refused: true }
        });
        let unanswered = self.unanswered.iter().filter(|_| !is_derived).map(|unanswered| {
            let until = unanswered.next_at();
            let waits = until <= unanswered.first + seconds(30);
            Block { waits, until, is_refused: false }
        });
        let blocks = own.chain(shared).chain(lockout).chain(unanswered);
        let blocks = blocks.chain(self.fruitless_block(index));
        blocks.filter(|block| now < block.until).max_by_key(|block| (!block.waits, block.until))
    }

    /// Whether a pause of this scope or of a `Retry-After` has not ended.
    pub(super) fn is_paused(&self, index: usize, late: Late) -> bool {
        let own = &self.scopes[index].streak;
        own.as_ref().is_some_and(|streak| streak.holds(self.now, late.pause))
            || self.retry_after.as_ref().is_some_and(|s| s.holds(self.now, late.retry_after))
    }

    /// The scope's streak with one more failure, before its pause is known.
    pub(super) fn one_more(&mut self, index: usize) -> Streak {
        let fresh = Streak::new(self.now);
        let Some(before) = self.scopes[index].streak.take() else { return fresh };
        let over = [before.until.0, before.until.1].map(|until| self.now > until + seconds(300));
        self.is_unsure |= over[0] != over[1] && !before.is_refused;
        match over[0] && !before.is_refused {
            true => Streak { refusals: before.refusals, ..fresh },
            false => Streak {
                failures: before.failures + 1,
                unreadable: before.unreadable,
                refusals: before.refusals,
                since: before.since,
                ..fresh
            },
        }
    }

    /// A failure that says nothing about the credential: its pause.
    pub(super) fn pause(&mut self, index: usize, cause: Cause, asked: Option<Duration>) {
        let mut streak = self.one_more(index);
        streak.is_retryable = cause.is_retryable(asked);
        streak.unreadable = match cause {
            Cause::Unreadable | Cause::Redirected => streak.unreadable + 1,
            _ => 0,
        };
        streak.is_transient = streak.is_retryable && streak.unreadable < 2;
        streak.is_refused = cause == Cause::Refused;
        streak.has_status = cause.has_status();
        streak.has_asked = asked.is_some() && !streak.is_refused;
        let scope = &self.scopes[index];
        // Callers are served: a valid token that no service has refused.
        let is_served = scope.token.is_some() && scope.due.is_none();
        let longest = match is_served {
            true => (seconds(5) * 2_u32.pow((streak.failures - 1).min(10))).min(seconds(300)),
            false => (Duration::from_millis(250) * 2_u32.pow((streak.failures - 1).min(10)))
                .min(seconds(20)),
        };
        let (low, high) = match streak.is_transient {
            true => (longest / 2, longest),
            false => (seconds(300), seconds(300)),
        };
        let asked = asked.unwrap_or_default();
        streak.until = Span(self.now + low.max(asked), self.now + high.max(asked));
        if !asked.is_zero() && cause != Cause::Unavailable {
            reach("4: Retry-After of another status");
        }
        reach(match (streak.is_transient, is_served, cause) {
            (true, true, _) => "4: a slow pause",
            (true, false, _) => "4: a fast pause",
            (false, _, Cause::Unreadable) => "4: the second unreadable answer",
            (false, ..) => "4: a permanent failure",
        });
        self.scopes[index].streak = Some(streak);
        self.hear(index);
        let streak = self.scopes[index].streak.clone();
        self.keep_retry_after(streak);
    }

    /// Another process' failure, and the end of its pause.
    pub(super) fn pause_until(&mut self, index: usize, cause: Cause, until: Duration) {
        let streak = self.one_more(index);
        let is_retryable = cause.is_retryable(None);
        self.scopes[index].streak = Some(Streak {
            unreadable: 0,
            until: Span::exact(until),
            is_retryable,
            is_transient: is_retryable,
            is_refused: cause == Cause::Refused,
            has_status: true,
            ..streak
        });
    }

    /// A `Retry-After` holds for all scopes; of two, the later one.
    fn keep_retry_after(&mut self, new: Option<Streak>) {
        let Some(new) = new.filter(|streak| streak.has_asked) else { return };
        reach("4: Retry-After");
        let Some(old) = &self.retry_after else {
            self.retry_after = Some(new);
            return;
        };
        let later = [new.until.0 >= old.until.1, new.until.1 >= old.until.0];
        self.is_unsure |= later[0] != later[1];
        if later[0] {
            self.retry_after = Some(new);
        }
    }

    pub(super) fn may_be_a_slip(&self, index: usize) -> bool {
        self.scopes[index].streak.as_ref().is_none_or(Streak::may_be_a_slip)
    }

    /// A `Retry-After` with the refusal of a question.
    pub(super) fn question_asks_for_a_pause(&mut self, asked: Duration) {
        let streak = Streak {
            until: Span::exact(self.now + asked),
            is_retryable: true,
            is_transient: true,
            has_asked: true,
            ..Streak::new(self.now)
        };
        self.keep_retry_after(Some(streak));
    }

    /// The bounds of the announced time of the scope's next attempt.
    pub(crate) fn next_attempt(&self, index: usize) -> Vec<Option<Duration>> {
        let all = self.possibilities(index).into_iter();
        all.map(|late| self.block(index, late).map(|block| block.until)).collect()
    }

    /// Whether failures whose pause is over explain why there is no token.
    fn explains(&self, index: usize) -> bool {
        let scope = &self.scopes[index];
        let lacks_root = self.fruitless.is_some() && self.root_of(index).is_some();
        scope.streak.is_some() || lacks_root && scope.token.is_none()
    }

    /// The errors that explain why there is no token, by the times of the next attempts in them.
    /// The outer `None`: there is no error.
    pub(crate) fn last_errors(&self, index: usize) -> Vec<Option<Option<Duration>>> {
        let error_of = |index: usize, late| match self.block(index, late) {
            Some(block) => Some(Some(block.until)),
            None => self.explains(index).then_some(None),
        };
        let root = self.root_of(index).filter(|root| self.scopes[*root].token.is_none());
        let all = self.possibilities(index).into_iter();
        all.map(|late| error_of(index, late).or_else(|| error_of(root?, late.of_root()))).collect()
    }
}
