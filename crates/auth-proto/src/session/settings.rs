//! How an account behaves.

use std::{ops::RangeInclusive, time::Duration};

use crate::{limits, session::backoff::Window};

/// How an [`Session`](crate::Session) behaves. The defaults fit nearly everybody.
#[derive(Clone, Debug)]
pub struct Settings {
    catalog: bool,
    response_timeout: Duration,
    probes: bool,
    renewal: Option<Window>,
    seed: u64,
}

impl Settings {
    /// How long a request may stay unanswered before it is presumed lost: 60 s by default, kept
    /// between a second and an hour. An HTTP client's own time-out must be shorter.
    #[must_use]
    pub fn with_response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout =
            timeout.clamp(*limits::RESPONSE_TIMEOUT.start(), *limits::RESPONSE_TIMEOUT.end());
        self
    }

    /// Whether a refused credential is tried again, rarely, because a locked user unlocks by
    /// itself: after 30 minutes, then every 4 hours. On by default.
    #[must_use]
    pub fn with_lockout_retry(mut self, probes: bool) -> Self {
        self.probes = probes;
        self
    }

    /// Where in a token's life it is renewed, in per cent, kept between 1 and 99: at a point drawn
    /// from this range, so that a fleet that logged in together does not renew together. By default
    /// 75 to 90, which on a token of hours rides out an outage of an hour or two; 50 to 70 where the
    /// token lives for less than ten minutes. For the last minute of a token, or the last tenth of
    /// its life if that is less, a renewal is waited for.
    #[must_use]
    pub fn with_renewal(mut self, percent: RangeInclusive<u32>) -> Self {
        let (low, high) = (*percent.start(), *percent.end());
        self.renewal = Some((low.clamp(1, 99), high.clamp(low.clamp(1, 99), 99)));
        self
    }

    /// Where the spreading of renewals and pauses starts, 0 by default. Give each process another
    /// one, so that a fleet does not act as one.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Asks for tokens without their catalogs, which may be large; for those who know where their
    /// services are. v2.0 knows no such wish.
    #[must_use]
    pub fn without_catalog(mut self) -> Self {
        self.catalog = false;
        self
    }

    /// See [`with_response_timeout`](Self::with_response_timeout).
    pub fn response_timeout(&self) -> Duration {
        self.response_timeout
    }

    pub(crate) fn catalog(&self) -> bool {
        self.catalog
    }

    pub(crate) fn probes(&self) -> bool {
        self.probes
    }

    pub(crate) fn renewal(&self) -> Option<Window> {
        self.renewal
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            catalog: true,
            response_timeout: Duration::from_secs(60),
            probes: true,
            renewal: None,
            seed: 0,
        }
    }
}
