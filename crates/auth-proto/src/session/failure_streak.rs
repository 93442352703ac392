//! Failures in a row, and how long they keep an account retry_after.

use std::time::Duration;

use crate::{
    error::Error,
    session::{
        backoff::{self, Jitter},
        clock::Clock,
    },
};

/// Failures since the last good answer, and until when nothing is sent because of them.
#[derive(Clone, Debug)]
pub(crate) struct FailureStreak {
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
    /// Whether somebody has changed what it waits for.
    cleared: bool,
}

/// Callers wait for so many attempts, pending within so long, before they are told.
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(30);
/// So many refusals in a row are no person's mistakes.
const MISTAKES: u32 = 3;
/// What only a change of configuration can mend is not asked again sooner. A failure that comes so
/// long after a pause begins a row of its own.
const TERMINAL_PAUSE: Duration = Duration::from_secs(300);
const FIRST_PROBE: Duration = Duration::from_secs(30 * 60);
const LATER_PROBE: Duration = Duration::from_secs(4 * 3600);

impl FailureStreak {
    /// One failure more, that says nothing about the credential.
    pub(crate) fn failed(
        before: Option<Self>,
        error: Error,
        at: Duration,
        clock: &Clock,
        jitter: &mut Jitter,
    ) -> Self {
        let mut streak = Self::next(before, error, at);
        // An answer that is none is some proxy's for a moment, or there to stay.
        let attempts = if streak.error.is_unusable() { 2 } else { ATTEMPTS };
        let lasts = !streak.error.is_retryable()
            || (streak.error.is_unusable() && streak.failures >= attempts);
        let own = match lasts {
            true => TERMINAL_PAUSE,
            false => backoff::pause(streak.failures, jitter),
        };
        let asked = streak.error.retry_at().map_or(Duration::ZERO, |until| {
            (until - clock.at(at)).try_into().unwrap_or(Duration::ZERO)
        });
        streak.until = at.saturating_add(own.max(asked));
        streak.waits = !lasts
            && streak.failures < attempts
            && streak.until <= streak.since.saturating_add(PATIENCE);
        streak
    }

    /// One refusal of the credential more. The next attempt is a rare probe, or there is none.
    pub(crate) fn refused(before: Option<Self>, error: Error, at: Duration, probes: bool) -> Self {
        let mut streak = Self::next(before, error, at);
        streak.refusals += 1;
        let wait = match (probes, streak.refusals) {
            (false, _) => Duration::MAX,
            (true, 1) => FIRST_PROBE,
            (true, _) => LATER_PROBE,
        };
        streak.until = at.saturating_add(wait);
        streak
    }

    fn next(before: Option<Self>, error: Error, at: Duration) -> Self {
        let fresh = Self {
            error,
            failures: 1,
            refusals: 0,
            since: at,
            until: at,
            waits: false,
            cleared: false,
        };
        let Some(before) = before else { return fresh };
        let refusals = before.refusals;
        let is_over = at > before.until.saturating_add(TERMINAL_PAUSE);
        // What was refused does not become right by waiting.
        match is_over && !before.error.is_credential_refused() {
            true => Self { refusals, ..fresh },
            false => Self {
                failures: before.failures.saturating_add(1),
                refusals,
                since: before.since,
                ..fresh
            },
        }
    }

    /// Whether a person may have been mistaken so far, and the credential be right.
    pub(crate) fn may_be_mistaken(&self) -> bool {
        !self.error.is_credential_refused() || self.failures + 1 < MISTAKES
    }

    /// Ends its pause, if that waits for somebody to change something: they have.
    pub(crate) fn clear(&mut self) {
        if !self.error.is_retryable() {
            self.cleared = true;
        }
    }

