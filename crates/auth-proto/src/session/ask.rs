//! Questions to people and files, and the replies.
//!
//! A question is a flight like a request: one caller takes it, and the others wait. A secret that
//! is read from its source is asked for at the start of each login. After a refusal the session
//! reads it again, because it may have been changed in the meantime.

use std::{collections::VecDeque, time::Duration};

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
        action::{Action, PendingRequest},
        pauses::failure_streak::FailureStreak,
        poll::Caller,
        state::input::Input,
        state::phase::{Asking, Pending, Phase},
        state::scope_state::ScopeState,
    },
};

/// The secrets that the service has refused since the last token.
#[derive(Debug)]
pub(super) struct RefusedSecrets {
    /// The last credentials with them. They share their memory with the refused logins.
    credentials: VecDeque<Credential>,
    /// The number of different secrets.
    refusals: usize,
    /// Since when the source may be read again.
    read_at: Duration,
}

/// Refused secrets are read again at most once in this time.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// How long the source is left alone after its first refused secret, the second one, and any later
/// one: a source that never gives the same secret twice must not lock the user out.
const UNREAD: [Duration; 3] = [Duration::ZERO, Duration::from_secs(30), Duration::from_secs(450)];
/// The refused secrets that are remembered: of a source that alternates, each is sent once.
const REMEMBERED: usize = 8;
/// A caller who takes no question looks again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl RefusedSecrets {
    /// The refused secrets after another refusal, of those in this credential.
    pub(super) fn after(before: Option<Self>, credential: Credential, at: Duration) -> Self {
        let none = Self { credentials: VecDeque::new(), refusals: 0, read_at: at };
        let mut refused = before.unwrap_or(none);
        if refused.has(&credential) {
            return Self { read_at: at, ..refused };
        }
        let pause = UNREAD.get(refused.refusals).or(UNREAD.last()).copied().unwrap_or_default();
        refused.refusals += 1;
        refused.read_at = at.saturating_add(pause);
        if refused.credentials.len() >= REMEMBERED {
            refused.credentials.pop_front();
        }
        refused.credentials.push_back(credential);
        refused
    }

    fn has(&self, credential: &Credential) -> bool {
        self.credentials.iter().any(|refused| credential.has_secrets_of(refused))
    }
}

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
        let may_read = (caller.background || !caller.has_token) && self.may_ask(false, at, caller);
        let refused = self.refused_secrets.as_mut().filter(|_| is_idle && may_read)?;
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
        if !self.may_ask(is_personal, at, caller) {
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

    /// Nobody who can go on without a reply asks a person, or reads a source in vain all the time.
    fn may_ask(&self, is_personal: bool, at: Duration, caller: Caller) -> bool {
        let is_unread = self.unread_at.is_some_and(|unread| at < unread + LOOK_AGAIN);
        !(caller.background || caller.has_token) || !(is_personal || is_unread)
    }

    /// When the question that a person has counts as lost.
    fn asked_person(&self) -> Option<Duration> {
        let mut asking = self.scopes.asking().filter_map(|(_, state)| state.asking());
        asking.find(|asking| asking.is_personal).map(|asking| asking.request.lost_at)
    }

    /// Answers an [`Action::Ask`](crate::Action::Ask). The next caller who polls sends the reply. A
    /// reply to a question that no longer counts is ignored: the question was counted as lost or
    /// answered by another caller, or the credential was replaced.
    ///
    /// # Errors
    ///
    /// As [`Login::answer`](crate::Login::answer): then the question goes to the next caller.
    /// [`Misuse::OtherSession`] if another session gave the question out.
    pub fn handle_reply(
        &mut self,
        taken: PendingRequest,
        reply: impl Into<Reply>,
        now: UtcDateTime,
    ) -> Result<(), Error> {
        let at = self.check_owner(&taken).map(|()| self.advance(now))?;
        // It is dropped at the end, which hands the question back, unless it is answered.
        let place = self.scopes.place_of(taken.attempt);
        match place.filter(|place| self.scopes[*place].asking().is_some()) {
            Some(place) => {
                let scope = self.scopes[place].scope.clone();
                self.take_reply(Some(place), &scope, reply.into(), at)
            }
            None => Ok(()),
        }
    }

    /// Answers an [`Action::Ask`](crate::Action::Ask) of this scope, for a caller who does not hold
    /// the question any more: the reply of a user may come at any time. The next caller who polls
    /// sends it.
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
        self.take_reply(self.asked_place(scope), scope, reply.into(), at)
    }

    /// Hands a reply to the login at this place.
    fn take_reply(
        &mut self,
        place: Option<usize>,
        scope: &Scope,
        reply: Reply,
        at: Duration,
    ) -> Result<(), Error> {
        let is_factor = matches!(reply, Reply::Factor(_));
        match place.map(|place| (place, &self.scopes[place].phase)) {
            Some((place, Phase::Pending(_) | Phase::Asking(Asking { pending: Some(_), .. }))) => {
                self.scopes.change(place, |state| state.answer(reply))?;
                // A factor says nothing about the secrets before it.
                if !is_factor {
                    self.compare_secrets(place, at);
                }
            }
            Some((place, Phase::Asking(Asking { is_personal: false, .. }))) => {
                self.begin(place, reply, at)?;
            }
            // The question is back already, and another caller may ask the store.
            Some((place, Phase::Idle | Phase::Taking(_)))
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
        self.unread_at = None;
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
            return Err(Misuse::NoQuestion.into());
        }
        let Reply::Factor(factor @ Factor::Totp(_)) = reply else {
            return Err(Misuse::WrongReply.into());
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
        let is_same = refused.has(login.credential());
        let block = self.block(place, at);
        let is_blocked = block.is_some_and(|block| block.is_credential_refused());
        match (is_blocked, is_same) {
            (false, _) => {}
            (true, true) => {
                drop(self.scopes.change(place, ScopeState::take_pending));
            }
            (true, false) => {
                let pending = self.scopes.change(place, ScopeState::take_pending);
                let refused = self.refused_secrets.take();
                self.forget_refusals();
                self.refused_secrets = refused;
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
        (self.unanswered, self.refused_secrets, self.unread_at) = (None, None, None);
    }
}
