//! The next action of a caller that needs a token: all decisions, and no transition.

use std::{sync::Arc, time::Duration};

use time::UtcDateTime;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Misuse},
    limits,
    login::{Login, LoginState, Step},
    model::{challenge::Challenge, credential::MethodKind, scope::Scope},
    session::{
        action::{Action, PendingRequest},
        clock::Clock,
        failure_streak::FailureStreak,
        scope_state::{InFlight, Input, Pending, Phase, ScopeState},
    },
};

impl Session {
    pub(super) fn next(&mut self, scope: &Scope, now: UtcDateTime, background: bool) -> Action {
        let at = self.advance(now);
        if self.closed {
            return Action::Fail(ErrorKind::Closed.into());
        }
        let index = match self.index_of(scope, at) {
            Ok(index) => index,
            Err(error) => return Action::Fail(error),
        };
        let state = &mut self.scopes[index];
        state.background |= background;
        let Some(live) = &state.live else { return self.log_in(index, at, false) };
        let left_to_background = state.background && !background;
        let first = if left_to_background { live.mandatory_at } else { Duration::ZERO };
        let renew_at = live.renew_at.max(first);
        let token = Arc::clone(&live.token);
        if at < renew_at {
            return Action::Use(token);
        }
        let (ends_at, is_near) = (live.ends_at, at >= live.mandatory_at);
        match self.log_in(index, at, !is_near) {
            Action::Send(pending, request) => Action::Send(pending, request),
            // Near its end the caller waits for the new token.
            Action::Wait(until) if is_near && self.scopes[index].in_flight().is_some() => {
                Action::Wait(until.min(self.clock.at(ends_at)))
            }
            // A renewal that is not possible now costs no caller the valid token.
            _ => Action::Use(token),
        }
    }

    /// The action when the token is missing or due for renewal. `early`: the caller can still use
    /// the old token.
    fn log_in(&mut self, index: usize, at: Duration, early: bool) -> Action {
        let state = &self.scopes[index];
        if let Some(in_flight) = state.in_flight() {
            return Action::Wait(self.clock.at(in_flight.lost_at));
        }
        if let Some(lockout) =
            self.lockout.as_mut().filter(|lockout| lockout.applies_to(state.granted))
        {
            lockout.request_probe(&state.scope);
        }
        let block = self.block(state, at);
        if let Some(block) = block.as_ref().filter(|block| !block.streak.waits) {
            let error = block.error(&self.clock);
            // A user may submit a better factor at once.
            let has_challenge = state.challenge().is_some();
            return Action::Fail(if has_challenge { error.with_retry_at(None) } else { error });
        }
        if let Some(challenge) = self.pending_challenge(state) {
            return Action::NeedFactor(challenge);
        }
        if let Some(block) = block {
            return Action::Wait(self.clock.at(block.until));
        }
        // Scopes do not try an unverified credential side by side. An early renewal waits too,
        // because the password may have changed.
        if (early || !self.credential_verified)
            && let Some(lost_at) = self.first_in_flight()
        {
            return Action::Wait(self.clock.at(lost_at));
        }
        self.start(index, at)
    }

    /// When the oldest request of any scope counts as lost.
    fn first_in_flight(&self) -> Option<Duration> {
        let in_flight = self.scopes.iter().filter_map(ScopeState::in_flight);
        in_flight.map(|in_flight| in_flight.lost_at).min()
    }

    /// The failure that keeps a scope from sending: its own, a refused credential, or a service's
    /// `Retry-After`. Of several, the one with the highest [precedence](Block::precedence).
    pub(super) fn block<'a>(&'a self, state: &'a ScopeState, at: Duration) -> Option<Block<'a>> {
        let streaks = state.streak.iter().chain(&self.retry_after);
        let streaks = streaks
            .filter(|streak| streak.holds(at))
            .map(|streak| Block { until: streak.until, streak });
        let lockout = self.lockout.iter().filter(|lockout| lockout.applies_to(state.granted));
        let lockout = lockout
            .map(|lockout| Block { until: lockout.until(&state.scope), streak: &lockout.streak });
        let blocks = streaks.chain(lockout).filter(|block| at < block.until);
        blocks.max_by_key(Block::precedence)
    }

    /// The factor that the user must supply before the next login request.
    pub(super) fn pending_challenge(&self, state: &ScopeState) -> Option<Challenge> {
        match &state.phase {
            Phase::Pending(pending) => match pending.login.state() {
                LoginState::NeedFactor(challenge) => Some(challenge.clone()),
                // The pause after a refused factor is over.
                LoginState::Failed(_) => pending.login.challenge().cloned(),
                LoginState::Done(_) | LoginState::ToSend => None,
            },
            Phase::InFlight(_) => None,
            Phase::Idle => self.code_used.then(|| Challenge::fresh_code(MethodKind::Totp.as_str())),
        }
    }

