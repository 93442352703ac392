//! The inputs of a session: responses, failures, refused tokens, and changes by the user.

use std::sync::Arc;

use http::{Response, StatusCode, Uri};
use time::UtcDateTime;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Failure, FailureKind, Head, Misuse},
    identity, login,
    model::{credential::Credential, marks, token::Token},
    session::{
        action::PendingRequest,
        event::{self, Event, RefusalReason, SuspensionReason},
        service_call::{RetryDecision, ServiceCall},
        state::evidence::{Answer, Refused, Remedy},
        state::input::Input,
        state::phase::{Checking, Phase},
        state::scopes::Scopes,
    },
};

impl Session {
    /// Hands in the response to a pending request. A request that no longer counts is ignored: it
    /// was counted as lost, or the credential was replaced.
    ///
    /// # Errors
    ///
    /// [`Misuse::OtherSession`] if another session gave the request out.
    pub fn handle_response(
        &mut self,
        pending: PendingRequest,
        response: Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
    ) -> Result<(), Error> {
        let at = self.check_owner(&pending).map(|()| self.advance(now))?;
        match self.take(pending) {
            Some((index, Phase::InFlight(in_flight))) => {
                let sent_at = in_flight.sent_at;
                let answer = self.copy_answer(index, &response);
                let input = self.read(index, in_flight, response, now, at);
                answer.into_iter().for_each(|answer| self.keep_answer(index, answer, &input, at));
                self.finish(index, input, sent_at, at);
            }
            Some((index, Phase::Checking(Checking { token, request }))) => {
                let answer = self.answer_of(&token, &response, now, at);
                self.judge(index, &token, answer, request.attempt, at);
            }
            // A response is no reply.
            Some((index, asking @ Phase::Asking(_))) => self.hand_back(index, asking),
            _ => {}
        }
        Ok(())
    }

    /// Reports that a pending request got no response, or [none with a body](Failure::with_head), or
    /// that a question could not be answered. A question whose failure is of another kind than
    /// [`FailureKind::Source`] goes to the next caller.
    ///
    /// # Errors
    ///
    /// [`Misuse::OtherSession`] if another session gave the request out.
    pub fn handle_failure(
        &mut self,
        pending: PendingRequest,
        mut failure: Failure,
        now: UtcDateTime,
    ) -> Result<(), Error> {
        let head = failure.take_head();
        if let Some(Head { status, headers }) = head.as_ref().filter(|head| is_refusal(head)) {
            let mut response = Response::new(b"");
            *response.status_mut() = *status;
            *response.headers_mut() = headers.clone();
            return self.handle_response(pending, response, now);
        }
        let at = self.check_owner(&pending).map(|()| self.advance(now))?;
        match self.take(pending) {
            Some((index, Phase::InFlight(in_flight))) => {
                let was_sent = matches!(failure.kind, FailureKind::Io | FailureKind::Timeout);
                // The text of an HTTP client's error may quote a server.
                let failure = failure.at(&in_flight.login.origin());
                let error = Error::from(failure).without_secrets(&in_flight.login.secrets());
                match head {
                    Some(head) if in_flight.is_guess && head.status.is_success() => {
                        self.prove_credential();
                    }
                    None if was_sent => self.note_unanswered(&in_flight, &error),
                    _ => {}
                }
                self.finish(index, Input::Failed(error), in_flight.sent_at, at);
            }
            Some((index, Phase::Checking(Checking { token, request }))) => {
                let is_valid = head.is_some_and(|head| head.status.is_success());
                let answer = if is_valid { Answer::Valid } else { Answer::Unknown };
                self.judge(index, &token, answer, request.attempt, at);
            }
            Some((index, Phase::Asking(asking))) if failure.kind == FailureKind::Source => {
                let error = failure.into();
                let input = match asking.pending {
                    Some(pending) => Input::FactorRejected(pending, error),
                    None => Input::Failed(error),
                };
                self.finish(index, input, at, at);
            }
            Some((index, asking @ Phase::Asking(_))) => self.hand_back(index, asking),
            Some((index, Phase::Taking(_))) => self.has_no_answer(index, at),
            _ => {}
        }
        Ok(())
    }

