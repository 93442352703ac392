//! The end of a request: what it means for its scope and for the whole session.

use std::{sync::Arc, time::Duration};

use http::{Response, StatusCode};
use time::UtcDateTime;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Failure, FailureKind, ProtocolError},
    identity, limits,
    login::{self, LoginState},
    model::token::Token,
    session::{
        action::PendingRequest,
        ask::RefusedSecrets,
        event::{self, Event},
        pauses::{
            backoff::Pace, failure_streak::FailureStreak, lockout::Lockout, unanswered::Unanswered,
        },
        state::evidence::{self, Answer},
        state::input::Input,
        state::live_token::LiveToken,
        state::phase::{Asking, Checking, Doubted, Handed, InFlight, Pending, Phase},
        state::scope_state::ScopeState,
    },
    wire::http_time,
};

/// A token or receipt that lives shorter than this ends before it can be used.
pub(super) const USABLE: Duration = Duration::from_secs(3);

impl Session {
    /// Reads a response.
    pub(super) fn read(
        &mut self,
        index: usize,
        mut in_flight: InFlight,
        response: Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
        at: Duration,
    ) -> Input {
        let was_under_way = in_flight.login.is_under_way();
        let with_person = was_under_way || self.credential.is_one_time();
        let showed_token = in_flight.login.shows_token();
        let sent_at = in_flight.sent_at;
        let ago = at.saturating_sub(sent_at).try_into().unwrap_or(time::Duration::MAX);
        in_flight.login.handle_response_after(response, ago, now);
        let found_version = in_flight.login.cloud().api_version().is_some();
        match in_flight.login.state() {
            LoginState::AskSecret(_) | LoginState::ToSend
                if found_version && self.cloud.api_version().is_none() =>
            {
                self.cloud = in_flight.login.cloud().clone();
                self.set_root();
                // The login has checked its scope for this version, and no other scope.
                self.scopes.change_all(|state| state.is_checked = false);
                self.scopes.change(index, |state| state.is_checked = true);
                Input::VersionFound
            }
            LoginState::Done(token) if self.scopes[index].has_refused(token) => {
                Input::Refused(login::existing_token_refused(), self.settings.probe())
            }
            LoginState::Done(token) => self.token(Arc::clone(token), &in_flight, at),
            LoginState::NeedFactor(challenge) => {
                let life = challenge.life.try_into().unwrap_or(Duration::ZERO);
                let until = sent_at.saturating_add(life.min(limits::RECEIPT_LIFETIME));
                match until < at + USABLE {
                    true => Input::Failed(ProtocolError::Expired.into()),
                    false => Input::Pending(Pending { login: in_flight.login, until, since: None }),
                }
            }
            LoginState::AskSecret(_) | LoginState::ToSend => {
                let until = at.saturating_add(self.settings.response_timeout());
                let since = in_flight.login.follows_at_once().then_some(sent_at);
                Input::Pending(Pending { login: in_flight.login, until, since })
            }
            LoginState::Failed(error)
                if in_flight.root.is_some()
                    && (error.is_credential_refused() || error.is_not_found()) =>
            {
                let (error, attempt) = (error.clone(), in_flight.request.attempt);
                match in_flight.root {
                    Some(root) => Input::Doubted(Doubted { error, attempt, root }),
                    None => Input::Failed(error),
                }
            }
            // A user may have mistyped a factor: the user gets the error and another try.
            LoginState::Failed(error)
                if (error.is_credential_refused() || (showed_token && error.is_not_found()))
                    && in_flight.with_credential
                    && !(with_person && self.scopes[index].may_be_mistaken()) =>
            {
                if self.credential.asked().is_some() {
                    let credential = in_flight.login.credential().clone();
                    let before = self.refused_secrets.take();
                    self.refused_secrets = Some(RefusedSecrets::after(before, credential, at));
                }
                let error = error.clone();
                if was_under_way {
                    // A factor that a person has mistyped is right in another process.
                    self.give_up_lease(index);
                }
                Input::Refused(error, self.settings.probe())
            }
            LoginState::Failed(error) if was_under_way => {
                let error = error.clone();
                let until = in_flight.receipt_until;
                Input::FactorRejected(Pending { login: in_flight.login, until, since: None }, error)
            }
            LoginState::Failed(error) => Input::Failed(error.clone()),
        }
    }

