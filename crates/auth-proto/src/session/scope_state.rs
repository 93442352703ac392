//! One scope's token and the login that renews it: every state, and every transition.
//!
//! The phases are drawn at [`Session`](crate::Session). Beside the phase stand two things that
//! outlive it: the token that is held, which serves while a new one is fetched, and the row of
//! failures, which keeps the next login from being sent too soon.

use std::{sync::Arc, time::Duration};

use crate::{
    error::{Error, Failure, FailureKind},
    login::Login,
    model::{scope::Scope, token::Token},
    session::{
        backoff::Jitter,
        clock::Clock,
        event::{Event, FailureClass},
        failure_streak::FailureStreak,
        live_token::LiveToken,
    },
};

/// What an account keeps for a scope.
#[derive(Debug)]
pub(crate) struct ScopeState {
    pub(crate) scope: Scope,
    /// Whether the cloud accepts this scope with the credential. Checked once for each credential
    /// and API version.
    pub(crate) is_checked: bool,
    /// A living token: its end takes it away, before anybody looks.
    pub(crate) live: Option<LiveToken>,
    pub(crate) phase: Phase,
    pub(crate) streak: Option<FailureStreak>,
    /// Whether the credential has given a token for this scope, and was not refused since.
    pub(crate) granted: bool,
    /// Whether the last flight was abandoned.
    abandoned: bool,
    /// Whether that was the second in a row, which counts from when somebody tells the time.
    given_up: bool,
    /// When a refused token last forced a login.
    forced_at: Option<Duration>,
    /// The last token that a service refused and that nobody may ask about.
    refused: Option<Arc<Token>>,
    /// Whether somebody in the background sees to early renewals.
    pub(crate) background: bool,
    pub(crate) used_at: Duration,
}

/// What is under way for the next token.
#[derive(Debug, Default)]
pub(crate) enum Phase {
    /// A login is half done: a person is asked, or nobody has sent its next request yet.
    Pending(Pending),
    /// A request is in the air.
    InFlight(InFlight),
    /// Nothing.
    #[default]
    Idle,
}

/// A login that is half done.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) login: Login,
    /// Until when what it has is good: the receipt, or the token for the next request.
    pub(crate) until: Duration,
    /// When its last request was sent, if the next follows at once: a life that is told by then
    /// counts from there.
    pub(crate) since: Option<Duration>,
}

/// A request in the air.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) attempt: u64,
    pub(crate) login: Login,
    /// Or the first one of those that follow each other at once.
    pub(crate) sent_at: Duration,
    /// Whether it holds the credential: a question for the version does not.
    pub(crate) with_credential: bool,
    /// When it is presumed lost.
    pub(crate) lost_at: Duration,
    /// Until when the receipt is good that it goes with.
    pub(crate) receipt_until: Duration,
}

/// Whatever happens to a session.
pub(crate) enum Input {
    /// The one who carried the request is gone.
    Abandoned,
    /// The service wants a further factor, or another request.
    Pending(Pending),
    /// No answer, or none that is a token.
    Failed(Error),
    /// The service speaks this API version: the login is made anew, of what is known now.
    VersionFound,
    /// A request is on its way.
    Started(InFlight),
    /// A person was mistaken; the receipt is still good for another try.
    FactorRejected(Pending, Error),
    /// The service refused the credential; whether it is tried again.
    Refused(Error, bool),
    /// Another credential: what lives is kept.
    Replaced,
    /// A token.
    Token(LiveToken),
    /// A service refused the token that is held.
    Unauthorized,
}

/// At most one login in this time is forced by refused tokens or repeated answers.
const FORCED: Duration = Duration::from_secs(60);

