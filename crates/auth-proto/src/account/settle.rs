//! What becomes of a flight, for its session and for the account.

use std::{sync::Arc, time::Duration};

use http::Response;
use time::UtcDateTime;

use super::Session;
use crate::{
    action::PendingRequest,
    error::ProtocolError,
    event::Event,
    held::Held,
    latch::Latch,
    limits,
    login::{self, Step},
    session::{Begun, InFlight, Input},
    token::Token,
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
        match landed.login.poll() {
            Ok(Step::Done(token)) if self.sessions[index].has_refused(&token) => {
                Input::Refused(login::refused_unseen(), self.settings.probes())
            }
            Ok(Step::Done(token)) => {
                let early = self.credential.renews_early() && !landed.login.is_answered();
                self.token(token, &landed, early, at)
            }
            Ok(Step::NeedFactor(challenge)) => {
                let life = challenge.life.try_into().unwrap_or(Duration::ZERO);
                let until = sent_at.saturating_add(life.min(limits::RECEIPT_LIFETIME));
                match until < at + USABLE {
                    true => Input::Failed(ProtocolError::Expired.into()),
                    false => Input::Begun(Begun { login: landed.login, until, since: None }),
                }
            }
            Ok(Step::Send(_)) if landed.login.is_half_done() => {
                let until = at.saturating_add(self.settings.response_timeout());
                Input::Begun(Begun { login: landed.login, until, since: Some(sent_at) })
            }
            Ok(Step::Send(_)) => {
                self.cloud = landed.login.cloud().clone();
                Input::Known
            }
            // Where a person takes part, they may have mistyped: they are told, and asked again.
            Err(error)
                if (error.is_credential_refused() || (showed_token && error.is_not_found()))
                    && landed.with_credential
                    && !(with_person && self.sessions[index].may_be_mistaken()) =>
            {
                Input::Refused(error, self.settings.probes())
            }
            Err(error) if was_under_way => {
                let until = landed.receipt_until;
                Input::Mistaken(Begun { login: landed.login, until, since: None }, error)
            }
            Err(error) => Input::Failed(error),
        }
    }

    /// A token that has come, if there is time left to use it.
    fn token(&mut self, token: Arc<Token>, landed: &InFlight, early: bool, at: Duration) -> Input {
        let life = landed.login.life().try_into().unwrap_or(Duration::ZERO);
        let window = self.settings.renewal();
        let held = Held::new(token, life, landed.sent_at, window, &mut self.spread);
        if held.ends_at < at + USABLE {
            return Input::Failed(ProtocolError::Expired.into());
        }
        match early {
            true => Input::Token(held),
            false => Input::Token(held.without_renewal()),
        }
    }

    /// What became of a flight, for its session and for the account.
    pub(super) fn settle(&mut self, index: usize, input: Input, sent_at: Duration, at: Duration) {
        match &input {
            Input::Token(_) => {
                self.latch = None;
                self.proven = true;
            }
            // It may be the scope that is wrong, as long as the credential is good for another one.
            // Where it is not known to be good, all scopes wait, so that a wrong password is not
            // tried for each of them.
            Input::Refused(error, probes) => {
                let session = &self.sessions[index];
                if session.granted || !self.proven {
                    let refusal = (error.clone(), session.scope.clone(), session.granted);
                    let latch = Latch::after(self.latch.take(), refusal, sent_at, at, *probes);
                    self.latch = Some(latch);
                }
                self.proven = false;
            }
            _ => {}
        }
        let event = self.sessions[index].step(input, at, &self.clock, &mut self.spread);
        let row = self.sessions[index].row.as_ref();
        let asked = row.filter(|row| row.error.retry_at().is_some() && row.holds(at)).cloned();
        self.quiet = self.quiet.take().into_iter().chain(asked).max_by_key(|row| row.until);
        // What others were told may hold this scope for longer than its own failures.
        let until = self.hold(&self.sessions[index], at).map(|hold| hold.until);
        let retry_at =
            until.filter(|until| *until < Duration::MAX).map(|until| self.clock.at(until));
        self.tell(event.map(|event| event.with_retry_at(retry_at)));
    }

    pub(super) fn step(&mut self, index: usize, input: Input, at: Duration) {
        let event = self.sessions[index].step(input, at, &self.clock, &mut self.spread);
        self.tell(event);
    }

    /// Moves the clock on, which ends tokens, receipts, pauses and flights without an answer.
    pub(super) fn advance(&mut self, now: UtcDateTime) -> Duration {
        let jump = self.clock.jump(now).map(|by| Event::ClockJump { by });
        self.tell(jump);
        let at = self.clock.advance(now);
        let mut has_ended = false;
        for session in &mut self.sessions {
            has_ended |= session.held.take_if(|held| at >= held.ends_at).is_some();
            let event = session.tidy(at, &self.clock, &mut self.spread);
            event.into_iter().for_each(|event| self.events.push(event));
        }
        self.quiet.take_if(|row| !row.holds(at));
        // With its last token a credential is no longer known to be good.
        if has_ended {
            self.proven &= self.sessions.iter().any(|session| session.held.is_some());
        }
        at
    }

    fn tell(&mut self, event: Option<Event>) {
        if let Some(event) = event {
            self.events.push(event);
        }
    }

    /// Takes a flight out of the air. `None` if it no longer counts.
    pub(super) fn land(&mut self, flight: &PendingRequest) -> Option<(usize, InFlight)> {
        let mut sessions = self.sessions.iter_mut().enumerate();
        sessions.find_map(|(index, session)| Some((index, session.land(flight.attempt)?)))
    }
}
