//! The inputs of a session: responses, failures, refused tokens, and changes by the user.

use http::Response;
use time::UtcDateTime;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Failure, Misuse},
    model::{
        credential::{Credential, Factor},
        scope::Scope,
        token::Token,
    },
    session::{
        action::PendingRequest,
        failure_streak::FailureStreak,
        scope_state::{Input, Phase, ScopeState},
    },
};

impl Session {
    /// Hands in the response to a pending request.
    pub fn handle_response(
        &mut self,
        pending: PendingRequest,
        response: Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
    ) {
        let at = self.advance(now);
        let Some((index, in_flight)) = self.take_in_flight(&pending) else { return };
        let sent_at = in_flight.sent_at;
        let input = self.read(index, in_flight, response, now, at);
        self.finish(index, input, sent_at, at);
    }

    /// Reports that a pending request got no response.
    pub fn handle_failure(&mut self, pending: PendingRequest, failure: Failure, now: UtcDateTime) {
        let at = self.advance(now);
        if let Some((index, in_flight)) = self.take_in_flight(&pending) {
            // The text of an HTTP client's error may quote a server.
            let error = Error::from(failure).without_secrets(&in_flight.login.secrets());
            self.finish(index, Input::Failed(error), in_flight.sent_at, at);
        }
    }

    /// Reports that the sender of a pending request was cancelled or panicked. The next caller
    /// takes over at once. A second time in a row counts as a failure.
    pub fn handle_abandoned(&mut self, pending: PendingRequest) {
        let at = self.clock.elapsed();
        if let Some((index, in_flight)) = self.take_in_flight(&pending) {
            self.finish(index, Input::Abandoned, in_flight.sent_at, at);
        }
    }

    /// Reports that a service answered 401 to a request with this token. The session drops the
    /// token, unless a newer one has replaced it, or a refused token forced a login in the last
    /// minute: then the service and the identity service disagree about tokens.
    pub fn handle_unauthorized(&mut self, token: &Token, now: UtcDateTime) {
        self.reject(token, now);
    }

    /// Drops a refused token. Returns whether another token can be obtained without user input, so
    /// that the refused request is worth a second try.
    pub(crate) fn reject(&mut self, token: &Token, now: UtcDateTime) -> bool {
        let at = self.advance(now);
        let mut kept = false;
        for index in 0..self.scopes.len() {
            if self.scopes[index].holds(token) {
                self.step(index, Input::Unauthorized, at);
                let is_dropped = self.scopes[index].live.is_none();
                self.wake |= is_dropped;
                kept |= !is_dropped;
                // A changed password ends tokens. Until a login succeeds, every scope may have the
                // same problem.
                self.credential_verified &= !is_dropped;
            }
        }
        let can_log_in = !self.credential.is_one_time() && !self.credential.is_existing_token();
        can_log_in && !self.closed && !kept
    }

    /// Answers an [`Action::NeedFactor`](crate::Action::NeedFactor).
    ///
    /// # Errors
    ///
    /// As [`Login::submit_factor`](crate::Login::submit_factor).
    pub fn submit_factor(&mut self, scope: &Scope, factor: Factor) -> Result<(), Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        let mut state = self.scopes.iter_mut().find(|state| state.scope == *scope);
        if let Some(ScopeState { phase: Phase::Pending(pending), .. }) = &mut state {
            pending.login.submit_factor(factor)?;
        } else if !self.code_used {
            return Err(Misuse::NoChallenge.into());
        } else if !matches!(factor, Factor::Totp(_)) {
            return Err(Misuse::WrongFactor.into());
        } else {
            let credential = self.credential.clone().with_fresh(&factor);
            self.cloud.check(&credential, scope)?;
            self.credential = credential;
            self.code_used = false;
        }
        if let Some(state) = state {
            // A refusal concerned the previous factor. A transient failure still blocks the scope.
            state.streak.iter_mut().for_each(FailureStreak::clear);
        }
        self.wake = true;
        Ok(())
    }

    /// Replaces the credential, after a change of password or a refusal. Valid tokens stay until
    /// they end or a service refuses them. The response to a pending login no longer counts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the credential cannot work for a scope that is in use,
    /// [`ErrorKind::Closed`] after [`close`](Self::close). An error changes nothing.
    pub fn replace_credential(&mut self, credential: Credential) -> Result<(), Error> {
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        let at = self.clock.elapsed();
        self.cloud.check_credential(&credential)?;
        for state in self.scopes.iter().filter(|state| state.is_in_use()) {
            self.cloud.check(&credential, &state.scope)?;
        }
        for state in &mut self.scopes {
            state.is_checked = state.is_in_use();
        }
        self.credential = credential;
        self.lockout = None;
        self.credential_verified = false;
        self.code_used = false;
        for index in 0..self.scopes.len() {
            self.step(index, Input::Replaced, at);
        }
        self.wake = true;
        Ok(())
    }

    /// Closes the session: it forgets its tokens and its credential, and every later poll fails.
    /// The tokens stay valid at the server until they end there.
    pub fn close(&mut self) {
        self.closed = true;
        self.credential = Credential::none();
        self.lockout = None;
        self.retry_after = None;
        self.scopes.clear();
        self.wake = true;
    }
}
