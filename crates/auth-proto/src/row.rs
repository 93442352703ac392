//! Failures in a row, and how long they keep an account quiet.

use std::time::Duration;

use time::UtcDateTime;

use crate::{
    backoff::{self, Spread},
    clock::Clock,
    error::Error,
};

/// Failures since the last good answer, and until when nothing is sent because of them.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The last one.
    pub(crate) error: Error,
    failures: u32,
    /// How many of them refused the credential.
    refusals: u32,
    /// When the first one was.
    since: Duration,
    /// [`Duration::MAX`]: until the credential is replaced.
    pub(crate) until: Duration,
    /// Whether a caller may wait it out, or is told at once.
    pub(crate) waits: bool,
}

/// Callers wait for so many attempts, begun within so long, before they are told.
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(30);
/// What only a change of configuration can mend is not asked again sooner. A failure that comes so
/// long after a pause begins a row of its own.
const TERMINAL_PAUSE: Duration = Duration::from_secs(300);
const FIRST_PROBE: Duration = Duration::from_secs(30 * 60);
const LATER_PROBE: Duration = Duration::from_secs(4 * 3600);

impl Row {
    /// One failure more, that says nothing about the credential.
    pub(crate) fn failed(
        before: Option<Self>,
        error: Error,
        at: Duration,
        clock: &Clock,
        spread: &mut Spread,
    ) -> Self {
        let mut row = Self::next(before, error, at);
        // An answer that is none is some proxy's for a moment, or there to stay.
        let attempts = if row.error.is_unusable() { 2 } else { ATTEMPTS };
        let lasts =
            !row.error.is_retryable() || (row.error.is_unusable() && row.failures >= attempts);
        let own = match lasts {
            true => TERMINAL_PAUSE,
            false => backoff::pause(row.failures, spread),
        };
        let asked = row.error.retry_at().map_or(Duration::ZERO, |until| {
            (until - clock.at(at)).try_into().unwrap_or(Duration::ZERO)
        });
        row.until = at.saturating_add(own.max(asked));
        row.waits =
            !lasts && row.failures < attempts && row.until <= row.since.saturating_add(PATIENCE);
        row
    }

    /// One refusal of the credential more. The next attempt is a rare probe, or there is none.
    pub(crate) fn refused(before: Option<Self>, error: Error, at: Duration, probes: bool) -> Self {
        let mut row = Self::next(before, error, at);
        row.refusals += 1;
        let wait = match (probes, row.refusals) {
            (false, _) => Duration::MAX,
            (true, 1) => FIRST_PROBE,
            (true, _) => LATER_PROBE,
        };
        row.until = at.saturating_add(wait);
        row
    }

    fn next(before: Option<Self>, error: Error, at: Duration) -> Self {
        let fresh = Self { error, failures: 1, refusals: 0, since: at, until: at, waits: false };
        let Some(before) = before else { return fresh };
        let refusals = before.refusals;
        match at > before.until.saturating_add(TERMINAL_PAUSE) {
            true => Self { refusals, ..fresh },
            false => Self {
                failures: before.failures.saturating_add(1),
                refusals,
                since: before.since,
                ..fresh
            },
        }
    }

    /// Whether it still keeps anybody from sending.
    pub(crate) fn holds(&self, at: Duration) -> bool {
        at < self.until
    }

    /// When the next attempt may be sent; `None` if the credential must be replaced first.
    pub(crate) fn retry_at(&self, clock: &Clock) -> Option<UtcDateTime> {
        (self.until < Duration::MAX).then(|| clock.at(self.until))
    }
}
