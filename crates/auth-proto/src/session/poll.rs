//! The next action of a caller that needs a token: all decisions, and no transition.

use std::{sync::Arc, time::Duration};

use http::Request;
use time::UtcDateTime;

use super::Session;
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Misuse},
    identity::{IdentityRequest, Validate},
    limits,
    login::{Login, LoginState, Step},
    model::{
        body::Body, challenge::Challenge, credential::MethodKind, question::Question, scope::Scope,
        token::Token,
    },
    session::{
        action::{Action, Destination, PendingRequest},
        clock::Clock,
        evidence::{Answer, Remedy},
        phase::{Asking, Handed, InFlight, Pending, Phase},
        scope_state::{Input, ScopeState},
    },
};

/// Callers leave a request to a background task that has the same reason to send it, for this long.
const GRACE: Duration = Duration::from_millis(250);

impl Session {
    pub(super) fn next(
        &mut self,
        scope: &Scope,
        destination: Destination<'_>,
        now: UtcDateTime,
        background: bool,
    ) -> Action {
        let at = self.advance(now);
        if self.closed {
            return Action::Fail(ErrorKind::Closed.into());
        }
        if let Some(token) = &self.fixed {
            return match self.cloud.check(&self.credential, scope) {
                Ok(()) => Action::Use(Arc::clone(token)),
                Err(error) => Action::Fail(error.into()),
            };
        }
        let index = match self.index_of(scope, at) {
            Ok(index) => index,
            Err(error) => return Action::Fail(error),
        };
        self.give_up_question(index, at);
        if background {
            self.scopes.change(index, |state| state.background = true);
        }
        let state = &self.scopes[index];
        let is_suspect = state.evidence.due().is_some();
        let Some(live) = state.usable(destination) else {
            return self.obtain(index, at, Caller { early: false, background });
        };
        let token = Arc::clone(&live.token);
        // Callers of other services have no reason to wait for the next token.
        let wants_other = is_suspect && (background || matches!(destination, Destination::Unknown));
        let left_to_background = state.background && !background;
        let first = if left_to_background { live.mandatory_at } else { Duration::ZERO };
        if !wants_other && at < live.renew_at.max(first) {
            return Action::Use(token);
        }
        let (ends_at, is_near) = (live.ends_at, wants_other || at >= live.mandatory_at);
        match self.obtain(index, at, Caller { early: !is_near, background }) {
            Action::Send(pending, request) => Action::Send(pending, request),
            // Near its end the caller waits for the new token.
            Action::Wait(until) if is_near && self.is_expected(index, at) => {
                Action::Wait(until.min(self.clock.at(ends_at)))
            }
            // A renewal that is not possible now costs no caller the valid token.
            _ => Action::Use(token),
        }
    }

    /// The action when the token is missing, refused, or due for renewal.
    fn obtain(&mut self, index: usize, at: Duration, caller: Caller) -> Action {
        let state = &self.scopes[index];
        if let Some(request) = state.phase.handed() {
            // A question makes no difference any more when its token ends.
            let asked = state.live.as_ref().filter(|_| matches!(state.phase, Phase::Asking(_)));
            let until = asked.map_or(request.lost_at, |live| live.ends_at.min(request.lost_at));
            return Action::Wait(self.clock.at(until));
        }
        if state.evidence.due() == Some(Remedy::Ask) {
            return match self.left_to_background(index, at, caller) {
                Some(until) => Action::Wait(self.clock.at(until)),
                None => self.ask(index, at),
            };
        }
        if let Some(lockout) =
            self.lockout.as_mut().filter(|lockout| lockout.applies_to(state.granted))
        {
            lockout.request_probe(&state.scope);
        }
        let block = self.block(state, at);
        if let Some(block) = block.as_ref().filter(|block| !block.waits) {
            let error = block.error(&self.clock);
            let has_challenge = state.challenge().is_some();
            self.note_pause(index, block.until);
            // A user may submit a better factor at once.
            return Action::Fail(if has_challenge { error.with_retry_at(None) } else { error });
        }
        if let Some(question) = self.pending_question(state) {
            let (pending, _) = self.hand_out(at);
            return Action::Ask(pending, question);
        }
        let pause = block.map(|block| block.until).max(Some(state.evidence.login_at()));
        if let Some(until) = pause.filter(|until| at < *until) {
            self.note_pause(index, until);
            return Action::Wait(self.clock.at(until));
        }
        if let Some(until) = self.left_to_background(index, at, caller) {
            return Action::Wait(self.clock.at(until));
        }
        // Scopes do not try an unverified credential side by side. An early renewal waits too,
        // because the password may have changed.
        if (caller.early || !self.credential_verified)
            && let Some(lost_at) = self.first_in_flight()
        {
            return Action::Wait(self.clock.at(lost_at));
        }
        self.start(index, at)
    }

    /// No caller could start a login before the end of this pause.
    fn note_pause(&mut self, index: usize, until: Duration) {
        if self.scopes[index].lacks_token() {
            self.scopes.change(index, |state| state.free_since = Some(until));
        }
    }