    /// Reports that the result of a pending request will never be known, because its sender was
    /// cancelled or panicked after it may have sent the request. The next caller sends another one.
    /// This is no failure of the service. But an unproven password may have been refused, so the
    /// next request with it has to wait as after a [failure](Self::handle_failure) without a status.
    ///
    /// To say that a request was not sent, drop it.
    ///
    /// # Errors
    ///
    /// [`Misuse::OtherSession`] if another session gave the request out.
    pub fn handle_abandoned(&mut self, pending: PendingRequest) -> Result<(), Error> {
        self.check_owner(&pending)?;
        let at = self.clock.elapsed();
        match self.take(pending) {
            Some((index, Phase::InFlight(in_flight))) => {
                let error = Failure::new(FailureKind::Timeout, "given up by the caller").into();
                self.note_unanswered(&in_flight, &error);
                self.finish(index, Input::Abandoned, in_flight.sent_at, at);
            }
            Some((index, Phase::Checking(Checking { token, request }))) => {
                self.judge(index, &token, Answer::Unknown, request.attempt, at);
            }
            Some((index, asking @ Phase::Asking(_))) => self.hand_back(index, asking),
            Some((index, Phase::Taking(_))) => {
                // Callers that never wait for the store still get on.
                self.events.count_miss();
                self.scopes.change(index, |state| state.share.miss());
                if self.scopes[index].share.has_seen_enough() {
                    self.go_alone(index, SuspensionReason::NoAnswer, at);
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn check_owner(&self, pending: &PendingRequest) -> Result<(), Error> {
        match pending.session == self.id {
            true => Ok(()),
            false => Err(Misuse::OtherSession.into()),
        }
    }

    /// Reports that the service at this URL answered 401 to a request with this token, for drivers
    /// that do without a [`ServiceCall`]. The result says whether the request is worth a second try
    /// with the token that the session gives for [this URL](crate::Destination::At).
    ///
    /// Such a driver hands every other response to [`ServiceCall::is_refusal`]: a refusal means more if
    /// the service has accepted the token before.
    pub fn handle_unauthorized(
        &mut self,
        token: &Token,
        url: &Uri,
        now: UtcDateTime,
    ) -> RetryDecision {
        ServiceCall::new().decide(self, token, url, true, now)
    }

    /// Reports that a request to a service with this token broke off while its body was being sent,
    /// without a response: a service that refuses a token may close the connection. The session asks
    /// the identity service about the token before any caller uses it again.
    pub fn handle_interrupted(&mut self, token: &Token, now: UtcDateTime) {
        let at = self.advance(now);
        for index in self.scopes.holders(token) {
            self.scopes.change(index, |state| state.evidence.interrupt(at));
            self.wake = true;
        }
    }

    /// Takes a refusal. Returns the reason why a second try is not possible or not useful.
    pub(crate) fn refuse(
        &mut self,
        token: &Token,
        url: &Uri,
        now: UtcDateTime,
    ) -> Option<RefusalReason> {
        let at = self.advance(now);
        let mut is_at_odds = false;
        for index in self.scopes.holders(token) {
            let refused = self.scopes.change(index, |state| state.refuse(url, at));
            is_at_odds |= refused == Some(Refused::AtOdds);
            if refused == Some(Refused::First) {
                let state = &self.scopes[index];
                let is_checking = matches!(state.phase, Phase::Checking(_));
                let needs_login = state.evidence.due() == Some(Remedy::LogIn);
                let (scope, origin) = (state.scope.clone(), event::origin(&marks::origin(url)));
                self.emit(Some(Event::TokenRejected { scope, origin }));
                if needs_login {
                    self.forget(index, token);
                }
                if is_checking && needs_login {
                    // The answer makes no difference any more.
                    self.step(index, Input::Abandoned, at);
                }
                // A changed password ends tokens. Until a login succeeds, every scope may have the
                // same problem.
                match self.root_of(index).filter(|_| needs_login) {
                    Some(_) => self.distrust_root(),
                    None => self.credential_verified &= !needs_login,
                }
                self.wake = true;
            }
        }
        if self.closed {
            Some(RefusalReason::Closed)
        } else if is_at_odds {
            Some(RefusalReason::AtOdds)
        } else if self.credential.is_one_time() && !self.has_root_token()
            || self.credential.is_existing_token()
            || self.fixed.is_some()
        {
            Some(RefusalReason::NoOtherToken)
        } else {
            None
        }
    }

    /// Notes that a caller gets a service's 401.
    pub(crate) fn note_delivery(&mut self, url: &Uri, reason: RefusalReason) {
        let origin = event::origin(&marks::origin(url));
        self.emit(Some(Event::RefusalDelivered { origin, reason }));
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
        self.check_root(&credential)?;
        let fixed = login::fixed_token(&self.cloud, &credential)?;
        self.scopes.change_all(|state| state.is_checked = state.is_in_use());
        self.fixed = fixed.map(Arc::new);
        self.cloud = self.cloud.for_login(&credential);
        self.credential = credential;
        self.forget_refusals();
        self.code_used = false;
        for index in 0..self.scopes.len() {
            self.step(index, Input::Replaced, at);
        }
        self.renew_root();
        self.wake = true;
        Ok(())
    }

    /// Closes the session: it forgets its tokens and its credential, and every later poll fails.
    /// The tokens stay valid at the server until they end there.
    pub fn close(&mut self) {
        if self.store.is_some() {
            self.give_up_leases(self.clock.elapsed());
        }
        self.closed = true;
        self.fixed = None;
        self.credential = Credential::none();
        self.lockout = None;
        self.retry_after = None;
        (self.unanswered, self.refused_secrets) = (None, None);
        (self.root, self.hidden_root) = (None, None);
        self.scopes = Scopes::default();
        self.wake = true;
    }
}

/// Whether a response refuses the request, with any body.
fn is_refusal(head: &Head) -> bool {
    let is_choice = head.status == StatusCode::MULTIPLE_CHOICES;
    !head.status.is_success() && !is_choice && !identity::is_receipt(head.status, &head.headers)
}
