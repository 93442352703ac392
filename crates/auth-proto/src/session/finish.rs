//! What becomes of a flight, for its session and for the account.

use std::{sync::Arc, time::Duration};

use http::Response;
use time::UtcDateTime;

use super::Session;
use crate::{
    error::ProtocolError,
    limits,
    login::{self, LoginState},
    model::token::Token,
    session::{
        action::PendingRequest,
        event::Event,
        live_token::LiveToken,
        lockout::Lockout,
        scope_state::{InFlight, Input, Pending},
    },
};

/// Less than this is over before it can be used.
const USABLE: Duration = Duration::from_secs(3);

impl Session {
    /// What an answer means.
    pub(super) fn read(
        &mut self,
        index: usize,
        mut landed: InFlight,
        response: Response<impl AsRef<[u8]>>,
        now: UtcDateTime,
        at: Duration,
    ) -> Input {
        let was_under_way = landed.login.is_under_way();
        let with_person = was_under_way || self.credential.is_one_time();
        let showed_token = landed.login.shows_token();
        landed.login.handle_response(response, now);
        let sent_at = landed.sent_at;
        match landed.login.state() {
            LoginState::Done(token) if self.scopes[index].has_refused(token) => {
                Input::Refused(login::existing_token_refused(), self.settings.probes())
            }
            LoginState::Done(token) => {
                let token = Arc::clone(token);
                let early = self.credential.renews_early() && !landed.login.is_answered();
                self.token(token, &landed, early, at)
            }
            LoginState::NeedFactor(challenge) => {
                let life = challenge.life.try_into().unwrap_or(Duration::ZERO);
                let until = sent_at.saturating_add(life.min(limits::RECEIPT_LIFETIME));
                match until < at + USABLE {
                    true => Input::Failed(ProtocolError::Expired.into()),
                    false => Input::Pending(Pending { login: landed.login, until, since: None }),
                }
            }
            LoginState::ToSend if landed.login.is_half_done() => {
                let until = at.saturating_add(self.settings.response_timeout());
                Input::Pending(Pending { login: landed.login, until, since: Some(sent_at) })
            }
            LoginState::ToSend => {
                self.cloud = landed.login.cloud().clone();
                // The login has checked its own scope for this version, and no other.
                for (other, state) in self.scopes.iter_mut().enumerate() {
                    state.is_checked &= other == index;
                }
                Input::VersionFound
            }
            // Where a person takes part, they may have mistyped: they are told, and asked again.
            LoginState::Failed(error)
                if (error.is_credential_refused() || (showed_token && error.is_not_found()))
                    && landed.with_credential
                    && !(with_person && self.scopes[index].may_be_mistaken()) =>
            {
                Input::Refused(error.clone(), self.settings.probes())
            }
            LoginState::Failed(error) if was_under_way => {
                let error = error.clone();
                let until = landed.receipt_until;
                Input::FactorRejected(Pending { login: landed.login, until, since: None }, error)
            }
            LoginState::Failed(error) => Input::Failed(error.clone()),
        }
    }

    /// A token that has come, if there is time left to use it.
    fn token(&mut self, token: Arc<Token>, landed: &InFlight, early: bool, at: Duration) -> Input {
        let life = landed.login.life().try_into().unwrap_or(Duration::ZERO);
        let window = self.settings.renewal();
        let live = LiveToken::new(token, life, landed.sent_at, window, &mut self.jitter);
        if live.ends_at < at + USABLE {
            return Input::Failed(ProtocolError::Expired.into());
        }
        match early {
            true => Input::Token(live),
            false => Input::Token(live.without_renewal()),
        }
    }

    /// What became of a flight, for its session and for the account.
    pub(super) fn finish(&mut self, index: usize, input: Input, sent_at: Duration, at: Duration) {
        match &input {
            Input::Token(_) => {
                self.lockout = None;
                self.credential_verified = true;
            }
            // It may be the scope that is wrong, as long as the credential is good for another one.
            // Where it is not known to be good, all scopes wait, so that a wrong password is not
            // tried for each of them.
            Input::Refused(error, probes) => {
                let state = &self.scopes[index];
                if state.granted || !self.credential_verified {
                    let refusal = (error.clone(), state.scope.clone(), state.granted);
                    let lockout =
                        Lockout::after(self.lockout.take(), refusal, sent_at, at, *probes);
                    self.lockout = Some(lockout);
                }
                self.credential_verified = false;
            }
            _ => {}
        }
        let event = self.scopes[index].step(input, at, &self.clock, &mut self.jitter);
        let streak = self.scopes[index].streak.as_ref();
        let asked =
            streak.filter(|streak| streak.error.retry_at().is_some() && streak.holds(at)).cloned();
        self.retry_after =
            self.retry_after.take().into_iter().chain(asked).max_by_key(|streak| streak.until);
        // What others were told may hold this scope for longer than its own failures.
        let until = self.block(&self.scopes[index], at).map(|block| block.until);
        let retry_at =
            until.filter(|until| *until < Duration::MAX).map(|until| self.clock.at(until));
        self.emit(event.map(|event| event.with_retry_at(retry_at)));
    }

    pub(super) fn step(&mut self, index: usize, input: Input, at: Duration) {
        let event = self.scopes[index].step(input, at, &self.clock, &mut self.jitter);
        self.emit(event);
    }

    /// Moves the clock on, which ends tokens, receipts, pauses and flights without an answer.
    pub(super) fn advance(&mut self, now: UtcDateTime) -> Duration {
        let jump = self.clock.jump(now).map(|by| Event::ClockJump { by });
        self.emit(jump);
        let at = self.clock.advance(now);
        let mut has_ended = false;
        for state in &mut self.scopes {
            has_ended |= state.live.take_if(|live| at >= live.ends_at).is_some();
            let event = state.expire(at, &self.clock, &mut self.jitter);
            event.into_iter().for_each(|event| self.events.push(event));
        }
        self.retry_after.take_if(|streak| !streak.holds(at));
        // With its last token a credential is no longer known to be good.
        if has_ended {
            self.credential_verified &= self.scopes.iter().any(|state| state.live.is_some());
        }
        at
    }

    fn emit(&mut self, event: Option<Event>) {
        if let Some(event) = event {
            self.events.push(event);
        }
    }

    /// Takes a flight out of the air. `None` if it no longer counts.
    pub(super) fn take_in_flight(&mut self, flight: &PendingRequest) -> Option<(usize, InFlight)> {
        let mut scopes = self.scopes.iter_mut().enumerate();
        scopes.find_map(|(index, state)| Some((index, state.take_in_flight(flight.attempt)?)))
    }
}
