//! Questions to people and files, and the replies.
//!
//! A question is a flight like a request: one caller takes it, and the others wait. A secret that
//! is read from its source is asked for at the start of each login. After a refusal the session
//! reads it again, because it may have been changed in the meantime.

use std::time::Duration;

use time::UtcDateTime;

use super::Session;
use crate::{
    error::{Error, ErrorKind, Misuse},
    limits,
    login::LoginState,
    model::{
        challenge::Challenge,
        credential::{Credential, Factor, MethodKind},
        question::{Question, Reply},
        scope::Scope,
        secret::SecretSource,
    },
    session::{
        action::Action,
        pauses::failure_streak::FailureStreak,
        poll::Caller,
        state::input::Input,
        state::phase::{Asking, Pending, Phase},
        state::scope_state::ScopeState,
    },
};

/// The secrets that the service has refused.
#[derive(Debug)]
pub(super) struct RefusedSecrets {
    /// The credential with them. It shares their memory with the refused login.
    pub(super) credential: Credential,
    /// Since when they may be read again.
    pub(super) read_at: Duration,
}

/// Refused secrets are read again at most once in this time.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// A caller who takes no question looks again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Session {
    /// The question that must be answered before the scope's next request.
    pub(super) fn pending_question(&self, index: usize) -> Option<Question> {
        match &self.scopes[index].phase {
            Phase::Pending(pending) => pending.question(),
            Phase::Idle if self.code_used && self.root_of(index).is_none() => {
                Some(Question::Factor(Challenge::fresh_code(MethodKind::Totp.as_str())))
            }
            _ => None,
        }
    }

    /// The secret that a new login needs first. The first request at a cloud whose API version is
    /// not known needs none.
    pub(super) fn secret_to_read(&self) -> Option<SecretSource> {
        self.cloud.api_version()?;
        self.credential.asked().cloned()
    }

    /// The refused secret that this caller reads again.
    pub(super) fn secret_to_read_again(
        &mut self,
        index: usize,
        error: &Error,
        at: Duration,
        caller: Caller,
    ) -> Option<SecretSource> {
        let source = self.secret_to_read().filter(|_| self.root_of(index).is_none())?;
        let is_idle = matches!(self.scopes[index].phase, Phase::Idle);
        let refused =
            self.refused_secrets.as_mut().filter(|_| is_idle && may_take(false, caller))?;
        if at < refused.read_at || !error.is_credential_refused() {
            return None;
        }
        refused.read_at = at.saturating_add(READ_AGAIN);
        Some(source)
    }

    /// Hands a question to this caller, unless another caller has one for the same person.
    pub(super) fn ask(
        &mut self,
        index: usize,
        question: Question,
        at: Duration,
        caller: Caller,
    ) -> Action {
        let is_personal = !matches!(question, Question::Secret(_));
        if !may_take(is_personal, caller) {
            return Action::Wait(self.clock.at(at.saturating_add(LOOK_AGAIN)));
        }
        if is_personal && let Some(lost_at) = self.asked_person() {
            return Action::Wait(self.clock.at(lost_at));
        }
        if let Some(action) = self.look(index, at) {
            return action;
        }
        let (taken, request) = self.hand_out(at, limits::QUESTION);
        let pending = self.scopes.change(index, ScopeState::take_pending);
        self.step(index, Input::Asks(Asking { request, is_personal, pending }), at);
        Action::Ask(taken, question)
    }

    /// When the question that a person has counts as lost.
    fn asked_person(&self) -> Option<Duration> {
        let mut asking = self.scopes.asking().filter_map(|(_, state)| state.asking());
        asking.find(|asking| asking.is_personal).map(|asking| asking.request.lost_at)
    }

    /// Answers an [`Action::Ask`](crate::Action::Ask) of this scope. The next caller who polls sends
    /// the reply. It may come at any time: nobody needs to hold the question any more.
    ///
    /// # Errors
    ///
    /// As [`Login::answer`](crate::Login::answer); [`ErrorKind::Closed`] after
    /// [`close`](Self::close).
    pub fn answer(
        &mut self,
        scope: &Scope,
        reply: impl Into<Reply>,
        now: UtcDateTime,
    ) -> Result<(), Error> {
        let at = self.advance(now);
        if self.closed {
            return Err(ErrorKind::Closed.into());
        }
        let (reply, place) = (reply.into(), self.asked_place(scope));
        let is_factor = matches!(reply, Reply::Factor(_));
        match place.map(|place| (place, &self.scopes[place].phase)) {
            Some((place, Phase::Pending(_) | Phase::Asking(Asking { pending: Some(_), .. }))) => {
                self.scopes.change(place, |state| state.answer(reply))?;
                self.compare_secrets(place, at);
            }
            Some((place, Phase::Asking(Asking { is_personal: false, .. }))) => {
                self.begin(place, reply, at)?;
            }
            // The question is back already.
            Some((place, Phase::Idle))
                if matches!(reply, Reply::Secret(_)) && self.secret_to_read().is_some() =>
            {
                self.begin(place, reply, at)?;
            }
            _ => self.take_code(scope, reply, at)?,
        }
        if let Some(place) = place.filter(|_| is_factor) {
            // A refusal concerned the previous factor. A transient failure still blocks the scope.
            self.scopes.change(place, |state| {
                state.streak.iter_mut().for_each(FailureStreak::clear);
            });
        }
        self.wake = true;
        Ok(())
    }

    /// Begins a login with the reply to its first question.
    fn begin(&mut self, place: usize, reply: Reply, at: Duration) -> Result<(), Error> {
        let mut login = self.new_login(place)?;
        login.answer(reply)?;
        let until = at.saturating_add(limits::QUESTION);
        self.step(place, Input::Pending(Pending { login, until, since: None }), at);
        self.compare_secrets(place, at);
        Ok(())
    }

    /// The place of the login that waits for a reply to this scope's callers.
    fn asked_place(&self, scope: &Scope) -> Option<usize> {
        let place = self.scopes.place(scope);
        let is_asking = |place: &usize| {
            matches!(self.scopes[*place].phase, Phase::Asking(_) | Phase::Pending(_))
        };
        let root = self.root.as_ref().map(|root| root.place);
        place.filter(is_asking).or(root).or(place)
    }

    /// Takes a new one-time code.
    fn take_code(&mut self, scope: &Scope, reply: Reply, at: Duration) -> Result<(), Error> {
        if !self.code_used {
            return Err(Misuse::NoChallenge.into());
        }
        let Reply::Factor(factor @ Factor::Totp(_)) = reply else {
            return Err(Misuse::WrongFactor.into());
        };
        let credential = self.credential.clone().with_fresh(&factor);
        self.cloud.check(&credential, scope)?;
        self.credential = credential;
        self.code_used = false;
        let is_answered = |asking: &Asking| asking.is_personal && asking.pending.is_none();
        let asking = self.scopes.asking();
        let asking = asking.filter(|(_, state)| state.asking().is_some_and(is_answered));
        for place in asking.map(|(place, _)| place).collect::<Vec<_>>() {
            self.step(place, Input::Abandoned, at);
        }
        Ok(())
    }

    /// The secrets of a login have been read. The same ones as those that were refused are not sent
    /// again before their pause ends; others end the lockout.
    fn compare_secrets(&mut self, place: usize, at: Duration) {
        let Some(refused) = &self.refused_secrets else { return };
        let login = self.scopes[place].phase.pending().map(|pending| &pending.login);
        let Some(login) = login.filter(|login| matches!(login.state(), LoginState::ToSend)) else {
            return;
        };
        let is_same = login.credential().has_secrets_of(&refused.credential);
        let block = self.block(place, at);
        let is_blocked = block.is_some_and(|block| block.is_credential_refused());
        match (is_blocked, is_same) {
            (false, _) => {}
            (true, true) => {
                drop(self.scopes.change(place, ScopeState::take_pending));
            }
            (true, false) => {
                let pending = self.scopes.change(place, ScopeState::take_pending);
                self.forget_refusals();
                for index in (0..self.scopes.len())
                    .filter(|index| self.root_of(*index).is_none())
                    .collect::<Vec<_>>()
                {
                    self.step(index, Input::Replaced, at);
                }
                pending.into_iter().for_each(|pending| {
                    self.step(place, Input::Pending(pending), at);
                });
            }
        }
    }

    /// The credential is another one: nothing is known about it.
    pub(super) fn forget_refusals(&mut self) {
        self.lockout = None;
        (self.credential_verified, self.credential_proven) = (false, false);
        (self.unanswered, self.refused_secrets) = (None, None);
    }
}

/// Whether a caller takes a question: a person is not asked in the background, and nobody who has a
/// token is kept from using it.
fn may_take(is_personal: bool, caller: Caller) -> bool {
    match caller.background {
        true => !is_personal,
        false => !caller.has_token,
    }
}
