//! The time axis of all deadlines.

use std::time::Duration;

use time::UtcDateTime;

/// The time that has passed for a session since its first call.
///
/// The caller's wall clock may jump. After a jump back, the axis continues from where it was, so
/// that no wait grows. After a jump forward, the axis jumps too, which can only end a token early.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    elapsed: Duration,
    last: Option<UtcDateTime>,
}

impl Clock {
    /// Moves on to `now`, and returns the time on the axis.
    pub(crate) fn advance(&mut self, now: UtcDateTime) -> Duration {
        let step = self.last.map_or(Duration::ZERO, |last| {
            // The conversion fails for a negative duration: the clock went back.
            Duration::try_from(now - last).unwrap_or(Duration::ZERO)
        });
        self.elapsed = self.elapsed.saturating_add(step);
        self.last = Some(now);
        self.elapsed
    }

    /// The jump of the caller's clock with `now`, if it is worth an event: back by more than a
    /// second, which a corrected clock does not do, or forward by more than a day, which is longer
    /// than any pause.
    pub(crate) fn jump(&self, now: UtcDateTime) -> Option<time::Duration> {
        let by = now - self.last?;
        (by < -time::Duration::SECOND || by > time::Duration::DAY).then_some(by)
    }

    /// The time on the axis at the last [`advance`](Self::advance).
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The caller's time at a point of the axis. Before the first call, [`UtcDateTime::MAX`].
    pub(crate) fn at(&self, point: Duration) -> UtcDateTime {
        let Some(last) = self.last else {
            return UtcDateTime::MAX;
        };
        let ahead = point.saturating_sub(self.elapsed);
        let ahead = time::Duration::try_from(ahead).unwrap_or(time::Duration::MAX);
        last.checked_add(ahead).unwrap_or(UtcDateTime::MAX)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::utc_datetime;

    use super::*;

    #[test]
    fn the_axis_never_goes_back() {
        let mut clock = Clock::default();
        let start = utc_datetime!(2026-11-22 08:00:00);
        assert_eq!(clock.advance(start), Duration::ZERO);
        assert_eq!(clock.advance(start + Duration::from_secs(5)), Duration::from_secs(5));
        assert_eq!(clock.advance(start - Duration::from_secs(3600)), Duration::from_secs(5));
        assert_eq!(clock.at(Duration::from_secs(9)), start - Duration::from_secs(3596));
        assert_eq!(clock.advance(start - Duration::from_secs(3599)), Duration::from_secs(6));
    }

    #[test]
    fn the_ends_of_time_are_harmless() {
        let mut clock = Clock::default();
        assert_eq!(clock.at(Duration::MAX), UtcDateTime::MAX);
        clock.advance(UtcDateTime::MIN);
        clock.advance(UtcDateTime::MAX);
        assert_eq!(clock.at(Duration::MAX), UtcDateTime::MAX);
        clock.advance(UtcDateTime::MIN);
        clock.advance(UtcDateTime::MAX);
        assert!(clock.elapsed() > Duration::from_secs(86_400 * 365 * 9_998));
    }
}
