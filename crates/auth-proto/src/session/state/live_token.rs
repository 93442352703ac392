//! A valid token, and its renewal times.

use std::{sync::Arc, time::Duration};

use crate::{
    limits,
    model::token::Token,
    session::pauses::backoff::{Jitter, Window},
};

/// A valid token.
///
/// ```text
///   sent            renew_at            mandatory_at       ends_at
///    │     in use       │ in use, and one     │ callers wait    │ dropped
///    │                  │ caller renews it    │ for the renewal │
/// ```
#[derive(Clone, Debug)]
pub(crate) struct LiveToken {
    pub(crate) token: Arc<Token>,
    pub(crate) renew_at: Duration,
    pub(crate) mandatory_at: Duration,
    pub(crate) ends_at: Duration,
    /// The life of the token that a renewal gives, as far as known.
    full_life: Duration,
    /// No renewal is of use before.
    not_before: Duration,
}

impl LiveToken {
    /// A token that lives for `life` from `sent_at`, when its login was sent. The server's clock
    /// starts later, so this errs on the short side.
    pub(crate) fn new(
        token: Arc<Token>,
        life: Duration,
        sent_at: Duration,
        window: Option<Window>,
        jitter: &mut Jitter,
    ) -> Self {
        // A renewal in the last quarter of a long lifetime leaves hours for an outage. A random
        // point keeps a fleet that logged in together from renewing together. Short tokens start
        // earlier.
        let early = life < Duration::from_secs(600);
        let (low, high) = window.unwrap_or(if early { (50, 70) } else { (75, 90) });
        let renew = jitter.between(life * low / 100, life * high / 100);
        // A server's `Date` has whole seconds, and its clock may be a second off.
        let ends = life.saturating_sub(Duration::from_secs(2).min(life / 10));
        let mandatory = life.saturating_sub(Duration::from_secs(60).min(life / 10));
        Self {
            token,
            renew_at: sent_at + renew,
            mandatory_at: sent_at + mandatory.min(ends),
            ends_at: sent_at + ends,
            full_life: life,
            not_before: Duration::ZERO,
        }
    }

    /// The token as one that another process has had for this long: it is renewed at the same point of
    /// its life.
    pub(crate) fn aged(mut self, by: Duration) -> Self {
        for point in [&mut self.renew_at, &mut self.mandatory_at, &mut self.ends_at] {
            *point = point.saturating_sub(by);
        }
        self
    }

    /// A token that its user has given, with a life that is not known.
    pub(crate) fn given(token: Arc<Token>, at: Duration) -> Self {
        let ends_at = at.saturating_add(limits::TOKEN_LIFETIME);
        let (renew_at, mandatory_at) = (ends_at, ends_at);
        let (full_life, not_before) = (limits::TOKEN_LIFETIME, ends_at);
        Self { token, renew_at, mandatory_at, ends_at, full_life, not_before }
    }

    /// The token as one that ends with this root token: it is renewed together with it.
    pub(crate) fn derived_from(self, root: &Self) -> Self {
        match root.is_renewable() {
            true => Self { renew_at: root.renew_at, full_life: root.full_life, ..self },
            false => self.without_renewal(),
        }
    }

    /// Whether it can be renewed before it ends.
    pub(crate) fn is_renewable(&self) -> bool {
        self.not_before < self.ends_at
    }

    /// Since when a caller who needs it for `life` renews it, and since when the caller waits for
    /// the renewal. A longer life than nine tenths of a whole one does not count: no token lives so
    /// long that it would not have to be renewed at once.
    pub(crate) fn renewal_for(&self, life: Duration) -> (Duration, Duration) {
        if life.is_zero() {
            return (self.renew_at, self.mandatory_at);
        }
        let life = life.min(self.full_life / 10 * 9);
        let too_short = self.ends_at.saturating_sub(life).max(self.not_before);
        (self.renew_at.min(too_short), self.mandatory_at.min(too_short))
    }

    /// The token without early renewal: the login would need a user, or the new token would end at
    /// the same time.
    pub(crate) fn without_renewal(self) -> Self {
        let ends_at = self.ends_at;
        Self { renew_at: ends_at, mandatory_at: ends_at, not_before: ends_at, ..self }
    }

    /// Postpones the renewal, after one that gave a token with a shorter life: a server that
    /// repeats an old response must not be asked all the time.
    pub(crate) fn postpone(&mut self, at: Duration, pause: Duration) {
        self.renew_at = at + pause.max(self.ends_at.saturating_sub(at) / 4);
        self.not_before = self.renew_at;
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
    fn renewal_times_depend_on_the_lifetime() {
        // lifetime, start and end of the renewal window in per cent, then mandatory_at and ends_at,
        // counted back from the end of the lifetime
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
            // The draws spread over most of the window.
            let jitter = *renewals.iter().max().unwrap() - *renewals.iter().min().unwrap();
            assert!(jitter > life * (to - from) / 100 * 9 / 10, "{life:?}: {jitter:?}");
        }
    }

    #[test]
    fn a_custom_window() {
        let token = held(seconds(1000), SENT, 0).token;
        for life in [seconds(100), seconds(10_000)] {
            let held =
                LiveToken::new(Arc::clone(&token), life, SENT, Some((40, 40)), &mut Jitter::new(3));
            assert_eq!(held.renew_at, SENT + life * 40 / 100);
        }
    }

    #[test]
    fn a_token_without_renewal_lives_to_its_end() {
        let held = held(seconds(1000), SENT, 0).without_renewal();
        assert_eq!([held.renew_at, held.mandatory_at], [SENT + seconds(998); 2]);
    }

    #[test]
    fn a_postponed_renewal_keeps_the_pause() {
        let mut held = held(seconds(3600), SENT, 0);
        held.postpone(SENT + seconds(3000), seconds(60));
        assert_eq!(held.renew_at, SENT + seconds(3000) + (seconds(598) / 4));
        held.postpone(SENT + seconds(3590), seconds(60));
        assert_eq!(held.renew_at, SENT + seconds(3650));
    }
}
