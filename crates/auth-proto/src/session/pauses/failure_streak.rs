//! Failures in a row, and the pause after them.

use std::time::Duration;

use crate::{
    error::Error,
    session::{
        clock::Clock,
        pauses::backoff::{self, Jitter, Pace},
    },
};

/// The failures since the last success, and the pause that they cause.
#[derive(Clone, Debug)]
pub(crate) struct FailureStreak {
    /// The last one.
    pub(crate) error: Error,
    failures: u32,
    /// The number of unreadable responses in a row.
    unusable: u32,
    /// The number of failures that refused the credential.
    refusals: u32,
    /// The time of the first failure.
    since: Duration,
    /// The end of the pause. [`Duration::MAX`]: the session waits for another credential.
    pub(crate) until: Duration,
    /// Whether callers wait for the end of the pause. Otherwise they get the error at once.
    pub(crate) waits: bool,
    /// Whether a later attempt may succeed without any change.
    transient: bool,
    /// Whether a new factor has ended the pause early.
    cleared: bool,
    /// Whether the last failure refused the credential.
    is_refusal: bool,
}

/// When a session sends a refused credential again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Probe {
    /// At this time, which another process has set.
    At(Duration),
    /// Not before it is replaced.
    Never,
    /// After half an hour, and then every four hours.
    Rarely,
}

impl Probe {
    /// Whether one is sent at all.
    pub(crate) fn is_sent(self) -> bool {
        !matches!(self, Self::Never)
    }

    /// At the time that another process has set, unless the session sends none.
    pub(crate) fn at(self, until: Duration) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::At(_) | Self::Rarely => Self::At(until),
        }
    }
}

/// An unreadable response may be a passing proxy error or permanent: after this many, it counts as
/// permanent.
const UNUSABLE: u32 = 2;
/// Callers wait only for attempts that begin within this time after the first failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// After this many refusals in a row, a mistyped factor is no longer the likely cause.
const MISTAKES: u32 = 3;
/// The pause after a permanent failure. A failure that comes so long after a pause starts a new
/// streak.
const PERMANENT_PAUSE: Duration = Duration::from_secs(300);
/// The pause after a secret could not be read. The user has to correct something, and a file may be
/// there soon.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(5);
const FIRST_PROBE: Duration = Duration::from_secs(30 * 60);
const LATER_PROBE: Duration = Duration::from_secs(4 * 3600);

impl FailureStreak {
    /// The streak after another failure that does not concern the credential.
    pub(crate) fn failed(
        before: Option<Self>,
        error: Error,
        at: Duration,
        clock: &Clock,
        (pace, jitter): (Pace, &mut Jitter),
    ) -> Self {
        let mut streak = Self::next(before, error, at);
        streak.transient = streak.error.is_retryable() && streak.unusable < UNUSABLE;
        let is_unreadable = streak.error.is_unreadable_secret();
        let own = match streak.transient {
            _ if is_unreadable => UNREADABLE_PAUSE,
            true => backoff::pause(streak.failures, pace, jitter),
            false => PERMANENT_PAUSE,
        };
        streak.until = at.saturating_add(own);
        streak = streak.heeding_retry_after(at, clock);
        streak.waits = streak.transient
            && !is_unreadable
            && streak.until <= streak.since.saturating_add(PATIENCE);
        streak
    }

    /// The streak after another process' failure, whose pause lasts until then.
    pub(crate) fn shared(
        before: Option<Self>,
        error: Error,
        at: Duration,
        until: Duration,
    ) -> Self {
        let mut streak = Self::next(before, error, at);
        streak.transient = streak.error.is_retryable();
        streak.until = until;
        streak.waits = streak.transient && until <= streak.since.saturating_add(PATIENCE);
        streak
    }

    /// The streak after another refusal of the credential.
    pub(crate) fn refused(
        before: Option<Self>,
        error: Error,
        at: Duration,
        clock: &Clock,
        probe: Probe,
    ) -> Self {
        let mut streak = Self::next(before, error, at);
        streak.refusals += 1;
        streak.is_refusal = true;
        streak.until = match (probe, streak.refusals) {
            (Probe::At(until), _) => until,
            (Probe::Never, _) => Duration::MAX,
            (Probe::Rarely, 1) => at.saturating_add(FIRST_PROBE),
            (Probe::Rarely, _) => at.saturating_add(LATER_PROBE),
        };
        streak.heeding_retry_after(at, clock)
    }

    /// The streak with a pause that lasts at least until the server's `Retry-After`.
    fn heeding_retry_after(mut self, at: Duration, clock: &Clock) -> Self {
        let asked = self.error.retry_at().map(|until| until - clock.at(at));
        let asked = asked.and_then(|pause| pause.try_into().ok()).unwrap_or(Duration::ZERO);
        self.until = self.until.max(at.saturating_add(asked));
        self
    }

