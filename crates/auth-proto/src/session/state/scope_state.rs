//! One scope's token and the login that renews it: every state, and every transition.
//!
//! The doc of [`Session`](crate::Session) has the diagram of the phases. Two values outlive a
//! phase: the valid token, which stays in use while a login fetches the next one, and the streak of
//! failures, which delays the next login.

use std::{sync::Arc, time::Duration};

use http::Uri;
use time::UtcDateTime;

use crate::{
    error::{Error, Misuse},
    model::{challenge::Challenge, marks, question::Reply, scope::Scope, token::Token},
    session::{
        action::Destination,
        clock::Clock,
        event::{Event, FailureClass},
        pauses::backoff::{Jitter, Pace},
        pauses::failure_streak::{FailureStreak, Probe},
        state::evidence::{Evidence, Refused},
        state::input::Input,
        state::live_token::LiveToken,
        state::phase::{Asking, Doubted, Handed, InFlight, Pending, Phase},
        state::share::Share,
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
    /// Whether its last exchange was refused, and cost the session the root token.
    pub(crate) lost_root: bool,
    /// What services have made of its tokens.
    pub(crate) evidence: Evidence,
    /// What it knows of its entry in the store.
    pub(crate) share: Share,
    /// The last refused token that the identity service did not validate.
    refused: Option<Arc<Token>>,
    /// Whether a background task does the renewals.
    pub(crate) background: bool,
    /// Since when callers that lack a token could have started a login.
    pub(crate) free_since: Option<Duration>,
    pub(crate) used_at: Duration,
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
            lost_root: false,
            evidence: Evidence::default(),
            share: Share::default(),
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
            Input::Asks(asking) => {
                self.phase = Phase::Asking(asking);
                None
            }
            Input::Checks(checking) => {
                self.phase = Phase::Checking(checking);
                None
            }
            Input::Doubted(doubted) => {
                self.phase = Phase::Doubted(doubted);
                None
            }
            Input::Takes(taking) => {
                self.phase = Phase::Taking(taking);
                self.share.end();
                None
            }
            Input::Busy(since, look_at) => {
                self.phase = Phase::Idle;
                self.share.follow(since, at, look_at);
                None
            }
            Input::Led(lease, until) => {
                self.phase = Phase::Idle;
                self.share.lead(lease, until);
                None
            }
            Input::Seen(generation) => {
                self.phase = Phase::Idle;
                self.share.see(generation);
                None
            }
            Input::Given(live) => {
                self.evidence.renew(None);
                self.live = Some(live);
                None
            }
            Input::Token(new) => {
                let expires_at = new.token.expires_at();
                let is_kept = self.renew(new, at);
                self.share.log_in(is_kept);
                Some(Event::TokenRenewed { scope: self.scope.clone(), expires_at })
            }
            Input::Taken(new, name, generation) => {
                self.share.hold(name, generation, at);
                self.lost_root = false;
                let expires_at = new.token.expires_at();
                self.renew(new, at);
                Some(Event::TokenImported { scope: self.scope.clone(), expires_at })
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
                self.share.end();
                Some(self.fail(error, at, clock, jitter))
            }
            Input::Paused(error, until) => {
                let streak = FailureStreak::shared(self.streak.take(), error, at, until);
                let (error, retry_at) = (streak.error.clone(), clock.at(streak.until));
                self.streak = Some(streak);
                Some(self.pause_imported(error, Some(retry_at)))
            }
            Input::Abandoned => {
                self.phase = std::mem::take(&mut self.phase).without_result();
                None
            }
            Input::VersionFound => {
                self.phase = Phase::Idle;
                None
            }
            Input::Refused(error, probe) => {
                self.share.end();
                let error = self.lock_out(error, at, clock, probe);
                let scope = self.scope.clone();
                Some(Event::CredentialRejected { scope, error, retry_at: None })
            }
            Input::RefusedElsewhere(error, probe) => {
                let error = self.lock_out(error, at, clock, probe);
                Some(self.pause_imported(error, None))
            }
            Input::Replaced => {
                (self.phase, self.streak, self.granted) = (Phase::Idle, None, false);
                self.lost_root = false;
                self.share.rename();
                None
            }
        }
    }

    /// There is a new token. Returns whether it is the scope's now.
    fn renew(&mut self, new: LiveToken, at: Duration) -> bool {
        let is_kept = self.hold(new, at);
        (self.phase, self.streak, self.granted) = (Phase::Idle, None, true);
        is_kept
    }

    /// Keeps the better one of the old token and a new one. Returns whether that is the new one.
    fn hold(&mut self, new: LiveToken, at: Duration) -> bool {
        let is_suspect = self.evidence.due().is_some();
        match &mut self.live {
            Some(old) if old.ends_at >= new.ends_at && !is_suspect => {
                old.postpone(at, REPEATED);
                false
            }
            live => {
                let old = live.replace(new);
                self.evidence.renew(old.as_ref().map(|old| &*old.token));
                self.free_since = None;
                true
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
            self.end_token();
        }
        has_ended
    }

    /// Ends the token. Nobody asks about it any more.
    pub(crate) fn end_token(&mut self) {
        self.live = None;
        self.restart_pauses();
        self.evidence.renew(None);
        if let Phase::Checking(_) = self.phase {
            self.phase = Phase::Idle;
        }
    }

    /// Ends a pending login whose receipt has ended.
    pub(crate) fn expire_pending(&mut self, at: Duration) {
        if self.phase.pending().is_some_and(|pending| at >= pending.until) {
            // A wrong factor belonged to the receipt.
            let wrong = self.challenge().and(self.streak.as_ref()).is_some();
            self.phase = Phase::Idle;
            self.streak.iter_mut().filter(|_| wrong).for_each(FailureStreak::clear);
        }
    }

    /// When its token, its receipt or its request ends.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let token = self.live.as_ref().map(|live| live.ends_at);
        let pending = self.phase.pending().map(|pending| pending.until);
        let request = self.phase.handed().map(|request| request.lost_at);
        token.into_iter().chain(pending).chain(request).min()
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

    /// Hands a reply to the login that waits for it, which another caller sends.
    pub(crate) fn answer(&mut self, reply: Reply) -> Result<(), Error> {
        let (Phase::Asking(Asking { pending: Some(pending), .. }) | Phase::Pending(pending)) =
            &mut self.phase
        else {
            return Err(Misuse::NoQuestion.into());
        };
        pending.login.answer(reply)?;
        self.phase = std::mem::take(&mut self.phase).without_result();
        Ok(())
    }

    /// The challenge of a login that waits for a factor.
    pub(crate) fn challenge(&self) -> Option<&Challenge> {
        self.phase.pending()?.login.challenge()
    }

    pub(crate) fn in_flight(&self) -> Option<&InFlight> {
        match &self.phase {
            Phase::InFlight(in_flight) => Some(in_flight),
            _ => None,
        }
    }

    pub(crate) fn asking(&self) -> Option<&Asking> {
        match &self.phase {
            Phase::Asking(asking) => Some(asking),
            _ => None,
        }
    }

    pub(crate) fn doubted(&self) -> Option<&Doubted> {
        match &self.phase {
            Phase::Doubted(doubted) => Some(doubted),
            _ => None,
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

    /// The credential is refused. The session adds the time to the event, because the probe may be
    /// another scope's.
    fn lock_out(&mut self, error: Error, at: Duration, clock: &Clock, probe: Probe) -> Error {
        (self.phase, self.granted) = (Phase::Idle, false);
        let before = self.streak.take();
        self.streak = Some(FailureStreak::refused(before, error.clone(), at, clock, probe));
        error.with_retry_at(None)
    }

    fn pause_imported(&self, error: Error, retry_at: Option<UtcDateTime>) -> Event {
        let error = error.with_retry_at(None);
        Event::PauseImported { scope: self.scope.clone(), error, retry_at }
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
mod tests;
