//! One scope's token and the login that renews it: every state, and every transition.
//!
//! The doc of [`Session`](crate::Session) has the diagram of the phases. Two values outlive a
//! phase: the valid token, which stays in use while a login fetches the next one, and the streak of
//! failures, which delays the next login.

use std::{sync::Arc, time::Duration};

use http::Uri;

use crate::{
    error::{Error, Misuse},
    model::{challenge::Challenge, marks, question::Reply, scope::Scope, token::Token},
    session::{
        action::Destination,
        clock::Clock,
        event::{Event, FailureClass},
        evidence::{Evidence, Refused},
        live_token::LiveToken,
        pauses::backoff::{Jitter, Pace},
        pauses::failure_streak::FailureStreak,
        phase::{Asking, Handed, InFlight, Pending, Phase},
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
    /// What services have made of its tokens.
    pub(crate) evidence: Evidence,
    /// The last refused token that the identity service did not validate.
    refused: Option<Arc<Token>>,
    /// Whether a background task does the renewals.
    pub(crate) background: bool,
    /// Since when callers that lack a token could have started a login.
    pub(crate) free_since: Option<Duration>,
    pub(crate) used_at: Duration,
}

/// Everything that can change a scope's phase.
pub(crate) enum Input {
    /// The request came to nothing, and says nothing about the service: its sender was cancelled, or
    /// its result makes no difference any more.
    Abandoned,
    /// A caller sends a question about the token.
    Asked(Asking),
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
}

/// Responses with an old token force at most one renewal in this time.
const REPEATED: Duration = Duration::from_secs(60);

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
            evidence: Evidence::default(),
            refused: None,
            background: false,
            free_since: None,
            used_at: Duration::ZERO,
        }
    }

    /// All transitions between phases.
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
            Input::Asked(asking) => {
                self.phase = Phase::Asking(asking);
                None
            }
            Input::Token(new) => {
                let expires_at = new.token.expires_at();
                let renewed = Event::TokenRenewed { scope: scope(), expires_at };
                self.hold(new, at);
                (self.phase, self.streak, self.granted) = (Phase::Idle, None, true);
                Some(renewed)
            }
            Input::Pending(pending) => {
                self.phase = Phase::Pending(pending);
                None
            }
            Input::FactorRejected(pending, error) => {
                self.phase = Phase::Pending(pending);
                Some(self.fail(error, at, clock, jitter))
            }
            Input::Failed(error) => {
                self.phase = Phase::Idle;
                Some(self.fail(error, at, clock, jitter))
            }
            Input::Abandoned | Input::VersionFound => {
                self.phase = Phase::Idle;
                None
            }
            Input::Refused(error, probes) => {
                (self.phase, self.granted) = (Phase::Idle, false);
                let before = self.streak.take();
                let streak = FailureStreak::refused(before, error.clone(), at, clock, probes);
                self.streak = Some(streak);
                // The session adds the time, because the probe may be another scope's.
                let error = error.with_retry_at(None);
                Some(Event::CredentialRejected { scope: scope(), error, retry_at: None })
            }
            Input::Replaced => {
                (self.phase, self.streak, self.granted) = (Phase::Idle, None, false);
                None
            }
        }
    }

    /// Keeps the better one of the old token and a new one.
    fn hold(&mut self, new: LiveToken, at: Duration) {
        let is_suspect = self.evidence.due().is_some();
        match &mut self.live {
            Some(old) if old.ends_at >= new.ends_at && !is_suspect => old.postpone(at, REPEATED),
            live => {
                let old = live.replace(new);
                self.evidence.renew(old.as_ref().map(|old| &*old.token));
                self.free_since = None;
            }
        }
    }

    /// Drops the token.
    pub(crate) fn drop_token(&mut self) {
        let dropped = self.live.take().map(|live| live.token);
        self.refused = dropped.filter(|token| !token.is_validated());
        self.restart_pauses();
    }

    /// Takes a service's refusal of the scope's token. Callers of that service need another one; the
    /// token stays for all others.
    pub(crate) fn refuse(&mut self, uri: &Uri, at: Duration) -> Option<Refused> {
        let live = self.live.as_ref()?;
        let refused = self.evidence.refuse(&live.token, &marks::origin(uri), at);
        if refused == Refused::First {
            // It may be the only description of an existing token that is refused again.
            let token = Some(&live.token).filter(|token| !token.is_validated());
            self.refused = token.cloned();
            self.restart_pauses();
        }
        Some(refused)
    }

    /// Callers need a token now that could wait for one before: a slow pause ends.
    fn restart_pauses(&mut self) {
        self.streak.take_if(|streak| streak.is_transient());
    }

    /// The token for a caller that sends it to this destination.
    pub(crate) fn usable(&self, destination: Destination<'_>) -> Option<&LiveToken> {
        let live = self.live.as_ref().filter(|_| !self.evidence.holds_all())?;
        match destination {
            Destination::At(uri) if live.token.is_refused_at(uri) => None,
            _ => Some(live),
        }
    }

    /// Whether some callers have no token to use.
    pub(crate) fn lacks_token(&self) -> bool {
        self.live.is_none() || self.evidence.due().is_some()
    }

    /// Ends the token when its time is over. Returns whether it did.
    pub(crate) fn expire_token(&mut self, at: Duration) -> bool {
        let has_ended = self.live.as_ref().is_some_and(|live| at >= live.ends_at);
        if has_ended {
            self.live = None;
            self.restart_pauses();
            self.evidence.renew(None);
            if let Phase::Asking(_) = self.phase {
                self.phase = Phase::Idle;
            }
        }
        has_ended
    }

    /// Ends a pending login whose receipt has ended.
    pub(crate) fn expire_pending(&mut self, at: Duration) {
        if matches!(&self.phase, Phase::Pending(pending) if at >= pending.until) {
            self.phase = Phase::Idle;
            // The wrong factor belonged to the receipt.
            self.streak.iter_mut().for_each(FailureStreak::clear);
        }
    }

    /// When its token, its receipt or its request ends.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let token = self.live.as_ref().map(|live| live.ends_at);
        let phase = match &self.phase {
            Phase::Pending(pending) => Some(pending.until),
            phase => phase.handed().map(|request| request.lost_at),
        };
        token.into_iter().chain(phase).min()
    }

    /// Takes the request for which this is true, and leaves the scope idle.
    pub(crate) fn take_if(&mut self, is_it: impl FnOnce(&Handed) -> bool) -> Option<Phase> {
        let is_it = self.phase.handed().is_some_and(is_it);
        is_it.then(|| std::mem::take(&mut self.phase))
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

    /// Hands a reply to the pending login.
    pub(crate) fn answer(&mut self, reply: Reply) -> Result<(), Error> {
        match &mut self.phase {
            Phase::Pending(pending) => pending.login.answer(reply),
            Phase::Asking(_) | Phase::InFlight(_) | Phase::Idle => Err(Misuse::NoChallenge.into()),
        }
    }

    /// The challenge of a pending login.
    pub(crate) fn challenge(&self) -> Option<&Challenge> {
        match &self.phase {
            Phase::Pending(pending) => pending.login.challenge(),
            Phase::Asking(_) | Phase::InFlight(_) | Phase::Idle => None,
        }
    }

    pub(crate) fn in_flight(&self) -> Option<&InFlight> {
        match &self.phase {
            Phase::InFlight(in_flight) => Some(in_flight),
            Phase::Asking(_) | Phase::Pending(_) | Phase::Idle => None,
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
        self.phase.handed().is_none() && (self.is_idle(at) || at >= self.used_at + RECENT)
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
        let pace = if self.lacks_token() { Pace::Fast } else { Pace::Slow };
        let streak = FailureStreak::failed(self.streak.take(), error, at, clock, (pace, jitter));
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
    use crate::{
        error::{Failure, FailureKind},
        session::live_token::tests::held,
    };

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
        assert_eq!(state.live.as_ref().unwrap().renew_at, AT + seconds(3500) + REPEATED);
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
    fn a_shorter_token_replaces_a_refused_one() {
        let mut state = state();
        step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 0);
        let url = Uri::from_static("https://service.example/");
        assert_eq!(state.refuse(&url, AT), Some(Refused::First));
        let to_service = Destination::At(&url);
        assert!(state.usable(to_service).is_none());
        assert!(state.usable(Destination::Later).is_some());
        step(&mut state, Input::Token(held(seconds(100), AT, 0)), 0);
        assert!(state.usable(to_service).is_some() && state.evidence.due().is_none());
    }

    #[test]
    fn a_slow_pause_ends_with_the_token() {
        for ends in [true, false] {
            let mut state = state();
            step(&mut state, Input::Token(held(seconds(3600), AT, 0)), 0);
            step(&mut state, Input::Failed(failure()), 0);
            let until = state.streak.as_ref().unwrap().until;
            assert!(until >= AT + seconds(2));
            match ends {
                true => assert!(state.expire_token(AT + seconds(3600))),
                false => {
                    state.refuse(&Uri::from_static("https://service.example/"), AT).unwrap();
                }
            }
            assert!(state.streak.is_none());
            step(&mut state, Input::Failed(failure()), 0);
            assert!(state.streak.as_ref().unwrap().until <= AT + Duration::from_millis(250));
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