/// A scope that was asked for in this time keeps its place.
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

    /// Every transition there is.
    pub(crate) fn step(
        &mut self,
        input: Input,
        at: Duration,
        clock: &Clock,
        jitter: &mut Jitter,
    ) -> Option<Event> {
        let scope = || self.scope.clone();
        match input {
            Input::Started(flight) => {
                let started =
                    flight.with_credential.then(|| Event::LoginStarted { scope: scope() });
                self.phase = Phase::InFlight(flight);
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
            // Somebody else takes over, at once the first time.
            Input::Abandoned => {
                self.phase = Phase::Idle;
                self.given_up = std::mem::replace(&mut self.abandoned, true);
                None
            }
            Input::Refused(error, probes) => {
                (self.phase, self.abandoned) = (Phase::Idle, false);
                self.granted = false;
                self.streak =
                    Some(FailureStreak::refused(self.streak.take(), error.clone(), at, probes));
                // The probe may be another scope's: the account tells when.
                Some(Event::CredentialRejected { scope: scope(), error, retry_at: None })
            }
            // If one was dropped a moment ago, it is the service that is at odds.
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

    /// Ends what is over by time alone: a receipt, a flight, a pause that was not pending yet.
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
                // What was mistaken went with the receipt.
                self.streak.iter_mut().for_each(FailureStreak::clear);
                None
            }
            Phase::InFlight(flight) if at >= flight.lost_at => {
                let failure = Failure::new(FailureKind::Timeout, "presumed lost");
                self.step(Input::Failed(failure.into()), at, clock, jitter)
            }
            Phase::Pending(_) | Phase::InFlight(_) | Phase::Idle => None,
        }
    }

    /// Takes the login out of the air that this attempt stands for.
    pub(crate) fn take_in_flight(&mut self, attempt: u64) -> Option<InFlight> {
        match std::mem::take(&mut self.phase) {
            Phase::InFlight(flight) if flight.attempt == attempt => Some(flight),
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// The login to go on with. (Whom it waits for has been asked before.)
    pub(crate) fn take_pending(&mut self) -> Option<Pending> {
        match std::mem::take(&mut self.phase) {
            Phase::Pending(pending) => Some(pending),
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    pub(crate) fn flight(&self) -> Option<&InFlight> {
        match &self.phase {
            Phase::InFlight(flight) => Some(flight),
            Phase::Pending(_) | Phase::Idle => None,
        }
    }

    /// Whether a person may have been mistaken in what was refused.
    pub(crate) fn may_be_mistaken(&self) -> bool {
        self.streak.as_ref().is_none_or(FailureStreak::may_be_mistaken)
    }

    /// Whether a service has refused this very token, which nobody may ask about.
    pub(crate) fn has_refused(&self, token: &Token) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.header() == token.header())
    }

    /// Whether this is its token.
    pub(crate) fn holds(&self, token: &Token) -> bool {
        self.live.as_ref().is_some_and(|live| live.token.header() == token.header())
    }

    /// Whether it may make room for another scope: there is nothing to lose in it, or nobody has
    /// asked for it of late. (What renews in the background asks every minute.)
    pub(crate) fn may_go(&self, at: Duration) -> bool {
        self.flight().is_none() && (self.is_idle(at) || at >= self.used_at + RECENT)
    }

    /// Whether there is nothing to lose in it.
    pub(crate) fn is_idle(&self, at: Duration) -> bool {
        !self.is_in_use() && !self.streak.as_ref().is_some_and(|streak| streak.holds(at))
    }

    /// Whether it holds anything that a change of the credential has to fit.
    pub(crate) fn is_in_use(&self) -> bool {
        self.live.is_some() || !matches!(self.phase, Phase::Idle)
    }

    fn fail(&mut self, error: Error, at: Duration, clock: &Clock, jitter: &mut Jitter) -> Event {
        let streak = FailureStreak::failed(self.streak.take(), error, at, clock, jitter);
        // The time is told beside it.
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

    /// One step at a time, from [`AT`] on.
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
    fn a_longer_token_is_not_displaced_and_not_asked_for_all_the_time() {
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
    fn success_ends_the_row() {
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
    fn the_second_abandonment_in_a_row_counts_from_the_next_look_at_the_clock() {
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
        // Any answer ends it.
        for input in [Input::VersionFound, Input::Token(held(seconds(3600), AT, 0))] {
            step(&mut state, input, 30);
            step(&mut state, Input::Abandoned, 31);
            assert_eq!(expire(&mut state, 31), None);
        }
    }

    #[test]
    fn what_was_used_of_late_keeps_its_place_unless_it_is_empty() {
        let mut state = state();
        state.used_at = AT;
        assert!(state.may_go(AT));
        state.live = Some(held(seconds(3600), AT, 0));
        assert!(!state.may_go(AT + seconds(119)) && state.may_go(AT + seconds(120)));
    }
}
