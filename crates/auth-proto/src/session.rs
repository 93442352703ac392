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
/// How long other scopes have the first turn at a probe.
const OTHERS_TURN: Duration = Duration::from_secs(3600);
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
    /// The scope that it was refused for last.
    refused: Scope,
    /// When it may be tried again; `None` until it is replaced.
    probe_at: Option<Duration>,
    /// Whether another scope has wanted a token meanwhile.
    wanted: bool,
}

impl Latch {
    /// The latch that follows on `before`, after a request that was sent at `sent_at`: a longer one,
    /// if that was a probe.
    pub(crate) fn after(
        before: Option<Self>,
        (error, refused): (Error, Scope),
        sent_at: Duration,
        at: Duration,
        probes: bool,
    ) -> Self {
        let wait = match before {
            Some(before) if before.probe_at.is_none_or(|probe_at| sent_at < probe_at) => {
                return before;
            }
            Some(_) => LATER_PROBE,
            None => FIRST_PROBE,
        };
        let probe_at = probes.then(|| at.saturating_add(wait));
        Self { error, refused, probe_at, wanted: false }
    }

    /// Until when it holds for a scope; `Duration::MAX` if until the credential is replaced. The
    /// probe is another scope's if one wants it: else a scope that never works would keep it from
    /// those that do.
    pub(crate) fn holds_until(&mut self, scope: &Scope) -> Duration {
        let others_turn = match *scope == self.refused {
            true if self.wanted => OTHERS_TURN,
            true => Duration::ZERO,
            false => {
                self.wanted = true;
                Duration::ZERO
            }
        };
        self.probe_at.map_or(Duration::MAX, |probe_at| probe_at.saturating_add(others_turn))
    }

    pub(crate) fn error(&self) -> &Error {
        &self.error
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
            Some(old) if old.ends_at >= new.ends_at => {
                old.renew_at = at + FORCED.max(old.ends_at.saturating_sub(at) / 4);
            }
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

    /// Whether this is its token.
    pub(crate) fn holds(&self, token: &Token) -> bool {
        self.held.as_ref().is_some_and(|held| held.token.header() == token.header())
    }

    /// Forgets what is over: a token that has ended.
    pub(crate) fn tidy(&mut self, at: Duration) {
        self.held.take_if(|held| at >= held.ends_at);
    }

    /// Whether there is anything to lose in it.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_in_use() && self.pause.is_none() && self.latch.is_none()
    }

    /// Whether it holds anything that a change of the credential has to fit.
    pub(crate) fn is_in_use(&self) -> bool {
        self.held.is_some() || self.login.is_some() || self.flight.is_some()
    }