    /// Sends the next request of a pending login, or the first of a new one.
    fn start(&mut self, index: usize, at: Duration) -> Action {
        let pending = match self.scopes[index].take_pending() {
            Some(pending) => pending,
            None => match self.new_login(index) {
                Ok(login) => Pending { login, until: Duration::ZERO, since: None },
                Err(error) => return Action::Fail(error),
            },
        };
        let Pending { login, until: receipt_until, since } = pending;
        let request = match login.poll() {
            Ok(Step::Send(request)) => request,
            Ok(Step::Done(_) | Step::NeedFactor(_)) => {
                unreachable!("a login that is kept between polls waits to be sent")
            }
            Err(error) => return Action::Fail(error),
        };
        let with_credential = login.shows_credential();
        // A further factor is sent without the first one.
        self.code_used |= with_credential && !login.is_under_way() && self.credential.is_one_time();
        self.attempts += 1;
        let attempt = self.attempts;
        let lost_at = at.saturating_add(self.settings.response_timeout());
        let in_flight = InFlight {
            attempt,
            login,
            sent_at: since.unwrap_or(at),
            with_credential,
            lost_at,
            receipt_until,
        };
        self.step(index, Input::Started(in_flight), at);
        Action::Send(PendingRequest { attempt }, request)
    }

    fn new_login(&mut self, index: usize) -> Result<Login, Error> {
        let state = &mut self.scopes[index];
        if !state.is_checked {
            self.cloud.check(&self.credential, &state.scope)?;
            state.is_checked = true;
        }
        let login = Login::of_checked(&self.cloud, self.credential.clone(), state.scope.clone())?;
        Ok(if self.settings.catalog() { login } else { login.without_catalog() })
    }

    /// The index of a scope's state, which is created if missing. At the limit, the new state
    /// replaces the one that was unused for longest.
    fn index_of(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let index = match self.scopes.iter().position(|state| state.scope == *scope) {
            Some(index) => index,
            None => {
                // A scope that cannot work replaces no other.
                self.cloud.check(&self.credential, scope)?;
                if self.scopes.len() >= limits::SCOPES {
                    self.make_room(at)?;
                }
                self.scopes.push(ScopeState::new(scope.clone()));
                self.scopes.len() - 1
            }
        };
        self.scopes[index].used_at = at;
        Ok(index)
    }

    fn make_room(&mut self, at: Duration) -> Result<(), Error> {
        let all = self.scopes.iter().enumerate();
        let removable = all.filter(|(_, state)| state.may_be_removed(at));
        let oldest = removable.min_by_key(|(_, state)| (!state.is_idle(at), state.used_at));
        let (oldest, _) = oldest.ok_or(Misuse::TooManyScopes)?;
        self.scopes.swap_remove(oldest);
        Ok(())
    }
}

/// A streak of failures that keeps a scope from sending.
pub(super) struct Block<'a> {
    pub(super) until: Duration,
    streak: &'a FailureStreak,
}

impl Block<'_> {
    /// A failure that callers get at once takes precedence over one that they wait out. Of two
    /// alike, the longer one counts.
    fn precedence(&self) -> (bool, Duration) {
        (!self.streak.waits, self.until)
    }

    /// The error that a caller gets.
    pub(super) fn error(&self, clock: &Clock) -> Error {
        let retry_at = (self.until < Duration::MAX).then(|| clock.at(self.until));
        self.streak.error.clone().with_retry_at(retry_at)
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;
    use crate::{
        cloud::Cloud,
        error::ConfigError,
        model::credential::{Credential, UserRef},
        session::settings::Settings,
    };

    const NOW: UtcDateTime = time::macros::utc_datetime!(2026-11-22 08:00:00);

    #[test]
    fn every_scope_is_checked_once_the_version_is_known() {
        let cloud = Cloud::keystone("https://keystone.example").unwrap();
        let credential = Credential::password("me", "secretsecret");
        let mut session = Session::new(cloud, credential, Settings::default()).unwrap();
        let (project, domain) = (Scope::project_id("p"), Scope::domain_id("d"));
        let Action::Send(pending, _) = session.poll(&project, NOW) else { panic!("discovery") };
        assert!(matches!(session.poll(&domain, NOW), Action::Wait(_)));
        let versions = r#"{"version": {"id": "v2.0", "status": "stable"}}"#;
        let response = Response::builder().status(200).body(versions).unwrap();
        session.handle_response(pending, response, NOW);
        // v2.0 has no domains.
        let Action::Fail(error) = session.poll(&domain, NOW) else { panic!("domain scope") };
        assert!(matches!(error.kind(), ErrorKind::Config(ConfigError::Scope { .. })), "{error}");
        assert!(matches!(session.poll(&project, NOW), Action::Send(..)));
    }

    #[test]
    fn every_scope_is_checked_for_a_new_credential() {
        let cloud = Cloud::keystone("https://keystone.example/v3").unwrap();
        let password = Credential::password(UserRef::id("u"), "secretsecret");
        let mut session = Session::new(cloud, password, Settings::default()).unwrap();
        let scope = Scope::project_id("p");
        let Action::Send(pending, _) = session.poll(&scope, NOW) else { panic!("a login") };
        let response = Response::builder().status(401).body("{}").unwrap();
        session.handle_response(pending, response, NOW);
        // An application credential has a fixed scope.
        let key = Credential::application_credential("id", "secretsecret");
        session.replace_credential(key).unwrap();
        let Action::Fail(error) = session.poll(&scope, NOW) else { panic!("a fixed scope") };
        let wants = ConfigError::ApplicationCredentialScope;
        assert_eq!(error.kind(), &ErrorKind::Config(wants));
    }
}
