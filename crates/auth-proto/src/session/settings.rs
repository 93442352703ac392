//! The settings of a session.

use std::{ops::RangeInclusive, time::Duration};

use crate::{
    limits,
    model::scope::Scope,
    session::pauses::{backoff::Window, failure_streak::Probe},
};

/// The settings of a [`Session`](crate::Session). The defaults suit most programs.
#[derive(Clone, Debug)]
pub struct Settings {
    catalog: bool,
    max_scopes: usize,
    response_timeout: Duration,
    probes: bool,
    store: bool,
    renewal: Option<Window>,
    root: Option<Scope>,
    seed: u64,
}

impl Settings {
    /// The time after which a request without a response counts as lost: 60 s by default, limited
    /// to between a second and an hour. The HTTP client's time-out must be shorter.
    #[must_use]
    pub fn with_response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout =
            timeout.clamp(*limits::RESPONSE_TIMEOUT.start(), *limits::RESPONSE_TIMEOUT.end());
        self
    }

    /// Whether the session tries a refused credential again: after 30 minutes, then every 4 hours.
    /// Many clouds unlock a locked user after some time. On by default.
    #[must_use]
    pub fn with_lockout_retry(mut self, probes: bool) -> Self {
        self.probes = probes;
        self
    }

    /// The number of scopes that the session keeps tokens for: [`limits::SCOPES`] by default, which
    /// is also the most; at least 1. A further scope replaces one that no caller has polled for two
    /// minutes. Each scope keeps a token and its catalog in memory.
    #[must_use]
    pub fn with_max_scopes(mut self, scopes: usize) -> Self {
        self.max_scopes = scopes.clamp(1, limits::SCOPES);
        self
    }

    /// The part of a token's lifetime in which it is renewed, in per cent, limited to between 1 and
    /// 99. The session draws a point from this range, so that a fleet that logged in together does
    /// not renew together. The default is 75 to 90, which survives an outage of an hour or two if
    /// tokens live for hours, and 50 to 70 for tokens that live shorter than ten minutes. In the
    /// last minute of a token, or the last tenth of its lifetime if that is shorter, callers wait
    /// for the renewal.
    #[must_use]
    pub fn with_renewal(mut self, percent: RangeInclusive<u32>) -> Self {
        let (low, high) = (*percent.start(), *percent.end());
        self.renewal = Some((low.clamp(1, 99), high.clamp(low.clamp(1, 99), 99)));
        self
    }

    /// Logs in for this scope alone, [`Scope::unscoped`] as a rule, and exchanges its token, the root
    /// token, for those of all other scopes: one login for many scopes. The tokens of the scopes end
    /// with the root token. See the [manual](crate::manual::root_tokens).
    ///
    /// A federated login and a login with a one-time code have an unscoped root token in any case,
    /// if the cloud supports that. So does an [agency](crate::Credential::assume), with a root token
    /// of the user's domain, and a [token](crate::Credential::token) is a root token itself: they
    /// ignore this setting. An [existing token](crate::Credential::existing_token) has no root token.
    #[must_use]
    pub fn with_root(mut self, scope: Scope) -> Self {
        self.root = Some(scope);
        self
    }

    /// The seed of the jitter of renewals and pauses, 0 by default. Give each process another seed,
    /// so that the processes of a fleet do not act at the same time.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Requests tokens without their catalogs, which may be large, for programs that know the URLs
    /// of their services. The v2.0 API does not support this.
    #[must_use]
    pub fn without_catalog(mut self) -> Self {
        self.catalog = false;
        self
    }

    /// Shares tokens and pauses with other processes: the session asks a [store](crate::Store) before
    /// it logs in, by [`Action::Take`](crate::Action::Take), and tells it what came of the login
    /// ([`Session::poll_note`](crate::Session::poll_note)). The builders of `auth-ureq` and
    /// `auth-reqwest` set this when they get a store.
    #[must_use]
    pub fn with_store(mut self) -> Self {
        self.store = true;
        self
    }

    /// See [`with_response_timeout`](Self::with_response_timeout).
    pub fn response_timeout(&self) -> Duration {
        self.response_timeout
    }

    pub(crate) fn max_scopes(&self) -> usize {
        self.max_scopes
    }

    pub(crate) fn catalog(&self) -> bool {
        self.catalog
    }

    pub(crate) fn probe(&self) -> Probe {
        if self.probes { Probe::Rarely } else { Probe::Never }
    }

    pub(crate) fn has_store(&self) -> bool {
        self.store
    }

    pub(crate) fn renewal(&self) -> Option<Window> {
        self.renewal
    }

    pub(crate) fn root(&self) -> Option<&Scope> {
        self.root.as_ref()
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            catalog: true,
            max_scopes: limits::SCOPES,
            response_timeout: Duration::from_secs(60),
            probes: true,
            store: false,
            renewal: None,
            root: None,
            seed: 0,
        }
    }
}
