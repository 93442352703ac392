//! What a caller who needs a token does now: every decision, and no transition.

use std::{sync::Arc, time::Duration};

use time::UtcDateTime;

use super::Session;
use crate::{
    action::{Action, PendingRequest},
    challenge::Challenge,
    clock::Clock,
    credential::MethodKind,
    error::{Error, ErrorKind, Misuse},
    limits,
    login::{Login, Step},
    row::Row,
    scope::Scope,
    session::{Begun, InFlight, Input, Phase, ScopeState},
};

impl Session {
    pub(super) fn next(&mut self, scope: &Scope, now: UtcDateTime, background: bool) -> Action {
        let at = self.advance(now);
        if self.closed {
            return Action::Fail(ErrorKind::Closed.into());
        }
        let index = match self.session(scope, at) {
            Ok(index) => index,
            Err(error) => return Action::Fail(error),
        };
        let session = &mut self.sessions[index];
        session.background |= background;
        let Some(held) = &session.held else { return self.log_in(index, at, false) };
        let left_to_others = session.background && !background;
        let first = if left_to_others { held.mandatory_at } else { Duration::ZERO };
        let renew_at = held.renew_at.max(first);
        let token = Arc::clone(&held.token);
        if at < renew_at {
            return Action::Use(token);
        }
        let (ends_at, is_near) = (held.ends_at, at >= held.mandatory_at);
        match self.log_in(index, at, !is_near) {
            Action::Send(flight, request) => Action::Send(flight, request),
            // The end is near: better to wait for the new one.
            Action::Wait(until) if is_near && self.sessions[index].flight().is_some() => {
                Action::Wait(until.min(self.clock.at(ends_at)))
            }
            // A renewal that cannot be had now costs nobody the token that still lives.
            _ => Action::Use(token),
        }
    }

    /// What a caller does whose token has ended, or wants to be renewed, which may be early: they
    /// wait, are told, are asked, or send.
    fn log_in(&mut self, index: usize, at: Duration, early: bool) -> Action {
        let session = &self.sessions[index];
        if let Some(flight) = session.flight() {
            return Action::Wait(self.clock.at(flight.lost_at));
        }
        if let Some(latch) = self.latch.as_mut().filter(|latch| latch.concerns(session.granted)) {
            latch.want(&session.scope);
        }
        let session = &self.sessions[index];
        let hold = self.hold(session, at);
        if let Some(hold) = hold.as_ref().filter(|hold| !hold.row.waits) {
            let error = hold.error(&self.clock);
            // What was mistaken may be answered better at once.
            let is_open =
                matches!(&session.phase, Phase::Begun(begun) if begun.login.challenge().is_some());
            return Action::Fail(if is_open { error.with_retry_at(None) } else { error });
        }
        if let Some(challenge) = self.question(session) {
            return Action::NeedFactor(challenge);
        }
        if let Some(hold) = hold {
            return Action::Wait(self.clock.at(hold.until));
        }
        // Until the credential has proven good, its scopes do not try it side by side; and early
        // renewals never do, because it may have changed.
        let others = self.sessions.iter().filter_map(ScopeState::flight);
        if let Some(first) = others.map(|flight| flight.lost_at).min()
            && (early || !self.proven)
        {
            return Action::Wait(self.clock.at(first));
        }
        self.launch(index, at)
    }

    /// What keeps a session from sending, for the longest: its own failures, a refused credential, a
    /// service that asked to be left alone. What is told at once goes before what is waited for.
    pub(super) fn hold<'a>(&'a self, session: &'a ScopeState, at: Duration) -> Option<Hold<'a>> {
        let latch = self.latch.iter().filter(|latch| latch.concerns(session.granted));
        let latch = latch.map(|latch| Hold { until: latch.until(&session.scope), row: &latch.row });
        let rows = session.row.iter().chain(&self.quiet).filter(|row| row.holds(at));
        let holds = rows.map(|row| Hold { until: row.until, row }).chain(latch);
        holds.filter(|hold| at < hold.until).max_by_key(|hold| (!hold.row.waits, hold.until))
    }

    /// What the user is asked before the next login can be sent.
    pub(super) fn question(&self, session: &ScopeState) -> Option<Challenge> {
        match &session.phase {
            Phase::Begun(begun) => match begun.login.poll() {
                Ok(Step::NeedFactor(challenge)) => Some(challenge),
                // The pause after a refused factor is over.
                Err(_) => begun.login.challenge().cloned(),
                Ok(Step::Done(_) | Step::Send(_)) => None,
            },
            Phase::Flying(_) => None,
            Phase::Idle => self.spent.then(|| Challenge::fresh_code(MethodKind::Totp.as_str())),
        }
    }

    fn launch(&mut self, index: usize, at: Duration) -> Action {
        let session = &mut self.sessions[index];
        let begun = match session.take_begun() {
            Some(begun) => begun,
            None => {
                let (credential, scope) = (self.credential.clone(), session.scope.clone());
                match Login::new(&self.cloud, credential, scope) {
                    Ok(login) if self.settings.catalog() => {
                        Begun { login, until: Duration::ZERO, since: None }
                    }
                    Ok(login) => {
                        Begun { login: login.without_catalog(), until: Duration::ZERO, since: None }
                    }
                    Err(error) => return Action::Fail(error),
                }
            }
        };
        let Begun { login, until: receipt_until, since } = begun;
        let request = match login.poll() {
            Ok(Step::Send(request)) => request,
            Ok(Step::Done(_) | Step::NeedFactor(_)) => {
                unreachable!("a login that is kept between polls waits to be sent")
            }
            Err(error) => return Action::Fail(error),
        };
        let with_credential = login.shows_credential();
        // A further factor goes without the first.
        self.spent |= with_credential && !login.is_under_way() && self.credential.is_one_time();
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
        self.step(index, Input::Launched(flight), at);
        Action::Send(PendingRequest { attempt }, request)
    }

    /// The session of a scope, made if need be; the one unused for longest makes room.
    fn session(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let index = match self.sessions.iter().position(|session| session.scope == *scope) {
            Some(index) => index,
            None => {
                // What cannot work takes nobody's place.
                self.cloud.check(&self.credential, scope)?;
                if self.sessions.len() >= limits::SCOPES {
                    self.make_room(at)?;
                }
                self.sessions.push(ScopeState::new(scope.clone()));
                self.sessions.len() - 1
            }
        };
        self.sessions[index].used_at = at;
        Ok(index)
    }

    fn make_room(&mut self, at: Duration) -> Result<(), Error> {
        let all = self.sessions.iter().enumerate();
        let may_go = all.filter(|(_, session)| session.may_go(at));
        let oldest = may_go.min_by_key(|(_, session)| (!session.is_idle(at), session.used_at));
        let (oldest, _) = oldest.ok_or(Misuse::TooManyScopes)?;
        self.sessions.swap_remove(oldest);
        Ok(())
    }
}

/// A row of failures that keeps a session from sending.
pub(super) struct Hold<'a> {
    pub(super) until: Duration,
    row: &'a Row,
}

impl Hold<'_> {
    /// What a caller is told of it.
    pub(super) fn error(&self, clock: &Clock) -> Error {
        let retry_at = (self.until < Duration::MAX).then(|| clock.at(self.until));
        self.row.error.clone().with_retry_at(retry_at)
    }
}
