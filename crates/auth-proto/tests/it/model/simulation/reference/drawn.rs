//! Times that the session draws at random.

use std::time::Duration;

use super::{Reference, seconds};

/// A time between these two, drawn by the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration, pub(crate) Duration);

impl Span {
    pub(crate) fn exact(at: Duration) -> Self {
        Self(at, at)
    }

    pub(crate) fn is_exact(self) -> bool {
        self.0 == self.1
    }

    pub(crate) fn has(self, at: Duration) -> bool {
        self.0 <= at && at <= self.1
    }

    /// The early or the late one.
    pub(super) fn at(self, late: bool) -> Duration {
        if late { self.1 } else { self.0 }
    }

    /// What is left after the time was seen to lie behind `now`, or not.
    pub(super) fn narrow(&mut self, late: bool, now: Duration) {
        if self.0 <= now && now < self.1 {
            match late {
                true => self.0 = now + Duration::from_nanos(1),
                false => self.1 = now,
            }
        }
    }
}

/// Which of the times that are not known exactly are taken for late.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Late {
    pub(super) pause: bool,
    pub(super) retry_after: bool,
    pub(super) renewal: bool,
    /// When the store is asked again.
    pub(super) look: bool,
    /// Those of the root.
    root_pause: bool,
    root_renewal: bool,
    root_look: bool,
}

impl Late {
    /// The same for the root.
    pub(super) fn of_root(self) -> Self {
        let (pause, renewal, look) = (self.root_pause, self.root_renewal, self.root_look);
        Self { pause, renewal, look, retry_after: self.retry_after, ..Self::default() }
    }
}

impl Reference {
    /// Learns the drawn pause from the announced time of the next attempt, if no other reason hides
    /// it.
    pub(super) fn hear(&mut self, index: usize) {
        let Some(announced) = self.announced[index] else { return };
        let others = Self { scopes: Default::default(), ..self.clone() };
        let others = others.hides(index, announced, self.scopes[index].granted);
        let Some(streak) = &mut self.scopes[index].streak else { return };
        if !others && streak.until.has(announced) {
            streak.until = Span::exact(announced);
        }
    }

    /// Whether a reason that is none of the scope's own ends at this time, too.
    fn hides(mut self, index: usize, at: Duration, granted: bool) -> bool {
        self.scopes[index].granted = granted;
        let lockout = self.lockout.take();
        let unanswered = self.unanswered.take();
        let is_shared = self.retry_after.as_ref().is_some_and(|streak| streak.until.has(at));
        let is_lockout = lockout
            .is_some_and(|lockout| lockout.until == at || lockout.until + seconds(3600) == at);
        let is_of_root = self.root_of(index).and(self.fruitless.as_ref());
        let is_of_root = is_of_root.is_some_and(|fruitless| fruitless.until == at);
        is_of_root
            || is_shared
            || is_lockout
            || unanswered.is_some_and(|record| record.next_at() == at)
    }

    /// The times that are not known exactly, as early or late.
    pub(super) fn possibilities(&self, index: usize) -> Vec<Late> {
        let scope = &self.scopes[index];
        let of = |span: Option<Span>| match span.is_some_and(|span| !span.is_exact()) {
            true => &[false, true][..],
            false => &[false],
        };
        let root = self.root_of(index).map(|root| &self.scopes[root]);
        let root_streak = root.and_then(|root| root.streak.as_ref());
        let root_token = root.and_then(|root| root.token.as_ref());
        type Flag = fn(&mut Late) -> &mut bool;
        let root_look = root.and_then(|root| root.share.span());
        let flags: [(Option<Span>, Flag); 7] = [
            (scope.streak.as_ref().map(|streak| streak.until), |late| &mut late.pause),
            (self.retry_after.as_ref().map(|streak| streak.until), |late| &mut late.retry_after),
            (scope.token.as_ref().map(|token| token.renew_at), |late| &mut late.renewal),
            (scope.share.span(), |late| &mut late.look),
            (root_streak.map(|streak| streak.until), |late| &mut late.root_pause),
            (root_token.map(|token| token.renew_at), |late| &mut late.root_renewal),
            (root_look, |late| &mut late.root_look),
        ];
        let mut all = vec![Late::default()];
        for (span, flag) in flags {
            if of(span).len() > 1 {
                let late = all.clone().into_iter().map(|mut late| {
                    *flag(&mut late) = true;
                    late
                });
                all.extend(late.collect::<Vec<_>>());
            }
        }
        all
    }

    /// Only this possibility was left.
    pub(crate) fn narrow(&mut self, index: usize, late: Late) {
        let (now, scope) = (self.now, &mut self.scopes[index]);
        scope.streak.iter_mut().for_each(|streak| streak.until.narrow(late.pause, now));
        self.retry_after.iter_mut().for_each(|s| s.until.narrow(late.retry_after, now));
        scope.token.iter_mut().for_each(|token| token.renew_at.narrow(late.renewal, now));
        scope.share.drawn().into_iter().for_each(|look_at| look_at.narrow(late.look, now));
        if let Some(root) = self.root_of(index) {
            let root = &mut self.scopes[root];
            root.streak.iter_mut().for_each(|streak| streak.until.narrow(late.root_pause, now));
            root.token.iter_mut().for_each(|token| token.renew_at.narrow(late.root_renewal, now));
            let look_at = root.share.drawn();
            look_at.into_iter().for_each(|look_at| look_at.narrow(late.root_look, now));
        }
    }

    /// The event of a failure names the next attempt.
    pub(super) fn compare_announced(&mut self, index: usize) {
        let expected = self.next_attempt(index);
        let announced = self.announced[index].take();
        if self.is_unsure {
            return;
        }
        let is_right = is_within(announced, &expected);
        self.is_wrong_guess |= self.is_guess && !is_right;
        assert!(self.is_guess || is_right, "{index}: {announced:?}, not {expected:?}");
    }
}

/// Whether this time lies between those that are expected. `None` stands for one that has passed.
pub(crate) fn is_within(at: Option<Duration>, expected: &[Option<Duration>]) -> bool {
    let bound = |at: &Option<Duration>| at.unwrap_or_default();
    let (low, high) = (expected.iter().map(bound).min(), expected.iter().map(bound).max());
    match at {
        None => expected.contains(&None),
        Some(at) => low.is_some_and(|low| low <= at) && high.is_some_and(|high| at <= high),
    }
}
