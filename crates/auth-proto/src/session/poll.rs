//! What a caller who needs a token does now: every decision, and no transition.

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
        let left_to_others = state.background && !background;
        let first = if left_to_others { live.mandatory_at } else { Duration::ZERO };
        let renew_at = live.renew_at.max(first);
        let token = Arc::clone(&live.token);
        if at < renew_at {
            return Action::Use(token);
        }
        let (ends_at, is_near) = (live.ends_at, at >= live.mandatory_at);
        match self.log_in(index, at, !is_near) {
            Action::Send(flight, request) => Action::Send(flight, request),
            // The end is near: better to wait for the new one.
            Action::Wait(until) if is_near && self.scopes[index].flight().is_some() => {
                Action::Wait(until.min(self.clock.at(ends_at)))
            }
            // A renewal that cannot be had now costs nobody the token that still lives.
            _ => Action::Use(token),
        }
    }

    /// What a caller does whose token has ended, or wants to be renewed, which may be early: they
    /// wait, are told, are asked, or send.
    fn log_in(&mut self, index: usize, at: Duration, early: bool) -> Action {
        let state = &self.scopes[index];
        if let Some(flight) = state.flight() {
            return Action::Wait(self.clock.at(flight.lost_at));
        }
        if let Some(lockout) =
            self.lockout.as_mut().filter(|lockout| lockout.applies_to(state.granted))
        {
            lockout.request_probe(&state.scope);
        }
        let state = &self.scopes[index];
        let block = self.block(state, at);
        if let Some(block) = block.as_ref().filter(|block| !block.streak.waits) {
            let error = block.error(&self.clock);
            // What was mistaken may be answered better at once.
            let is_open = matches!(&state.phase, Phase::Pending(pending) if pending.login.challenge().is_some());
            return Action::Fail(if is_open { error.with_retry_at(None) } else { error });
        }
        if let Some(challenge) = self.pending_challenge(state) {
            return Action::NeedFactor(challenge);
        }
        if let Some(block) = block {
            return Action::Wait(self.clock.at(block.until));
        }
        // Until the credential has credential_verified good, its scopes do not try it side by side; and early
        // renewals never do, because it may have changed.
        let others = self.scopes.iter().filter_map(ScopeState::flight);
        if let Some(first) = others.map(|flight| flight.lost_at).min()
            && (early || !self.credential_verified)
        {
            return Action::Wait(self.clock.at(first));
        }
        self.start(index, at)
    }

    /// What keeps a session from sending, for the longest: its own failures, a refused credential, a
    /// service that asked to be left alone. What is told at once goes before what is waited for.
    pub(super) fn block<'a>(&'a self, state: &'a ScopeState, at: Duration) -> Option<Block<'a>> {
        let lockout = self.lockout.iter().filter(|lockout| lockout.applies_to(state.granted));
        let lockout = lockout
            .map(|lockout| Block { until: lockout.until(&state.scope), streak: &lockout.streak });
        let streaks =
            state.streak.iter().chain(&self.retry_after).filter(|streak| streak.holds(at));
        let blocks = streaks.map(|streak| Block { until: streak.until, streak }).chain(lockout);
        blocks
            .filter(|block| at < block.until)
            .max_by_key(|block| (!block.streak.waits, block.until))
    }

    /// What the user is asked before the next login can be sent.
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

    fn start(&mut self, index: usize, at: Duration) -> Action {
        let state = &mut self.scopes[index];
        let pending = match state.take_pending() {
            Some(pending) => pending,
            None => {
                let (credential, scope) = (self.credential.clone(), state.scope.clone());
                let checked = match state.is_checked {
                    true => Ok(()),
                    false => self.cloud.check(&credential, &scope),
                };
                state.is_checked = checked.is_ok();
                let login = checked.map_err(Error::from);
                match login.and_then(|()| Login::of_checked(&self.cloud, credential, scope)) {
                    Ok(login) if self.settings.catalog() => {
                        Pending { login, until: Duration::ZERO, since: None }
                    }
                    Ok(login) => Pending {
                        login: login.without_catalog(),
                        until: Duration::ZERO,
                        since: None,
                    },
                    Err(error) => return Action::Fail(error),
                }
            }
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
        // A further factor goes without the first.
        self.code_used |= with_credential && !login.is_under_way() && self.credential.is_one_time();
        self.attempts += 1;
        let attempt = self.attempts;
        let lost_at = at.saturating_add(self.settings.response_timeout());
        let flight = InFlight {
            attempt,
            login,
            sent_at: since.unwrap_or(at),
            with_credential,
            lost_at,
            receipt_until,
        };
        self.step(index, Input::Started(flight), at);
        Action::Send(PendingRequest { attempt }, request)
    }

    /// The session of a scope, made if need be; the one unused for longest makes room.
    fn index_of(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let index = match self.scopes.iter().position(|state| state.scope == *scope) {
            Some(index) => index,
            None => {
                // What cannot work takes nobody's place.
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
        let may_go = all.filter(|(_, state)| state.may_go(at));
        let oldest = may_go.min_by_key(|(_, state)| (!state.is_idle(at), state.used_at));
        let (oldest, _) = oldest.ok_or(Misuse::TooManyScopes)?;
        self.scopes.swap_remove(oldest);
        Ok(())
    }
}

/// A row of failures that keeps a session from sending.
pub(super) struct Block<'a> {
    pub(super) until: Duration,
    streak: &'a FailureStreak,
}

impl Block<'_> {
    /// What a caller is told of it.
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