    /// A new token, if it lives long enough.
    fn token(&mut self, token: Arc<Token>, in_flight: &InFlight, at: Duration) -> Input {
        let life = in_flight.login.life().try_into().unwrap_or(Duration::ZERO);
        let window = self.settings.renewal();
        let live = LiveToken::new(token, life, in_flight.sent_at, window, &mut self.jitter);
        if live.ends_at < at + USABLE {
            if let Some(root) = &in_flight.root {
                self.end_root(root, &live.token);
            }
            return Input::Failed(ProtocolError::Expired.into());
        }
        Input::Token(match &in_flight.root {
            Some(root) => self.derived(live, root),
            None if self.credential.renews_early() && !in_flight.login.is_answered() => live,
            None => live.without_renewal(),
        })
    }

    /// Applies the result of a request, first to the credential, then to the scope, then to the
    /// service's `Retry-After`. The event comes last, because its `retry_at` depends on all three.
    pub(super) fn finish(&mut self, index: usize, input: Input, sent_at: Duration, at: Duration) {
        self.note_credential(index, &input, sent_at, at);
        // The login with an existing token is a question about it.
        if matches!(input, Input::Refused(..))
            && self.credential.is_existing_token()
            && let Some(live) = &self.scopes[index].live
        {
            let token = Arc::clone(&live.token);
            self.drop_everywhere(&token);
        }
        let event = self.transit(index, input, at);
        self.note_retry_after(index, at);
        let blocked_until = self.block(index, at).map(|block| block.until);
        let retry_at = blocked_until.filter(|until| *until < Duration::MAX);
        let retry_at = retry_at.map(|until| self.clock.at(until));
        self.emit(event.map(|event| event.with_retry_at(retry_at)));
        self.tell(index, at);
        self.doubt_root(index, at);
    }

    /// A token verifies the credential. A refusal locks it out, unless the credential is verified
    /// and the scope never worked: then the scope may be wrong. An unverified credential is locked
    /// out for all scopes, so that a wrong password is not sent once for each of them.
    ///
    /// An exchange says nothing about the credential.
    pub(super) fn note_credential(
        &mut self,
        index: usize,
        input: &Input,
        sent_at: Duration,
        at: Duration,
    ) {
        match input {
            Input::Token(live) => self.trust_root(index, live, false),
            // Another process' exchange says nothing about this session's root token.
            Input::Taken(live, ..) if self.is_root(index) => self.trust_root(index, live, true),
            _ => {}
        }
        match input {
            _ if self.root_of(index).is_some() => {}
            // The other process may have had other secrets.
            Input::Taken(..) if !self.name_has_secrets() => {}
            // It may be as old as the token: a password that has changed since would be sent by all
            // scopes at once.
            Input::Taken(..) => (self.lockout, self.refused_secrets) = (None, None),
            Input::Token(_) => {
                (self.lockout, self.refused_secrets) = (None, None);
                self.credential_verified = true;
                self.prove_credential();
            }
            Input::Refused(error, probe) | Input::RefusedElsewhere(error, probe) => {
                let state = &self.scopes[index];
                if state.granted || !self.credential_verified {
                    let refusal = (error.clone(), state.scope.clone(), state.granted);
                    let before = self.lockout.take();
                    let time = (at, &self.clock);
                    self.lockout = Some(Lockout::after(before, refusal, sent_at, time, *probe));
                    (self.credential_proven, self.unanswered) = (false, None);
                }
                self.credential_verified = false;
                self.give_up_leases_of(index);
            }
            _ => {}
        }
    }

    /// The service has accepted the password or code.
    pub(super) fn prove_credential(&mut self) {
        (self.credential_proven, self.unanswered) = (true, None);
    }

