//! One scope's token and the login that renews it: every state, and every transition.
//!
//! The doc of [`Session`](crate::Session) has the diagram of the phases. Two values outlive a
//! phase: the valid token, which stays in use while a login fetches the next one, and the streak of
//! failures, which delays the next login.

use std::{sync::Arc, time::Duration};

use crate::{
    error::{Error, Failure, FailureKind},
    login::Login,
    model::{challenge::Challenge, scope::Scope, token::Token},
    session::{
        backoff::Jitter,
        clock::Clock,
        event::{Event, FailureClass},
        failure_streak::FailureStreak,
        live_token::LiveToken,
    },
};

/// The state of one scope.
#[derive(Debug)]
pub(crate) struct ScopeState {
    pub(crate) scope: Scope,
    /// Whether the cloud accepts this scope with the credential. Checked once for each credential
    /// and API version.
    pub(crate) is_checked: bool,
    /// The valid token. [`Session::advance`](super::Session::advance) removes it at its end.
    pub(crate) live: Option<LiveToken>,
    pub(crate) phase: Phase,
    pub(crate) streak: Option<FailureStreak>,
    /// Whether the credential has given a token for this scope, and no refusal came since.
    pub(crate) granted: bool,
    /// Whether the last request was abandoned.
    abandoned: bool,
    /// Whether that was the second one in a row. It counts as a failure at the next
    /// [`expire`](Self::expire), which knows the time.
    given_up: bool,
    /// When a refused token last forced a login.
    forced_at: Option<Duration>,
    /// The last refused token that the identity service did not validate.
    refused: Option<Arc<Token>>,
    /// Whether a background task does the early renewals.
    pub(crate) background: bool,
    pub(crate) used_at: Duration,
}

/// The progress towards the next token.
#[derive(Debug, Default)]
pub(crate) enum Phase {
    /// A login is half done: it waits for a factor, or for a caller that sends its next request.
    Pending(Pending),
    /// A request is under way.
    InFlight(InFlight),
    /// No login is under way.
    #[default]
    Idle,
}

/// A login that is half done.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) login: Login,
    /// When its receipt, or its token for the next request, ends.
    pub(crate) until: Duration,
    /// Send time of the previous request, if the next one follows at once: the token's lifetime
    /// counts from there.
    pub(crate) since: Option<Duration>,
}

/// A request that is under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) attempt: u64,
    pub(crate) login: Login,
    /// Send time, of the first request if several follow each other at once.
    pub(crate) sent_at: Duration,
    /// Whether it carries the credential. A request for the API version does not.
    pub(crate) with_credential: bool,
    /// When it counts as lost.
    pub(crate) lost_at: Duration,
    /// When the receipt that it carries ends.
    pub(crate) receipt_until: Duration,
}

/// Everything that can change a scope's state.
pub(crate) enum Input {
    /// The sender of the request was cancelled or panicked.
    Abandoned,
    /// The login needs a further factor or another request.
    Pending(Pending),
    /// No response, or one without a token.
    Failed(Error),
    /// The service's API version is known now. The login starts again with it.
    VersionFound,
    /// A caller sends a request.
    Started(InFlight),
    /// A user supplied a wrong factor. The receipt is still valid for another try.
    FactorRejected(Pending, Error),
    /// The service refused the credential. The flag: whether rare probes follow.
    Refused(Error, bool),
    /// The user replaced the credential. A valid token stays.
    Replaced,
    /// A new token.
    Token(LiveToken),
    /// A service refused the scope's token.
    Unauthorized,
}

/// Refused tokens and repeated responses force at most one login in this time.
const FORCED: Duration = Duration::from_secs(60);

/// A scope that a caller asked for in this time keeps its place.
const RECENT: Duration = Duration::from_secs(120);

