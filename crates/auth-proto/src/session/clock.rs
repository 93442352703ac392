//! The one axis that every deadline is laid on.

use std::time::Duration;

use time::UtcDateTime;

/// The time that has passed for an account, counted from its first call.
///
/// The caller's wall clock may jump. Backwards, the axis stands still until the clock moves on
/// again, so that no wait grows; forwards, it jumps along, which at most ends a token early.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    elapsed: Duration,
    last: Option<UtcDateTime>,
}

impl Clock {
    /// Moves on to `now` and tells where that is.
    pub(crate) fn advance(&mut self, now: UtcDateTime) -> Duration {
        let step = self.last.map_or(Duration::ZERO, |last| {
            // Negative is no `std` duration: the clock went backwards.
            Duration::try_from(now - last).unwrap_or(Duration::ZERO)
        });
        self.elapsed = self.elapsed.saturating_add(step);
        self.last = Some(now);
        self.elapsed
    }

    /// How far the caller's clock jumps with `now`: back by more than a second, which setting a clock
    /// right does not do, or on by more than a day, for which no service is left alone.
    pub(crate) fn jump(&self, now: UtcDateTime) -> Option<time::Duration> {
        let by = now - self.last?;
        (by < -time::Duration::SECOND || by > time::Duration::DAY).then_some(by)
    }

    /// Where it was when it last moved.
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The caller's time at a point of the axis, as far as that is known.
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
    fn backwards_stands_still_and_forwards_moves_on() {
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