    /// Notes a request that may have been sent and got no status.
    pub(super) fn note_unanswered(&mut self, in_flight: &InFlight, error: &Error) {
        if in_flight.is_guess && !self.credential_proven {
            let (before, error) = (self.unanswered.take(), error.clone());
            self.unanswered = Some(Unanswered::after(before, error, in_flight.sent_at));
        }
    }

    /// A `Retry-After` applies to all scopes, except that of a refused credential, which applies to
    /// those that the refusal blocks, and that of an identity provider, which gets no exchanges. The
    /// later of two counts.
    fn note_retry_after(&mut self, index: usize, at: Duration) {
        let streak = self.scopes[index].streak.as_ref();
        let new = streak.filter(|streak| streak.error.retry_at().is_some() && streak.holds(at));
        let new = new.filter(|streak| !streak.error.is_credential_refused());
        let new = new.filter(|streak| !self.is_of_provider(&streak.error));
        let both = self.retry_after.take().into_iter().chain(new.cloned());
        self.retry_after = both.max_by_key(|streak| streak.until);
    }

    /// Whether an identity provider gave this answer.
    fn is_of_provider(&self, error: &Error) -> bool {
        let origin = error.refusal().and_then(|refusal| refusal.origin.as_deref());
        origin.is_some_and(|origin| origin != self.cloud.identity_origin().to_string())
    }

    pub(super) fn step(&mut self, index: usize, input: Input, at: Duration) {
        let event = self.transit(index, input, at);
        self.emit(event);
        self.tell(index, at);
    }

    pub(super) fn transit(&mut self, index: usize, input: Input, at: Duration) -> Option<Event> {
        let (clock, jitter) = (&self.clock, &mut self.jitter);
        self.scopes.change(index, |state| state.step(input, at, clock, jitter))
    }

    /// Takes the identity service's answer about a scope's token, to the question with this
    /// number.
    pub(super) fn judge(
        &mut self,
        index: usize,
        token: &Token,
        answer: Answer,
        attempt: u64,
        at: Duration,
    ) {
        if !self.scopes[index].holds(token) {
            return;
        }
        let at_odds = self.scopes.change(index, |state| {
            let at_odds = state.evidence.answer(token, answer, at);
            if state.evidence.due().is_none() {
                state.free_since = None;
            }
            at_odds
        });
        match answer {
            Answer::Valid => self.scopes.change(index, |state| state.share.prove()),
            Answer::Invalid(_) => {
                self.drop_everywhere(token);
                self.credential_verified = false;
            }
            Answer::Unknown => {}
        }
        let until = self.clock.at(at.saturating_add(evidence::AT_ODDS));
        for origin in at_odds {
            let (scope, origin) = (self.scopes[index].scope.clone(), event::origin(&origin));
            self.emit(Some(Event::ServiceAtOdds { scope, origin, until }));
        }
        if self.is_root(index) {
            self.settle(token, answer, attempt, at);
        }
    }

    /// The identity service has called this token invalid, or may have.
    pub(super) fn drop_everywhere(&mut self, token: &Token) {
        for index in self.scopes.holders(token) {
            self.scopes.change(index, ScopeState::drop_token);
            self.forget(index, token);
        }
    }

    /// This token has ended, earlier than known.
    pub(super) fn end_everywhere(&mut self, token: &Token) {
        for index in self.scopes.holders(token) {
            self.scopes.change(index, ScopeState::end_token);
            self.forget(index, token);
        }
    }

    /// What the response to a question says about the token. It may ask for a pause instead.
    pub(super) fn answer_of(
        &mut self,
        token: &Token,
        response: &Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
        at: Duration,
    ) -> Answer {
        let status = response.status();
        let Err(error) = identity::expect_success(&self.cloud, response, &[token.expose()]) else {
            return Answer::Valid;
        };
        if status == StatusCode::UNAUTHORIZED {
            return Answer::Invalid(status);
        }
        let until = http_time::retry_after(response.headers(), now);
        if let (Some(until), Some(refusal)) = (until, error.refusal()) {
            let error = Error::from(ErrorKind::Unavailable(refusal.clone()));
            let error = error.with_retry_at(Some(until));
            let pace = (Pace::Fast, &mut self.jitter);
            let asked = FailureStreak::failed(None, error, at, &self.clock, pace);
            let both = self.retry_after.take().into_iter().chain([asked]);
            self.retry_after = both.max_by_key(|streak| streak.until);
            return Answer::Unknown;
        }
        match status {
            StatusCode::NOT_FOUND => Answer::Invalid(status),
            _ => Answer::Unknown,
        }
    }