    /// Whether a request for this scope is under way, or a background task is about to send it.
    fn is_expected(&mut self, index: usize, at: Duration) -> bool {
        let state = &self.scopes[index];
        if state.phase.handed().is_some() {
            return true;
        }
        let is_paused = self.block(state, at).is_some() || at < state.evidence.login_at();
        let caller = Caller { early: false, background: false };
        !is_paused && self.left_to_background(index, at, caller).is_some()
    }

    /// Until when a caller leaves the request to the background task of the scope, which has the
    /// same reason to send it. A task that sends nothing for so long has stopped.
    fn left_to_background(
        &mut self,
        index: usize,
        at: Duration,
        caller: Caller,
    ) -> Option<Duration> {
        let state = &self.scopes[index];
        if caller.background || !state.background || !state.lacks_token() {
            return None;
        }
        self.scopes.change(index, |state| {
            // A pause that was noted may have ended early, with a new credential for example.
            let free_since = state.free_since.map_or(at, |since| since.min(at));
            state.free_since = Some(free_since);
            let until = free_since.saturating_add(GRACE);
            state.background = at < until;
            state.background.then_some(until)
        })
    }

    /// When the oldest request of any scope counts as lost.
    fn first_in_flight(&self) -> Option<Duration> {
        let mut in_flight = self.scopes.asking().filter_map(|(_, state)| state.in_flight());
        in_flight.next().map(|oldest| oldest.request.lost_at)
    }

    /// The failure that keeps a scope from sending: its own, a refused credential, a service's
    /// `Retry-After`, or requests that may have been refused. Of several, the one with the highest
    /// [precedence](Block::precedence).
    pub(super) fn block<'a>(&'a self, state: &'a ScopeState, at: Duration) -> Option<Block<'a>> {
        let streaks = state.streak.iter().chain(&self.retry_after);
        let streaks = streaks.filter(|streak| streak.holds(at)).map(|streak| Block {
            until: streak.until,
            waits: streak.waits,
            error: &streak.error,
        });
        let lockout = self.lockout.iter().filter(|lockout| lockout.applies_to(state.granted));
        let lockout = lockout.map(|lockout| Block {
            until: lockout.until(&state.scope),
            waits: lockout.streak.waits,
            error: &lockout.streak.error,
        });
        let unanswered = self.unanswered.iter().map(|unanswered| Block {
            until: unanswered.next_at(),
            waits: unanswered.waits(),
            error: &unanswered.error,
        });
        let blocks = streaks.chain(lockout).chain(unanswered);
        blocks.filter(|block| at < block.until).max_by_key(Block::precedence)
    }

    /// The question that must be answered before the next login request.
    pub(super) fn pending_question(&self, state: &ScopeState) -> Option<Question> {
        match &state.phase {
            Phase::Pending(pending) => match pending.login.state() {
                LoginState::AskSecret(source) => Some(Question::Secret(source.clone())),
                LoginState::NeedFactor(challenge) => Some(Question::Factor(challenge.clone())),
                // The pause after a refused factor is over.
                LoginState::Failed(_) => pending.login.challenge().cloned().map(Question::Factor),
                LoginState::Done(_) | LoginState::ToSend => None,
            },
            Phase::Asking(_) | Phase::InFlight(_) => None,
            Phase::Idle => self
                .code_used
                .then(|| Question::Factor(Challenge::fresh_code(MethodKind::Totp.as_str()))),
        }
    }

    /// Sends the next request of a pending login, or the first of a new one.
    fn start(&mut self, index: usize, at: Duration) -> Action {
        let pending = match self.scopes.change(index, ScopeState::take_pending) {
            Some(pending) => pending,
            None => match self.new_login(index) {
                Ok(login) => Pending { login, until: Duration::ZERO, since: None },
                Err(error) => return Action::Fail(error),
            },
        };
        let Pending { login, until: receipt_until, since } = pending;
        let request = match login.poll() {
            Ok(Step::Send(request)) => request,
            Ok(Step::Ask(question)) => {
                let until = at.saturating_add(limits::QUESTION);
                let pending = Pending { login, until, since: None };
                self.step(index, Input::Pending(pending), at);
                let (pending, _) = self.hand_out(at);
                return Action::Ask(pending, question);
            }
            Ok(Step::Done(_)) => unreachable!("a login that is kept between polls is not done"),
            Err(error) => return Action::Fail(error),
        };
        let with_credential = login.shows_credential();
        // A further factor is sent without the first one.
        self.code_used |= with_credential && !login.is_under_way() && self.credential.is_one_time();
        let (pending, handed) = self.hand_out(at);
        let in_flight = InFlight {
            request: handed,
            is_guess: login.shows_guess(),
            login,
            sent_at: since.unwrap_or(at),
            with_credential,
            receipt_until,
        };
        self.scopes.change(index, |state| state.evidence.note_login(at));
        self.step(index, Input::Started(in_flight), at);
        Action::Send(pending, request)
    }