    fn next(before: Option<Self>, error: Error, at: Duration) -> Self {
        let unusable = u32::from(error.is_unusable());
        let fresh = Self {
            error,
            failures: 1,
            unusable,
            refusals: 0,
            since: at,
            until: at,
            waits: false,
            transient: false,
            cleared: false,
            is_refusal: false,
        };
        let Some(before) = before else { return fresh };
        let refusals = before.refusals;
        let is_over = at > before.until.saturating_add(PERMANENT_PAUSE);
        // A refused credential does not become valid by waiting.
        match is_over && !before.error.is_credential_refused() {
            true => Self { refusals, ..fresh },
            false => Self {
                failures: before.failures.saturating_add(1),
                unusable: unusable * before.unusable.saturating_add(1),
                refusals,
                since: before.since,
                ..fresh
            },
        }
    }

    /// Whether a user's mistake can explain the refusals so far.
    pub(crate) fn may_be_mistaken(&self) -> bool {
        !self.error.is_credential_refused() || self.failures + 1 < MISTAKES
    }

    /// Whether the last failure refused the credential.
    pub(crate) fn is_refusal(&self) -> bool {
        self.is_refusal
    }

    /// Whether a later attempt may succeed without any change.
    pub(crate) fn is_transient(&self) -> bool {
        self.transient
    }

    /// Ends the pause of a permanent failure, after the user has changed its cause.
    pub(crate) fn clear(&mut self) {
        if !self.error.is_retryable() {
            self.cleared = true;
        }
    }

    /// Whether its pause has not ended.
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

    /// The streak after another failure at `at`, which is also the time of the clock.
    fn fail(before: Option<FailureStreak>, error: Error, at: Duration) -> FailureStreak {
        let mut clock = Clock::default();
        clock.advance(NOW);
        clock.advance(NOW + at);
        let jitter = &mut Jitter::new(at.as_secs());
        FailureStreak::failed(before, error, at, &clock, (Pace::Slow, jitter))
    }

    #[test]
    fn callers_wait_for_half_a_minute() {
        let (mut streak, mut at) = (None, Duration::ZERO);
        for (longest, waits) in [(5, true), (10, true), (20, true), (40, false)] {
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
    fn callers_do_not_wait_for_late_attempts() {
        let streak = fail(None, failure(), Duration::ZERO);
        assert!(!fail(Some(streak), failure(), seconds(25)).waits);
    }

    #[test]
    fn a_streak_ends_by_time() {
        let first = fail(None, failure(), Duration::ZERO);
        let late = first.until + PERMANENT_PAUSE;
        let second = fail(Some(first.clone()), failure(), late);
        assert_eq!((second.failures, second.waits), (2, false));
        let new = fail(Some(first), failure(), late + seconds(1));
        assert_eq!((new.failures, new.since, new.waits), (1, late + seconds(1), true));
    }

    #[test]
    fn a_permanent_failure_is_reported_at_once() {
        let tls = Failure::new(FailureKind::Tls, "unknown issuer");
        let streak = fail(None, tls.into(), seconds(9));
        assert_eq!((streak.until, streak.waits), (seconds(9) + PERMANENT_PAUSE, false));
    }

    #[test]
    fn an_unusable_response_is_retried_once() {
        let first = fail(None, ProtocolError::Expired.into(), Duration::ZERO);
        assert!(first.waits && first.until <= seconds(5));
        let at = first.until;
        let second = fail(Some(first), ProtocolError::Expired.into(), at);
        assert_eq!((second.until, second.waits), (at + PERMANENT_PAUSE, false));
        // After other failures it is the first one.
        let first = fail(None, failure(), Duration::ZERO);
        assert!(fail(Some(first), ProtocolError::Expired.into(), seconds(1)).waits);
    }

    #[test]
    fn the_third_refusal_is_not_a_typing_mistake() {
        let (status, fault) = (StatusCode::UNAUTHORIZED, Fault::default());
        let refusal = Error::from(ErrorKind::Rejected(Refusal::new(status, fault, "")));
        let first = fail(None, refusal.clone(), Duration::ZERO);
        assert!(first.may_be_mistaken());
        let second = fail(Some(first), refusal, seconds(1));
        assert!(!second.may_be_mistaken());
        // Other failures do not count as mistakes.
        assert!(fail(Some(second), failure(), seconds(2)).may_be_mistaken());
    }

    #[test]
    fn a_longer_retry_after_wins() {
        let asked = failure().with_retry_at(Some(NOW + seconds(40)));
        let streak = fail(None, asked, Duration::ZERO);
        assert_eq!((streak.until, streak.waits), (seconds(40), false));
    }

    fn refuse(before: Option<FailureStreak>, at: Duration, probes: bool) -> FailureStreak {
        let probe = if probes { Probe::Rarely } else { Probe::Never };
        FailureStreak::refused(before, failure(), at, &Clock::default(), probe)
    }

    #[test]
    fn a_refusal_leaves_a_rare_probe_or_none() {
        let first = refuse(None, Duration::ZERO, true);
        assert_eq!((first.until, first.waits), (FIRST_PROBE, false));
        let failed = fail(Some(first), failure(), FIRST_PROBE);
        let at = failed.until;
        let second = refuse(Some(failed), at, true);
        assert_eq!((second.until, second.waits), (at + LATER_PROBE, false));
        // At any later time.
        let third = refuse(Some(second), seconds(900_000), true);
        assert_eq!(third.until, seconds(900_000) + LATER_PROBE);
        let last = refuse(None, Duration::ZERO, false);
        assert_eq!((last.until, last.waits), (Duration::MAX, false));
    }
}