    /// Moves the clock on, and ends tokens, receipts, pauses and requests whose time is over.
    pub(super) fn advance(&mut self, now: UtcDateTime) -> Duration {
        let jump = self.clock.jump(now).map(|by| Event::ClockJump { by });
        self.emit(jump);
        let at = self.clock.advance(now);
        self.take_back_dropped();
        let mut has_ended = false;
        let due = self.scopes.due(at);
        for index in &due {
            self.scopes.change(*index, |state| {
                has_ended |= state.expire_token(at);
                state.expire_pending(at);
            });
        }
        // A lost question about the root token may concern scopes whose token ends now, too.
        for index in due {
            let lost = self.scopes.change(index, |state| state.take_if(|one| at >= one.lost_at));
            if let Some(lost) = lost {
                self.lose(index, lost, at);
            }
        }
        self.retry_after.take_if(|streak| !streak.holds(at));
        // Without any valid token the credential counts as unverified again.
        if has_ended {
            self.credential_verified &= self.scopes.have_token();
        }
        at
    }

    /// Takes back the requests that their callers have dropped.
    fn take_back_dropped(&mut self) {
        let dropped = self.id.dropped();
        if dropped == self.dropped {
            return;
        }
        self.dropped = dropped;
        let asking = self.scopes.asking();
        let asking =
            asking.filter(|(_, state)| state.phase.handed().is_some_and(Handed::is_dropped));
        for index in asking.map(|(index, _)| index).collect::<Vec<_>>() {
            let dropped = self.scopes.change(index, |state| state.take_if(|_| true));
            if let Some(asking @ Phase::Asking(_)) = dropped {
                self.hand_back(index, asking);
            }
            self.wake = true;
        }
    }

    /// A request has got no response for too long.
    fn lose(&mut self, index: usize, lost: Phase, at: Duration) {
        match lost {
            Phase::InFlight(in_flight) => {
                let failure = Failure::new(FailureKind::Timeout, "presumed lost");
                let error = failure.at(&in_flight.login.origin()).into();
                self.note_unanswered(&in_flight, &error);
                self.finish(index, Input::Failed(error), in_flight.sent_at, at);
            }
            Phase::Checking(Checking { token, request }) => {
                self.judge(index, &token, Answer::Unknown, request.attempt, at);
            }
            Phase::Asking(_) => self.hand_back(index, lost),
            Phase::Taking(_) => self.has_no_answer(index, at),
            Phase::Doubted(_) | Phase::Idle | Phase::Pending(_) => {}
        }
    }

    pub(super) fn emit(&mut self, event: Option<Event>) {
        if let Some(event) = event {
            self.events.push(event);
        }
    }

    /// The request that this handle belongs to. `None` if it no longer counts. Callers are woken in
    /// either case: after a jump of the clock, a caller may still wait for a request that was
    /// counted as lost.
    pub(super) fn take(&mut self, mut pending: PendingRequest) -> Option<(usize, Phase)> {
        self.wake = true;
        pending.give_back();
        let index = self.scopes.place_of(pending.attempt)?;
        let phase = self.scopes.change(index, |state| state.take_if(|_| true))?;
        Some((index, phase))
    }

    /// A question comes back without a reply: the next caller gets it.
    pub(super) fn hand_back(&mut self, index: usize, asking: Phase) {
        if let Phase::Asking(Asking { is_personal: false, .. }) = asking {
            self.unread_at = Some(self.clock.elapsed());
        }
        self.scopes.change(index, |state| state.phase = asking.without_result());
        self.wake = true;
    }
}