    /// Drops a token that a service refused, unless one was dropped a moment ago. Tells whether it
    /// did.
    pub(crate) fn drop_refused(&mut self, at: Duration) -> bool {
        let again = self.forced_at.is_some_and(|forced| at - forced < FORCED);
        if !again {
            self.forced_at = Some(at);
            self.held = None;
        }
        !again
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

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use time::{UtcDateTime, macros::utc_datetime};

    use super::*;
    use crate::error::{Failure, FailureKind, ProtocolError};

    const NOW: UtcDateTime = utc_datetime!(2026-11-22 08:00:00);
    const SENT: Duration = Duration::from_secs(100);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn held(life: Duration, seed: u64) -> Held {
        let mut headers = HeaderMap::new();
        headers.insert("x-subject-token", "t".parse().unwrap());
        let body = br#"{"token": {"expires_at": "2026-11-22T20:00:00Z"}}"#;
        let token = crate::wire::v3::read_token(&headers, body).unwrap();
        Held::new(Arc::new(token), life, SENT, &mut Spread::new(seed))
    }

    fn session() -> Session {
        Session::new(Scope::default())
    }

    fn clock() -> Clock {
        let mut clock = Clock::default();
        clock.advance(NOW);
        clock
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
                let held = held(life, seed);
                assert_eq!(held.ends_at, SENT + life - ends, "{life:?}");
                let mandatory = SENT + life - mandatory.max(ends);
                assert_eq!(held.mandatory_at, mandatory, "{life:?}");
                let window = SENT + life * from / 100..=SENT + life * to / 100;
                assert!(window.contains(&held.renew_at), "{life:?}: {:?}", held.renew_at);
                renewals.push(held.renew_at);
            }
            // Spread over most of the window.
            let spread = *renewals.iter().max().unwrap() - *renewals.iter().min().unwrap();
            assert!(spread > life * (to - from) / 100 * 9 / 10, "{life:?}: {spread:?}");
        }
    }

    #[test]
    fn a_longer_token_is_not_displaced_and_not_asked_for_all_the_time() {
        let mut session = session();
        session.adopt(held(seconds(3600), 0), SENT);
        let ends_at = session.held.as_ref().unwrap().ends_at;
        let at = SENT + seconds(3000);
        session.adopt(held(seconds(3600), 1), at);
        let kept = session.held.as_ref().unwrap();
        assert_eq!((kept.ends_at, kept.renew_at), (ends_at, at + (ends_at - at) / 4));
        let near = ends_at - seconds(100);
        session.adopt(held(seconds(3600), 1), near);
        assert_eq!(session.held.as_ref().unwrap().renew_at, near + FORCED);
        session.adopt(held(seconds(3601), 1), at);
        assert!(session.held.as_ref().unwrap().ends_at > ends_at);
    }

    #[test]
    fn success_ends_pause_and_latch() {
        let (mut session, clock) = (session(), clock());
        let failure = || Failure::new(FailureKind::Connect, "refused");
        session.fail(failure().into(), SENT, &clock, &mut Spread::new(0));
        let refusal = (failure().into(), Scope::default());
        session.latch = Some(Latch::after(None, refusal, SENT, SENT, true));
        session.adopt(held(seconds(3600), 0), SENT);
        assert!(session.pause.is_none() && session.latch.is_none() && session.proven);
    }

    #[test]
    fn failures_of_the_connection_are_waited_out_three_times() {
        let (mut session, clock, mut spread) = (session(), clock(), Spread::new(0));
        let mut at = Duration::ZERO;
        for (failures, longest, waits) in
            [(1, 5, true), (2, 10, true), (3, 20, false), (4, 40, false)]
        {
            let failure = Failure::new(FailureKind::Connect, "refused");
            session.fail(failure.into(), at, &clock, &mut spread);
            let pause = session.pause.as_ref().unwrap();
            assert_eq!((pause.failures, pause.waits), (failures, waits));
            assert_eq!(pause.since, Duration::ZERO);
            let length = pause.until - at;
            assert!((seconds(longest) / 2..=seconds(longest)).contains(&length), "{length:?}");
            assert!(session.pausing(at).is_some());
            at = session.pause.as_ref().unwrap().until;
            assert!(session.pausing(at).is_none());
        }
    }

    #[test]
    fn attempts_that_begin_too_late_are_not_waited_for() {
        let (mut session, clock, mut spread) = (session(), clock(), Spread::new(0));
        let failure = || Error::from(Failure::new(FailureKind::Timeout, "late"));
        session.fail(failure(), Duration::ZERO, &clock, &mut spread);
        session.fail(failure(), seconds(25), &clock, &mut spread);
        assert!(!session.pause.as_ref().unwrap().waits);
    }

    #[test]
    fn what_only_a_change_can_mend_is_told_at_once() {
        let (mut session, clock, mut spread) = (session(), clock(), Spread::new(0));
        let tls = Failure::new(FailureKind::Tls, "unknown issuer");
        session.fail(tls.into(), SENT, &clock, &mut spread);
        let pause = session.pause.as_ref().unwrap();
        assert_eq!((pause.until, pause.waits), (SENT + TERMINAL_PAUSE, false));
    }

    #[test]
    fn answers_that_are_none_are_asked_for_twice() {
        let (mut session, clock, mut spread) = (session(), clock(), Spread::new(0));
        session.fail(ProtocolError::Expired.into(), Duration::ZERO, &clock, &mut spread);
        let pause = session.pause.as_ref().unwrap();
        assert!(pause.waits && pause.until <= seconds(5));
        let at = pause.until;
        session.fail(ProtocolError::Expired.into(), at, &clock, &mut spread);
        let pause = session.pause.as_ref().unwrap();
        assert_eq!((pause.until, pause.waits), (at + TERMINAL_PAUSE, false));
    }

    #[test]
    fn a_longer_pause_of_the_servers_wins() {
        let (mut session, clock, mut spread) = (session(), clock(), Spread::new(0));
        let failure = Error::from(Failure::new(FailureKind::Io, "reset"));
        let asked = failure.with_retry_at(Some(NOW + seconds(40)));
        session.fail(asked, Duration::ZERO, &clock, &mut spread);
        let pause = session.pause.as_ref().unwrap();
        assert_eq!((pause.until, pause.waits), (seconds(40), false));
    }

    #[test]
    fn a_refused_token_is_dropped_once_a_minute() {
        let mut session = session();
        for (at, dropped) in [(0, true), (59, false), (60, true), (61, false)] {
            session.held = Some(held(seconds(3600), 0));
            assert_eq!(session.drop_refused(SENT + seconds(at)), dropped, "{at}");
            assert_eq!(session.held.is_none(), dropped, "{at}");
        }
    }
}