impl ScopeState {
    /// The state of a scope that [`Cloud::check`](crate::Cloud) has accepted.
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            is_checked: true,
            live: None,
            phase: Phase::Idle,
            streak: None,
            granted: false,
            abandoned: false,
            given_up: false,
            forced_at: None,
            refused: None,
            background: false,
            used_at: Duration::ZERO,
        }
    }

    /// All transitions.
    pub(crate) fn step(
        &mut self,
        input: Input,
        at: Duration,
        clock: &Clock,
        jitter: &mut Jitter,
    ) -> Option<Event> {
        let scope = || self.scope.clone();
        match input {
            Input::Started(in_flight) => {
                let started =
                    in_flight.with_credential.then(|| Event::LoginStarted { scope: scope() });
                self.phase = Phase::InFlight(in_flight);
                started
            }
            Input::Token(new) => {
                let expires_at = new.token.expires_at();
                let renewed = Event::TokenRenewed { scope: scope(), expires_at };
                match &mut self.live {
                    Some(old) if old.ends_at >= new.ends_at => old.postpone(at, FORCED),
                    live => *live = Some(new),
                }
                (self.phase, self.streak) = (Phase::Idle, None);
                (self.granted, self.abandoned) = (true, false);
                Some(renewed)
            }
            Input::VersionFound => {
                (self.phase, self.abandoned) = (Phase::Idle, false);
                None
            }
            Input::Pending(pending) => {
                (self.phase, self.abandoned) = (Phase::Pending(pending), false);
                None
            }
            Input::FactorRejected(pending, error) => {
                (self.phase, self.abandoned) = (Phase::Pending(pending), false);
                Some(self.fail(error, at, clock, jitter))
            }
            Input::Failed(error) => {
                (self.phase, self.abandoned) = (Phase::Idle, false);
                Some(self.fail(error, at, clock, jitter))
            }
            // The first time, the next caller takes over at once.
            Input::Abandoned => {
                self.phase = Phase::Idle;
                self.given_up = std::mem::replace(&mut self.abandoned, true);
                None
            }
            Input::Refused(error, probes) => {
                (self.phase, self.abandoned) = (Phase::Idle, false);
                self.granted = false;
                let streak = FailureStreak::refused(self.streak.take(), error.clone(), at, probes);
                self.streak = Some(streak.heeding_retry_after(at, clock));
                // The session adds the time, because the probe may be another scope's.
                let error = error.with_retry_at(None);
                Some(Event::CredentialRejected { scope: scope(), error, retry_at: None })
            }
            // A token was dropped a moment ago: the service disagrees with the identity service.
            Input::Unauthorized if self.forced_at.is_some_and(|forced| at - forced < FORCED) => {
                None
            }
            Input::Unauthorized => {
                let refused = self.live.take().map(|live| live.token);
                self.refused = refused.filter(|token| !token.is_validated());
                self.forced_at = Some(at);
                Some(Event::TokenRejected { scope: scope() })
            }
            Input::Replaced => {
                (self.phase, self.streak) = (Phase::Idle, None);
                (self.granted, self.abandoned) = (false, false);
                None
            }
        }
    }

    /// Ends what ends by time alone: a receipt, a request, and the second abandonment in a row.
    pub(crate) fn expire(
        &mut self,
        at: Duration,
        clock: &Clock,
        jitter: &mut Jitter,
    ) -> Option<Event> {
        if std::mem::take(&mut self.given_up) {
            let failure = Failure::new(FailureKind::Timeout, "given up by the caller");
            return Some(self.fail(failure.into(), at, clock, jitter));
        }
        match &self.phase {
            Phase::Pending(pending) if at >= pending.until => {
                self.phase = Phase::Idle;
                // The wrong factor belonged to the receipt.
                self.streak.iter_mut().for_each(FailureStreak::clear);
                None
            }
            Phase::InFlight(in_flight) if at >= in_flight.lost_at => {
                let failure = Failure::new(FailureKind::Timeout, "presumed lost");
                self.step(Input::Failed(failure.into()), at, clock, jitter)
            }
            Phase::Pending(_) | Phase::InFlight(_) | Phase::Idle => None,
        }
    }

    /// Takes the request of this attempt, and leaves the scope idle.
    pub(crate) fn take_in_flight(&mut self, attempt: u64) -> Option<InFlight> {
        match std::mem::take(&mut self.phase) {
            Phase::InFlight(in_flight) if in_flight.attempt == attempt => Some(in_flight),
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// Takes the pending login, and leaves the scope idle.
    pub(crate) fn take_pending(&mut self) -> Option<Pending> {
        match std::mem::take(&mut self.phase) {
            Phase::Pending(pending) => Some(pending),
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// The challenge of a pending login.
    pub(crate) fn challenge(&self) -> Option<&Challenge> {
        match &self.phase {
            Phase::Pending(pending) => pending.login.challenge(),
            Phase::InFlight(_) | Phase::Idle => None,
        }
    }

    pub(crate) fn in_flight(&self) -> Option<&InFlight> {
        match &self.phase {
            Phase::InFlight(in_flight) => Some(in_flight),
            Phase::Pending(_) | Phase::Idle => None,
        }
    }

    /// Whether the refused factor may be a user's mistake.
    pub(crate) fn may_be_mistaken(&self) -> bool {
        self.streak.as_ref().is_none_or(FailureStreak::may_be_mistaken)
    }

    /// Whether a service has refused this token, and the identity service did not validate it.
    pub(crate) fn has_refused(&self, token: &Token) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.header() == token.header())
    }

    /// Whether this is the scope's token.
    pub(crate) fn holds(&self, token: &Token) -> bool {
        self.live.as_ref().is_some_and(|live| live.token.header() == token.header())
    }

    /// Whether another scope may replace it: it is idle, or no caller has asked for it recently. (A
    /// background renewal asks every minute.)
    pub(crate) fn may_be_removed(&self, at: Duration) -> bool {
        self.in_flight().is_none() && (self.is_idle(at) || at >= self.used_at + RECENT)
    }

    /// Whether it holds nothing worth keeping.
    pub(crate) fn is_idle(&self, at: Duration) -> bool {
        !self.is_in_use() && !self.streak.as_ref().is_some_and(|streak| streak.holds(at))
    }

    /// Whether it holds a token or a login that a new credential must fit.
    pub(crate) fn is_in_use(&self) -> bool {
        self.live.is_some() || !matches!(self.phase, Phase::Idle)
    }

    fn fail(&mut self, error: Error, at: Duration, clock: &Clock, jitter: &mut Jitter) -> Event {
        let streak = FailureStreak::failed(self.streak.take(), error, at, clock, jitter);
        // The event has the time in a field.
        let error = streak.error.clone().with_retry_at(None);
        let (class, retry_at) = (FailureClass::of(&error), clock.at(streak.until));
        self.streak = Some(streak);
        Event::LoginFailed { scope: self.scope.clone(), class, error, retry_at }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::utc_datetime;

    use super::*;
    use crate::session::live_token::tests::held;

    const AT: Duration = Duration::from_secs(100);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// One step, `after` seconds after [`AT`].
    fn step(state: &mut ScopeState, input: Input, after: u64) -> Option<Event> {
        let mut clock = Clock::default();
        clock.advance(utc_datetime!(2026-11-22 08:00:00));
        state.step(input, AT + seconds(after), &clock, &mut Jitter::new(0))
    }

    fn state() -> ScopeState {
        ScopeState::new(Scope::default())
    }

    fn failure() -> Error {
        Failure::new(FailureKind::Connect, "refused").into()
    }

    #[test]
    fn a_shorter_token_only_postpones_the_renewal() {
        let mut state = state();
        step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 0);
        let ends_at = state.live.as_ref().unwrap().ends_at;
        step(&mut state, Input::Token(held(seconds(3600), AT, 1)), 3000);
        let kept = state.live.as_ref().unwrap();
        let postponed = AT + seconds(3000) + (ends_at - AT - seconds(3000)) / 4;
        assert_eq!((kept.ends_at, kept.renew_at), (ends_at, postponed));
        step(&mut state, Input::Token(held(seconds(3600), AT, 1)), 3500);
        assert_eq!(state.live.as_ref().unwrap().renew_at, AT + seconds(3500) + FORCED);
        step(&mut state, Input::Token(held(seconds(3601), AT, 1)), 3000);
        assert!(state.live.as_ref().unwrap().ends_at > ends_at);
    }

    #[test]
    fn success_ends_the_streak() {
        let mut state = state();
        step(&mut state, Input::Failed(failure()), 0);
        step(&mut state, Input::Refused(failure(), true), 10);
        assert!(state.streak.is_some() && !state.granted);
        step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 20);
        assert!(state.streak.is_none() && state.granted);
    }

    #[test]
    fn a_refused_token_is_dropped_once_a_minute() {
        let mut state = state();
        for (after, dropped) in [(0, true), (59, false), (60, true), (61, false)] {
            state.live = Some(held(seconds(3600), AT, 0));
            let event = step(&mut state, Input::Unauthorized, after);
            assert_eq!(state.live.is_none(), dropped, "{after}");
            assert_eq!(event.is_some(), dropped, "{after}");
        }
    }

    fn expire(state: &mut ScopeState, after: u64) -> Option<Event> {
        let mut clock = Clock::default();
        clock.advance(utc_datetime!(2026-11-22 08:00:00));
        state.expire(AT + seconds(after), &clock, &mut Jitter::new(0))
    }

    #[test]
    fn the_second_abandonment_counts_as_a_failure() {
        let mut state = state();
        for (after, counts) in [(0, false), (10, true), (20, true)] {
            assert_eq!(step(&mut state, Input::Abandoned, after), None);
            let event = expire(&mut state, after + 9);
            assert_eq!(
                matches!(event, Some(Event::LoginFailed { class: FailureClass::Transient, .. })),
                counts
            );
            assert_eq!(
                state.streak.is_some_and(|streak| streak.holds(AT + seconds(after + 9))),
                counts
            );
            state.streak = None;
        }
        // Any response ends the streak of abandonments.
        for input in [Input::VersionFound, Input::Token(held(seconds(3600), AT, 0))] {
            step(&mut state, input, 30);
            step(&mut state, Input::Abandoned, 31);
            assert_eq!(expire(&mut state, 31), None);
        }
    }

    #[test]
    fn a_recent_scope_keeps_its_place_unless_empty() {
        let mut state = state();
        state.used_at = AT;
        assert!(state.may_be_removed(AT));
        state.live = Some(held(seconds(3600), AT, 0));
        assert!(
            !state.may_be_removed(AT + seconds(119)) && state.may_be_removed(AT + seconds(120))
        );
    }
}
