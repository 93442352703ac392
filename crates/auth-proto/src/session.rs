//! One scope's token and the login that renews it.

use std::{sync::Arc, time::Duration};

use crate::{
    backoff::{self, Spread},
    clock::Clock,
    error::Error,
    login::Login,
    scope::Scope,
    token::Token,
};

/// Callers wait for so many attempts, begun within so long, before they are told.
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(30);
/// What only a change of configuration can mend is not asked again sooner.
const TERMINAL_PAUSE: Duration = Duration::from_secs(300);
const FIRST_PROBE: Duration = Duration::from_secs(30 * 60);
const LATER_PROBE: Duration = Duration::from_secs(4 * 3600);
/// At most one login in this time is forced by refused tokens or repeated answers.
const FORCED: Duration = Duration::from_secs(60);

/// What an account keeps for a scope.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) scope: Scope,
    pub(crate) held: Option<Held>,
    /// A login that waits for an answer of the server or of the user.
    pub(crate) login: Option<Login>,
    /// Until when the receipt is good that the login holds.
    pub(crate) receipt_until: Option<Duration>,
    pub(crate) flight: Option<InFlight>,
    pub(crate) pause: Option<Pause>,
    /// When a refused token last forced a login.
    pub(crate) forced_at: Option<Duration>,
    /// Whether the credential has given a token for this scope.
    pub(crate) proven: bool,
    /// The credential was refused for this scope alone.
    pub(crate) latch: Option<Latch>,
    /// Whether the last flight was abandoned.
    pub(crate) abandoned: bool,
    pub(crate) used_at: Duration,
}

/// A request in the air.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InFlight {
    pub(crate) attempt: u64,
    pub(crate) sent_at: Duration,
    /// Whether it holds the credential: a question for the version does not.
    pub(crate) with_credential: bool,
    /// When it is presumed lost.
    pub(crate) lost_at: Duration,
}

/// A living token.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) token: Arc<Token>,
    /// From here on it is renewed, and served meanwhile.
    pub(crate) renew_at: Duration,
    /// From here on a renewal is waited for.
    pub(crate) mandatory_at: Duration,
    pub(crate) ends_at: Duration,
}

/// After a failure, until when nothing is sent.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    pub(crate) error: Error,
    pub(crate) failures: u32,
    /// When the first failure in a row was.
    pub(crate) since: Duration,
    pub(crate) until: Duration,
    /// Whether a caller may wait it out, or is told at once.
    pub(crate) waits: bool,
}

/// A refused credential, which is not sent again before it is replaced, but for a rare probe.
#[derive(Clone, Debug)]
pub(crate) struct Latch {
    error: Error,
    /// When it may be tried again; `None` until it is replaced.
    probe_at: Option<Duration>,
}

impl Latch {
    /// The latch that follows on `before`.
    pub(crate) fn after(before: Option<&Self>, error: Error, at: Duration, probes: bool) -> Self {
        let wait = if before.is_some() { LATER_PROBE } else { FIRST_PROBE };
        Self { error, probe_at: probes.then(|| at.saturating_add(wait)) }
    }

    /// What callers are told while it holds.
    pub(crate) fn holds(&self, at: Duration, clock: &Clock) -> Option<Error> {
        let holds = self.probe_at.is_none_or(|probe_at| at < probe_at);
        let probe_at = self.probe_at.map(|probe_at| clock.at(probe_at));
        holds.then(|| self.error.clone().with_retry_at(probe_at))
    }
}

impl Session {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            held: None,
            login: None,
            receipt_until: None,
            flight: None,
            pause: None,
            forced_at: None,
            proven: false,
            latch: None,
            abandoned: false,
            used_at: Duration::ZERO,
        }
    }

    /// The token, if it is still good.
    pub(crate) fn live(&self, at: Duration) -> Option<&Held> {
        self.held.as_ref().filter(|held| at < held.ends_at)
    }

    /// Takes a new token into use.
    pub(crate) fn adopt(&mut self, new: Held, at: Duration) {
        match &mut self.held {
            // A server that repeats an old answer must not be asked all the time.
            Some(old) if old.ends_at >= new.ends_at => old.renew_at = at + FORCED,
            held => *held = Some(new),
        }
        self.latch = None;
        self.pause = None;
        self.proven = true;
    }

    /// Starts over for another credential. A token that lives is kept.
    pub(crate) fn forget(&mut self) {
        self.login = None;
        self.flight = None;
        self.latch = None;
        self.pause = None;
        self.proven = false;
    }

    /// Whether it holds anything that a change of the credential has to fit.
    pub(crate) fn is_in_use(&self) -> bool {
        self.held.is_some() || self.login.is_some() || self.flight.is_some()
    }

    /// Drops a token that a service refused, unless one was dropped a moment ago.
    pub(crate) fn drop_refused(&mut self, at: Duration) {
        let again = self.forced_at.is_some_and(|forced| at - forced < FORCED);
        if !again {
            self.forced_at = Some(at);
            self.held = None;
        }
    }

    /// Pauses after a failure.
    pub(crate) fn fail(&mut self, error: Error, at: Duration, clock: &Clock, spread: &mut Spread) {
        let (failures, since) = match &self.pause {
            Some(pause) => (pause.failures.saturating_add(1), pause.since),
            None => (1, at),
        };
        // An answer that is none is some proxy's for a moment, or there to stay.
        let attempts = if error.is_unusable() { 2 } else { ATTEMPTS };
        let lasts = !error.is_retryable() || (error.is_unusable() && failures >= attempts);
        let own = match lasts {
            true => TERMINAL_PAUSE,
            false => backoff::pause(failures, spread),
        };
        let asked = error.retry_at().map_or(Duration::ZERO, |until| {
            (until - clock.at(at)).try_into().unwrap_or(Duration::ZERO)
        });
        let until = at.saturating_add(own.max(asked));
        let waits = !lasts && failures < attempts && until <= since.saturating_add(PATIENCE);
        self.pause = Some(Pause { error, failures, since, until, waits });
    }

    /// The pause, if it is not over.
    pub(crate) fn pausing(&self, at: Duration) -> Option<&Pause> {
        self.pause.as_ref().filter(|pause| at < pause.until)
    }
}

impl Held {
    /// A token whose login was sent at `sent_at` and that lives for `life` from then on: the
    /// answer's way back only shortens it.
    pub(crate) fn new(
        token: Arc<Token>,
        life: Duration,
        sent_at: Duration,
        spread: &mut Spread,
    ) -> Self {
        // A renewal somewhere in the last quarter rides out an outage of hours on a long token,
        // and keeps a fleet that logged in together from doing so again. Short tokens need the
        // room earlier.
        let early = life < Duration::from_secs(600);
        let (low, high) = if early { (50, 70) } else { (75, 90) };
        let renew = spread.between(life * low / 100, life * high / 100);
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
}
