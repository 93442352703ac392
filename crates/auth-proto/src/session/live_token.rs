//! A living token, and the windows of its life.

use std::{sync::Arc, time::Duration};

use crate::{
    model::token::Token,
    session::backoff::{Jitter, Window},
};

/// A living token.
///
/// ```text
///   sent            renew_at            mandatory_at       ends_at
///    │    it is used    │ it is used, and     │ its renewal is  │ it is gone
///    │                  │ somebody renews it  │ waited for      │
/// ```
#[derive(Clone, Debug)]
pub(crate) struct LiveToken {
    pub(crate) token: Arc<Token>,
    pub(crate) renew_at: Duration,
    pub(crate) mandatory_at: Duration,
    pub(crate) ends_at: Duration,
}

impl LiveToken {
    /// A token whose login was sent at `sent_at` and that lives for `life` from then on: the
    /// answer's way back only shortens it.
    pub(crate) fn new(
        token: Arc<Token>,
        life: Duration,
        sent_at: Duration,
        window: Option<Window>,
        jitter: &mut Jitter,
    ) -> Self {
        // A renewal somewhere in the last quarter rides out an outage of hours on a long token,
        // and keeps a fleet that logged in together from doing so again. Short tokens need the
        // room earlier.
        let early = life < Duration::from_secs(600);
        let (low, high) = window.unwrap_or(if early { (50, 70) } else { (75, 90) });
        let renew = jitter.between(life * low / 100, life * high / 100);
        // A server's `Date` has whole seconds, and its clock another second of its own.
        let ends = life.saturating_sub(Duration::from_secs(2).min(life / 10));
        let mandatory = life.saturating_sub(Duration::from_secs(60).min(life / 10));
        Self {
            token,
            renew_at: sent_at + renew,
            mandatory_at: sent_at + mandatory.min(ends),
            ends_at: sent_at + ends,
        }
    }

    /// Not renewed before it ends: a person would have to be asked for nothing, or a token that is
    /// exchanged ends at the same time.
    pub(crate) fn without_renewal(self) -> Self {
        Self { renew_at: self.ends_at, mandatory_at: self.ends_at, ..self }
    }

    /// After a renewal that gave no longer life: a server that repeats an old answer must not be
    /// asked all the time.
    pub(crate) fn postpone(&mut self, at: Duration, pause: Duration) {
        self.renew_at = at + pause.max(self.ends_at.saturating_sub(at) / 4);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use http::HeaderMap;

    use super::*;

    const SENT: Duration = Duration::from_secs(100);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    pub(crate) fn held(life: Duration, sent_at: Duration, seed: u64) -> LiveToken {
        let mut headers = HeaderMap::new();
        headers.insert("x-subject-token", "t".parse().unwrap());
        let body = br#"{"token": {"expires_at": "2026-11-22T20:00:00Z"}}"#;
        let token = crate::wire::v3::read_token(&headers, body).unwrap();
        LiveToken::new(Arc::new(token), life, sent_at, None, &mut Jitter::new(seed))
    }

    #[test]
    fn a_life_has_its_windows() {
        // life, renewal from and to in per cent, waited for from, ends: the last two before the end
        for (life, from, to, mandatory, ends) in [
            (seconds(43_200), 75, 90, seconds(60), seconds(2)),
            (seconds(600), 75, 90, seconds(60), seconds(2)),
            (seconds(599), 50, 70, seconds(599) / 10, seconds(2)),
            (seconds(100), 50, 70, seconds(10), seconds(2)),
            (seconds(10), 50, 70, seconds(1), seconds(1)),
        ] {
            let mut renewals = Vec::new();
            for seed in 0..200 {
                let held = held(life, SENT, seed);
                assert_eq!(held.ends_at, SENT + life - ends, "{life:?}");
                let mandatory = SENT + life - mandatory.max(ends);
                assert_eq!(held.mandatory_at, mandatory, "{life:?}");
                let window = SENT + life * from / 100..=SENT + life * to / 100;
                assert!(window.contains(&held.renew_at), "{life:?}: {:?}", held.renew_at);
                renewals.push(held.renew_at);
            }
            // Jitter over most of the window.
            let jitter = *renewals.iter().max().unwrap() - *renewals.iter().min().unwrap();
            assert!(jitter > life * (to - from) / 100 * 9 / 10, "{life:?}: {jitter:?}");
        }
    }

    #[test]
    fn a_window_of_ones_own() {
        let token = held(seconds(1000), SENT, 0).token;
        for life in [seconds(100), seconds(10_000)] {
            let held =
                LiveToken::new(Arc::clone(&token), life, SENT, Some((40, 40)), &mut Jitter::new(3));
            assert_eq!(held.renew_at, SENT + life * 40 / 100);
        }
    }

    #[test]
    fn a_token_may_live_to_its_end_without_renewal() {
        let held = held(seconds(1000), SENT, 0).without_renewal();
        assert_eq!([held.renew_at, held.mandatory_at], [SENT + seconds(998); 2]);
    }

    #[test]
    fn a_postponed_renewal_leaves_a_quarter_of_the_rest_and_never_less_than_the_pause() {
        let mut held = held(seconds(3600), SENT, 0);
        held.postpone(SENT + seconds(3000), seconds(60));
        assert_eq!(held.renew_at, SENT + seconds(3000) + (seconds(598) / 4));
        held.postpone(SENT + seconds(3590), seconds(60));
        assert_eq!(held.renew_at, SENT + seconds(3650));
    }
}
