//! Jitter, and the pauses after failures.

use std::time::Duration;

/// The part of a token's lifetime for its renewal, in per cent.
pub(crate) type Window = (u32, u32);

/// A stream of numbers from a seed (SplitMix64), so that many programs do not act at the same time.
/// Not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A duration drawn evenly from `low..=high`.
    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let span = high.saturating_sub(low).as_nanos();
        let drawn = (u128::from(self.next()) * (span + 1)) >> 64;
        low + Duration::from_nanos(u64::try_from(drawn).unwrap_or(u64::MAX))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// How long the pauses after failures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// A caller waits and has no token: 250 ms, 500 ms, … up to 20 s.
    Fast,
    /// All callers have a token: 5 s, 10 s, … up to 300 s.
    Slow,
}

/// The pause after the `failures`th failure in a row, counted from 1: the upper half of the pace's
/// pauses, which double up to their limit. The lower half is excluded, because it would allow too
/// many logins in ten minutes.
pub(crate) fn pause(failures: u32, pace: Pace, jitter: &mut Jitter) -> Duration {
    let (first, longest) = match pace {
        Pace::Fast => (Duration::from_millis(250), Duration::from_secs(20)),
        Pace::Slow => (Duration::from_secs(5), Duration::from_secs(300)),
    };
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let high = first.saturating_mul(doubled.max(1)).min(longest);
    jitter.between(high / 2, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_limit() {
        let mut jitter = Jitter::new(7);
        let slow = [(0, 5), (1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (u32::MAX, 300)];
        let fast =
            [(0, 250), (1, 250), (2, 500), (3, 1000), (7, 16_000), (8, 20_000), (40, 20_000)];
        let slow = slow.map(|(failures, seconds)| (failures, Pace::Slow, seconds * 1000));
        let fast = fast.map(|(failures, millis)| (failures, Pace::Fast, millis));
        for (failures, pace, millis) in slow.into_iter().chain(fast) {
            for _ in 0..100 {
                let pause = pause(failures, pace, &mut jitter);
                let high = Duration::from_millis(millis);
                assert!((high / 2..=high).contains(&pause), "{failures}: {pause:?}");
            }
        }
    }

    #[test]
    fn the_stream_is_that_of_splitmix64() {
        let mut jitter = Jitter::new(1_234_567);
        let known = [0x599E_D017_FB08_FC85, 0x2C73_F084_5854_0FA5, 0x883E_BCE5_A3F2_7C77];
        assert_eq!([(); 3].map(|()| jitter.next()), known);
    }

    #[test]
    fn draws_are_spread_and_repeatable() {
        let draw = |seed| {
            let mut jitter = Jitter::new(seed);
            [(); 32].map(|()| jitter.between(Duration::ZERO, Duration::from_secs(1)))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).iter().any(|d| d.as_millis() < 250));
        assert!(draw(1).iter().any(|d| d.as_millis() > 750));
        let mut jitter = Jitter::new(0);
        assert_eq!(jitter.between(Duration::ZERO, Duration::ZERO), Duration::ZERO);
        let last = Duration::from_nanos(1);
        assert!((0..64).any(|_| jitter.between(Duration::ZERO, last) == last));
    }
}