    /// Sends a question about the scope's token to the identity service.
    fn ask(&mut self, index: usize, at: Duration) -> Action {
        let live = self.scopes[index].live.as_ref().map(|live| Arc::clone(&live.token));
        let asked = live.and_then(|token| Some((question(&self.cloud, &token).ok()?, token)));
        let Some((request, token)) = asked else {
            unreachable!("give_up_question has answered what cannot be asked")
        };
        let (pending, handed) = self.hand_out(at);
        self.step(index, Input::Asked(Asking { request: handed, token }), at);
        Action::Send(pending, request)
    }

    /// Answers a question that cannot be asked now: the API has none, a pause has not ended, or a
    /// login is half done.
    fn give_up_question(&mut self, index: usize, at: Duration) {
        let state = &self.scopes[index];
        let Some(live) = state.live.as_ref().filter(|_| state.evidence.due() == Some(Remedy::Ask))
        else {
            return;
        };
        let is_paused = state.streak.iter().chain(&self.retry_after).any(|streak| streak.holds(at));
        let can_ask = match state.phase {
            // The login that is under way decides.
            Phase::Asking(_) | Phase::InFlight(_) => true,
            Phase::Idle => !is_paused && question(&self.cloud, &live.token).is_ok(),
            Phase::Pending(_) => false,
        };
        let token = Arc::clone(&live.token);
        if !can_ask {
            self.judge(index, &token, Answer::Unknown, at);
        }
    }

    /// A new attempt, and the handle that its caller gets.
    fn hand_out(&mut self, at: Duration) -> (PendingRequest, Handed) {
        self.attempts += 1;
        let attempt = self.attempts;
        let (pending, held) = PendingRequest::new(attempt, self.id.clone());
        let lost_at = at.saturating_add(self.settings.response_timeout());
        (pending, Handed { attempt, lost_at, held })
    }

    fn new_login(&mut self, index: usize) -> Result<Login, Error> {
        let state = &self.scopes[index];
        let scope = state.scope.clone();
        if !state.is_checked {
            self.cloud.check(&self.credential, &scope)?;
            self.scopes.change(index, |state| state.is_checked = true);
        }
        let login = Login::of_checked(&self.cloud, self.credential.clone(), scope)?;
        Ok(if self.settings.catalog() { login } else { login.without_catalog() })
    }

    /// The index of a scope's state, which is created if missing. At the limit, the new state
    /// replaces the one that was unused for longest.
    fn index_of(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let index = match self.scopes.place(scope) {
            Some(index) => index,
            None => {
                // A scope that cannot work replaces no other.
                self.cloud.check(&self.credential, scope)?;
                match self.scopes.len() >= self.settings.max_scopes() {
                    true => self.replace_oldest(scope, at)?,
                    false => self.scopes.add(scope),
                }
            }
        };
        self.scopes.touch(index, at);
        Ok(index)
    }

    fn replace_oldest(&mut self, scope: &Scope, at: Duration) -> Result<usize, Error> {
        let all = self.scopes.iter().enumerate();
        let removable = all.filter(|(_, state)| state.may_be_removed(at));
        let oldest = removable.min_by_key(|(_, state)| (!state.is_idle(at), state.used_at));
        let (oldest, _) = oldest.ok_or(Misuse::TooManyScopes)?;
        self.scopes.replace(oldest, scope);
        Ok(oldest)
    }
}

/// The caller of a poll.
#[derive(Clone, Copy)]
struct Caller {
    /// Whether the caller can still use the old token.
    early: bool,
    /// Whether it is the background task.
    background: bool,
}

/// A reason why a scope sends nothing now.
pub(super) struct Block<'a> {
    pub(super) until: Duration,
    /// Whether callers wait for its end. Otherwise they get the error at once.
    waits: bool,
    error: &'a Error,
}

impl Block<'_> {
    /// A failure that callers get at once takes precedence over one that they wait out. Of two
    /// alike, the longer one counts.
    fn precedence(&self) -> (bool, Duration) {
        (!self.waits, self.until)
    }

    /// The error that a caller gets.
    pub(super) fn error(&self, clock: &Clock) -> Error {
        let retry_at = (self.until < Duration::MAX).then(|| clock.at(self.until));
        self.error.clone().with_retry_at(retry_at)
    }
}

/// `GET /v3/auth/tokens`: the question whether this token is valid.
fn question(cloud: &Cloud, token: &Token) -> Result<Request<Body>, Error> {
    let mut request = Validate::new(cloud, token.expose()).without_catalog().request()?;
    token.insert_into(request.headers_mut());
    Ok(request)
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
        session.handle_response(pending, response, NOW).unwrap();
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
        session.handle_response(pending, response, NOW).unwrap();
        // An application credential has a fixed scope.
        let key = Credential::application_credential("id", "secretsecret");
        session.replace_credential(key).unwrap();
        let Action::Fail(error) = session.poll(&scope, NOW) else { panic!("a fixed scope") };
        let wants = ConfigError::ApplicationCredentialScope;
        assert_eq!(error.kind(), &ErrorKind::Config(wants));
    }
}