    /// Whether it still keeps anybody from sending.
    pub(crate) fn holds(&self, at: Duration) -> bool {
        at < self.until && !self.cleared
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use time::{UtcDateTime, macros::utc_datetime};

    use super::*;
    use crate::error::{ErrorKind, Failure, FailureKind, ProtocolError, Refusal, fault::Fault};

    const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn failure() -> Error {
        Failure::new(FailureKind::Connect, "refused").into()
    }

    /// One failure more at `at`, which is also where the clock stands.
    fn fail(before: Option<FailureStreak>, error: Error, at: Duration) -> FailureStreak {
        let mut clock = Clock::default();
        clock.advance(NOW);
        clock.advance(NOW + at);
        FailureStreak::failed(before, error, at, &clock, &mut Jitter::new(at.as_secs()))
    }

    #[test]
    fn failures_of_the_connection_are_waited_out_three_times() {
        let (mut streak, mut at) = (None, Duration::ZERO);
        for (longest, waits) in [(5, true), (10, true), (20, false), (40, false)] {
            let next = fail(streak, failure(), at);
            assert_eq!((next.since, next.waits), (Duration::ZERO, waits));
            let length = next.until - at;
            assert!((seconds(longest) / 2..=seconds(longest)).contains(&length), "{length:?}");
            assert!(next.holds(at));
            at = next.until;
            assert!(!next.holds(at));
            streak = Some(next);
        }
    }

    #[test]
    fn attempts_that_begin_too_late_are_not_waited_for() {
        let streak = fail(None, failure(), Duration::ZERO);
        assert!(!fail(Some(streak), failure(), seconds(25)).waits);
    }

    #[test]
    fn a_row_ends_by_time() {
        let first = fail(None, failure(), Duration::ZERO);
        let late = first.until + TERMINAL_PAUSE;
        let second = fail(Some(first.clone()), failure(), late);
        assert_eq!((second.failures, second.waits), (2, false));
        let anew = fail(Some(first), failure(), late + seconds(1));
        assert_eq!((anew.failures, anew.since, anew.waits), (1, late + seconds(1), true));
    }

    #[test]
    fn what_only_a_change_can_mend_is_told_at_once() {
        let tls = Failure::new(FailureKind::Tls, "unknown issuer");
        let streak = fail(None, tls.into(), seconds(9));
        assert_eq!((streak.until, streak.waits), (seconds(9) + TERMINAL_PAUSE, false));
    }

    #[test]
    fn answers_that_are_none_are_asked_for_twice() {
        let first = fail(None, ProtocolError::Expired.into(), Duration::ZERO);
        assert!(first.waits && first.until <= seconds(5));
        let at = first.until;
        let second = fail(Some(first), ProtocolError::Expired.into(), at);
        assert_eq!((second.until, second.waits), (at + TERMINAL_PAUSE, false));
    }

    #[test]
    fn the_third_refusal_in_a_row_is_no_persons_mistake() {
        let (status, fault) = (StatusCode::UNAUTHORIZED, Fault::default());
        let refusal = Error::from(ErrorKind::Rejected(Refusal { status, fault, remedy: "" }));
        let first = fail(None, refusal.clone(), Duration::ZERO);
        assert!(first.may_be_mistaken());
        let second = fail(Some(first), refusal, seconds(1));
        assert!(!second.may_be_mistaken());
        // What is no refusal is nobody's mistake, however often it comes.
        assert!(fail(Some(second), failure(), seconds(2)).may_be_mistaken());
    }

    #[test]
    fn a_longer_pause_of_the_servers_wins() {
        let asked = failure().with_retry_at(Some(NOW + seconds(40)));
        let streak = fail(None, asked, Duration::ZERO);
        assert_eq!((streak.until, streak.waits), (seconds(40), false));
    }

    #[test]
    fn a_refusal_leaves_a_rare_probe_or_none_and_a_failed_probe_changes_nothing() {
        let first = FailureStreak::refused(None, failure(), Duration::ZERO, true);
        assert_eq!((first.until, first.waits), (FIRST_PROBE, false));
        let failed = fail(Some(first), failure(), FIRST_PROBE);
        let at = failed.until;
        let second = FailureStreak::refused(Some(failed), failure(), at, true);
        assert_eq!((second.until, second.waits), (at + LATER_PROBE, false));
        // However much later.
        let third = FailureStreak::refused(Some(second), failure(), seconds(900_000), true);
        assert_eq!(third.until, seconds(900_000) + LATER_PROBE);
        let last = FailureStreak::refused(None, failure(), Duration::ZERO, false);
        assert_eq!((last.until, last.waits), (Duration::MAX, false));
    }
}
